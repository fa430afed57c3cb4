"""ASGI layers around the contract's application: browsers, the clock, overridden answers, and marks on all of them."""

from starlette.datastructures import MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from batch_exports.contract.cors import EXPOSED_HEADERS
from batch_exports.contract.request import Request
from mock_server.examples import SOURCE
from mock_server.prefer import APPLIED, OUT_OF_CONTRACT, Override, Overrides, override, read_preferences
from mock_server.world import World

_EXPOSED = (*EXPOSED_HEADERS, SOURCE, APPLIED, OUT_OF_CONTRACT)
_PREFLIGHT_SECONDS = 600


class MockLayer:
    """Serves one world: what is overridden never reaches it, everything else finds it caught up with its clock."""

    def __init__(self, app: ASGIApp, world: World, overrides: Overrides | None) -> None:
        self._app = app
        self._overrides = overrides
        self._requests = 0
        self.world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope = {**scope, "headers": self._identified(scope)}
        request = Request(scope, receive)
        answer = self._override(request)
        if answer is not None:
            await _send_override(answer, request, send)
            return
        await self.world.catch_up()

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).setdefault(SOURCE, "handler")
            await send(message)

        await self._app({**scope, "state": {"services": self.world.services}}, receive, send_marked)

    def _override(self, request: Request) -> Override | None:
        preferences = None if self._overrides is None else read_preferences(request.scope["headers"])
        if self._overrides is None or preferences is None:
            return None
        operation = self._overrides.find(request.method, request.path)
        return None if operation is None else override(operation, preferences)

    def _identified(self, scope: Scope) -> list[tuple[bytes, bytes]]:
        """The request's headers with an id that is counted, not drawn: the same script gives the same answers."""
        self._requests += 1
        # An id that the client sends comes later, and so counts instead.
        return [(b"x-request-id", b"mock-%d" % self._requests), *scope["headers"]]


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


async def _send_override(answer: Override, request: Request, send: Send) -> None:
    headers = {**answer.headers, SOURCE: "override", "X-Request-Id": request.id.decode()}
    if answer.body:
        headers |= {"Content-Type": "application/json", "Content-Length": str(len(answer.body))}
    encoded = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": encoded})
    await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else answer.body})
