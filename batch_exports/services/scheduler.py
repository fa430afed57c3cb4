"""What makes runs happen: the schedule's clockwork, and the comparison of open runs with the engine."""

import logging
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from batch_exports.domain.coverage import carried_on, next_interval
from batch_exports.domain.runs import Run
from batch_exports.ports import Clock, EngineState, RunEngine, Store
from batch_exports.services.lifecycle import Lifecycle

logger = logging.getLogger(__name__)

BATCH = 100
"""Exports asked for at once."""

GRACE = timedelta(seconds=30)
"""How long a run may rest before its state is compared with the engine's."""

_LOST = "The run was given up: it ended its worker several times. The service's log has the details; retry the run."
_UNKNOWN = "The run was given up: the engine does not know it. Retry the run."


@dataclass(frozen=True, slots=True)
class Scheduler:
    """Starts what is due, and ends what the engine gave up."""

    store: Store
    clock: Clock
    lifecycle: Lifecycle
    engine: RunEngine
    _failing: set[UUID] = field(default_factory=set, init=False, repr=False)

    async def tick(self) -> int:
        """Start the runs whose time has come, until none is due, and return their number.

        Each run has a transaction of its own, so that an export that cannot be started holds up no other.
        """
        started, failed = 0, set[UUID]()
        while due := await self._due(failed):
            for project_id, export_id in due:
                try:
                    started += await self._start_next(project_id, export_id)
                    self._failing.discard(export_id)
                except Exception as error:  # noqa: BLE001  # whatever it is, the others go on
                    failed.add(export_id)
                    self._report(export_id, error)
        return started

    async def reconcile(self) -> None:
        """End open runs of which the engine says that they will not go on."""
        async with self.store.read() as tx:
            runs = await tx.runs.all_open(limit=1000)
        before = self.clock.now() - GRACE
        resting = [run for run in runs if run.last_updated_at < before]
        states = await self.engine.states([run.id for run in resting])
        for run in resting:
            await self._reconcile(run, states.get(run.id, EngineState.UNKNOWN))

    def _report(self, export_id: UUID, error: Exception) -> None:
        # Once: an export that cannot be started is tried again at every tick.
        if export_id not in self._failing:
            self._failing.add(export_id)
            logger.error("The run of export %s could not be started; it is tried again.", export_id, exc_info=error)

    async def _due(self, failed: Collection[UUID]) -> list[tuple[int, UUID]]:
        async with self.store.read() as tx:
            due = await tx.exports.due(self.clock.now(), BATCH + len(failed))
        return [(project_id, export_id) for project_id, export_id in due if export_id not in failed]

    async def _start_next(self, project_id: int, export_id: UUID) -> bool:
        async with self.store.write() as tx:
            export = await tx.exports.get(project_id, export_id)
            if export is None or export.paused or export.next_at is None or export.next_at > self.clock.now():
                return False
            start, end = next_interval(export, export.next_at)
            await self.lifecycle.start_run(tx, export, start, end)
            await tx.exports.save(carried_on(export, end))
        return True

    async def _reconcile(self, run: Run, state: EngineState) -> None:
        if state is EngineState.OPEN:
            return
        async with self.store.write() as tx:
            if state is EngineState.CANCELLED:
                await self.lifecycle.cancel(tx, run)
            else:
                await self.lifecycle.fail(tx, run.id, _LOST if state is EngineState.LOST else _UNKNOWN)
