"""Backfills of a scenario, with their runs one after the other."""

from datetime import datetime
from typing import Any
from uuid import UUID

from batch_exports.domain.backfills import Backfill, BackfillStatus
from batch_exports.domain.exports import Export
from batch_exports.domain.runs import Run
from mock_server.documents import Document
from mock_server.ids import SeededIds
from mock_server.memory.store import MemoryTransaction
from mock_server.plans import estimate
from mock_server.seeding.runs import Slot, add_run, duration, repeated, seed_run

Json = dict[str, Any]
Range = tuple[datetime, datetime]


class BackfillSeeder:
    """Adds the backfills of one scenario to a transaction."""

    def __init__(self, tx: MemoryTransaction, document: Document, ids: SeededIds, now: datetime) -> None:
        self._tx = tx
        self._document = document
        self._ids = ids
        self._now = now

    async def add(self, pointer: str, export: Export) -> None:
        """Add the backfill of an export at a pointer into the document, with its runs."""
        entry = self._document.at(pointer)
        replaced = await self._replaced(pointer, entry, export)
        if replaced is None:
            start = export.schedule.floor(self._now - duration(entry["start"]))
            end = export.schedule.floor(self._now - duration(entry["end"]))
        else:
            start, end = replaced.data_interval_start, replaced.data_interval_end
        if start >= end:
            raise self._document.error(f"{pointer}/end", "there is no interval between start and end")
        created_at = self._now - duration(entry["created"])
        status = BackfillStatus(entry["status"])
        backfill = Backfill(
            id=UUID(entry["id"]) if "id" in entry else self._ids.at(created_at),
            export_id=export.id,
            project_id=export.project_id,
            status=status,
            start_at=start,
            end_at=end,
            created_at=created_at,
            last_updated_at=created_at,
            total_runs=1 if replaced else export.schedule.count(start, end),
            next_start_at=None,
        )
        if backfill.id in self._tx.connection.tables.backfills:
            raise self._document.error(f"{pointer}/id", "another backfill has this id")
        await self._tx.backfills.add(backfill)
        at, reached = await self._add_runs(pointer, export, backfill, replaced)
        changes: Json = {"last_updated_at": at}
        if status is BackfillStatus.COMPLETED:
            changes["total_records_count"] = await self._tx.backfills.records(backfill.id)
        elif replaced is None:
            changes["total_records_count"] = estimate(export, backfill).rows
        if backfill.is_open:
            changes["next_start_at"] = reached if reached < end else None
        else:
            changes["finished_at"] = at
        await self._tx.backfills.change(backfill.id, frozenset({status}), **changes)

    async def _add_runs(self, pointer: str, export: Export, backfill: Backfill, replaced: Run | None) -> Range:
        """Add the runs, oldest interval first; when the last one ended, and up to where the range is covered."""
        at, reached = backfill.created_at, backfill.start_at
        for number, entry in repeated(self._document.at(f"{pointer}/runs")):
            if reached >= backfill.end_at:
                raise self._document.error(f"{pointer}/runs/{number}", "there are more runs than intervals")
            end = backfill.end_at if replaced else export.schedule.following(reached)
            slot = Slot(reached, end, at, backfill.id, retry_of=replaced.id if replaced else None)
            seeded = seed_run(export, slot, entry, self._ids, self._now)
            at, reached = seeded.run.finished_at or at, end
            if at > self._now:
                raise self._document.error(f"{pointer}/created", "too short ago for all these runs to have ended")
            if await self._tx.runs.find(seeded.run.id) is not None:
                raise self._document.error(f"{pointer}/runs/{number}/id", "another run has this id")
            await add_run(self._tx, seeded)
        return at, reached

    async def _replaced(self, pointer: str, entry: Json, export: Export) -> Run | None:
        if "retry_of" not in entry:
            return None
        run = await self._tx.runs.get(export.id, UUID(entry["retry_of"]))
        if run is None:
            raise self._document.error(f"{pointer}/retry_of", "this export has no such run")
        return run
