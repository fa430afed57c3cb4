"""The audit log: every change is noted in the transaction that makes it."""

from dataclasses import dataclass, replace
from typing import Any

from batch_exports.domain.activity import Activity, ActivityKind, Actor, changes_between
from batch_exports.domain.exports import Export
from batch_exports.ports import Clock, IdFactory, Transaction


@dataclass(frozen=True, slots=True)
class Journal:
    """Notes who changed what."""

    clock: Clock
    new_id: IdFactory

    async def note(
        self, tx: Transaction, by: Actor, kind: ActivityKind, export: Export | None = None, **about: Any
    ) -> None:
        """Note a change of an export (or of its `run_id`, `backfill_id`), or of what is named in other ways."""
        if export is not None:
            about |= {"project_id": export.project_id, "export_id": export.id}
        await tx.activity.add(self.entry(by, kind, **about))

    def entry(self, by: Actor, kind: ActivityKind, **about: Any) -> Activity:
        """What is noted of a change."""
        return Activity(id=self.new_id(), kind=kind, created_at=self.clock.now(), actor=by, **about)

    async def save(self, tx: Transaction, by: Actor, before: Export, after: Export, **about: Any) -> Export:
        """Keep a change of an export as its next version, and note it; nothing is done where nothing has changed."""
        if after == before:
            return before
        after = replace(after, version=before.version + 1, last_updated_at=self.clock.now())
        await tx.exports.save(after)
        kind = ActivityKind.UPDATED
        if after.paused != before.paused:
            kind = ActivityKind.PAUSED if after.paused else ActivityKind.UNPAUSED
        await self.note(tx, by, kind, after, changes=changes_between(before, after), **about)
        return after
