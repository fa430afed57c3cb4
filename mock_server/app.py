"""The mock as an ASGI application: production's contract and handlers over worlds in memory."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from starlette.types import Receive, Scope, Send

from batch_exports.contract.app import build_app
from batch_exports.contract.resolver import HandlerResolver
from batch_exports.contract.spec import load_spec
from handlers._problems import translate
from handlers._throttle import throttle
from mock_server.addressing import DEFAULT_WORLD, path_in_world
from mock_server.clock import VirtualClock
from mock_server.control.app import Access, ControlApp, is_control
from mock_server.documents import Document
from mock_server.examples import answer_with_example
from mock_server.layers import MockLayer, open_to_browsers
from mock_server.operations import Operations
from mock_server.personas import KEYS, authenticate
from mock_server.sandboxes import Sandboxes
from mock_server.scenarios import create_validator, read_scenario
from mock_server.templates import Origin, Templates
from mock_server.world import World, WorldLimits

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


class MockApp:
    """The application, and the worlds that it serves."""

    def __init__(self, layer: MockLayer, control: ControlApp, sandboxes: Sandboxes) -> None:
        self._app = open_to_browsers(layer)
        self._control = control
        self._sandboxes = sandboxes

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
    read: Callable[[str], Document] = read_scenario,
) -> MockApp:
    """The mock, whose worlds begin as `origin` says, by real time unless a clock is given.

    Raises UnknownScenarioError or FixtureError.
    """
    spec = load_spec()
    templates = Templates(read, create_validator(spec), options.limits, clock=clock)
    sandboxes = Sandboxes(templates, origin, most=options.max_worlds, seconds=options.world_seconds)
    # A scenario that cannot be used has to stop the start.
    sandboxes.use(DEFAULT_WORLD)
    contract = build_app(
        spec,
        resolve=HandlerResolver("handlers"),
        authenticate=authenticate,
        throttle=throttle if options.limits.rates.windows else None,
        translate=translate,
        missing=answer_with_example,
    )
    operations = Operations(contract.operations)
    layer = MockLayer(contract, operations, sandboxes, strict=options.strict, require_world=options.require_world)
    control = ControlApp(sandboxes, operations, options.access, require_world=options.require_world)
    return MockApp(layer, control, sandboxes)
