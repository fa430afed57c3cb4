"""Addresses at an upstream, turned into those of the mock before it."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

import orjson

from batch_exports.contract.request import Request

_PORTS = {"http": 80, "https": 443}
_IN_BODY = ("next", "previous")


@dataclass(frozen=True, slots=True)
class Links:
    """What is put in place of what."""

    upstream: str
    mock: str

    def url(self, url: str, asked: str = "") -> str:
        """An address at the upstream as one at the mock, any other as it is; `asked` is what it is relative to."""
        try:
            there, parts = urlsplit(self.upstream), urlsplit(urljoin(asked, url))
            is_there = _host(parts) == _host(there) and f"{parts.path}/".startswith(f"{there.path}/")
        except ValueError:
            return url
        if not is_there:
            return url
        return self.mock + parts._replace(scheme="", netloc="", path=parts.path[len(there.path) :]).geturl()

    def body(self, body: bytes) -> bytes:
        """A page whose neighbours are at the mock, too."""
        try:
            page = orjson.loads(body)
        except orjson.JSONDecodeError:
            return body
        changed = self._neighbours(page) if isinstance(page, dict) else {}
        return orjson.dumps(page | changed) if changed else body

    def _neighbours(self, page: dict[str, Any]) -> dict[str, str]:
        given = {name: page[name] for name in _IN_BODY if isinstance(page.get(name), str)}
        return {name: url for name, text in given.items() if (url := self.url(text)) != text}


def address_of(request: Request) -> str:
    """The URL that stands before the paths of the contract, as the caller used it."""
    host = request.headers.get(b"host", b"").decode("latin-1")
    if not host:
        name, port = request.scope.get("server") or ("localhost", None)
        host = name if port is None else f"{name}:{port}"
    below = request.full_path.removesuffix(request.path)
    return f"{request.scope['scheme']}://{host}{below}"


def _host(parts: SplitResult) -> tuple[str | None, int | None]:
    # A service behind a proxy may not know by which scheme it is reached.
    return parts.hostname, None if parts.port == _PORTS.get(parts.scheme) else parts.port
