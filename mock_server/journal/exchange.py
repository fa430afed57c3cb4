"""One request and its answer, noted while they pass."""

from dataclasses import dataclass, field
from datetime import datetime

from starlette.types import Message, Receive, Send

MOST_BODY_BYTES = 256 * 1024
"""How long a body may be that is kept."""

RawHeaders = list[tuple[bytes, bytes]]
Body = bytearray | None


@dataclass(slots=True)
class Exchange:
    """One request and its answer, as they were; what shows them leaves secrets out."""

    number: int
    at: datetime
    world: str
    method: str
    path: str
    query: bytes = field(repr=False)
    operation: str | None
    request_headers: RawHeaders = field(repr=False)
    began: float
    """When it began, in seconds of a clock that only counts."""
    request_body: Body = field(default_factory=bytearray, repr=False)
    """None when it was too long, or was forgotten to make room."""
    status: int = 0
    response_headers: RawHeaders = field(default_factory=list, repr=False)
    response_body: Body = field(default_factory=bytearray, repr=False)
    """None when it was too long, or was forgotten to make room."""
    source: str = ""
    fault: str | None = None
    seconds: float = 0.0

    @property
    def size(self) -> int:
        """How many bytes its bodies have."""
        return len(self.request_body or b"") + len(self.response_body or b"")

    def forget_bodies(self) -> None:
        """Make room."""
        self.request_body = self.response_body = None

    def hears(self, receive: Receive) -> Receive:
        """`receive`, such that what comes is noted."""

        async def heard() -> Message:
            message = await receive()
            if message["type"] == "http.request":
                self.request_body = _extended(self.request_body, message.get("body", b""))
            return message

        return heard

    def tells(self, send: Send) -> Send:
        """`send`, such that what goes is noted."""

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.status, self.response_headers = message["status"], list(message["headers"])
            elif message["type"] == "http.response.body":
                self.response_body = _extended(self.response_body, message.get("body", b""))
            await send(message)

        return told


def _extended(body: Body, more: bytes) -> Body:
    if body is None or len(body) + len(more) > MOST_BODY_BYTES:
        return None
    body += more
    return body
