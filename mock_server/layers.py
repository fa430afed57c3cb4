"""The ASGI layers around the contract's application: worlds, the clock, steered requests, marks on all answers."""

import time
from collections.abc import Callable, Collection, Mapping

from starlette.datastructures import MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from batch_exports.contract.cors import EXPOSED_HEADERS
from batch_exports.contract.errors import ApiError, invalid
from batch_exports.contract.operation_spec import OperationSpec
from batch_exports.contract.request import Request
from mock_server.addressing import DEFAULT_WORLD, WORLD, read_address, world_required
from mock_server.canned import canned
from mock_server.documents import FixtureError
from mock_server.examples import SOURCE
from mock_server.faults.cuts import Connection, dribbling, truncating
from mock_server.faults.effects import Cut
from mock_server.faults.names import WRITERS, heeding_names
from mock_server.journal.exchange import Exchange, RawHeaders
from mock_server.library import UnknownScenarioError
from mock_server.looks import noting_looks
from mock_server.operations import Operations
from mock_server.personas import KEYS
from mock_server.prefer import APPLIED, OUT_OF_CONTRACT
from mock_server.sandboxes import Sandbox, Sandboxes
from mock_server.steering import FAULT, Course, plot
from mock_server.watching import WARNING
from mock_server.world import World

SCENARIO = "X-Mock-Scenario"
"""The header that says in which scenario a world begins, on the request that makes it."""

_SCENARIO, _SOURCE, _WORLD, _FAULT = (name.lower().encode() for name in (SCENARIO, SOURCE, WORLD, FAULT))
_MARKS = frozenset({_SOURCE, _WORLD, _FAULT})
_EXPOSED = (*EXPOSED_HEADERS, SOURCE, APPLIED, OUT_OF_CONTRACT, WORLD, FAULT, WARNING)
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
        log: Callable[[Exchange], None] | None = None,
        monotonic: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._app = app
        self._operations = operations
        self._sandboxes = sandboxes
        self._strict = strict
        self._require_world = require_world
        self._log = log
        self._monotonic = monotonic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            sandbox, request = self._admit(scope, receive)
        except ApiError as error:
            await canned(error).send(Request(scope, receive), _marking(send, {SOURCE: "override"}))
            return
        exchange = self._begin(sandbox, request)
        try:
            await self._answer(sandbox.world, exchange, request, exchange.hears(receive), exchange.tells(send))
        finally:
            exchange.seconds = self._monotonic() - exchange.began
            sandbox.journal.add(exchange)
            if self._log is not None:
                self._log(exchange)

    def _admit(self, scope: Scope, receive: Receive) -> tuple[Sandbox, Request]:
        """The world that a request is about, and the request as that world sees it; raises ApiError."""
        address = read_address(scope)
        if address.world is None and self._require_world and self._operation(Request(address.scope, receive)):
            raise world_required()
        scenario = address.headers.get(_SCENARIO)
        begins_as = None if scenario is None else scenario.decode("latin-1")
        try:
            sandbox = self._sandboxes.use(address.world or DEFAULT_WORLD, begins_as)
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
        course = None if self._strict else plot(self._operations, world, exchange, request)

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = _marked(message["headers"], exchange)
            await send(message)

        if course is None:
            await self._go_on(world, exchange, request.scope, receive, send_marked)
        else:
            await self._follow(course, world, exchange, request, receive, send_marked)

    async def _follow(
        self, course: Course, world: World, exchange: Exchange, request: Request, receive: Receive, send: Send
    ) -> None:
        """Let become of a request what its course says."""
        exchange.fault = course.rule
        connection = Connection(request.scope, receive)
        if course.wait:
            await connection.wait(course.wait)
        if course.cut is Cut.TRUNCATE:
            # Nothing may come of a request whose answer does not arrive: it happens in a world that nobody sees.
            world, send, exchange.source = world.fork(), truncating(send, connection), course.source
        elif course.cut is Cut.DRIBBLE:
            send = dribbling(send)
        elif course.cut is not None:
            exchange.source = course.source
            await connection.cut(course.cut)
            return
        send = _marking(send, course.marks)
        if course.answer is None:
            await self._go_on(world, exchange, {**request.scope, "query_string": course.query}, receive, send)
        else:
            exchange.source = course.source
            await connection.hear()
            await course.answer.send(request, send)

    async def _go_on(self, world: World, exchange: Exchange, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer by production's code."""
        await world.catch_up()
        if world.progression.counts_looks:
            send = noting_looks(send, world, exchange)
        if exchange.operation in WRITERS and not self._strict:
            receive = heeding_names(receive, exchange)
        await self._app({**scope, "state": {"services": world.services}}, receive, send)

    def _operation(self, request: Request) -> OperationSpec | None:
        return self._operations.find(request.method, request.path)


def open_to_browsers(app: ASGIApp, origins: Collection[str] = ()) -> CORSMiddleware:
    """The application with CORS for these origins, or else for any: credentials, all headers, on errors too."""
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_origin_regex=None if origins else ".*",
        allow_private_network=True,
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


def _marked(headers: RawHeaders, exchange: Exchange) -> RawHeaders:
    """Headers that say besides what an answer comes from, its world, and the rule that hit it."""
    source = dict(headers).get(_SOURCE)
    exchange.source = (exchange.source or "handler") if source is None else source.decode()
    marked = [pair for pair in headers if pair[0] not in _MARKS]
    marked += (_SOURCE, exchange.source.encode()), (_WORLD, exchange.world.encode())
    if exchange.fault is not None:
        marked.append((_FAULT, exchange.fault.encode()))
    return marked


def _marking(send: Send, marks: Mapping[str, str]) -> Send:
    async def marked(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(marks)
        await send(message)

    return marked
