"""The forward proxy: what goes through it unchanged, who may use it, and that nobody waits in it for ever."""

import base64
import re
import socket
import threading
from contextlib import closing, contextmanager

import pytest

from batch_exports.destinations.forward_proxy import ForwardProxy, NotAdmitted
from batch_exports.domain.errors import PermanentFailure, RetryableFailure

TIMEOUT = 20.0
CREDENTIAL = "the-credential"
AUTHORIZATION = b"Proxy-Authorization: Basic " + base64.b64encode(f"export:{CREDENTIAL}".encode())
HOST = b"storage.example.com:8000"
MEBIBYTE = 1024 * 1024


class Conversation:
    """One end of a connection, spoken by hand."""

    def __init__(self, connection):
        self.connection = connection
        connection.settimeout(TIMEOUT)
        self.file = connection.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.connection.close()

    def send(self, content):
        self.connection.sendall(content)

    def head(self):
        lines = []
        while (line := self.file.readline()) not in {b"\r\n", b""}:
            lines.append(line.rstrip())
        return lines

    def body(self, head):
        (length,) = [int(line.partition(b":")[2]) for line in head if line.lower().startswith(b"content-length")]
        return self.file.read(length)

    def has_ended(self):
        try:
            return self.file.read(1) == b""
        except ConnectionResetError:
            return True


