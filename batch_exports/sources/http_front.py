"""The embedded engine behind ClickHouse's HTTP interface, on loopback and for the holder of the password only."""

import hmac
import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from batch_exports.sources.embedded_engine import EmbeddedEngine, EngineError, Statement
from batch_exports.sources.http_requests import BadRequest, credentials, read_request

LOOPBACK = "127.0.0.1"
USER = "default"
PING_PATH = "/ping"
_UNKNOWN_TABLE = 60
_ENGINE_DIED = 236
_NOT_AUTHENTIC = "Code: 516. DB::Exception: Authentication failed. (AUTHENTICATION_FAILED)"


class FrontServer(ThreadingHTTPServer):
    """Serves one engine, a thread per connection, on a loopback port that the system chooses."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, engine: EmbeddedEngine, password: str, spool_directory: Path, stop: Callable[[], None]) -> None:
        super().__init__((LOOPBACK, 0), _Handler)
        self.stop = stop
        self.engine = engine
        self.password = password
        self.spool_directory = spool_directory

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Pass over connections that their clients dropped; everything else goes to the log."""
        del request, client_address


class _Handler(BaseHTTPRequestHandler):
    server: FrontServer
    protocol_version = "HTTP/1.1"
    # Small answers leave at once instead of waiting for the acknowledgement of their headers.
    disable_nagle_algorithm = True
    wbufsize = 0

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def log_message(self, format: str, *args: Any) -> None:
        """Keep silent: a line per request would say nothing that the runs' own logs lack."""

    def _handle(self) -> None:
        url = urlsplit(self.path)
        if not self._is_authentic(url.query):
            self._refuse(403, _NOT_AUTHENTIC, 516)
        elif url.path == PING_PATH:
            self._answer(200, b"Ok.\n")
        else:
            self._handle_statement(url.query)

    def _is_authentic(self, query: str) -> bool:
        user, password = credentials(self.headers, query)
        is_password = hmac.compare_digest(password.encode(), self.server.password.encode())
        return is_password and user == USER

    def _handle_statement(self, query: str) -> None:
        try:
            request = read_request(self.headers, query, self.rfile, self.server.spool_directory)
        except BadRequest as error:
            self._refuse(error.status, str(error), 0)
            return
        try:
            self._run(request.statement)
        finally:
            request.discard()

    def _run(self, statement: Statement) -> None:
        pieces = self.server.engine.stream(statement)
        with closing(pieces):
            try:
                first = next(pieces, None)
            except EngineError as error:
                self._refuse(404 if error.code == _UNKNOWN_TABLE else 500, str(error), error.code)
                if error.code == _ENGINE_DIED:
                    self.server.stop()
                return
            self._stream(statement, first, pieces)

    def _stream(self, statement: Statement, first: memoryview | None, rest: Iterator[memoryview]) -> None:
        tag = secrets.token_hex(8)
        self.send_response(200)
        self.send_header("X-ClickHouse-Query-Id", statement.query_id)
        self.send_header("X-ClickHouse-Format", statement.format or "")
        self.send_header("X-ClickHouse-Timezone", "UTC")
        self.send_header("X-ClickHouse-Exception-Tag", tag)
        self.send_header("X-ClickHouse-Summary", json.dumps({}))
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            if first is not None:
                self._send_chunk(first)
            for piece in rest:
                self._send_chunk(piece)
        except EngineError as error:
            # The client reads the cause, and no end of the body: what came before can never pass for the whole.
            self._send_chunk(memoryview(_exception_block(str(error), tag)))
            self.close_connection = True
            return
        self.wfile.write(b"0\r\n\r\n")

    def _send_chunk(self, piece: memoryview) -> None:
        if not piece.nbytes:
            return
        # In one system call as a rule; what the socket does not take at once follows.
        head = b"%x\r\n" % piece.nbytes
        sent = self.connection.sendmsg([head, piece, b"\r\n"])
        if sent < len(head) + piece.nbytes + 2:
            self.connection.sendall(b"".join([head, piece, b"\r\n"])[sent:])

    def _refuse(self, status: int, text: str, code: int) -> None:
        # The body may not be read to its end, so that the next request would begin in its middle.
        self.close_connection = True
        self._answer(status, text.encode() + b"\n", code)

    def _answer(self, status: int, body: bytes, code: int = 0) -> None:
        self.send_response(status)
        if code:
            self.send_header("X-ClickHouse-Exception-Code", str(code))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.send_header("Content-Type", "text/plain; charset=UTF-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _exception_block(text: str, tag: str) -> bytes:
    body = text.encode()
    return b"\r\n__exception__\r\n%s\r\n%s\n%d %s\r\n__exception__\r\n" % (
        tag.encode(),
        body,
        len(body) + 1,
        tag.encode(),
    )
