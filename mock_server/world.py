"""One world: data, clock, identifiers and simulated runs under production's use cases; many can live side by side."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from batch_exports.domain.egress import EgressMode, EgressPolicy
from batch_exports.domain.throttles import NO_LIMITS, RateLimits
from batch_exports.services import MAX_OPEN_BACKFILLS, Services, build_services
from mock_server.checks import MockChecks
from mock_server.clock import VirtualClock
from mock_server.ids import SeededIds
from mock_server.memory.store import MemoryStore
from mock_server.memory.tables import Tables
from mock_server.simulator import Playback, Simulator

NOBODY_ELSE: Mapping[str, str] = MappingProxyType({})
"""Every persona is who it says."""

MAX_STEPS = 2_000
"""State changes made before one request is answered; a longer leap in time is caught up over several."""

_EGRESS = EgressPolicy(EgressMode.LOOPBACK)
"""As a developer's own service: hosts of this machine are accepted besides public ones, and none is ever spoken to."""


@dataclass(frozen=True, slots=True)
class WorldLimits:
    """What the operator of a production service would have set."""

    max_open_backfills: int = MAX_OPEN_BACKFILLS
    rates: RateLimits = NO_LIMITS


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
    ) -> None:
        self.clock = clock
        self.ids = ids
        self.limits = limits
        self.personas = personas
        """Personas that are treated as another one."""
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
        self._playback = Playback(self.store, self.services.lifecycle)
        self._turn = asyncio.Lock()

    async def catch_up(self) -> None:
        """Let everything happen that is due on the clock, in the order of time, then show the clock's time."""
        target = self.clock.target()
        if self._is_quiet(target):
            self.clock.settle(target)
            return
        async with self._turn:
            for _ in range(MAX_STEPS):
                if self._is_quiet(target):
                    self.clock.settle(target)
                    return
                await self._step(target)

    def fork(self, name: str = "") -> "World":
        """A world that begins as this one is now, and goes on alone; both share what neither changes.

        A `name` of its own gives it identifiers of its own from now on.
        """
        clock = self.clock.fork()
        return World(clock, self.ids.fork(clock, name), self.store.tables, self.limits, self.personas)

    async def _step(self, target: datetime) -> None:
        run_at, export_at = self._playback.next_at(), self._next_export_at()
        if export_at is not None and (run_at is None or export_at <= run_at):
            self.clock.settle(export_at)
            await self.services.scheduler.tick()
        elif run_at is not None:
            self.clock.settle(run_at)
            await self._playback.step(target)

    def _is_quiet(self, until: datetime) -> bool:
        return all(at is None or at > until for at in (self._playback.next_at(), self._next_export_at()))

    def _next_export_at(self) -> datetime | None:
        entry = self.store.tables.exports_due.first()
        return entry and entry[0]
