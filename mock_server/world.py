"""One world: data, clock, identifiers and simulated runs under production's use cases; many can live side by side."""

import asyncio
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from batch_exports.domain.egress import EgressMode, EgressPolicy
from batch_exports.domain.runs import Run, RunStatus
from batch_exports.domain.throttles import NO_LIMITS, RateLimits
from batch_exports.services import MAX_OPEN_BACKFILLS, Services, build_services
from mock_server.checks import MockChecks
from mock_server.clock import VirtualClock
from mock_server.faults.book import FaultBook
from mock_server.ids import SeededIds
from mock_server.memory.session import Session
from mock_server.memory.store import MemoryStore
from mock_server.memory.tables import Tables
from mock_server.moves import Moves
from mock_server.playback import Playback
from mock_server.progression import Progression
from mock_server.simulator import Simulator, follow

NOBODY_ELSE: Mapping[str, str] = MappingProxyType({})
"""Every persona is who it says."""

MAX_STEPS = 2_000
"""State changes made before one request is answered; a longer leap in time is caught up over several."""

_UNBROKEN_STEPS = 20
"""State changes after which requests to other worlds get their turn."""

_EGRESS = EgressPolicy(EgressMode.LOOPBACK)
"""As a developer's own service: hosts of this machine are accepted besides public ones, and none is ever spoken to."""


@dataclass(frozen=True, slots=True)
class WorldLimits:
    """What the operator of a production service would have set."""

    max_open_backfills: int = MAX_OPEN_BACKFILLS
    rates: RateLimits = NO_LIMITS
    heeds_names: bool = True
    """Whether the name of an export may ask for its runs to fail, as none would in production."""


NO_WORLD_LIMITS = WorldLimits()
"""As production, without throttles."""


class World:
    """Everything that one client, or one test, can change."""

    def __init__(
        self,
        clock: VirtualClock,
        ids: SeededIds,
        tables: Tables | None = None,
        limits: WorldLimits = NO_WORLD_LIMITS,
        personas: Mapping[str, str] = NOBODY_ELSE,
        progression: Progression | None = None,
        faults: FaultBook | None = None,
    ) -> None:
        """`progression` is how runs move from now on; None for as the tables say."""
        self.clock = clock
        self.ids = ids
        self.limits = limits
        self.personas = personas
        """Personas that are treated as another one."""
        self.faults = FaultBook() if faults is None else faults
        tables = tables or Tables()
        if tables.heeds_names != limits.heeds_names:
            tables = copy(tables)
            tables.heeds_names = limits.heeds_names
        if progression is not None:
            tables = copy(tables)
            follow(Session(tables, writable=True), progression, clock.now())
        self.store = MemoryStore(tables)
        self.services: Services = build_services(
            store=self.store,
            clock=clock,
            new_id=ids,
            engine=Simulator(self.store),
            checks=MockChecks(),
            egress=_EGRESS,
            max_open_backfills=limits.max_open_backfills,
            limits=limits.rates,
        )
        self._playback = Playback(self.store, Moves(self.services.lifecycle))
        self._turn = asyncio.Lock()
        self._looks: list[Sequence[UUID]] = []

    async def catch_up(self) -> None:
        """Let everything happen that is due, by looks and by the clock in the order of time, then show its time."""
        target = self.clock.target()
        if not self._looks and self._is_quiet(target):
            self.clock.settle(target)
            return
        async with self._turn:
            await self._take_looks()
            for number in range(1, MAX_STEPS + 1):
                if self._is_quiet(target):
                    self.clock.settle(target)
                    return
                await self._step(target)
                if number % _UNBROKEN_STEPS == 0:
                    await asyncio.sleep(0)

    async def settle(self) -> None:
        """Catch up with what the clock shows now, however much that is."""
        target = self.clock.target()
        await self.catch_up()
        while self.clock.now() < target or not self._is_quiet(target):
            await self.catch_up()

    @property
    def progression(self) -> Progression:
        """How runs move, and how they end."""
        return self.store.tables.progression

    async def follow(self, progression: Progression) -> None:
        """Let runs move otherwise from now on; those in progress, too."""
        await self.settle()
        await self._playback.follow(progression, self.clock.now())
        await self.settle()

    async def push(self, run_id: UUID, to: RunStatus | None = None, error: str | None = None) -> Run | None:
        """Move a run to a status, or to its next one; None when there is no such run.

        Raises IllegalStepError, or ValueError for an error where a run has none.
        """
        await self.settle()
        return await self._playback.push(run_id, to, error, self.clock.now())

    def note_look(self, run_ids: Sequence[UUID]) -> None:
        """Somebody sees these runs now, which may move them before anybody sees them again."""
        if run_ids:
            self._looks.append(run_ids)

    def fork(self, name: str = "") -> "World":
        """A world that begins as this one is now, and goes on alone; both share what neither changes.

        A `name` of its own gives it identifiers of its own from now on.
        """
        clock = self.clock.fork()
        ids, faults = self.ids.fork(clock, name), self.faults.fork()
        fork = World(clock, ids, self.store.tables, self.limits, self.personas, faults=faults)
        fork._looks = list(self._looks)
        return fork

    async def _take_looks(self) -> None:
        looks, self._looks = self._looks, []
        for run_ids in looks:
            await self._playback.look(run_ids)

    async def _step(self, target: datetime) -> None:
        run_at, export_at = self._playback.next_at(), self._next_export_at()
        if export_at is not None and (run_at is None or export_at <= run_at):
            self.clock.settle(export_at)
            await self.services.scheduler.tick()
        elif run_at is not None:
            self.clock.settle(run_at)
            await self._playback.step(target)

    def _is_quiet(self, until: datetime) -> bool:
        run_at, export_at = self._playback.next_at(), self._next_export_at()
        return (run_at is None or run_at > until) and (export_at is None or export_at > until)

    def _next_export_at(self) -> datetime | None:
        entry = self.store.tables.exports_due.first()
        return entry and entry[0]
