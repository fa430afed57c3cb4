"""Cuts below HTTP, on real connections to a served mock, and what they are for tests that call the application."""

import asyncio
import shutil
import socket
import subprocess
import threading
import time
from contextlib import contextmanager

import httpx
import pytest
import uvicorn

from mock_server.faults.cuts import ConnectionCut
from mock_server.faults.protocol import BreakableHttpProtocol
from tests.mock_server.http import ADMIN, EXPORT, EXPORTS, client_of, make_app
from tests.mock_server.worlds import S3
from tests.service import Service, wait_until

BODY = {"name": "Mine", "interval": "hour", "destination": S3}
RESET, EMPTY, PARTIAL, TIMED_OUT = 56, 52, 18, 28
"""What curl ends with."""


@contextmanager
def served(app, loop="auto", *, drain_seconds=0):
    """A mock on a port of its own; its URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app,
        http=BreakableHttpProtocol,
        loop=loop,
        log_config=None,
        lifespan="off",
        timeout_graceful_shutdown=drain_seconds,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def curl(url, *arguments):
    return begin_curl(url, *arguments).wait()


def begin_curl(url, *arguments):
    command = [shutil.which("curl"), "--silent", "--output", "/dev/null", "--noproxy", "*", *arguments, url]
    return subprocess.Popen([*command, "-H", f"Authorization: {ADMIN['Authorization']}"])


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_a_client_sees_each_cut_as_what_it_is_and_the_next_request_is_served(loop):
    with served(make_app(), loop) as url:
        for cut, code in {"reset": RESET, "empty": EMPTY, "truncate": PARTIAL, "dribble": 0}.items():
            assert curl(f"{url}{EXPORTS}?__fault={cut}") == code, cut
            assert curl(url + EXPORTS) == 0
        assert curl(f"{url}{EXPORTS}?__fault=stall", "--max-time", "0.5") == TIMED_OUT


@pytest.mark.parametrize(("cut", "code"), [("reset", RESET), ("empty", EMPTY), ("truncate", PARTIAL)])
def test_nothing_comes_of_a_write_that_is_cut(cut, code):
    app = make_app()
    app.world.faults.add({"do": {"cut": cut}, "match": {"method": "POST"}})
    before = app.world.store.tables.exports
    body = httpx.Request("POST", "http://mock.test", json=BODY).content.decode()
    with served(app) as url:
        assert curl(url + EXPORTS, "-X", "POST", "-H", "Content-Type: application/json", "-d", body) == code
    assert app.world.store.tables.exports is before
    [noted] = app._sandboxes.use("default").journal
    assert (noted.source, noted.fault) == ("fault", "fault-1")
    assert b"Mine" in noted.request_body


def test_an_answer_without_a_body_is_not_sent_at_all_where_it_should_be_truncated():
    app = make_app()
    app.world.faults.add({"do": {"cut": "truncate"}})
    with served(app) as url:
        assert curl(url + EXPORT, "-X", "DELETE") == EMPTY
        assert curl(url + EXPORT, "--head") == EMPTY


def test_a_truncated_answer_promises_its_whole_length():
    with served(make_app()) as url, httpx.Client(base_url=url, headers=ADMIN, trust_env=False) as client:
        whole = client.get(EXPORT).content
        with client.stream("GET", EXPORT, headers={"Prefer": "fault=truncate"}) as answer:
            assert answer.headers["Content-Length"] == str(len(whole))
            assert answer.headers["Preference-Applied"] == "fault=truncate"
            got = b""
            with pytest.raises(httpx.RemoteProtocolError):
                for piece in answer.iter_raw():
                    got += piece
    assert got == whole[: len(whole) // 2]


def test_a_dribbled_answer_comes_in_pieces_and_is_whole_and_what_was_asked_for_is_done():
    app = make_app()
    app.world.faults.add({"do": {"cut": "dribble"}, "times": 1})
    with served(app) as url, httpx.Client(base_url=url, headers=ADMIN, trust_env=False) as client:
        arrivals, text, begin = [], b"", time.monotonic()
        with client.stream("POST", EXPORTS, json=BODY) as answer:
            for piece in answer.iter_raw():
                arrivals.append(time.monotonic())
                text += piece
        assert (answer.status_code, answer.headers["X-Mock-Source"]) == (201, "handler")
        assert len(arrivals) > 2
        assert arrivals[-1] - begin >= 1.4
        assert client.get(answer.headers["Location"]).content == text


def test_a_stall_or_a_long_wait_outlasts_the_patience_of_the_server():
    assert BreakableHttpProtocol.answer_seconds > 600


@pytest.mark.parametrize(
    ("wish", "code"), [("fault=stall", EMPTY), ("delay=600000", 0), ("delay=600000&__fault=stall", EMPTY)]
)
def test_a_mock_that_shuts_down_keeps_nobody_waiting_and_has_nothing_to_say_about_it(wish, code, caplog):
    app = make_app()
    with served(app, drain_seconds=20) as url:
        client = begin_curl(f"{url}{EXPORTS}?__{wish}", "--fail")
        wait_until(lambda: app._sandboxes.use("default").requests)
    assert client.wait() == code
    assert [record.message for record in caplog.records if record.levelname != "INFO"] == []


def test_the_installed_mock_breaks_connections_and_ends_while_clients_are_stalled():
    with Service("mock", "--port", "0", "--chaos", "offline") as service:
        url = service.facts["url"]
        assert curl(url + EXPORTS) == RESET
        with socket.create_connection(tuple(httpx.URL(url).netloc.decode().split(":"))) as client:
            key = ADMIN["Authorization"]
            head = f"GET {EXPORTS}?__fault=stall HTTP/1.1\r\nHost: mock\r\nAuthorization: {key}\r\n\r\n"
            client.sendall(head.encode())
            assert curl(url + EXPORTS) == RESET
            assert service.stop() == 0


@pytest.mark.parametrize("cut", ["reset", "empty", "truncate"])
async def test_where_no_connection_is_lent_a_cut_is_raised(cut):
    async with client_of(make_app()) as client:
        with pytest.raises(ConnectionCut):
            await client.get(EXPORT, headers={"Prefer": f"fault={cut}"})


async def test_where_no_connection_is_lent_a_stall_is_a_stall():
    async with client_of(make_app()) as client:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await client.get(EXPORT, headers={"Prefer": "fault=stall"})
