"""A client of a mock in this process, and requests to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import cache

import httpx

from batch_exports.domain.throttles import NO_LIMITS, RateLimits
from batch_exports.services import MAX_OPEN_BACKFILLS
from mock_server.app import MockApp, Options, create_app
from mock_server.clock import frozen_clock
from mock_server.personas import KEYS
from mock_server.templates import Origin
from mock_server.world import WorldLimits
from tests.mock_server.worlds import START

EXPORT_ID = "019cadd4-5620-7c3e-9a41-5d2f7b6c8e10"
EXPORTS = "/api/projects/1/batch_exports/"
EXPORT = f"{EXPORTS}{EXPORT_ID}/"
ADMIN = {"Authorization": f"Bearer {KEYS['admin']}"}


def make_app(
    scenario: str = "typical",
    *,
    seed: int = 0,
    max_open_backfills: int = MAX_OPEN_BACKFILLS,
    limits: RateLimits = NO_LIMITS,
    **options,
) -> MockApp:
    """A mock of its own, whose clock stands still."""
    options["limits"] = WorldLimits(max_open_backfills, limits)
    return create_app(Origin(scenario, seed), Options(**options), clock=frozen_clock(START))


@cache
def shared_app(*, strict: bool = False) -> MockApp:
    """A mock for requests that change nothing."""
    return make_app(strict=strict)


@asynccontextmanager
async def client_of(app: MockApp, **headers: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a mock, as the admin unless another key is given."""
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://mock.test", headers={**ADMIN, **headers}
    ) as client:
        yield client


def advance(app: MockApp, by: timedelta) -> None:
    """Move a mock's clock ahead; its next request catches up."""
    app.world.clock.advance(by)
