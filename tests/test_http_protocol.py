"""What a client may send, how long it may take and has to wait; each claim on a real connection."""

import asyncio
import select
import socket
import threading
from itertools import pairwise

import httpx
import orjson
import pytest
import uvicorn
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_exports.contract.errors import ApiError, headers_too_large
from batch_exports.http_protocol import BoundedHttpProtocol

HEAD_BYTES = 2000
START = b"GET / HTTP/1.1\r\nHost: test\r\n"
GET = START + b"\r\n"
POST = b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"
LATER = GET.replace(b"/", b"/later", 1)
GARBAGE = b"garbage\r\n\r\n"
UNFINISHED = {"nothing": b"", "half a head": START, "line ends": b"\r\n" * 10, "one byte of a body": POST + b"{"}


class Hasty(BoundedHttpProtocol):
    head_bytes = HEAD_BYTES
    head_seconds = 0.3
    request_seconds = 0.9
    farewell_seconds = 1.0


class Hurried(Hasty):
    answer_seconds = 0.3


class Patient(Hasty):
    head_seconds = request_seconds = 60.0


class Server:
    """Answers with the number of bytes of the body; to `/later` when it may, to `/now` without reading."""

    def __init__(self, protocol):
        self.may_answer = threading.Event()
        self.calls = 0
        config = uvicorn.Config(
            self._app, http=protocol, interface="asgi3", log_config=None, lifespan="off", timeout_keep_alive=60
        )
        self._server = uvicorn.Server(config)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._server.run, args=([self._listener],))

    async def _app(self, scope, receive, send):
        self.calls += 1
        if scope["path"] == "/slowly":
            await self._slowly(send)
            return
        if scope["path"] == "/later":
            await asyncio.to_thread(self.may_answer.wait)
        size, more = 0, scope["path"] != "/now"
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            size += len(message["body"])
            more = message["more_body"]
        body = b"%d" % size
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
        await send({"type": "http.response.body", "body": body})

    async def _slowly(self, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
        await send({"type": "http.response.body", "body": b"", "more_body": True})
        await asyncio.to_thread(self.may_answer.wait)
        await send({"type": "http.response.body", "body": b"done"})

    def connect(self):
        return socket.create_connection(self._listener.getsockname(), timeout=10)

    def let_an_answer_s_time_pass(self):
        """As long as the server lets a client wait for an answer."""
        with self.connect() as waiting:
            waiting.sendall(LATER)
            assert statuses(everything(waiting)) == [503]

    def let_a_head_s_time_pass(self):
        """As long as the server bears with a connection on which nothing comes."""
        with self.connect() as idle:
            assert idle.recv(1) == b""

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.may_answer.set()
        self._server.should_exit = True
        self._thread.join()
        self._listener.close()


@pytest.fixture(scope="module")
def patient():
    with Server(Patient) as server:
        yield server


@pytest.fixture
def hasty():
    with Server(Hasty) as server:
        yield server


def everything(connection):
    """All that comes until the server closes; it may break off a client that goes on sending."""
    return b"".join(iter(lambda: connection.recv(65536), b""))


def answers(raw):
    """Status, headers and body of each answer."""
    while raw:
        head, _, rest = raw.partition(b"\r\n\r\n")
        status, *lines = head.decode().split("\r\n")
        headers = httpx.Headers([line.split(": ", 1) for line in lines])
        length = int(headers["content-length"])
        yield int(status.split()[1]), headers, rest[:length]
        raw = rest[length:]


def statuses(raw):
    return [status for status, _, _ in answers(raw)]


def flood(connection, start, block, megabytes=64):
    """Send without end until the server says something, or no more fits; the bytes that were sent."""
    connection.setblocking(False)
    waiting, sent = start, 0
    while sent < megabytes << 20:
        readable, writable, _ = select.select([connection], [connection], [], 10)
        if readable or not writable:
            break
        count = connection.send(waiting)
        sent += count
        waiting = waiting[count:] or block
    connection.settimeout(10)
    return sent


def of_contract(answer):
    """Status and code of a refusal, whose body has the contract's shape."""
    status, headers, body = answer
    problem = orjson.loads(body)
    assert problem["detail"]
    assert problem == ApiError(status, problem["code"], problem["detail"]).body
    assert (headers["content-type"], headers["connection"]) == ("application/json", "close")
    assert len(headers["x-request-id"]) == 32
    return status, problem["code"]


@pytest.mark.parametrize(
    ("start", "block"),
    [(START, b"X-H: aaaa\r\n" * 6000), (START + b"X-A: ", b"a" * 65536), (b"GET /", b"a" * 65536),
     (b"GET /?q=", b"a" * 65536), (b"", b"\r\n" * 32768)],
    ids=["many headers", "one header", "path", "query", "nothing but line ends"],
)  # fmt: skip
def test_a_head_without_end_is_refused_while_it_comes(patient, start, block):
    before = patient.calls
    with patient.connect() as connection:
        flood(connection, start, block)
        (answer,) = answers(everything(connection))
    assert of_contract(answer) == (431, headers_too_large().code)
    assert patient.calls == before


def test_a_refused_client_that_goes_on_sending_is_no_longer_read(patient):
    with patient.connect() as connection:
        flood(connection, START, b"X-H: aaaa\r\n" * 6000)
        with pytest.raises(ConnectionError):
            sent = 0
            while sent < 1 << 30:
                sent += connection.send(b"a" * 65536)
    assert sent < 64 << 20


def padded(size):
    return START + b"X-A: " + b"a" * (size - len(START) - len(b"X-A: \r\n\r\n")) + b"\r\n\r\n"


def pieces_of(data, cuts):
    edges = [0, *sorted(cut % len(data) for cut in cuts), len(data)]
    return [data[begin:end] for begin, end in pairwise(edges)]


def send_in_pieces(connection, data, cuts):
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for piece in pieces_of(data, cuts):
        connection.sendall(piece)


@given(st.integers(HEAD_BYTES - 50, HEAD_BYTES + 50), st.lists(st.integers(0, 5000), max_size=5))
def test_a_head_is_refused_just_beyond_its_bound_however_it_arrives(patient, size, cuts):
    with patient.connect() as connection:
        send_in_pieces(connection, padded(size), cuts)
        assert connection.recv(65536).split()[1] == (b"200" if size <= HEAD_BYTES else b"431")


@settings(max_examples=20)
@given(st.lists(st.integers(0, 300_000), min_size=1, max_size=4), st.booleans(), st.lists(st.integers(0), max_size=5))
def test_neither_bodies_nor_the_requests_of_a_connection_together_are_bounded(patient, sizes, chunked, cuts):
    def request(size):
        if chunked:
            return CHUNKED + (b"%x\r\n%s\r\n" % (size, b"a" * size) if size else b"") + b"0\r\nX-Trailer: a\r\n\r\n"
        return b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: %d\r\n\r\n" % size + b"a" * size

    with patient.connect() as connection:
        send_in_pieces(connection, b"".join(map(request, sizes)) + padded(HEAD_BYTES // 2) * 10 + GARBAGE, cuts)
        found = [(status, body) for status, _, body in answers(everything(connection))]
    assert found[: len(sizes) + 10] == [(200, b"%d" % size) for size in [*sizes, *[0] * 10]]


def test_trailers_without_end_are_refused_while_they_come(patient):
    with patient.connect() as connection:
        flood(connection, CHUNKED + b"1\r\na\r\n0\r\n", b"X-T: aaaa\r\n" * 6000)
        (answer,) = answers(everything(connection))
    assert of_contract(answer) == (431, "headers_too_large")


@pytest.mark.parametrize("sent", [GARBAGE, GARBAGE * HEAD_BYTES], ids=["little", "much"])
def test_what_is_no_http_is_refused_in_the_contract_s_shape(patient, sent, caplog):
    with patient.connect() as connection:
        connection.sendall(sent)
        (answer,) = answers(everything(connection))
    assert of_contract(answer) == (400, "invalid_input")
    assert caplog.messages == ["Invalid HTTP request received."]


@pytest.mark.parametrize("second", [GARBAGE, START + b"X-A: " + b"a" * HEAD_BYTES], ids=["garbage", "long head"])
def test_a_refusal_is_never_taken_for_the_answer_to_an_earlier_request(hasty, second):
    with hasty.connect() as connection:
        connection.sendall(LATER + second)
        hasty.let_a_head_s_time_pass()
        hasty.may_answer.set()
        assert statuses(everything(connection)) == [200]


@pytest.mark.parametrize("path", [b"/", b"/now"])
def test_a_broken_body_is_refused_in_the_contract_s_shape(patient, caplog, path):
    head = CHUNKED.replace(b"/", path, 1).replace(b"Host", b"Expect: 100-continue\r\nHost")
    with patient.connect() as connection:
        connection.sendall(head + b"no number\r\n")
        (answer,) = answers(everything(connection))
    assert of_contract(answer) == (400, "invalid_input")
    with patient.connect() as connection:
        connection.sendall(GET)
        assert statuses(connection.recv(65536)) == [200]
    assert caplog.messages == ["Invalid HTTP request received."]


@pytest.mark.parametrize("sent", UNFINISHED.values(), ids=UNFINISHED)
def test_a_request_that_does_not_come_to_its_end_is_given_up(hasty, sent):
    with hasty.connect() as connection:
        connection.sendall(sent)
        assert everything(connection) == b""


@pytest.mark.parametrize("sent", [START, b"\r\n", POST + b"{"], ids=["half a head", "a line end", "one byte of a body"])
def test_a_further_request_that_does_not_come_to_its_end_is_given_up(hasty, sent):
    with hasty.connect() as connection:
        connection.sendall(GET)
        assert statuses(connection.recv(65536)) == [200]
        connection.sendall(sent)
        assert everything(connection) == b""


def test_many_unfinished_requests_are_given_up_together(hasty):
    connections = [hasty.connect() for _ in range(50)]
    for connection in connections:
        connection.sendall(START)
    assert [everything(connection) for connection in connections] == [b""] * 50
    for connection in connections:
        connection.close()


def test_a_body_may_take_longer_than_a_head(hasty):
    with hasty.connect() as connection:
        connection.sendall(POST + b"a" * 50)
        hasty.let_a_head_s_time_pass()
        hasty.let_a_head_s_time_pass()
        connection.sendall(b"a" * 50)
        assert connection.recv(65536).endswith(b"100")


@pytest.fixture
def hurried():
    with Server(Hurried) as server:
        yield server


def test_a_client_that_has_waited_too_long_is_told_so_in_the_contract_s_shape(hurried, caplog):
    with hurried.connect() as connection:
        connection.sendall(LATER.replace(b"Host", b"X-Request-Id: 0123456789abcdef0123456789abcdef\r\nHost"))
        (answer,) = answers(everything(connection))
    assert of_contract(answer) == (503, "unavailable")
    assert answer[1]["x-request-id"] == "0123456789abcdef0123456789abcdef"
    assert caplog.messages == ["request 0123456789abcdef0123456789abcdef answered by the server itself: 503"]
    hurried.may_answer.set()
    with hurried.connect() as connection:
        connection.sendall(LATER)
        assert statuses(connection.recv(65536)) == [200]


def test_a_connection_may_be_used_for_longer_than_an_answer_may_take(hurried):
    with hurried.connect() as connection:
        connection.sendall(GET)
        assert statuses(connection.recv(65536)) == [200]
        hurried.let_an_answer_s_time_pass()
        connection.sendall(GET)
        assert statuses(connection.recv(65536)) == [200]


def test_an_answer_that_has_begun_may_take_as_long_as_it_takes(hurried):
    with hurried.connect() as connection:
        connection.sendall(GET.replace(b"/", b"/slowly", 1))
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        hurried.let_an_answer_s_time_pass()
        hurried.may_answer.set()
        assert connection.recv(65536) == b"done"


def test_a_request_that_others_wait_behind_gets_its_own_answer_however_late(hurried):
    with hurried.connect() as connection:
        connection.sendall(LATER + GET)
        hurried.let_an_answer_s_time_pass()
        hurried.may_answer.set()
        raw = b""
        while len(statuses(raw)) < 2:
            raw += connection.recv(65536)
        assert statuses(raw) == [200, 200]


def test_an_answer_may_take_longer_than_a_request(hasty):
    with hasty.connect() as connection:
        connection.sendall(LATER)
        for _ in range(5):
            hasty.let_a_head_s_time_pass()
        hasty.may_answer.set()
        assert statuses(connection.recv(65536)) == [200]
        connection.sendall(GET)
        assert statuses(connection.recv(65536)) == [200]


def test_an_unfinished_request_does_not_cut_the_answer_to_an_earlier_one(hasty):
    with hasty.connect() as connection:
        connection.sendall(LATER + START)
        for _ in range(5):
            hasty.let_a_head_s_time_pass()
        hasty.may_answer.set()
        assert statuses(everything(connection)) == [200]


def test_requests_that_wait_for_their_turn_are_not_given_up(hasty):
    with hasty.connect() as connection:
        connection.sendall(LATER + GET + START)
        for _ in range(5):
            hasty.let_a_head_s_time_pass()
        connection.sendall(b"Connection: close\r\n\r\n")
        hasty.may_answer.set()
        assert statuses(everything(connection)) == [200] * 3
