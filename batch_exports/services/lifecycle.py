"""How runs and backfills move from one state to the next: the same rules for production and for the mock.

Order of locks: whoever changes a backfill, or begins or ends a run, reads their export in the same transaction before.
A store locks what a write reads, so that the backfills and runs of one export change one transaction at a time, and no
two transactions wait for each other. What touches a single row, as the progress of a run does, needs no more than that.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from batch_exports.domain.activity import SERVICE, ActivityKind
from batch_exports.domain.backfills import (
    OPEN_BACKFILL_STATUSES,
    Backfill,
    BackfillStatus,
    Estimate,
    first_worth,
    interval_of,
)
from batch_exports.domain.exports import Export, PausedReason
from batch_exports.domain.logs import LogLevel
from batch_exports.domain.pausing import FAILURE_WINDOWS, failures_among, paused
from batch_exports.domain.runs import Run, RunStatus
from batch_exports.ports import RunQuery, Transaction
from batch_exports.services.journal import Journal
from batch_exports.services.run_states import RunStates

AUTO_PAUSE_FAILURES = 3
"""Failures among an export's latest runs that pause it, unless the operator says otherwise."""


@dataclass(frozen=True, slots=True)
class Lifecycle(RunStates):
    """Starts, moves and ends runs and backfills, always inside the caller's transaction."""

    auto_pause_failures: int = AUTO_PAUSE_FAILURES
    """How many failures among its latest runs pause an export; 0 for never."""

    @property
    def journal(self) -> Journal:
        """Where what the service does on its own is noted."""
        return Journal(self.clock, self.new_id)

    async def complete(self, tx: Transaction, run_id: UUID, records: int, size: int) -> Run | None:
        """End a run as completed, and go on with its backfill; None when it had ended before."""
        return await self._end(
            tx, run_id, RunStatus.COMPLETED, records_completed=records, bytes_exported=size, latest_error=None
        )

    async def fail(
        self, tx: Transaction, run_id: UUID, error: str, *, status: RunStatus = RunStatus.FAILED
    ) -> Run | None:
        """End a run without success, with a cause that its user can read, and go on with its backfill.

        An export whose runs keep failing is paused instead, and its backfills are cancelled; their runs stop by
        themselves at their next step.
        """
        export = await self._lock_export(tx, run_id)
        run = await self._change(tx, run_id, **self._ended(status), latest_error=error)
        if run is not None:
            await self.log(tx, run, LogLevel.ERROR, error)
        if run is not None and export is not None:
            await self._pause_if_failing(tx, export, run)
            await self._go_on(tx, export, run)
        return run

    async def cancel(self, tx: Transaction, run: Run) -> Run | None:
        """End a run as cancelled, and go on with its backfill; the caller tells the engine after the commit."""
        cancelled = await self._end(tx, run.id, RunStatus.CANCELLED)
        if cancelled is not None:
            await self.log(tx, cancelled, LogLevel.WARNING, "Cancelled.")
        return cancelled

    async def start_backfill(self, tx: Transaction, export: Export, start: datetime, end: datetime) -> Backfill:
        """Make the backfill of `[start, end)`, both interval boundaries, and its first run, which will open it."""
        backfill = self._new_backfill(export, start, end, export.schedule.count(start, end), next_start_at=start)
        await tx.backfills.add(backfill)
        await self._advance(tx, export, backfill.id)
        return backfill

    async def open_backfill(self, tx: Transaction, run: Run, found: Estimate) -> Run | None:
        """Begin a backfill by the first of its runs, knowing what its range holds; the run as it is to go on.

        The run moves to the first interval that has rows, or that was exported before and is to be replaced, and a
        second one is made to wait while it works. Where the whole range has none, the run and its backfill are
        completed: None then, and when the run has ended meanwhile.
        """
        export = await self._lock_export(tx, run.id)
        backfill = run.backfill_id and export and await tx.backfills.get(export.id, run.backfill_id, lock=True)
        if not export or not backfill or backfill.status is not BackfillStatus.STARTING:
            return await self._change(tx, run.id)
        first = first_worth(found, await self._first_exported(tx, backfill))
        if found.rows == 0 and first is None:
            await self._complete_empty(tx, export, backfill, run)
            return None
        moved: dict[str, Any] = {}
        changes: dict[str, Any] = {"status": BackfillStatus.RUNNING, "total_records_count": found.rows}
        start = None if first is None else export.schedule.floor(first)
        if start is not None and start > backfill.start_at:
            changes["adjusted_start_at"] = start
        if start is not None and start > run.data_interval_start:
            end, next_start_at = interval_of(backfill, export.schedule, start)
            skipped = export.schedule.count(run.data_interval_start, start)
            changes |= {"next_start_at": next_start_at, "total_runs": max(1, backfill.total_runs - skipped)}
            moved = {"data_interval_start": start, "data_interval_end": end}
        await self._change_backfill(tx, backfill.id, **changes)
        await self._advance(tx, export, backfill.id)
        return await self._change(tx, run.id, **moved)

    async def start_retry(self, tx: Transaction, export: Export, run: Run) -> tuple[Backfill, Run]:
        """Make a backfill whose only run exports the interval of `run` again."""
        start, end = run.data_interval_start, run.data_interval_end
        backfill = self._new_backfill(export, start, end, 1, next_start_at=None)
        await tx.backfills.add(backfill)
        return backfill, await self.start_run(tx, export, start, end, backfill_id=backfill.id, retry_of=run.id)

    async def cancel_backfill(self, tx: Transaction, backfill: Backfill) -> list[Run]:
        """End a backfill and its open runs as cancelled; the caller tells the engine of the runs after the commit."""
        changes = self._ended(BackfillStatus.CANCELLED)
        if await self._change_backfill(tx, backfill.id, **changes, next_start_at=None) is None:
            return []
        runs = await tx.runs.open_runs(backfill.export_id, backfill_id=backfill.id)
        cancelled = [await self.cancel(tx, run) for run in runs]
        return [run for run in cancelled if run is not None]

    async def _change_backfill(self, tx: Transaction, backfill_id: UUID, **changes: Any) -> Backfill | None:
        values = {"last_updated_at": self.clock.now(), **changes}
        return await tx.backfills.change(backfill_id, OPEN_BACKFILL_STATUSES, **values)

    async def _end(self, tx: Transaction, run_id: UUID, status: RunStatus, **changes: Any) -> Run | None:
        export = await self._lock_export(tx, run_id)
        run = await self._change(tx, run_id, **self._ended(status), **changes)
        if run is not None and export is not None:
            await self._go_on(tx, export, run)
        return run

    async def _go_on(self, tx: Transaction, export: Export, run: Run) -> None:
        if run.backfill_id is not None:
            await self._advance(tx, export, run.backfill_id)

    async def _advance(self, tx: Transaction, export: Export, backfill_id: UUID) -> None:
        """Make the next run of an open backfill, or complete the backfill when none is left."""
        backfill = await tx.backfills.get(export.id, backfill_id, lock=True)
        if backfill is None or not backfill.is_open:
            return
        if backfill.next_start_at is not None:
            await self._next_run(tx, export, backfill, backfill.next_start_at)
        elif not await tx.runs.open_runs(export.id, backfill_id=backfill_id):
            rows = await tx.backfills.records(backfill_id)
            changes = self._ended(BackfillStatus.COMPLETED)
            await self._change_backfill(tx, backfill_id, **changes, total_records_count=rows)

    async def _next_run(self, tx: Transaction, export: Export, backfill: Backfill, start: datetime) -> None:
        end, next_start_at = interval_of(backfill, export.schedule, start)
        await self.start_run(tx, export, start, end, backfill_id=backfill.id)
        await self._change_backfill(tx, backfill.id, next_start_at=next_start_at)

    async def _first_exported(self, tx: Transaction, backfill: Backfill) -> datetime | None:
        """Where the first interval of the range begins that a run has completed already; None for none."""
        completed = await tx.runs.page(
            RunQuery(
                export_id=backfill.export_id,
                order_by="data_interval_start",
                descending=False,
                limit=1,
                statuses=frozenset({RunStatus.COMPLETED}),
                interval_from=backfill.start_at,
                interval_until=backfill.end_at,
            )
        )
        return completed[0].data_interval_start if completed else None

    async def _complete_empty(self, tx: Transaction, export: Export, backfill: Backfill, run: Run) -> None:
        """Complete a backfill whose range has no rows, and with it the only run that it made."""
        left_out = export.schedule.count(run.data_interval_end, backfill.end_at)
        changes = {"next_start_at": None, "total_runs": max(1, backfill.total_runs - left_out)}
        await self._change_backfill(tx, backfill.id, **changes)
        if await self.complete(tx, run.id, 0, 0) is not None:
            await self.log(tx, run, LogLevel.INFO, "Completed: there are no rows in the range of the backfill.")

    async def _pause_if_failing(self, tx: Transaction, export: Export, run: Run) -> None:
        """Pause the export of a run that failed, when too many of its latest runs did, and cancel its backfills."""
        if export.paused or self.auto_pause_failures == 0:
            return
        window = max(FAILURE_WINDOWS[export.schedule.interval], self.auto_pause_failures)
        latest = (await tx.runs.latest([export.id], window))[export.id]
        failures = failures_among(export, latest)
        if failures < self.auto_pause_failures:
            return
        pausing = paused(export, self.clock.now(), PausedReason.FAILURES)
        await self.journal.save(tx, SERVICE, export, pausing, run_id=run.id)
        for backfill in await tx.backfills.open_backfills(export.id):
            await self.cancel_backfill(tx, backfill)
            await self.journal.note(tx, SERVICE, ActivityKind.BACKFILL_CANCELLED, export, backfill_id=backfill.id)
        text = f"The export is paused: {failures} of its last {len(latest)} runs failed. Correct it, then unpause it."
        await self.log(tx, run, LogLevel.WARNING, text)

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
