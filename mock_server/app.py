"""The mock as an ASGI application: production's contract and handlers over worlds in memory."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from starlette.types import ASGIApp, Receive, Scope, Send

from batch_exports.contract.app import build_app
from batch_exports.contract.resolver import HandlerResolver
from batch_exports.contract.spec import load_spec
from handlers._problems import translate
from handlers._throttle import throttle
from mock_server.addressing import DEFAULT_WORLD, path_in_world
from mock_server.checking import check_scenario
from mock_server.clock import VirtualClock
from mock_server.control.app import Access, ControlApp, is_control
from mock_server.examples import answer_with_example
from mock_server.layers import MockLayer, open_to_browsers
from mock_server.library import Library
from mock_server.operations import Operations
from mock_server.personas import KEYS, authenticate
from mock_server.sandboxes import Sandboxes
from mock_server.scenarios import create_validator
from mock_server.templates import Origin, Templates
from mock_server.world import World, WorldLimits

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator

    from batch_exports.contract.app import ContractApp
    from mock_server.access_log import AccessLog
    from mock_server.upstream.target import Target

TYPICAL = Origin("typical")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a mock is started."""

    limits: WorldLimits = field(default_factory=WorldLimits)
    strict: bool = False
    """Answer as production does: no preferences, no faults."""
    require_world: bool = False
    max_worlds: int = 1_000
    world_seconds: float = 3_600.0
    """How long a world is kept that nobody asks for."""
    access: Access = field(default_factory=Access)
    chaos: str | None = None
    """The scenario whose fault rules all worlds have, too."""
    latency: str | None = None
    """How many milliseconds all answers wait: a number, or a range."""
    cors_origins: tuple[str, ...] = ()
    """Origins whose pages may call the API; none for any."""
    log: str = "off"
    """How requests are told of on standard error: `pretty`, `json` or `off`."""
    upstream: "Target | None" = None
    """The service that answers some operations in place of the mock."""


class MockApp:
    """The application, and the worlds that it serves."""

    def __init__(self, app: ASGIApp, control: ControlApp, sandboxes: Sandboxes, load: Callable[[], None]) -> None:
        self._app = app
        self._control = control
        self._sandboxes = sandboxes
        self._load = load

    def reload(self) -> None:
        """Read the user's fixtures again; worlds keep their state. Raises FixtureError, and changes nothing then."""
        self._sandboxes.templates.library.require_present(self._sandboxes.origin.scenario)
        self._load()
        self._sandboxes.templates.forget()

    @property
    def keys(self) -> Mapping[str, str]:
        """The keys that it knows, by persona."""
        return KEYS

    @property
    def world(self) -> World:
        """The world of requests that name none."""
        return self._sandboxes.use(DEFAULT_WORLD).world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        # No page of another origin is let near the control API, which is why it stands before what lets them in.
        is_http = scope["type"] == "http"
        app = self._control if is_http and is_control(path_in_world(scope["path"])) else self._app
        await app(scope, receive, send)


def create_app(
    origin: Origin = TYPICAL,
    options: Options = Options(),
    *,
    clock: VirtualClock | None = None,
    library: Library | None = None,
) -> MockApp:
    """The mock, whose worlds begin as `origin` says, by real time unless a clock is given.

    Raises UnknownScenarioError, FixtureError, FaultRuleError or UnknownOperationError.
    """
    library = library or Library()
    contract, requests = _compile_contract(throttled=bool(options.limits.rates.windows))
    limits = replace(options.limits, heeds_names=not options.strict)
    templates = Templates(
        library,
        requests,
        limits,
        clock=clock,
        faults=lambda: _standing_faults(library, options.chaos),
        latency=_milliseconds(options.latency),
    )
    sandboxes = Sandboxes(templates, origin, most=options.max_worlds, seconds=options.world_seconds)
    operations = Operations(contract.operations)

    def load() -> None:
        library.load(lambda document: check_scenario(document, requests, operations))

    # A scenario that cannot be used has to stop the start.
    load()
    sandboxes.use(DEFAULT_WORLD)
    served = contract if options.upstream is None else _hybrid(contract, operations, options.upstream)
    layer = MockLayer(
        served,
        operations,
        sandboxes,
        strict=options.strict,
        require_world=options.require_world,
        log=_open_log(options.log, operations),
    )
    control = ControlApp(
        sandboxes, operations, options.access, strict=options.strict, require_world=options.require_world
    )
    return MockApp(open_to_browsers(layer, options.cors_origins), control, sandboxes, load)


# It holds no state, and takes longest of all that a mock is made of.
@cache
def _compile_contract(*, throttled: bool) -> "tuple[ContractApp, Draft202012Validator]":
    """The contract with its handlers, and what it says of the exports of a fixture."""
    spec = load_spec()
    app = build_app(
        spec,
        resolve=HandlerResolver("handlers"),
        authenticate=authenticate,
        throttle=throttle if throttled else None,
        translate=translate,
        missing=answer_with_example,
    )
    return app, create_validator(spec)


def _open_log(form: str, operations: Operations) -> "AccessLog | None":
    if form == "off":
        return None
    from mock_server.access_log import open_log  # noqa: PLC0415  # what it needs is not small

    return open_log(form, operations)


def _hybrid(app: ASGIApp, operations: Operations, target: "Target") -> ASGIApp:
    # Loaded when it is used: hardly any mock has an upstream.
    from mock_server.upstream.client import UpstreamClient  # noqa: PLC0415
    from mock_server.upstream.hybrid import HybridApp  # noqa: PLC0415

    target = replace(target, proxied=operations.choose(target.proxied))
    return HybridApp(app, operations, target, UpstreamClient(target))


def _standing_faults(library: Library, chaos: str | None) -> Sequence[Mapping[str, Any]]:
    return () if chaos is None else library.read(chaos).data.get("faults", ())


def _milliseconds(latency: str | None) -> int | str | None:
    return latency if latency is None or not latency.isdecimal() else int(latency)
