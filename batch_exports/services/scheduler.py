"""What makes runs happen: the schedule's clockwork, and the comparison of open runs with the engine."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from batch_exports.domain.exports import Export
from batch_exports.domain.runs import Run
from batch_exports.domain.schedules import Schedule
from batch_exports.ports import Clock, EngineState, RunEngine, Store, Transaction
from batch_exports.services.lifecycle import Lifecycle

BATCH = 100
"""Exports handled in one transaction, so that a great many due at once do not hold the store."""

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

    async def tick(self) -> int:
        """Start the runs whose time has come, until none is due, and return their number."""
        started = 0
        while batch := await self._start_due():
            started += batch
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

    async def _start_due(self) -> int:
        async with self.store.write() as tx:
            exports = await tx.exports.due(self.clock.now(), BATCH)
            for export in exports:
                await self._start_next(tx, export)
        return len(exports)

    async def _start_next(self, tx: Transaction, export: Export) -> None:
        if export.next_at is None:
            return
        end = export.schedule.floor(export.next_at)
        await self.lifecycle.start_run(tx, export, export.schedule.preceding(end), end)
        await tx.exports.save(replace(export, next_at=next_due(export.schedule, end)))

    async def _reconcile(self, run: Run, state: EngineState) -> None:
        if state is EngineState.OPEN:
            return
        async with self.store.write() as tx:
            if state is EngineState.CANCELLED:
                await self.lifecycle.cancel(tx, run)
            else:
                await self.lifecycle.fail(tx, run.id, _LOST if state is EngineState.LOST else _UNKNOWN)


def next_due(schedule: Schedule, covered_until: datetime) -> datetime | None:
    """When the first run after `covered_until` is due."""
    return schedule.due_at(schedule.next_run_end(covered_until))
