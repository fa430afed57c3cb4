"""What is served beside the contract: the document itself and the health of the process."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from batch_exports.contract.body import JSON
from batch_exports.contract.errors import method_not_allowed
from batch_exports.contract.request import Request
from batch_exports.contract.responses import JSON_HEADER, Headers, Response
from batch_exports.contract.spec import Spec


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that was looked at: whether it is well, and what is not made public of why it is not."""

    well: bool
    needed: bool = True
    """Whether the service is of no use without it."""
    cause: str = ""


ReadyCheck = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Part]]]
"""Looks at the parts of the service, given the lifespan's state; it is ready when all that it needs are well."""

Page = Callable[[Request], Awaitable[Response]]

YAML_PATH = "/openapi.yaml"

_LOG = logging.getLogger(__name__)
_OK, _NO_CONTENT, _NOT_MODIFIED, _UNAVAILABLE = 200, 204, 304, 503


def pages(spec: Spec, ready: ReadyCheck | None) -> dict[str, Page]:
    """The pages by their path."""
    etag = spec.etag
    as_json = orjson.dumps(spec.document)
    return {
        YAML_PATH: _document(spec.source, b"application/yaml", etag),
        "/openapi.json": _document(as_json, JSON.encode(), etag),
        "/healthz": _alive,
        "/readyz": _Readiness(ready),
    }


async def answer_page(page: Page, request: Request) -> Response:
    """The answer of a page, which can only be read."""
    allow = "GET, HEAD, OPTIONS"
    if request.method == "OPTIONS":
        return _NO_CONTENT, [(b"allow", allow.encode())], b""
    if request.method not in ("GET", "HEAD"):
        raise method_not_allowed(request.method, allow)
    return await page(request)


def _document(content: bytes, media_type: bytes, etag: str) -> Page:
    headers: Headers = [(b"etag", etag.encode()), (b"cache-control", b"no-cache")]

    async def page(request: Request) -> Response:
        if _matches(request.header(b"if-none-match"), etag):
            return _NOT_MODIFIED, headers, b""
        return _OK, [*headers, (b"content-type", media_type)], content

    return page


def _matches(condition: str | None, etag: str) -> bool:
    given = {each.strip().removeprefix("W/") for each in (condition or "").split(",")}
    return etag in given or "*" in given


async def _alive(_: Request) -> Response:
    return _OK, [JSON_HEADER], b'{"status":"ok"}'


class _Readiness:
    """Says whether all parts that are needed are well; the log hears of it when that changes, not at each probe."""

    def __init__(self, check: ReadyCheck | None) -> None:
        self._check = check
        self._was_ready = True

    async def __call__(self, request: Request) -> Response:
        parts, cause = await self._look(request.state)
        self._tell(cause)
        shown = {name: part.well for name, part in parts.items()}
        body = {"status": "ready" if cause is None else "unavailable", "parts": shown}
        return (_OK if cause is None else _UNAVAILABLE), [JSON_HEADER], orjson.dumps(body)

    async def _look(self, state: Mapping[str, Any]) -> tuple[Mapping[str, Part], str | None]:
        """The parts, and why the service is not ready; None when it is."""
        if self._check is None:
            return {}, None
        try:
            parts = await self._check(state)
        except Exception as error:  # noqa: BLE001  # a check that breaks says no, and the log says why
            # The first line alone: drivers add the statement and its values in those that follow.
            said = str(error).partition("\n")[0]
            return {}, ": ".join(filter(None, (type(error).__name__, said)))
        missing = {name: part.cause for name, part in parts.items() if part.needed and not part.well}
        return parts, ", ".join(f"{name} ({cause})" if cause else name for name, cause in missing.items()) or None

    def _tell(self, cause: str | None) -> None:
        is_ready = cause is None
        if is_ready and not self._was_ready:
            _LOG.warning("The service is ready again.")
        elif self._was_ready and not is_ready:
            _LOG.warning("The service is not ready: %s", cause)
        self._was_ready = is_ready
