"""The exchanges of a run as HTTP Archive 1.2, written while the run goes on."""

import base64
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from batch_exports import __version__
from batch_exports.conformance.exchanges import Exchange

_HEAD = {"version": "1.2", "creator": {"name": "batch-exports", "version": __version__}}


class HarFile:
    """An archive that is whole once it is left."""

    def __init__(self, path: Path, hide_keys: Callable[[str], str]) -> None:
        self._path, self._hide_keys = path, hide_keys
        self._before = json.dumps({"log": _HEAD})[:-2] + ', "entries": [\n'

    def __enter__(self) -> Self:
        self._lines = self._path.open("w", encoding="utf-8")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Without an exchange the head is still to come.
        self._lines.write(("" if self._before == ",\n" else self._before) + "]}}\n")
        self._lines.close()

    def note(self, exchange: Exchange) -> None:
        """Add an exchange."""
        self._lines.write(self._before + self._hide_keys(json.dumps(_entry(exchange))))
        self._before = ",\n"


def _entry(exchange: Exchange) -> dict[str, Any]:
    milliseconds = round(exchange.seconds * 1000, 3)
    request: dict[str, Any] = {
        "method": exchange.method,
        "url": exchange.url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(exchange.request_headers),
        "queryString": [{"name": name, "value": value} for name, value in parse_qsl(urlsplit(exchange.url).query)],
        "headersSize": -1,
        "bodySize": len(exchange.request_body),
    }
    if exchange.request_body:
        text = exchange.request_body.decode(errors="replace")
        request["postData"] = {"mimeType": exchange.request_headers.get("Content-Type", ""), "text": text}
    return {
        "startedDateTime": exchange.started.isoformat(),
        "time": milliseconds,
        "request": request,
        "response": _response(exchange),
        "cache": {},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
    }


def _response(exchange: Exchange) -> dict[str, Any]:
    headers = {name.lower(): value for name, value in exchange.response_headers.items()}
    content: dict[str, Any] = {
        "size": len(exchange.response_body),
        "mimeType": headers.get("content-type", ""),
    }
    try:
        content["text"] = exchange.response_body.decode()
    except UnicodeDecodeError:
        content |= {"text": base64.b64encode(exchange.response_body).decode(), "encoding": "base64"}
    return {
        "status": exchange.status,
        "statusText": "",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(exchange.response_headers),
        "content": content,
        "redirectURL": headers.get("location", ""),
        "headersSize": -1,
        "bodySize": len(exchange.response_body),
    }


def _pairs(headers: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers.items()]
