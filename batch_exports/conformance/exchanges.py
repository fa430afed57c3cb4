"""Requests of a run with their answers, whichever part of the suite sent them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from shlex import quote
from typing import Any

import httpx

_NOT_TYPED = frozenset({"host", "accept", "accept-encoding", "connection", "user-agent", "content-length"})
_NO_BODY_SHOWN = 2000


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer."""

    method: str
    url: str
    status: int
    request_headers: Mapping[str, str] = field(repr=False)
    request_body: bytes = field(repr=False)
    response_headers: Mapping[str, str] = field(repr=False)
    response_body: bytes = field(repr=False)
    started: datetime
    seconds: float

    @property
    def curl(self) -> str:
        """A line that sends the request again."""
        words = ["curl", "-sS", "-i", "-X", self.method, quote(self.url)]
        for name, value in self.request_headers.items():
            if name.lower() == "authorization":
                # In double quotes, for the key will be a variable.
                words.append(f'-H "Authorization: {value}"')
            elif name.lower() not in _NOT_TYPED:
                words.append(f"-H {quote(f'{name}: {value}')}")
        if self.request_body:
            words.append(f"--data-binary {quote(self.request_body.decode(errors='replace')[:_NO_BODY_SHOWN])}")
        return " ".join(words)


def of_response(response: httpx.Response, seconds: float = 0.0) -> Exchange:
    """What an answer that has been read tells of its exchange."""
    request = response.request
    return Exchange(
        method=request.method,
        url=str(request.url),
        status=response.status_code,
        request_headers=dict(request.headers),
        request_body=request.read(),
        response_headers=dict(response.headers),
        response_body=response.content,
        started=datetime.now(UTC),
        seconds=seconds,
    )


def joined(headers: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Headers that may repeat, as one value each."""
    return {name: ", ".join(values) for name, values in headers.items()}


@dataclass(frozen=True, slots=True)
class Failure:
    """One way in which the contract is broken."""

    part: str
    operation: str
    title: str
    detail: str
    curl: str = ""

    def hiding(self, hide_keys: Callable[[str], str]) -> "Failure":
        """The same failure without keys."""
        return replace(self, detail=hide_keys(self.detail), curl=hide_keys(self.curl))

    def as_json(self) -> dict[str, Any]:
        """The failure as plain data."""
        return {name: getattr(self, name) for name in self.__slots__}
