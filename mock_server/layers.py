"""The ASGI layers around the contract's application: worlds, the clock, overridden answers, marks on all answers."""

import time
from collections.abc import Callable

import orjson
from starlette.datastructures import MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from batch_exports.contract.cors import EXPOSED_HEADERS
from batch_exports.contract.errors import ApiError, invalid
from batch_exports.contract.operation_spec import OperationSpec
from batch_exports.contract.request import Request
from mock_server.addressing import DEFAULT_WORLD, WORLD, read_address, world_required
from mock_server.documents import FixtureError
from mock_server.examples import SOURCE
from mock_server.journal.journal import Exchange
from mock_server.operations import Operations
from mock_server.personas import KEYS
from mock_server.prefer import APPLIED, OUT_OF_CONTRACT, Override, override, read_preferences
from mock_server.sandboxes import Sandbox, Sandboxes
from mock_server.scenarios import UnknownScenarioError
from mock_server.world import World

SCENARIO = "X-Mock-Scenario"
"""The header that says in which scenario a world begins, on the request that makes it."""

_EXPOSED = (*EXPOSED_HEADERS, SOURCE, APPLIED, OUT_OF_CONTRACT, WORLD)
_PREFLIGHT_SECONDS = 600


class MockLayer:
    """Serves each request from the world that it names, which has caught up with its clock before."""

    def __init__(
        self,
        app: ASGIApp,
        operations: Operations,
        sandboxes: Sandboxes,
        *,
        strict: bool,
        require_world: bool,
        monotonic: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._app = app
        self._operations = operations
        self._sandboxes = sandboxes
        self._strict = strict
        self._require_world = require_world
        self._monotonic = monotonic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            sandbox, request = self._admit(scope, receive)
        except ApiError as error:
            await _send_override(_refusal(error), Request(scope, receive), send)
            return
        exchange = self._begin(sandbox, request)
        try:
            await self._answer(sandbox.world, exchange, request, exchange.hears(receive), exchange.tells(send))
        finally:
            exchange.seconds = self._monotonic() - exchange.began
            sandbox.journal.add(exchange)

    def _admit(self, scope: Scope, receive: Receive) -> tuple[Sandbox, Request]:
        """The world that a request is about, and the request as that world sees it; raises ApiError."""
        address = read_address(scope)
        request = Request(address.scope, receive)
        if address.world is None and self._require_world and self._operation(request) is not None:
            raise world_required()
        try:
            sandbox = self._sandboxes.use(address.world or DEFAULT_WORLD, request.header(SCENARIO.lower().encode()))
        except (UnknownScenarioError, FixtureError) as error:
            raise invalid(str(error), attr=SCENARIO) from None
        sandbox.requests += 1
        headers = _identified(sandbox.requests, _as_persona(sandbox.world, address.scope["headers"]))
        return sandbox, Request({**address.scope, "headers": headers}, receive)

    def _begin(self, sandbox: Sandbox, request: Request) -> Exchange:
        operation = self._operation(request)
        return Exchange(
            number=sandbox.requests,
            at=sandbox.world.clock.target(),
            world=sandbox.name,
            method=request.method,
            path=request.full_path,
            query=request.scope["query_string"],
            operation=None if operation is None else operation.id,
            request_headers=request.scope["headers"],
            began=self._monotonic(),
        )

    async def _answer(self, world: World, exchange: Exchange, request: Request, receive: Receive, send: Send) -> None:
        answer = self._override(request)
        if answer is not None:
            exchange.source = "override"
            await _send_override(answer, request, send)
            return
        await world.catch_up()

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                exchange.source = headers.setdefault(SOURCE, "handler")
                headers[WORLD] = exchange.world
            await send(message)

        await self._app({**request.scope, "state": {"services": world.services}}, receive, send_marked)

    def _operation(self, request: Request) -> OperationSpec | None:
        return self._operations.find(request.method, request.path)

    def _override(self, request: Request) -> Override | None:
        preferences = None if self._strict else read_preferences(request.scope["headers"])
        if preferences is None:
            return None
        operation = self._operation(request)
        return None if operation is None else override(operation, preferences)


def open_to_browsers(app: ASGIApp) -> CORSMiddleware:
    """The application with CORS for any origin, credentials and header, on errors too."""
    return CORSMiddleware(
        app,
        allow_origin_regex=".*",
        allow_methods=["*"],
        allow_headers=["*"],
        allow_credentials=True,
        expose_headers=_EXPOSED,
        max_age=_PREFLIGHT_SECONDS,
    )


def _identified(number: int, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Headers with an id that is counted, not drawn: the same script gives the same answers."""
    # An id that the client sends comes later, and so counts instead.
    return [(b"x-request-id", b"mock-%d" % number), *headers]


def _as_persona(world: World, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Headers in which the keys of personas that are treated as others are replaced by theirs."""
    for name, other in world.personas.items():
        old, new = KEYS[name].encode(), KEYS[other].encode()
        headers = [(key, value.replace(old, new) if key == b"authorization" else value) for key, value in headers]
    return headers


def _refusal(error: ApiError) -> Override:
    return Override(error.status, orjson.dumps(error.body), error.headers)


async def _send_override(answer: Override, request: Request, send: Send) -> None:
    headers = {**answer.headers, SOURCE: "override", "X-Request-Id": request.id.decode()}
    if answer.body:
        headers |= {"Content-Type": "application/json", "Content-Length": str(len(answer.body))}
    encoded = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": encoded})
    await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else answer.body})
