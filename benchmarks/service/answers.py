"""Sees that the contestants do the same work: the same bytes for the same rows."""

import http.client
import json
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from benchmarks.requests.contest import ServerProcess

_HEADERS = (
    "etag",
    "location",
    "content-type",
    "x-request-id",
    "ratelimit-limit",
    "ratelimit-remaining",
    "ratelimit-reset",
)
# What differs with each creation.
_NEW = ("id", "created_at", "last_updated_at")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as far as the contestants have to agree on it."""

    status: int
    headers: tuple[str, ...]
    body: bytes


def require_same(servers: dict[str, ServerProcess], request: bytes) -> None:
    """Ask every contestant the same, and raise unless all answer alike."""
    answers = {name: _ask(server.port, request) for name, server in servers.items()}
    if len(set(answers.values())) > 1:
        raise RuntimeError(f"the contestants do not answer alike: {_differing(list(answers.values()))}")


def _ask(port: int, request: bytes) -> Answer:
    head, _, body = request.partition(b"\r\n\r\n")
    line, *fields = head.decode().split("\r\n")
    method, target, _ = line.split(" ")
    connection = http.client.HTTPConnection("127.0.0.1", port)
    try:
        connection.request(method, target, body, dict(field.split(": ", 1) for field in fields))
        response = connection.getresponse()
        content = response.read()
        headers = tuple(name for name in _HEADERS if response.getheader(name))
        return Answer(response.status, headers, _without_new(content) if method == "POST" else content)
    finally:
        connection.close()


def _differing(answers: list[Answer]) -> list[Any]:
    """Each answer with its body from where they differ."""
    letters = zip(*(answer.body for answer in answers), strict=False)
    same = sum(1 for _ in takewhile(lambda each: len(set(each)) == 1, letters))
    return [(answer.status, answer.headers, answer.body[same : same + 80]) for answer in answers]


def _without_new(content: bytes) -> bytes:
    answer: dict[str, Any] = json.loads(content)
    return json.dumps({name: value for name, value in answer.items() if name not in _NEW}).encode()
