"""The request path: one Connexion middleware that routes, admits, validates, calls and answers."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from batch_exports.contract.compiler import Compiler
from batch_exports.contract.errors import (
    MAY_BE_DONE,
    ApiError,
    endpoint_not_found,
    method_not_allowed,
    server_error,
    unavailable,
)
from batch_exports.contract.operation import Operation
from batch_exports.contract.operation_spec import METHODS, OperationSpec
from batch_exports.contract.pages import Page, answer_page
from batch_exports.contract.request import Disconnected, Limits, Observe, Request
from batch_exports.contract.responses import JSON_HEADER, Response
from batch_exports.contract.router import Node, Router
from batch_exports.contract.upstream import SpecMiddleware

DOCS_PATH = "/docs"

_LOG = logging.getLogger(__name__)
_NO_CONTENT, _METHOD_NOT_ALLOWED = 204, 405
_WITHOUT_LENGTH = (_NO_CONTENT, 304)

Found = tuple[Node[Operation], list[str]] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What the middleware serves: the described operations, how to compile them, and the pages beside them."""

    compiler: Compiler
    described: Mapping[str, OperationSpec]
    pages: Mapping[str, Page]
    limits: Limits
    observe: Observe | None = None


class ContractMiddleware(SpecMiddleware):  # type: ignore[misc]  # its base has no types
    """Serves every operation of the document; the application behind it serves the human-readable docs."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._router: Router[Operation] = Router()
        self._pages: Mapping[str, Page] = {}
        self._limits = Limits()
        self._observe: Observe | None = None

    def add_api(self, specification: Any, *, resolver: Any, contract: Contract, **_: Any) -> None:
        """Compile a document; Connexion calls this at start-up."""
        self._pages = contract.pages
        self._limits = contract.limits
        self._observe = contract.observe
        bases = server_paths(contract.compiler.spec.document)
        for path, item in specification["paths"].items():
            for method in filter(item.__contains__, METHODS):
                parsed = specification.operation_cls.from_spec(
                    specification, path=path, method=method, resolver=resolver
                )
                operation = contract.compiler.compile(contract.described[parsed.operation_id], parsed)
                for base in bases:
                    self._router.add(base + path, method.upper(), operation)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request; whatever is not one goes on to the next application."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        path = request.path
        end = None if self._observe is None else self._observe(request)
        try:
            try:
                found = self._router.find(path)
                if found is None and (path == DOCS_PATH or path.startswith(f"{DOCS_PATH}/")):
                    await self._docs(request, receive, send)
                    return
                response = await self._answer(request, path, found)
            except ApiError as error:
                request.refusal = error.code
                response = _error_response(error)
            except Disconnected:
                return
            except asyncio.CancelledError:
                # The process ends, and has waited for this request as long as it could; nothing comes after it.
                response = _error_response(unavailable(MAY_BE_DONE))
            except Exception:  # noqa: BLE001  # the last boundary: whatever broke is logged and answered as 500
                _LOG.exception("request %s failed: %s %s", request.id.decode(), request.method, path)
                response = _error_response(server_error())
            await _send(request, response, send)
        finally:
            if end is not None:
                end()

    async def _answer(self, request: Request, path: str, found: Found) -> Response:
        request.require_limits(self._limits)
        if found is None or "\0" in path:
            page = self._pages.get(path.removesuffix("/"))
            if page is None:
                raise endpoint_not_found()
            return await answer_page(page, request)
        node, texts = found
        operation = node.targets.get(request.method)
        if operation is None:
            if request.method == "OPTIONS":
                return _NO_CONTENT, [(b"allow", node.allow.encode())], b""
            operation = node.targets.get("GET") if request.method == "HEAD" else None
            if operation is None:
                raise method_not_allowed(request.method, node.allow)
        request.operation_id = operation.spec.id
        return await operation.answer(request, texts)

    async def _docs(self, request: Request, receive: Receive, send: Send) -> None:
        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                request.status = message["status"]
                message = {**message, "headers": [*message["headers"], (b"x-request-id", request.id)]}
            await send(message)

        try:
            await self.app(request.scope, receive, send_with_id)
        except HTTPException as error:
            if error.status_code == _METHOD_NOT_ALLOWED:
                raise method_not_allowed(request.method, "GET, HEAD") from None
            raise endpoint_not_found() from None


def server_paths(document: Mapping[str, Any]) -> list[str]:
    """The paths under which the document's servers offer its operations."""
    paths = []
    for server in document.get("servers", [{"url": ""}]):
        url = server["url"]
        for name, variable in server.get("variables", {}).items():
            url = url.replace(f"{{{name}}}", str(variable["default"]))
        paths.append(urlsplit(url).path.rstrip("/"))
    return list(dict.fromkeys(paths))


def _error_response(error: ApiError) -> Response:
    headers = [(name.lower().encode(), text.encode("latin-1")) for name, text in error.headers.items()]
    return error.status, [*headers, JSON_HEADER], orjson.dumps(error.body)


async def _send(request: Request, response: Response, send: Send) -> None:
    status, headers, body = response
    request.status = status
    sent = [*headers, *request.answer_headers, (b"x-request-id", request.id)]
    if status not in _WITHOUT_LENGTH:
        sent.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": status, "headers": sent})
    await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else body})
