"""Services that a mock passes requests on to, on real sockets: good ones, and one that says what it is told."""

import socket
import socketserver
import threading
from contextlib import contextmanager

import httpx
import orjson

from batch_exports.contract.operation_spec import describe_operations
from batch_exports.contract.spec import load_spec
from batch_exports.serving import listening, served_beside, url_of
from mock_server.operations import Operations
from tests.mock_server.http import ADMIN

EMPTY_PAGE = {"count": 0, "next": None, "previous": None, "results": []}


def operations():
    """The operations of the contract, without handlers."""
    return Operations(describe_operations(load_spec(), lambda *_: None))


@contextmanager
def served(app):
    """The URL of an application that is served in a thread of its own."""
    with listening("127.0.0.1", 0) as listener, served_beside(app, listener):
        yield url_of(listener)


@contextmanager
def caller(url, **headers):
    """A client of a mock at a URL, as the admin."""
    with httpx.Client(base_url=url, headers={**ADMIN, **headers}, timeout=30, trust_env=False) as client:
        yield client


def answer_of(body=b"", status=200, headers=(("Content-Type", "application/json"),)):
    """The bytes of an answer."""
    body = body if isinstance(body, bytes) else orjson.dumps(body)
    lines = [f"HTTP/1.1 {status} Said", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "Connection: close", "", ""]).encode() + body


class Saying(socketserver.ThreadingTCPServer):
    """Answers with whatever bytes it has been given, one request after the other, the last of them for ever."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, *answers):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = list(answers)
        self.heard = []
        self.may_answer = threading.Event()
        self.may_answer.set()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def lines(self):
        """The lines of the last request's head."""
        return self.heard[-1].partition(b"\r\n\r\n")[0].decode().split("\r\n")

    @property
    def headers(self):
        """The headers of the last request."""
        return dict(line.lower().split(": ", 1) for line in self.lines[1:])

    def next_answer(self):
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class _Handler(socketserver.BaseRequestHandler):
    def handle(self):
        heard = b""
        while b"\r\n\r\n" not in heard:
            more = self.request.recv(65536)
            if not more:
                return
            heard += more
        self.server.heard.append(heard)
        self.server.may_answer.wait(30)
        self.request.sendall(self.server.next_answer())
        self.request.shutdown(socket.SHUT_WR)


@contextmanager
def saying(*answers):
    """A service that says these bytes."""
    with Saying(*answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.may_answer.set()
            server.shutdown()
            thread.join()
