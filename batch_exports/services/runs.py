"""Use cases of runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from batch_exports.domain.activity import ActivityKind, Actor
from batch_exports.domain.backfills import Backfill
from batch_exports.domain.errors import Conflict, Invalid, NotFound
from batch_exports.domain.runs import Run
from batch_exports.ports import RunQuery, Store, Transaction
from batch_exports.services.exports import require_export
from batch_exports.services.journal import Journal
from batch_exports.services.lifecycle import Lifecycle


@dataclass(frozen=True, slots=True)
class RunService:
    """Lists, shows, cancels and retries runs."""

    store: Store
    lifecycle: Lifecycle
    journal: Journal

    async def page(self, project_id: int, query: RunQuery) -> Sequence[Run]:
        """One page of an export's runs."""
        async with self.store.read() as tx:
            await require_export(tx, project_id, query.export_id)
            return await tx.runs.page(query)

    async def get(self, project_id: int, export_id: UUID, run_id: UUID) -> Run:
        """One run; raises NotFound."""
        async with self.store.read() as tx:
            await require_export(tx, project_id, export_id)
            return await require_run(tx, export_id, run_id)

    async def cancel(self, project_id: int, export_id: UUID, run_id: UUID, by: Actor) -> Run:
        """Stop a run at its next chunk; raises Invalid when it has ended already."""
        async with self.store.write() as tx:
            export = await require_export(tx, project_id, export_id)
            run = await require_run(tx, export_id, run_id)
            cancelled = await self.lifecycle.cancel(tx, run)
            if cancelled is None:
                raise Invalid(f"Cannot cancel a run that is in '{run.status}' status")
            await self.journal.note(tx, by, ActivityKind.RUN_CANCELLED, export, run_id=run_id)
        await self.lifecycle.stop([cancelled])
        return cancelled

    async def retry(
        self, tx: Transaction, project_id: int, export_id: UUID, run_id: UUID, by: Actor
    ) -> tuple[Backfill, Run]:
        """Export a run's interval again, as a backfill of it alone; raises Conflict while the interval runs."""
        export = await require_export(tx, project_id, export_id)
        run = await require_run(tx, export_id, run_id)
        interval = (run.data_interval_start, run.data_interval_end)
        for other in await tx.runs.open_runs(export_id):
            if (other.data_interval_start, other.data_interval_end) == interval:
                raise Conflict(f"Cannot retry the run: run {other.id} of the same interval is in progress.")
        backfill, retry = await self.lifecycle.start_retry(tx, export, run)
        about = {"run_id": run_id, "backfill_id": backfill.id}
        await self.journal.note(tx, by, ActivityKind.RUN_RETRIED, export, **about)
        return backfill, retry


async def require_run(tx: Transaction, export_id: UUID, run_id: UUID) -> Run:
    """The run, or NotFound."""
    run = await tx.runs.get(export_id, run_id)
    if run is None:
        raise NotFound
    return run
