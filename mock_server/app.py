"""The mock as an ASGI application: production's contract and handlers over a world in memory."""

from collections.abc import Mapping

from starlette.types import Receive, Scope, Send

from batch_exports.contract.app import build_app
from batch_exports.contract.resolver import HandlerResolver
from batch_exports.contract.spec import load_spec
from batch_exports.domain.throttles import NO_LIMITS, RateLimits
from batch_exports.services import MAX_OPEN_BACKFILLS
from handlers._problems import translate
from handlers._throttle import throttle
from mock_server.clock import VirtualClock
from mock_server.examples import answer_with_example
from mock_server.layers import MockLayer, open_to_browsers
from mock_server.personas import KEYS, authenticate
from mock_server.prefer import Overrides
from mock_server.scenarios import build_world, create_validator, read_scenario
from mock_server.world import World


class MockApp:
    """The application, and the world that it serves."""

    def __init__(self, layer: MockLayer) -> None:
        self._layer = layer
        self._app = open_to_browsers(layer)

    @property
    def keys(self) -> Mapping[str, str]:
        """The keys that it knows, by persona."""
        return KEYS

    @property
    def world(self) -> World:
        """The world that requests read and change."""
        return self._layer.world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self._app(scope, receive, send)


def create_app(
    scenario: str = "typical",
    *,
    strict: bool = False,
    clock: VirtualClock | None = None,
    seed: int = 0,
    max_open_backfills: int = MAX_OPEN_BACKFILLS,
    limits: RateLimits = NO_LIMITS,
) -> MockApp:
    """The mock in a scenario, running on real time unless a clock is given; `strict` makes it ignore `Prefer`.

    Raises UnknownScenarioError or FixtureError.
    """
    spec = load_spec()
    world = build_world(
        read_scenario(scenario),
        create_validator(spec),
        clock or VirtualClock(),
        seed,
        max_open_backfills=max_open_backfills,
        limits=limits,
    )
    contract = build_app(
        spec,
        resolve=HandlerResolver("handlers"),
        authenticate=authenticate,
        throttle=throttle if limits.windows else None,
        translate=translate,
        missing=answer_with_example,
    )
    overrides = None if strict else Overrides(contract.operations)
    return MockApp(MockLayer(contract, world, overrides))
