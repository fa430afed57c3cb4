"""Answers some operations by an upstream, and everything else by the mock."""

from dataclasses import replace

from starlette.types import ASGIApp, Receive, Scope, Send

from batch_exports.contract.errors import ApiError
from batch_exports.contract.operation_spec import OperationSpec
from batch_exports.contract.request import Disconnected, Limits, Request
from mock_server.canned import canned
from mock_server.examples import SOURCE
from mock_server.operations import Operations
from mock_server.upstream.client import Answer, UpstreamClient
from mock_server.upstream.conformity import Conformity
from mock_server.upstream.headers import sent_back
from mock_server.upstream.links import Links, address_of
from mock_server.upstream.target import Target, is_this_machine
from mock_server.watching import WARNING, header_text

UPSTREAM = "upstream"
"""The source of answers that an upstream made."""


class HybridApp:
    """The mock's application, in whose place an upstream answers what it is asked to."""

    def __init__(self, app: ASGIApp, operations: Operations, target: Target, client: UpstreamClient) -> None:
        self._app = app
        self._operations = operations
        self._target = target
        self._client = client
        self._conformity = Conformity(operations)
        self._limits = Limits()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or live through the process."""
        if scope["type"] != "http":
            async with self._client:
                await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        operation = self._operations.find(request.method, request.path)
        # What names nothing is refused as ever; as part of a path it might name something else at the upstream.
        if operation is None or operation.id not in self._target.proxied or _leads_elsewhere(request.path):
            await self._app(scope, receive, send)
            return
        try:
            await self._answer(operation, request, send)
        except ApiError as error:
            await canned(error).send(request, send)
        except Disconnected:
            return

    async def _answer(self, operation: OperationSpec, request: Request, send: Send) -> None:
        request.require_limits(self._limits)
        body = await request.body(self._limits.body_bytes)
        if self._target.key is not None:
            _require_this_machine(request)
        try:
            answer = await self._client.ask(request, body)
        except ApiError as error:
            refusal = canned(error)
            await replace(refusal, headers={**refusal.headers, SOURCE: UPSTREAM}).send(request, send)
        else:
            await self._pass_on(operation, request, answer, send)

    async def _pass_on(self, operation: OperationSpec, request: Request, answer: Answer, send: Send) -> None:
        links = Links(self._target.url, address_of(request))
        headers = [(SOURCE.lower().encode(), UPSTREAM.encode())]
        for name, value in sent_back(answer.headers):
            if name == b"location":
                headers.append((name, links.url(value.decode("latin-1"), answer.url).encode("latin-1")))
            else:
                headers.append((name, value))
        body = b"" if request.method == "HEAD" else links.body(answer.body)
        if request.method != "HEAD":
            headers += self._warning(operation, answer)
            if body:
                headers.append((b"content-length", b"%d" % len(body)))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _warning(self, operation: OperationSpec, answer: Answer) -> list[tuple[bytes, bytes]]:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in answer.headers}
        breach = self._conformity.breach(operation, answer.status, headers, answer.body)
        if breach is None:
            return []
        return [(WARNING.lower().encode(), header_text(f"The upstream breaks the contract: {breach}"))]


def _leads_elsewhere(path: str) -> bool:
    return any(not step.replace("-", "").replace("_", "").isalnum() for step in path.strip("/").split("/"))


def _require_this_machine(request: Request) -> None:
    """Raise ApiError for a page of another machine, which could act with the upstream's key otherwise."""
    origin = request.header(b"origin")
    asked_from = [request.header(b"host") or "", *([] if origin is None else [origin.rpartition("//")[2]])]
    if not all(map(is_this_machine, asked_from)):
        raise ApiError(
            403,
            "foreign_origin",
            "The mock sends its own key to the upstream for pages and callers of this machine alone, by localhost. "
            "Start it without --upstream-key, and send the upstream's key yourself.",
            attr="Origin",
        )
