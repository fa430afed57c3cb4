"""What is served beside the contract: the document itself and the health of the process."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson

from batch_exports.contract.body import JSON
from batch_exports.contract.errors import method_not_allowed
from batch_exports.contract.request import Request
from batch_exports.contract.responses import JSON_HEADER, Headers, Response
from batch_exports.contract.spec import Spec

ReadyCheck = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, bool]]]
"""Looks at the parts that the service needs, given the lifespan's state; what is false is not ready."""

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
        "/readyz": _readiness(ready),
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
        if _matches(request.header("if-none-match"), etag):
            return _NOT_MODIFIED, headers, b""
        return _OK, [*headers, (b"content-type", media_type)], content

    return page


def _matches(condition: str | None, etag: str) -> bool:
    given = {each.strip().removeprefix("W/") for each in (condition or "").split(",")}
    return etag in given or "*" in given


async def _alive(_: Request) -> Response:
    return _OK, [JSON_HEADER], b'{"status":"ok"}'


def _readiness(ready: ReadyCheck | None) -> Page:
    async def page(request: Request) -> Response:
        parts: Mapping[str, bool] = {}
        try:
            if ready is not None:
                parts = await ready(request.scope.get("state", {}))
            is_ready = all(parts.values())
        except Exception:  # noqa: BLE001  # a check that breaks says no, and the log says why
            _LOG.exception("the readiness check failed")
            is_ready = False
        body = {"status": "ready" if is_ready else "unavailable", "parts": dict(parts)}
        return (_OK if is_ready else _UNAVAILABLE), [JSON_HEADER], orjson.dumps(body)

    return page
