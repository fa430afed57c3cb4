"""What moving a run means: production's state changes, one after the other, in the transaction of whoever moves it."""

from dataclasses import dataclass, replace
from uuid import UUID

from batch_exports.domain.backfills import Estimate
from batch_exports.domain.logs import LogLevel
from batch_exports.domain.runs import Run, RunStatus
from batch_exports.services.lifecycle import Lifecycle
from mock_server.memory.store import MemoryTransaction
from mock_server.plans import Plan, estimate, make_plan
from mock_server.progression import Ending

_REACHED = 0.8
"""The share of its rows that a run has written when it ends otherwise than its settings lead to."""


@dataclass(frozen=True, slots=True)
class Moves:
    """Begins runs, lets them tell how far they are, and ends them."""

    lifecycle: Lifecycle

    async def bring(
        self, tx: MemoryTransaction, run: Run, plan: Plan, share: float, ending: Ending | None = None
    ) -> Plan | None:
        """Bring a run so far that a share of its work is done; the plan it goes on with, None when it has ended."""
        ending = ending or tx.connection.tables.progression.ending(plan.error)
        completes = ending.status is RunStatus.COMPLETED
        works = completes or plan.error is None
        if run.status is RunStatus.STARTING:
            begun = await self._begin(tx, run, works=works)
            if begun is None:
                return None
            plan = replace(plan, rows=begun.rows, size=begun.size)
        if works and not (completes and share >= 1):
            await self._tell(tx, run.id, plan, share if completes else share * _REACHED)
        if share < 1:
            return plan
        await self.end(tx, run.id, plan, ending)
        return None

    async def end(self, tx: MemoryTransaction, run_id: UUID, plan: Plan, ending: Ending) -> None:
        """End an open run."""
        run = tx.connection.tables.runs[run_id]
        if ending.status is RunStatus.CANCELLED:
            await self.lifecycle.cancel(tx, run)
        elif ending.status is not RunStatus.COMPLETED:
            await self.lifecycle.fail(tx, run_id, ending.error or "", status=ending.status)
        else:
            if run.records_total_count is None:
                await self.lifecycle.progress(tx, run_id, records_total_count=plan.rows)
            await self.lifecycle.complete(tx, run_id, plan.rows, plan.size)
            text = f"Completed: {plan.rows} rows, {plan.size} bytes, 1 files."
            await self.lifecycle.log(tx, run, LogLevel.INFO, text)

    async def _begin(self, tx: MemoryTransaction, run: Run, *, works: bool) -> Plan | None:
        """Begin a run, and its backfill if it is the first; what the run has to do then, None for nothing."""
        tables = tx.connection.tables
        export = tables.exports.get(run.export_id)
        backfill = None if run.backfill_id is None else tables.backfills.get(run.backfill_id)
        begun = await self.lifecycle.begin(tx, run.id)
        if begun is not None and export is not None and backfill is not None:
            found = estimate(export, backfill) if run.retry_of is None else Estimate()
            begun = await self.lifecycle.open_backfill(tx, begun, found)
        if begun is None or export is None:
            return None
        plan = make_plan(export, begun, heeds_names=tables.heeds_names)
        if works:
            await self._tell(tx, run.id, plan, 0.0)
            await self.lifecycle.log(tx, run, LogLevel.INFO, f"Started: {plan.rows} rows to export.")
        return plan

    async def _tell(self, tx: MemoryTransaction, run_id: UUID, plan: Plan, share: float) -> None:
        # A run that went another way before may have told of more.
        before = tx.connection.tables.runs[run_id]
        await self.lifecycle.progress(
            tx,
            run_id,
            records_total_count=plan.rows,
            records_completed=max(int(plan.rows * share), before.records_completed or 0),
            bytes_exported=max(int(plan.size * share), before.bytes_exported or 0),
        )
