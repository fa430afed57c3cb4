"""Exports of a scenario, with the runs that their schedules have made."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from batch_exports.domain.coverage import carried_on
from batch_exports.domain.exports import Export, PausedReason
from batch_exports.domain.schedules import Schedule
from mock_server.documents import Document
from mock_server.ids import SeededIds
from mock_server.memory.store import MemoryTransaction
from mock_server.seeding.backfills import BackfillSeeder
from mock_server.seeding.requests import requested_fields
from mock_server.seeding.runs import SeededRun, Slot, add_run, duration, repeated, seed_run

Json = dict[str, Any]

_CERTAINLY_ENDED = timedelta(seconds=40)
"""The time after a run's creation at which it has ended, whatever its plan."""


class ExportSeeder:
    """Adds the exports of one scenario to a transaction."""

    def __init__(self, tx: MemoryTransaction, document: Document, ids: SeededIds, now: datetime) -> None:
        self._tx = tx
        self._document = document
        self._ids = ids
        self._now = now

    async def add(self, pointer: str) -> None:
        """Add the export at a pointer into the document, with its runs and backfills."""
        entry = self._document.at(pointer)
        export = self._export(pointer, entry)
        await self._check(pointer, export)
        await self._tx.exports.add(export)
        newest_end = await self._add_runs(pointer, entry, export)
        until = export.last_paused_at or self._now
        await self._tx.exports.save(carried_on(export, newest_end or export.schedule.floor(until)))
        backfills = BackfillSeeder(self._tx, self._document, self._ids, self._now)
        for number in range(len(entry.get("backfills", ()))):
            await backfills.add(f"{pointer}/backfills/{number}", export)

    def _export(self, pointer: str, entry: Json) -> Export:
        created_at = self._now - duration(entry["created"])
        paused_at = self._now - duration(entry["paused"]) if "paused" in entry else None
        return Export(
            id=UUID(entry["id"]),
            project_id=entry.get("project", 1),
            paused=paused_at is not None,
            created_at=created_at,
            last_updated_at=paused_at or created_at,
            last_paused_at=paused_at,
            paused_reason=PausedReason(entry.get("paused_reason", "request")) if paused_at else None,
            **requested_fields(self._document, f"{pointer}/request"),
        )

    async def _check(self, pointer: str, export: Export) -> None:
        if export.id in self._tx.connection.tables.exports:
            raise self._document.error(f"{pointer}/id", "another export has this id")
        if await self._tx.access.project(export.project_id) is None:
            raise self._document.error(f"{pointer}/project", "there is no such project")
        if export.created_at > export.last_updated_at:
            raise self._document.error(f"{pointer}/paused", "this is before the export was created")

    async def _add_runs(self, pointer: str, entry: Json, export: Export) -> datetime | None:
        """Add the scheduled runs, newest first; the end of the newest interval that has one."""
        newest_end: datetime | None = None
        slots = _slots(export.schedule, export.last_paused_at or self._now)
        for (number, run_entry), slot in zip(repeated(entry.get("runs", ())), slots, strict=False):
            if slot.created_at < export.created_at:
                raise self._document.error(f"{pointer}/runs/{number}", "this run is older than its export")
            seeded = seed_run(export, slot, run_entry, self._ids, self._now)
            await self._add_run(f"{pointer}/runs/{number}", seeded)
            newest_end = newest_end or slot.end
        return newest_end

    async def _add_run(self, pointer: str, seeded: SeededRun) -> None:
        if await self._tx.runs.find(seeded.run.id) is not None:
            raise self._document.error(f"{pointer}/id", "another run has this id")
        await add_run(self._tx, seeded)


def _slots(schedule: Schedule, until: datetime) -> Iterator[Slot]:
    """The intervals whose runs have certainly ended, newest first."""
    end = schedule.floor(until)
    while True:
        created_at = schedule.due_at(end)
        start = schedule.preceding(end)
        if created_at + _CERTAINLY_ENDED <= until:
            yield Slot(start, end, created_at)
        end = start
