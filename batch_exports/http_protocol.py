"""Bounds what a client may send and how long it may take, and how long it has to wait for an answer."""

import asyncio
import logging
import re
from collections.abc import Iterable
from secrets import token_hex
from typing import Any

import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

_UNAVAILABLE = 503
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._\-]{1,128}")
_DISCARDED_BYTES = 1024 * 1024
"""How much a refused client may go on to send."""

_TOO_LATE = (
    "There was no answer in time. What was asked for may still be done: look before you send the request again, or "
    "send it with the same Idempotency-Key."
)
ANSWERED = "batch_exports.answered"
"""Where a request's scope has the status of an answer that was given in place of the application's."""

_LOG = logging.getLogger(__name__)


class BoundedHttpProtocol(HttpToolsProtocol):
    """HTTP as uvicorn speaks it, for clients that may never come to the end of what they send."""

    head_bytes = 48 * 1024
    """The most that a request line and headers, or what follows a body, may have together."""
    head_seconds = 10.0
    """How long a head may take from its first byte, or from the beginning of the connection."""
    request_seconds = 60.0
    """How long a whole request may take from then on."""
    answer_seconds = 90.0
    """How long an answer to a whole request may take to begin: longer than what the store waits for by itself."""
    farewell_seconds = 2.0
    """How long a refused client may take to read why; closing at once might destroy the answer on its way."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._unread_bytes = 0
        """What has come since the last piece of a body or the end of a request: a part of a head, as a rule."""
        self._whole: object = None
        """The scope of the last request that has come whole."""
        self._begun = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._patience: asyncio.TimerHandle | None = None
        self._refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as its base has it
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._unwatch()
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read no more of a head than it may have."""
        if self._refused:
            self._discard(data)
            return
        room = self.head_bytes - self._unread_bytes
        part = data[:room]
        self._unread_bytes += len(part)
        super().data_received(part)
        if len(data) > room:
            if self._unread_bytes == self.head_bytes:
                detail = f"The request line and the headers are together larger than {self.head_bytes} bytes."
                self._refuse(431, "invalid_request", "headers_too_large", detail)
            self.data_received(data[room:])
        elif self._timer is None and (self.scope is not self._whole or self.cycle.response_complete):
            self._watch()

    def on_body(self, body: bytes) -> None:
        """A body, which the application limits itself, goes on."""
        self._unread_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """A request has come whole, and its answer may take much longer."""
        self._unread_bytes = 0
        self._whole = self.scope
        self._unwatch()
        if self._patience is None:
            self._wait()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """An answer is complete, and it may be the turn of a request that has come meanwhile."""
        self._stop_waiting()
        if self.pipeline:
            self._wait()
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP."""
        self._refuse(400, "validation_error", "invalid_input", msg)

    @property
    def _newest(self) -> RequestResponseCycle | None:
        # None before the first request, which the type that is declared does not say.
        return self.cycle

    @property
    def _unanswered(self) -> RequestResponseCycle | None:
        cycle = self._newest
        return None if cycle is None or cycle.response_complete else cycle

    @property
    def _is_in_body(self) -> bool:
        cycle = self._newest
        return cycle is not None and cycle.scope is self.scope and self.scope is not self._whole

    def _watch(self) -> None:
        self._begun = self.loop.time()
        self._timer = self.loop.call_later(self.head_seconds, self._look)

    def _unwatch(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        remaining = self._begun + self.request_seconds - self.loop.time()
        if self.flow.read_paused:
            # The client waits for the server, not the other way round.
            self._watch()
        elif self._is_in_body and remaining > 0:
            self._timer = self.loop.call_later(remaining, self._look)
        elif (cycle := self._unanswered) is not None and not self._is_in_body:
            # An earlier request is still being answered: the connection ends with that.
            cycle.keep_alive = False
        else:
            self.transport.abort()

    def _wait(self) -> None:
        self._patience = self.loop.call_later(self.answer_seconds, self._give_up)

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _give_up(self) -> None:
        cycle = self._unanswered
        # Where others wait behind it, the newest request is not the one that would get this answer.
        if cycle is not None and not cycle.response_started and not self.pipeline:
            self._refused = True
            self._unwatch()
            self._say(cycle, _UNAVAILABLE, "server_error", "unavailable", _TOO_LATE)

    def _refuse(self, status: int, kind: str, code: str, detail: str) -> None:
        if self._refused:
            return
        self._refused = True
        self._unwatch()
        if (cycle := self._unanswered) is not None:
            cycle.keep_alive = False
            if cycle.response_started or not self._is_in_body:
                # Another answer is due first, and would be taken for this one.
                return
        self._say(cycle, status, kind, code, detail)

    def _say(self, cycle: RequestResponseCycle | None, status: int, kind: str, code: str, detail: str) -> None:
        if cycle is not None:
            # Whatever the application still says is not the answer any more.
            cycle.disconnected = True
            cycle.waiting_for_100_continue = False
            cycle.message_event.set()
            cycle.scope[ANSWERED] = status  # type: ignore[literal-required]  # of ours, beside those of ASGI
        body = orjson.dumps({"type": kind, "code": code, "detail": detail, "attr": None})
        request_id = (None if cycle is None else _given_id(cycle.scope["headers"])) or token_hex(16)
        level = logging.ERROR if status == _UNAVAILABLE else logging.INFO
        _LOG.log(level, "request %s answered by the server itself: %d", request_id, status)
        self.transport.write(self._head(status, len(body), request_id) + body)
        self.transport.write_eof()
        self._timer = self.loop.call_later(self.farewell_seconds, self.transport.abort)

    def _head(self, status: int, length: int, request_id: str) -> bytes:
        headers = [
            *self.server_state.default_headers,
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % length),
            (b"x-request-id", request_id.encode()),
            (b"connection", b"close"),
        ]
        return STATUS_LINE[status] + b"".join(b"%s: %s\r\n" % header for header in headers) + b"\r\n"

    def _discard(self, data: bytes) -> None:
        self._unread_bytes += len(data)
        if self._unread_bytes > _DISCARDED_BYTES:
            self.flow.pause_reading()


def _given_id(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """The id that a client gave its request, if it is one."""
    given = [value for name, value in headers if name == b"x-request-id" and _REQUEST_ID.fullmatch(value)]
    return given[-1].decode() if given else None