@pytest.fixture
def upstream():
    """A server that a test speaks by hand, and a proxy that leads there whatever host is asked for."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(TIMEOUT)
        targets = []

        def connect(credential, host, port):
            if credential != CREDENTIAL:
                raise NotAdmitted
            targets.append((host, port))
            if host == "refused.example.com":
                raise PermanentFailure("refused, with advice")
            if host == "down.example.com":
                raise RetryableFailure("nothing answers")
            return socket.create_connection(listener.getsockname())

        with closing(ForwardProxy(connect)) as proxy:
            yield Upstream(listener, proxy, targets)


class Upstream:
    def __init__(self, listener, proxy, targets):
        self.listener, self.proxy, self.targets = listener, proxy, targets

    def client(self):
        return Conversation(socket.create_connection(("127.0.0.1", self.proxy.port)))

    def accept(self):
        return Conversation(self.listener.accept()[0])


def request(method=b"GET", target=b"http://storage.example.com:8000/b/k?x=%2F", *headers):
    return b"\r\n".join([method + b" " + target + b" HTTP/1.1", b"Host: " + HOST, AUTHORIZATION, *headers, b"", b""])


@contextmanager
def tunnel(upstream):
    with upstream.client() as client:
        client.send(request(b"CONNECT", HOST))
        with upstream.accept() as server:
            assert client.head()[0].startswith(b"HTTP/1.1 200")
            yield client, server


def test_a_plain_request_arrives_as_if_it_were_sent_directly(upstream):
    with upstream.client() as client:
        client.send(
            request(
                b"PUT", b"http://storage.example.com:8000//b/a%20b?x=%2F&y=", b"X-Amz-Date: 1", b"Content-Length: 4"
            )
            + b"data"
        )
        with upstream.accept() as server:
            head = server.head()
            assert head[0] == b"PUT //b/a%20b?x=%2F&y= HTTP/1.1"
            assert b"x-amz-date: 1" in [line.lower() for line in head]
            assert server.body(head) == b"data"
            server.send(b'HTTP/1.1 200 OK\r\nETag: "t"\r\nContent-Length: 2\r\n\r\nok')
        answer = client.head()
        assert answer[0] == b"HTTP/1.1 200 OK"
        assert b'etag: "t"' in [line.lower() for line in answer]
        assert client.body(answer) == b"ok"
    assert upstream.targets == [("storage.example.com", 8000)]


def test_the_credential_of_the_proxy_stays_here(upstream):
    with upstream.client() as client:
        client.send(
            request(
                b"GET",
                b"http://storage.example.com:8000/",
                b"Connection: x-hop",
                b"X-Hop: 1",
                b"Proxy-Connection: keep-alive",
            )
        )
        with upstream.accept() as server:
            names = {line.partition(b":")[0].lower() for line in server.head()[1:]}
    assert names == {b"host", b"connection"}


@pytest.mark.parametrize("target", [b"http://storage.example.com:8000", b"http://storage.example.com:8000?x=1"])
def test_an_address_without_path_is_the_root(upstream, target):
    with upstream.client() as client:
        client.send(request(b"GET", target))
        with upstream.accept() as server:
            assert server.head()[0].split()[1] in {b"/", b"/?x=1"}


def test_a_kept_connection_is_judged_anew_for_each_request(upstream):
    with upstream.client() as client:
        for host in (b"one.example.com", b"two.example.com"):
            client.send(request(b"GET", b"http://" + host + b"/"))
            with upstream.accept() as server:
                server.head()
                server.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            assert client.body(client.head()) == b"ok"
        client.send(request(b"PUT", b"http://refused.example.com/", b"Content-Length: 4") + b"data")
        refusal = client.head()
        assert refusal[0] == b"HTTP/1.1 403 Forbidden"
        assert client.body(refusal) == b"refused, with advice"
        client.send(request(b"GET", b"http://down.example.com/"))
        assert client.head()[0] == b"HTTP/1.1 502 Bad Gateway"
    assert upstream.targets == [
        ("one.example.com", 80), ("two.example.com", 80), ("refused.example.com", 80), ("down.example.com", 80)
    ]  # fmt: skip


def test_bodies_flow_both_ways_while_they_are_made(upstream):
    with upstream.client() as client:
        client.send(request(b"POST", b"http://storage.example.com/", b"Transfer-Encoding: chunked"))
        with upstream.accept() as server:
            server.head()
            server.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            assert client.head()[0] == b"HTTP/1.1 200 OK"
            for part in (b"one", b"two", b"six"):
                client.send(b"3\r\n" + part + b"\r\n")
                assert [server.file.readline(), server.file.read(5)] == [b"3\r\n", part + b"\r\n"]
                server.send(b"3\r\n" + part + b"\r\n")
                assert [client.file.readline(), client.file.read(5)] == [b"3\r\n", part + b"\r\n"]
            client.send(b"0\r\n\r\n")
            server.send(b"0\r\n\r\n")
        assert client.file.read(5) == b"0\r\n\r\n"


def test_an_answer_without_length_ends_with_its_connection(upstream):
    with upstream.client() as client:
        client.send(request())
        with upstream.accept() as server:
            server.head()
            server.send(b"HTTP/1.0 200 OK\r\n\r\nto the end")
        answer = client.head()
        assert b"transfer-encoding: chunked" in [line.lower() for line in answer]
        assert client.file.readline() == b"a\r\n"
        assert client.file.read(17) == b"to the end\r\n0\r\n\r\n"


def test_the_answer_to_head_has_no_body(upstream):
    with upstream.client() as client:
        client.send(request(b"HEAD"))
        with upstream.accept() as server:
            server.head()
            server.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        assert b"content-length: 1000" in [line.lower() for line in client.head()]
        client.send(request(b"GET", b"http://refused.example.com/"))
        assert client.head()[0] == b"HTTP/1.1 403 Forbidden"


def test_who_waits_for_100_continue_is_told_by_the_server(upstream):
    with upstream.client() as client:
        client.send(request(b"PUT", b"http://storage.example.com/", b"Expect: 100-continue", b"Content-Length: 4"))
        with upstream.accept() as server:
            head = server.head()
            assert b"expect: 100-continue" in [line.lower() for line in head]
            server.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            assert client.head()[0].startswith(b"HTTP/1.1 100")
            client.send(b"data")
            assert server.body(head) == b"data"
            server.send(b"HTTP/1.1 204 No Content\r\n\r\n")
        assert client.head()[0].startswith(b"HTTP/1.1 204")


def test_an_answer_may_come_before_the_request_is_whole(upstream):
    with upstream.client() as client:
        client.send(request(b"PUT", b"http://storage.example.com/", b"Content-Length: 1000") + b"begun")
        with upstream.accept() as server:
            server.head()
            server.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nstop")
            answer = client.head()
            assert client.body(answer) == b"stop"
        assert client.has_ended(), "the rest of the request cannot be told from a next one"


@pytest.mark.parametrize("way", ["up", "down"])
def test_no_more_is_held_than_sockets_take(upstream, way):
    with tunnel(upstream) as (client, server):
        sender = client if way == "up" else server
        sender.connection.settimeout(1)
        sent = 0
        with pytest.raises(TimeoutError):
            while sent < 512 * MEBIBYTE:
                sent += sender.connection.send(bytes(MEBIBYTE))
        assert sent < 64 * MEBIBYTE


def test_a_large_upload_arrives_whole(upstream):
    size = 64 * MEBIBYTE
    block = bytes(range(256)) * 4096
    with upstream.client() as client:

        def upload():
            client.send(request(b"PUT", b"http://storage.example.com/", b"Content-Length: %d" % size))
            for _ in range(size // len(block)):
                client.send(block)

        thread = threading.Thread(target=upload)
        thread.start()
        with upstream.accept() as server:
            content = server.body(server.head())
            server.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        thread.join()
        assert client.head()[0] == b"HTTP/1.1 200 OK"
    assert content == block * (size // len(block))


def test_a_tunnel_passes_bytes_as_they_are(upstream):
    with tunnel(upstream) as (client, server):
        client.send(b"\x16\x03 hello\r\n\r\n")
        assert server.file.read(11) == b"\x16\x03 hello\r\n\r\n"[:11]
        server.send(b"\x00\xff")
        assert client.file.read(2) == b"\x00\xff"
    assert upstream.targets == [("storage.example.com", 8000)]


def test_what_is_sent_together_with_connect_is_not_lost(upstream):
    with upstream.client() as client:
        client.send(request(b"CONNECT", b"[::1]:443") + b"early")
        with upstream.accept() as server:
            assert server.file.read(5) == b"early"
    assert upstream.targets == [("::1", 443)]


@pytest.mark.parametrize("ends", ["client", "server"])
def test_a_tunnel_ends_with_either_side(upstream, ends):
    with tunnel(upstream) as (client, server):
        first, other = (client, server) if ends == "client" else (server, client)
        first.send(b"last words")
        first.__exit__()
        assert other.file.read(10) == b"last words"
        assert other.has_ended()


def test_a_client_that_waits_no_longer_ends_the_connection_of_the_server(upstream):
    client = upstream.client()
    client.send(request())
    with upstream.accept() as server:
        server.head()
        client.__exit__()
        assert server.has_ended()


def test_a_client_that_breaks_off_an_upload_ends_the_connection_of_the_server(upstream):
    client = upstream.client()
    client.send(request(b"PUT", b"http://storage.example.com/", b"Content-Length: 1000") + b"begun")
    with upstream.accept() as server:
        server.head()
        client.__exit__()
        assert server.file.read(5) == b"begun"
        assert server.has_ended()


@pytest.mark.parametrize(
    ("answer", "passed_on"),
    [
        (b"", b""),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", b"half"),
        (b"SSH-2.0-server\r\n\r\n", b""),
    ],
)
def test_a_server_that_breaks_off_is_not_taken_for_one_that_answered(upstream, answer, passed_on):
    with upstream.client() as client:
        client.send(request())
        with upstream.accept() as server:
            server.head()
            server.send(answer)
        assert client.file.read().partition(b"\r\n\r\n")[2] == passed_on


@pytest.mark.parametrize(
    "authorization",
    [
        b"",
        b"Basic",
        b"Basic \xff",
        b"Basic bm9uZQ==",
        b"Basic " + base64.b64encode(b"export:wrong"),
        b"Bearer the-credential",
    ],
)
@pytest.mark.parametrize(("method", "target"), [(b"CONNECT", HOST), (b"GET", b"http://storage.example.com/")])
def test_nobody_passes_without_the_credential(upstream, authorization, method, target):
    with upstream.client() as client:
        client.send(
            method + b" " + target + b" HTTP/1.1\r\nHost: x\r\nProxy-Authorization: " + authorization + b"\r\n\r\n"
        )
        answer = client.head()
        assert answer[0].startswith(b"HTTP/1.1 407")
        assert any(re.match(rb"proxy-authenticate: basic", line, re.IGNORECASE) for line in answer)
    assert upstream.targets == []


@pytest.mark.parametrize(
    ("method", "target"),
    [
        (b"GET", b"/local"), (b"GET", b"https://storage.example.com/"), (b"GET", b"ftp://storage.example.com/"),
        (b"GET", b"http:///x"), (b"GET", b"http://storage.example.com:99999/"), (b"GET", b"http://[::1/"),
        (b"CONNECT", b"storage.example.com"), (b"CONNECT", b"storage.example.com:0"), (b"CONNECT", b":443"),
    ],
)  # fmt: skip
def test_what_a_proxy_cannot_be_asked_is_refused(upstream, method, target):
    with upstream.client() as client:
        client.send(request(method, target))
        assert client.head()[0] == b"HTTP/1.1 400 Bad Request"
    assert upstream.targets == []


def test_what_is_no_http_ends_the_connection(upstream):
    with upstream.client() as client:
        client.send(b"\x05\x01\x00\r\n\r\n")
        assert client.has_ended()


def test_other_interfaces_of_this_machine_do_not_reach_it(upstream):
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", upstream.proxy.port))


def test_closing_ends_every_connection_and_the_thread(upstream):
    with tunnel(upstream) as (client, server):
        upstream.proxy.close()
        assert client.has_ended()
        assert server.has_ended()
        with pytest.raises(ConnectionRefusedError):
            upstream.client()


def test_a_slow_connection_holds_up_no_other():
    slow, release = threading.Event(), threading.Event()

    def connect(_credential, host, _port):
        if host == "slow.example.com":
            slow.set()
            release.wait(TIMEOUT)
        raise PermanentFailure("refused")

    with closing(ForwardProxy(connect)) as proxy:
        waiting, other = (Conversation(socket.create_connection(("127.0.0.1", proxy.port))) for _ in range(2))
        with waiting, other:
            waiting.send(request(b"GET", b"http://slow.example.com/"))
            assert slow.wait(TIMEOUT)
            other.send(request(b"GET", b"http://other.example.com/"))
            assert other.head()[0].startswith(b"HTTP/1.1 403")
            release.set()
            assert waiting.head()[0].startswith(b"HTTP/1.1 403")
