"""Mock and production in this process and on one clock, held still: nothing goes on in them but what a program says."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import httpx

from batch_exports.bootstrap import build_world, egress_policy, prepare
from batch_exports.domain.backfills import Estimate
from batch_exports.domain.identifiers import uuid7
from batch_exports.domain.runs import RunStatus
from batch_exports.domain.throttles import NO_LIMITS, RateLimits
from batch_exports.observability.credentials import HidingChecks
from batch_exports.observability.instruments import Instruments
from batch_exports.ports import ExportQuery, Store
from batch_exports.server import create_app as create_production
from batch_exports.services import Services, build_services
from batch_exports.settings import Settings
from mock_server.addressing import DEFAULT_WORLD
from mock_server.clock import frozen_clock
from mock_server.progression import Mode, Progression
from tests.api import client_of, started
from tests.contract.worlds import ACME, GLOBEX, add_personas, mock_app

BEGIN = datetime(2026, 3, 2, 16, 0, 30, tzinfo=UTC)
"""When every program begins: the dates of the contract's examples fit it."""

_ORIGIN = "http://testserver"
_A_WEEK = timedelta(days=7)
_ROWS, _BYTES = 7, 700
_MOST_BACKFILLS = 4
_ALL = 10_000


class World(Protocol):
    """One side of the comparison."""

    client: httpx.AsyncClient
    services: Services
    store: Store

    async def begin(self) -> None:
        """Forget what earlier programs did, as far as requests can tell."""


class MockWorld:
    """The mock's default world, whose runs nothing moves by itself."""

    def __init__(self, app: Any, client: httpx.AsyncClient) -> None:
        self._app = app
        self.client = client

    @property
    def _world(self) -> Any:
        return self._app.world

    @property
    def services(self) -> Services:
        return self._world.services

    @property
    def store(self) -> Store:
        return self._world.store

    async def begin(self) -> None:
        sandboxes = self._app._sandboxes
        sandbox = sandboxes.use(DEFAULT_WORLD)
        sandboxes.begin(sandbox, sandbox.origin)
        await self._world.follow(Progression(mode=Mode.MANUAL))

    def now(self) -> datetime:
        return self._world.clock.now()

    def next_schedule(self) -> datetime | None:
        """When the next scheduled run is due."""
        return self._world._next_export_at()

    async def leap(self, instant: datetime) -> None:
        """Let time pass until this moment, and what is due happen."""
        self._world.clock.leap(instant)
        await self._world.settle()


@dataclass
class SharedClock:
    """The mock's clock, by which production goes as well."""

    mock: MockWorld
    ahead: timedelta = timedelta()

    def now(self) -> datetime:
        return self.mock.now() + self.ahead


@dataclass
class ProductionWorld:
    """Production without a worker."""

    client: httpx.AsyncClient
    services: Services
    store: Store
    clock: SharedClock

    async def begin(self) -> None:
        async with self.store.write() as tx:
            for project_id in (ACME, GLOBEX):
                exports, _ = await tx.exports.page(ExportQuery(project_id=project_id, limit=_ALL, offset=0))
                for each in exports:
                    await tx.exports.delete(each.id, self.clock.now())
        # Keys of repeated requests are kept for a day, and each program begins at the same moment.
        self.clock.ahead = _A_WEEK
        await self.services.idempotency.forget_old()
        self.clock.ahead = timedelta()


@dataclass
class Pair:
    """Both worlds, and what happens in them without a request."""

    mock: World
    production: World
    clock: MockWorld = field(repr=False)

    async def begin(self) -> None:
        """Begin a program."""
        await self.mock.begin()
        await self.production.begin()

    async def wait(self, seconds: int = 0) -> None:
        """Let time pass in both, with the scheduled runs that are due; without seconds, what a request made due."""
        now = self.clock.now()
        until = now + timedelta(seconds=seconds)
        while (due := self.clock.next_schedule()) is not None and due <= until:
            await self.clock.leap(max(due, now))
            await self.production.services.scheduler.tick()
        await self.clock.leap(until)


async def move(world: World, run_id: UUID, to: RunStatus) -> None:
    """Move a run as the worker would; one that has ended stays as it is."""
    lifecycle = world.services.lifecycle
    async with world.store.write() as tx:
        if to is RunStatus.RUNNING:
            begun = await lifecycle.begin(tx, run_id)
            if begun is not None and begun.backfill_id is not None:
                await lifecycle.open_backfill(tx, begun, Estimate(rows=_ROWS))
        elif to is RunStatus.COMPLETED:
            await lifecycle.complete(tx, run_id, _ROWS, _BYTES)
        else:
            await lifecycle.fail(tx, run_id, f"The destination said no, and the run ended {to}.", status=to)


@asynccontextmanager
async def open_pair(
    folder: Path, database_url: str | None = None, limits: RateLimits = NO_LIMITS
) -> AsyncIterator[Pair]:
    """Both worlds, started; production on SQLite unless another database is named."""
    app = mock_app(folder, frozen_clock(BEGIN), _MOST_BACKFILLS, limits)
    async with started(app) as state, client_of(app, state, base_url=_ORIGIN) as client:
        mock = MockWorld(app, client)
        async with _open_production(folder, database_url, limits, SharedClock(mock)) as production:
            yield Pair(mock, production, mock)


@asynccontextmanager
async def _open_production(
    folder: Path, database_url: str | None, limits: RateLimits, clock: SharedClock
) -> AsyncIterator[ProductionWorld]:
    settings = Settings(
        data_dir=folder,
        database_url=database_url,
        egress="loopback",
        file_root=folder / "files",
        max_open_backfills=_MOST_BACKFILLS,
        throttle_per_minute=limits.per_minute,
        throttle_per_hour=limits.per_hour,
    )
    prepare(settings)
    await add_personas(settings)
    app = create_production(settings, Instruments({}))
    async with build_world(settings) as parts, started(app) as state:
        services = build_services(
            store=parts.store,
            clock=clock,
            new_id=uuid7,
            engine=parts.engine,
            checks=HidingChecks(parts.destinations),
            egress=egress_policy(settings),
            max_open_backfills=settings.max_open_backfills,
            limits=limits,
        )
        async with client_of(app, {**state, "services": services}, base_url=_ORIGIN) as client:
            yield ProductionWorld(client, services, parts.store, clock)
