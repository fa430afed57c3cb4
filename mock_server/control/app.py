"""The control API as an application: guarded, made at its first use, over the worlds that it steers."""

import hmac
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
from starlette.types import ASGIApp, Receive, Scope, Send

from batch_exports.contract.app import build_app
from batch_exports.contract.errors import ApiError, invalid
from batch_exports.contract.request import Request
from batch_exports.contract.resolver import HandlerResolver
from batch_exports.contract.spec import load_spec
from mock_server.addressing import DEFAULT_WORLD, read_address, world_required
from mock_server.control.pages import find_page
from mock_server.control.state import State
from mock_server.documents import FixtureError
from mock_server.library import UnknownScenarioError
from mock_server.operations import Operations
from mock_server.sandboxes import Sandbox, Sandboxes

PATH = "/__mock"
ADMIN = "X-Mock-Admin"
"""The header that no web page can send unasked."""

_SPEC = Path(str(files("mock_server"))) / "control" / "control.yaml"
_STREAM = f"{PATH}/requests/stream"
_PAGES = {f"{PATH}/openapi.json": "/openapi.json", f"{PATH}/openapi.yaml": "/openapi.yaml"}
"""What may be read by anybody."""
_REQUEST_ID = (b"x-request-id", b"mock-control")
"""Always the same: the same script gives the same answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who may steer: whoever is on this machine, or has the token."""

    token: str | None = field(default=None, repr=False)
    is_local: bool = True
    """Whether only this machine can reach the mock."""

    @property
    def has_token(self) -> bool:
        """Whether there is one; an empty one, as a variable that is not set gives, is none."""
        return bool(self.token and self.token.strip())

    def require(self, request: Request) -> None:
        """Raise ApiError for a request that may come from somebody else."""
        if request.headers.get(ADMIN.lower().encode()) != b"1":
            raise ApiError(403, "admin_header_required", f"Send the header {ADMIN}: 1.", attr=ADMIN)
        if self.token is not None and self.has_token:
            given = (request.authorization or b"").partition(b" ")[2].strip()
            if not hmac.compare_digest(given, self.token.strip().encode()):
                raise ApiError(401, "authentication_failed", "Send the admin token: Authorization: Bearer TOKEN.")
        elif not self.is_local:
            raise ApiError(
                403,
                "control_disabled",
                "Others can reach this mock, and it has no admin token: start it with --admin-token to steer it.",
            )
        else:
            self.require_host(request)

    def require_host(self, request: Request) -> None:
        """Raise ApiError where only this machine may steer, and the request came by a name that others can own."""
        is_open_here = not self.has_token and self.is_local
        if is_open_here and not _is_localhost_or_address(request.header(b"host") or ""):
            # A page of another site whose name was made to point here would be let in otherwise.
            raise ApiError(403, "wrong_host", "Address the control API by localhost or an IP address.", attr="Host")


class ControlApp:
    """Answers what is asked under `/__mock`."""

    def __init__(
        self, sandboxes: Sandboxes, operations: Operations, access: Access, *, strict: bool, require_world: bool
    ) -> None:
        self._sandboxes = sandboxes
        self._operations = operations
        self._access = access
        self._strict = strict
        self._require_world = require_world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whose path begins with `/__mock`, or with a world's prefix before that."""
        try:
            address = read_address(scope)
            request = Request(address.scope, receive)
            if request.path in _PAGES:
                await _contract()({**scope, "path": _PAGES[request.path], "root_path": ""}, receive, send)
                return
            page = find_page(request.path, PATH)
            if page is not None:
                self._access.require_host(request)
                await page.send(request, send)
                return
            self._access.require(request)
            state = State(self._sandboxes, self._operations, lambda: self._sandbox(address.world), self._strict)
            if request.path == _STREAM and request.method == "GET":
                await _stream(state, request, receive, send)
                return
        except ApiError as error:
            await _refuse(error, send)
            return
        # The token has been judged here.
        kept = [each for each in address.scope["headers"] if each[0] != b"authorization"]
        headers = [_REQUEST_ID, *kept]
        await _contract()({**address.scope, "headers": headers, "state": {"mock": state}}, receive, send)

    def _sandbox(self, world: str | None) -> Sandbox:
        if world is None and self._require_world:
            raise world_required()
        try:
            return self._sandboxes.use(world or DEFAULT_WORLD)
        except (UnknownScenarioError, FixtureError) as error:
            raise invalid(str(error)) from None


def is_control(path: str) -> bool:
    """Whether a path, without a world's prefix, is one of the control API."""
    return path == PATH or path.startswith(f"{PATH}/")


# It holds no state, and most mocks are never steered.
@cache
def _contract() -> ASGIApp:
    spec = load_spec(_SPEC)
    contract: Any = build_app(spec, resolve=HandlerResolver("mock_server.control"), authenticate=_nobody)
    return contract  # type: ignore[no-any-return]  # Connexion has no types


async def _nobody(_token: str) -> None:
    return None


def _is_localhost_or_address(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


async def _stream(state: State, request: Request, receive: Receive, send: Send) -> None:
    # No contract can describe an answer without an end. Loaded when it is used, for the mock to start soon.
    from mock_server.control.requests import stream_requests  # noqa: PLC0415

    await stream_requests(state, request, receive, send)


async def _refuse(error: ApiError, send: Send) -> None:
    body = orjson.dumps(error.body)
    headers = [(name.lower().encode(), value.encode()) for name, value in error.headers.items()]
    headers += [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
