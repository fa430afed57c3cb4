"""One request as the edge needs it: its headers by name, its id, and the body within limits."""

import random
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.types import Receive, Scope

from batch_exports.contract.errors import body_too_large, headers_too_large, invalid, parse_error

CLIENT_GONE = 499
"""The status of a request that nobody waited for long enough to be answered."""

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._\-]{1,128}")


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a request may be."""

    body_bytes: int = 1024 * 1024
    nesting: int = 100
    values: int = 5_000
    """Entries of all objects and lists of a body together."""
    headers: int = 100
    header_bytes: int = 32 * 1024
    query_bytes: int = 8 * 1024
    query_fields: int = 100


class Disconnected(Exception):
    """The client went away before it had sent its request; nobody waits for an answer."""


class Request:
    """One HTTP request."""

    __slots__ = (
        "_receive",
        "answer_headers",
        "authorization",
        "caller_id",
        "headers",
        "id",
        "method",
        "operation_id",
        "path",
        "refusal",
        "scope",
        "state",
        "status",
    )

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.scope = scope
        self.method: str = scope["method"]
        self.path: str = _path_below_mount(scope) if scope.get("root_path") else scope["path"]
        self._receive = receive
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        """The values by name; of a header that is given several times, the last."""
        self.authorization = self.headers.get(b"authorization")
        if len(self.headers) != len(scope["headers"]) and _is_repeated(scope["headers"], b"authorization"):
            # Two credentials are none: nobody can say which one was meant.
            self.authorization = b"bearer"
        request_id = self.headers.get(b"x-request-id")
        if request_id is None or not _REQUEST_ID.fullmatch(request_id):
            request_id = random.getrandbits(128).to_bytes(16).hex().encode()
        self.id: bytes = request_id
        self.state: Mapping[str, Any] = scope.get("state", {})
        """What the application's lifespan yielded."""
        self.answer_headers: Sequence[tuple[bytes, bytes]] = ()
        """What every answer to this request carries, whatever comes of it."""
        self.operation_id = ""
        """The operation that answers; empty while there is none."""
        self.caller_id = ""
        """Who calls, once that is known."""
        self.status = CLIENT_GONE
        """How it was answered."""
        self.refusal = ""
        """The code of the error by which the edge refused it."""

    @property
    def full_path(self) -> str:
        """The path as the client sees it."""
        path: str = self.scope["path"]
        root: str = self.scope.get("root_path", "")
        return path if path != self.path or not root else root + path

    def header(self, name: bytes) -> str | None:
        """The value of a header, named in small letters; several of one name joined with commas."""
        if name not in self.headers:
            return None
        return b", ".join(value for key, value in self.scope["headers"] if key == name).decode("latin-1")

    def require_limits(self, limits: Limits) -> None:
        """Raise ApiError for headers or a query that exceed the limits."""
        headers = self.scope["headers"]
        size = 0
        for name, value in headers:
            size += len(name) + len(value)
        if size > limits.header_bytes or len(headers) > limits.headers:
            raise headers_too_large()
        if len(self.scope["query_string"]) > limits.query_bytes:
            raise invalid(f"The query string is longer than {limits.query_bytes} bytes.")

    async def body(self, limit: int) -> bytes:
        """The whole body; ApiError as soon as it is known to exceed the limit."""
        if declared := self.headers.get(b"content-length"):
            digits = declared.lstrip(b"0")
            if digits and not digits.isdigit():
                raise parse_error("Content-Length is not a number")
            if len(digits) > len(str(limit)) or int(digits or b"0") > limit:
                raise body_too_large(limit)
        body = bytearray()
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise Disconnected
            body += message.get("body", b"")
            if len(body) > limit:
                raise body_too_large(limit)
            if not message.get("more_body"):
                return bytes(body)


Observe = Callable[[Request], Callable[[], None]]
"""Is told of each request as it begins; what it returns is called once the request has been answered, or given up."""


def _is_repeated(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> bool:
    return sum(key == name for key, _ in headers) > 1


def _path_below_mount(scope: Scope) -> str:
    path: str = scope["path"]
    root: str = scope["root_path"]
    below = path[len(root) :]
    return below if path.startswith(root) and below[:1] in {"", "/"} else path
