"""One request as the edge needs it: the few headers that matter, picked once, and the body within limits."""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

from starlette.types import Message, Receive, Scope

from batch_exports.contract.errors import body_too_large, headers_too_large, parse_error

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._\-]{1,128}")


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a request may be."""

    body_bytes: int = 1024 * 1024
    nesting: int = 100
    headers: int = 100
    header_bytes: int = 32 * 1024
    query_fields: int = 100


class Disconnected(Exception):
    """The client went away before it had sent its request; nobody waits for an answer."""


class Request:
    """One HTTP request."""

    __slots__ = (
        "_receive",
        "authorization",
        "content_length",
        "content_type",
        "host",
        "id",
        "method",
        "path",
        "scope",
    )

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.scope = scope
        self.method: str = scope["method"]
        self.path: str = _path_below_mount(scope) if scope.get("root_path") else scope["path"]
        self._receive = receive
        headers = scope["headers"]
        found = dict(headers)
        self.authorization: bytes | None = found.get(b"authorization")
        if len(found) != len(headers) and _is_repeated(headers, b"authorization"):
            # Two credentials are none: nobody can say which one was meant.
            self.authorization = b"bearer"
        self.content_type: bytes = found.get(b"content-type", b"")
        self.content_length: bytes = found.get(b"content-length", b"")
        self.host: bytes = found.get(b"host", b"")
        request_id = found.get(b"x-request-id")
        if request_id is None or not _REQUEST_ID.fullmatch(request_id):
            request_id = os.urandom(16).hex().encode()
        self.id: bytes = request_id

    @property
    def full_path(self) -> str:
        """The path as the client sees it."""
        path: str = self.scope["path"]
        root: str = self.scope.get("root_path", "")
        return path if path != self.path or not root else root + path

    def header(self, name: str) -> str | None:
        """The value of a header; several of one name joined with commas."""
        wanted = name.lower().encode("latin-1")
        values = [value.decode("latin-1") for key, value in self.scope["headers"] if key == wanted]
        return ", ".join(values) if values else None

    def require_limits(self, limits: Limits) -> None:
        """Raise ApiError for a header section that exceeds the limits."""
        headers = self.scope["headers"]
        if len(headers) > limits.headers or sum(map(len, chain.from_iterable(headers))) > limits.header_bytes:
            raise headers_too_large()

    async def body(self, limit: int) -> bytes:
        """The whole body; ApiError as soon as it is known to exceed the limit."""
        if self.content_length:
            digits = self.content_length.lstrip(b"0")
            if digits and not digits.isdigit():
                raise parse_error("Content-Length is not a number")
            if len(digits) > len(str(limit)) or int(digits or b"0") > limit:
                raise body_too_large(limit)
        message = await self._receive()
        chunk = _chunk(message)
        if message.get("more_body"):
            return await self._rest(chunk, limit)
        if len(chunk) > limit:
            raise body_too_large(limit)
        return chunk

    async def _rest(self, first: bytes, limit: int) -> bytes:
        body = bytearray(first)
        more = True
        while more:
            if len(body) > limit:
                raise body_too_large(limit)
            message = await self._receive()
            body += _chunk(message)
            more = message.get("more_body", False)
        if len(body) > limit:
            raise body_too_large(limit)
        return bytes(body)


def _is_repeated(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> bool:
    return sum(key == name for key, _ in headers) > 1


def _path_below_mount(scope: Scope) -> str:
    path: str = scope["path"]
    root: str = scope["root_path"]
    below = path[len(root) :]
    return below if path.startswith(root) and below[:1] in {"", "/"} else path


def _chunk(message: Message) -> bytes:
    if message["type"] == "http.disconnect":
        raise Disconnected
    chunk: bytes = message.get("body", b"")
    return chunk
