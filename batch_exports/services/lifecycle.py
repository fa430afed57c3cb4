"""How runs and backfills move from one state to the next: the same rules for production and for the mock."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from batch_exports.domain.backfills import OPEN_BACKFILL_STATUSES, Backfill, BackfillStatus
from batch_exports.domain.exports import Export
from batch_exports.domain.logs import LogEntry, LogLevel
from batch_exports.domain.runs import OPEN_STATUSES, Run, RunStatus
from batch_exports.ports import Clock, IdFactory, Queue, RunEngine, Transaction

logger = logging.getLogger(__name__)

BACKFILL_WINDOW = 2
"""Runs of one backfill handed to the engine at a time: the next one waits while one works."""


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """Starts, moves and ends runs and backfills, always inside the caller's transaction."""

    clock: Clock
    new_id: IdFactory
    engine: RunEngine

    async def start_run(
        self,
        tx: Transaction,
        export: Export,
        start: datetime,
        end: datetime,
        *,
        backfill_id: UUID | None = None,
        retry_of: UUID | None = None,
    ) -> Run:
        """Make the run of one interval and hand it to the engine."""
        now = self.clock.now()
        run = Run(
            id=self.new_id(),
            export_id=export.id,
            project_id=export.project_id,
            status=RunStatus.STARTING,
            data_interval_start=start,
            data_interval_end=end,
            created_at=now,
            last_updated_at=now,
            backfill_id=backfill_id,
            retry_of=retry_of,
        )
        await tx.runs.add(run)
        await self.engine.start(tx, run, Queue.LIVE if backfill_id is None else Queue.BACKFILL)
        return run

    async def begin(self, tx: Transaction, run_id: UUID) -> Run | None:
        """Mark a run as running; None when it has ended meanwhile."""
        run = await self._change(tx, run_id, status=RunStatus.RUNNING)
        if run is not None and run.backfill_id is not None:
            await tx.backfills.change(
                run.backfill_id,
                frozenset({BackfillStatus.STARTING}),
                status=BackfillStatus.RUNNING,
                last_updated_at=self.clock.now(),
            )
        return run

    async def progress(self, tx: Transaction, run_id: UUID, **counts: Any) -> Run | None:
        """Record how far a run came (`records_completed`, `bytes_exported`, ...); None when it has ended meanwhile."""
        return await self._change(tx, run_id, **counts)

    async def complete(self, tx: Transaction, run_id: UUID, records: int, size: int) -> Run | None:
        """End a run as completed, and go on with its backfill; None when it had ended before."""
        return await self._end(
            tx, run_id, RunStatus.COMPLETED, records_completed=records, bytes_exported=size, latest_error=None
        )

    async def fail(self, tx: Transaction, run_id: UUID, error: str) -> Run | None:
        """End a run as failed with a cause that its user can read, and go on with its backfill."""
        run = await self._end(tx, run_id, RunStatus.FAILED, latest_error=error)
        if run is not None:
            await self.log(tx, run, LogLevel.ERROR, error)
        return run

    async def cancel(self, tx: Transaction, run: Run) -> Run | None:
        """End a run as cancelled, and go on with its backfill; the caller tells the engine after the commit."""
        cancelled = await self._end(tx, run.id, RunStatus.CANCELLED)
        if cancelled is not None:
            await self.log(tx, cancelled, LogLevel.WARNING, "Cancelled.")
        return cancelled

    async def start_backfill(self, tx: Transaction, export: Export, start: datetime, end: datetime) -> Backfill:
        """Make the backfill of `[start, end)`, both interval boundaries, and its first runs."""
        backfill = self._new_backfill(export, start, end, export.schedule.count(start, end), next_start_at=start)
        await tx.backfills.add(backfill)
        for _ in range(min(BACKFILL_WINDOW, backfill.total_runs)):
            await self._advance(tx, export, backfill.id)
        return backfill

    async def start_retry(self, tx: Transaction, export: Export, run: Run) -> tuple[Backfill, Run]:
        """Make a backfill whose only run exports the interval of `run` again."""
        start, end = run.data_interval_start, run.data_interval_end
        backfill = self._new_backfill(export, start, end, 1, next_start_at=None)
        await tx.backfills.add(backfill)
        return backfill, await self.start_run(tx, export, start, end, backfill_id=backfill.id, retry_of=run.id)

    async def cancel_backfill(self, tx: Transaction, backfill: Backfill) -> list[Run]:
        """End a backfill and its open runs as cancelled; the caller tells the engine of the runs after the commit."""
        now = self.clock.now()
        ended = await tx.backfills.change(
            backfill.id,
            OPEN_BACKFILL_STATUSES,
            status=BackfillStatus.CANCELLED,
            finished_at=now,
            last_updated_at=now,
            next_start_at=None,
        )
        if ended is None:
            return []
        runs = await tx.runs.open_runs(backfill.export_id, backfill_id=backfill.id)
        cancelled = [await self.cancel(tx, run) for run in runs]
        return [run for run in cancelled if run is not None]

    async def stop(self, runs: Iterable[Run]) -> None:
        """Tell the engine of cancelled runs, after the commit; one that it cannot be told of stops at its next step."""
        for run in runs:
            try:
                await self.engine.cancel(run.id)
            except Exception:
                logger.warning("Run %s is cancelled, but the engine could not be told.", run.id, exc_info=True)

    async def log(self, tx: Transaction, run: Run, level: LogLevel, message: str) -> None:
        """Append one log entry of a run."""
        entry = LogEntry(
            export_id=run.export_id, run_id=run.id, level=level, message=message, timestamp=self.clock.now()
        )
        await tx.logs.add([entry])

    async def _change(self, tx: Transaction, run_id: UUID, **changes: Any) -> Run | None:
        return await tx.runs.change(run_id, OPEN_STATUSES, last_updated_at=self.clock.now(), **changes)

    async def _end(self, tx: Transaction, run_id: UUID, status: RunStatus, **changes: Any) -> Run | None:
        run = await self._change(tx, run_id, status=status, finished_at=self.clock.now(), **changes)
        if run is not None and run.backfill_id is not None:
            export = await tx.exports.get(run.project_id, run.export_id)
            if export is not None:
                await self._advance(tx, export, run.backfill_id)
        return run

    async def _advance(self, tx: Transaction, export: Export, backfill_id: UUID) -> None:
        """Make the next run of an open backfill, or complete the backfill when none is left."""
        backfill = await tx.backfills.get(export.id, backfill_id, lock=True)
        if backfill is None or not backfill.is_open:
            return
        if backfill.next_start_at is not None:
            await self._next_run(tx, export, backfill, backfill.next_start_at)
        elif not await tx.runs.open_runs(export.id, backfill_id=backfill_id):
            now = self.clock.now()
            await tx.backfills.change(
                backfill_id,
                OPEN_BACKFILL_STATUSES,
                status=BackfillStatus.COMPLETED,
                finished_at=now,
                last_updated_at=now,
            )

    async def _next_run(self, tx: Transaction, export: Export, backfill: Backfill, start: datetime) -> None:
        # The schedule may have changed since the backfill was made: never past its end.
        end = min(export.schedule.following(start), backfill.end_at)
        await self.start_run(tx, export, start, end, backfill_id=backfill.id)
        await tx.backfills.change(
            backfill.id,
            OPEN_BACKFILL_STATUSES,
            next_start_at=end if end < backfill.end_at else None,
            last_updated_at=self.clock.now(),
        )

    def _new_backfill(
        self, export: Export, start: datetime, end: datetime, total_runs: int, *, next_start_at: datetime | None
    ) -> Backfill:
        now = self.clock.now()
        return Backfill(
            id=self.new_id(),
            export_id=export.id,
            project_id=export.project_id,
            status=BackfillStatus.STARTING,
            start_at=start,
            end_at=end,
            created_at=now,
            last_updated_at=now,
            total_runs=total_runs,
            next_start_at=next_start_at,
        )


def paused(export: Export, at: datetime) -> Export:
    """The export, paused at a moment; one that is paused already stays as it is."""
    return export if export.paused else replace(export, paused=True, last_paused_at=at, last_updated_at=at)


def unpaused(export: Export, at: datetime) -> Export:
    """The export, scheduled again from the last boundary before `at` whose rows have arrived."""
    schedule = export.schedule
    settled = schedule.settled(at)
    next_at = schedule.due_at(schedule.next_run_end(settled))
    return replace(export, paused=False, last_updated_at=at, next_start_at=settled, next_at=next_at)


def missed_while_paused(export: Export, at: datetime) -> tuple[datetime, datetime] | None:
    """The whole intervals `[start, end)` that a paused export's schedule would have exported by `at`; None for none."""
    schedule = export.schedule
    start = schedule.floor(export.next_start_at or export.last_paused_at or at)
    end = schedule.settled(at)
    if schedule.end_at is not None:
        end = min(end, schedule.floor(schedule.end_at))
    return (start, end) if start < end else None
