"""Use cases of the audit log."""

from collections.abc import Sequence
from dataclasses import dataclass

from batch_exports.domain.activity import Activity
from batch_exports.ports import ActivityQuery, Store
from batch_exports.services.exports import require_export


@dataclass(frozen=True, slots=True)
class ActivityService:
    """Lists who changed what."""

    store: Store

    async def page_of_export(self, project_id: int, query: ActivityQuery) -> Sequence[Activity]:
        """One page of the changes of an export; raises NotFound."""
        async with self.store.read() as tx:
            if query.export_id is not None:
                await require_export(tx, project_id, query.export_id)
            return await tx.activity.page(query)

    async def page(self, query: ActivityQuery) -> Sequence[Activity]:
        """One page of the whole audit log, for the operator."""
        async with self.store.read() as tx:
            return await tx.activity.page(query)
