"""Worlds that are kept row by row: everything comes back as it was, moved to another time."""

from collections.abc import Container, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from batch_exports.domain.activity import Activity
from batch_exports.domain.backfills import Backfill
from batch_exports.domain.exports import Export
from batch_exports.domain.logs import LogEntry
from batch_exports.domain.runs import Run
from mock_server.documents import Document
from mock_server.ids import IdPosition, SeededIds
from mock_server.memory.store import MemoryTransaction
from mock_server.plans import Plan
from mock_server.seeding.decoding import Decoder
from mock_server.seeding.requests import requested_fields
from mock_server.simulator import enter

Json = dict[str, Any]

ROWS = "/rows"
_MILLISECOND = timedelta(milliseconds=1)


class RowSeeder:
    """Adds the rows of one scenario to a transaction."""

    def __init__(self, tx: MemoryTransaction, document: Document, ids: SeededIds, now: datetime) -> None:
        self._tx = tx
        self._tables = tx.connection.draft()
        self._document = document
        self._ids = ids
        self._rows = document.at(ROWS)
        self._decoder = Decoder(now - datetime.fromisoformat(self._rows["at"]))

    async def add(self) -> None:
        """Add all rows, and let identifiers go on from where they had come to; raises FixtureError."""
        try:
            await self._add()
        except OverflowError:
            raise self._document.error(f"{ROWS}/at", "too far from the time at which the world begins") from None
        position = IdPosition(**self._rows["ids"])
        moved = max(0, position.milliseconds + self._decoder.shift // _MILLISECOND)
        self._ids.go_to(position._replace(milliseconds=moved))

    async def _add(self) -> None:
        for pointer, row in self._each("exports"):
            await self._tx.exports.add(self._export(pointer, row))
        for pointer, row in self._each("backfills"):
            await self._tx.backfills.add(self._backfill(pointer, row))
        for pointer, row in self._each("runs"):
            await self._tx.runs.add(self._run(pointer, row))
        for pointer, row in self._each("plans"):
            run_id, plan = self._plan(pointer, row)
            enter(self._tx.connection, run_id, plan, plan.due_at)
        for pointer, row in self._each("logs"):
            entry = self._log_entry(pointer, row)
            # Its number is part of what tells pages apart.
            self._tables.log_sequence = entry.sequence - 1
            await self._tx.logs.add([entry])
        for pointer, row in self._each("activity"):
            self._require_new(pointer, row["id"], self._tables.activity)
            await self._tx.activity.add(self._decoder.read(Activity, row))

    def _each(self, kind: str) -> Iterator[tuple[str, Json]]:
        for number, row in enumerate(self._rows.get(kind, ())):
            yield f"{ROWS}/{kind}/{number}", row

    def _export(self, pointer: str, row: Json) -> Export:
        self._require_new(pointer, row["id"], self._tables.exports)
        if row["project_id"] not in self._tables.projects:
            raise self._document.error(f"{pointer}/project_id", "there is no such project")
        fields = requested_fields(self._document, f"{pointer}/request")
        schedule, shift = fields["schedule"], self._decoder.shift
        window = {name: getattr(schedule, name) for name in ("start_at", "end_at")}
        schedule = replace(schedule, **{name: at and at + shift for name, at in window.items()})
        own = {name: value for name, value in row.items() if name != "request"}
        export = self._decoder.read(Export, own, **fields | {"schedule": schedule})
        if export.next_start_at is None:
            return export
        return replace(export, next_start_at=self._decoder.boundary(schedule, export.next_start_at))

    def _backfill(self, pointer: str, row: Json) -> Backfill:
        self._require_new(pointer, row["id"], self._tables.backfills)
        export = self._owner(pointer, row)
        backfill = self._decoder.read(Backfill, {"next_start_at": None, **row})
        start, end = self._decoder.interval(export.schedule, backfill.start_at, backfill.end_at)
        following = backfill.next_start_at and self._decoder.boundary(export.schedule, backfill.next_start_at)
        return replace(backfill, start_at=start, end_at=end, next_start_at=following)

    def _run(self, pointer: str, row: Json) -> Run:
        self._require_new(pointer, row["id"], self._tables.runs)
        export = self._owner(pointer, row)
        run = self._decoder.read(Run, row)
        if run.backfill_id is not None and run.backfill_id not in self._tables.backfills:
            raise self._document.error(f"{pointer}/backfill_id", "there is no such backfill")
        start, end = self._decoder.interval(export.schedule, run.data_interval_start, run.data_interval_end)
        return replace(run, data_interval_start=start, data_interval_end=end)

    def _plan(self, pointer: str, row: Json) -> tuple[UUID, Plan]:
        run = self._tables.runs.get(UUID(row["run_id"]))
        if run is None or not run.is_open:
            raise self._document.error(f"{pointer}/run_id", "there is no such run that is still open")
        plan = self._decoder.read(Plan, {name: value for name, value in row.items() if name != "run_id"})
        if plan.begins_at >= plan.ends_at:
            raise self._document.error(f"{pointer}/ends_at", "this has to be after the begin")
        return run.id, plan

    def _log_entry(self, pointer: str, row: Json) -> LogEntry:
        if UUID(row["run_id"]) not in self._tables.runs:
            raise self._document.error(f"{pointer}/run_id", "there is no such run")
        self._owner(pointer, row)
        return self._decoder.read(LogEntry, row)

    def _owner(self, pointer: str, row: Json) -> Export:
        export = self._tables.exports.get(UUID(row["export_id"]))
        if export is None:
            raise self._document.error(f"{pointer}/export_id", "there is no such export")
        return export

    def _require_new(self, pointer: str, row_id: str, rows: Container[UUID]) -> None:
        if UUID(row_id) in rows:
            raise self._document.error(f"{pointer}/id", "another row of its kind has this id")
