"""Use cases of logs."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from batch_exports.domain.logs import LogEntry
from batch_exports.ports import LogQuery, Store
from batch_exports.services.exports import require_export
from batch_exports.services.runs import require_run


@dataclass(frozen=True, slots=True)
class LogService:
    """Lists what runs have said."""

    store: Store

    async def page(self, project_id: int, query: LogQuery) -> tuple[Sequence[LogEntry], int]:
        """One page of the log of an export, and how many entries match in all."""
        async with self.store.read() as tx:
            await require_export(tx, project_id, query.export_id)
            return await tx.logs.page(query), await tx.logs.count(query)

    async def page_of_run(self, project_id: int, query: LogQuery, run_id: UUID) -> tuple[Sequence[LogEntry], int]:
        """One page of the log of a run; raises NotFound when there is no such run."""
        async with self.store.read() as tx:
            await require_export(tx, project_id, query.export_id)
            await require_run(tx, query.export_id, run_id)
            return await tx.logs.page(query), await tx.logs.count(query)
