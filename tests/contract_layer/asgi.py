"""Calls an ASGI application directly, so that a test decides about every byte."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Headers = Iterable[tuple[bytes, bytes]]


@dataclass
class Answer:
    """What an application sent."""

    status: int
    header_list: list[tuple[bytes, bytes]]
    body: bytes

    @property
    def headers(self) -> dict[str, str]:
        return {name.decode(): value.decode() for name, value in self.header_list}

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def problem(self) -> tuple[int, str, str, str | None]:
        return self.status, self.json["code"], self.json["detail"], self.json["attr"]


def scope_of(method: str, target: str, headers: Headers = (), **more: Any) -> dict[str, Any]:
    path, _, query = target.partition("?")
    return {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(b"host", b"lab.test"), *headers],
        "scheme": "http",
        "server": ("127.0.0.1", 8000),
        "root_path": "",
        "state": {},
        **more,
    }


async def call(app: Any, scope: Mapping[str, Any], *chunks: bytes) -> Answer:
    parts = list(chunks or [b""])
    messages = [
        {"type": "http.request", "body": part, "more_body": index < len(parts) - 1} for index, part in enumerate(parts)
    ]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(dict(scope), receive, send)
    if not sent:
        return Answer(0, [], b"")
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return Answer(sent[0]["status"], sent[0]["headers"], body)
