"""The last requests of a world and their answers, as they were; what shows them leaves secrets out."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from starlette.types import Message, Receive, Send

KEPT = 1_000
"""Requests that are kept."""
MOST_BYTES = 16 * 1024 * 1024
"""How much the bodies may have together that are kept."""

RawHeaders = list[tuple[bytes, bytes]]


@dataclass(slots=True)
class Exchange:
    """One request and its answer."""

    number: int
    at: datetime
    world: str
    method: str
    path: str
    query: bytes
    operation: str | None
    request_headers: RawHeaders = field(repr=False)
    began: float
    """When it began, in seconds of a clock that only counts."""
    request_body: bytearray | None = field(default_factory=bytearray, repr=False)
    """None when it was forgotten, to make room."""
    status: int = 0
    response_headers: RawHeaders = field(default_factory=list, repr=False)
    response_body: bytearray | None = field(default_factory=bytearray, repr=False)
    """None when it was forgotten, to make room."""
    source: str = ""
    fault: str | None = None
    seconds: float = 0.0

    @property
    def size(self) -> int:
        """How many bytes its bodies have."""
        return len(self.request_body or b"") + len(self.response_body or b"")

    def hears(self, receive: Receive) -> Receive:
        """`receive`, such that what comes is noted."""

        async def heard() -> Message:
            message = await receive()
            if message["type"] == "http.request" and self.request_body is not None:
                self.request_body += message.get("body", b"")
            return message

        return heard

    def tells(self, send: Send) -> Send:
        """`send`, such that what goes is noted."""

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.status, self.response_headers = message["status"], list(message["headers"])
            elif message["type"] == "http.response.body" and self.response_body is not None:
                self.response_body += message.get("body", b"")
            await send(message)

        return told


class Journal:
    """The exchanges of one world, oldest first; it forgets the oldest ones."""

    def __init__(self, kept: int = KEPT, most_bytes: int = MOST_BYTES) -> None:
        self._exchanges: deque[Exchange] = deque(maxlen=kept)
        self._with_bodies: deque[Exchange] = deque()
        self._bytes = 0
        self._most_bytes = most_bytes

    def __iter__(self) -> Iterator[Exchange]:
        """The exchanges, oldest first."""
        return iter(list(self._exchanges))

    def add(self, exchange: Exchange) -> None:
        """Keep an exchange that has ended."""
        self._exchanges.append(exchange)
        self._with_bodies.append(exchange)
        self._bytes += exchange.size
        while self._bytes > self._most_bytes or len(self._with_bodies) > len(self._exchanges):
            oldest = self._with_bodies.popleft()
            self._bytes -= oldest.size
            oldest.request_body = oldest.response_body = None

    def clear(self) -> None:
        """Forget all."""
        self._exchanges.clear()
        self._with_bodies.clear()
        self._bytes = 0
