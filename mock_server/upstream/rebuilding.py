"""From what an API shows to a world that shows the same, and what no API tells made up as it has to be."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from batch_exports.domain.activity import Activity
from batch_exports.domain.backfills import OPEN_BACKFILL_STATUSES, Backfill
from batch_exports.domain.coverage import carried_on
from batch_exports.domain.destinations import NESTED_SECRET_KEYS, SECRET_KEYS
from batch_exports.domain.exports import Export
from batch_exports.domain.keys import Organization
from batch_exports.domain.logs import LogEntry
from batch_exports.domain.runs import Run
from mock_server.clock import frozen_clock
from mock_server.documents import Document, Place, SourceFile
from mock_server.ids import SeededIds
from mock_server.memory.session import Session
from mock_server.memory.store import MemoryTransaction
from mock_server.memory.tables import Tables
from mock_server.plans import make_plan
from mock_server.seeding.decoding import Decoder
from mock_server.seeding.requests import requested_fields
from mock_server.simulator import due_at, enter
from mock_server.upstream.recording import Recording
from mock_server.world import World

Json = dict[str, Any]

_PROJECTS = ("Recorded", "Other")
_PROJECT = 1
_KEPT_SECRET = "kept"  # noqa: S105  # what stands for a credential that nobody has been told
_REQUESTED = ("name", "model", "interval", "timezone", "offset_day", "offset_hour", "start_at", "end_at", "filters")
_RENAMED = {"batch_export": "export_id", "backfill": "backfill_id", "log_source_id": "export_id", "activity": "kind"}
_EXPORT_FIELDS = ("id", "paused", "created_at", "last_updated_at", "last_paused_at", "paused_reason")
_NOT_OF_RUNS = ("cursor",)
_NOT_OF_BACKFILLS = ("team", "progress", "completed_runs", "failed_runs")
_UNUSED_SECRETS = {"keypair": {"password"}, "password": {"private_key", "private_key_passphrase"}}


async def rebuild(recording: Recording) -> World:
    """The world of a recording, as of its moment; raises FixtureError for what no export can be."""
    clock = frozen_clock(recording.at)
    tables, ids = Tables(), SeededIds(clock)
    tx = MemoryTransaction(Session(tables, writable=True))
    organization = Organization(ids(), "Mock")
    await tx.access.add_organization(organization)
    for name in _PROJECTS:
        await tx.access.add_project(name, organization.id)
    await _Rebuilding(recording, tx).add()
    return World(clock, SeededIds(clock), tables)


class _Rebuilding:
    """Adds the rows of a recording to a transaction."""

    def __init__(self, recording: Recording, tx: MemoryTransaction) -> None:
        self._recording = recording
        self._tx = tx
        self._session = tx.connection
        self._read = Decoder().read

    async def add(self) -> None:
        """Add all rows."""
        for row in self._recording.exports:
            await self._tx.exports.add(self._export(row))
        for row in reversed(self._recording.backfills):
            await self._tx.backfills.add(self._backfill(row))
        for row in reversed(self._recording.runs):
            await self._add_run(self._run(row))
        for row in reversed(self._recording.logs):
            fields = _renamed(row, "log_source_id", without=("instance_id",))
            await self._tx.logs.add([self._read(LogEntry, fields)])
        for export_id, rows in self._recording.activity.items():
            for row in reversed(rows):
                await self._tx.activity.add(self._activity(export_id, row))
        for export in list(self._session.tables.exports.values()):
            await self._tx.exports.save(self._scheduled(export))
        for backfill in list(self._session.tables.backfills.values()):
            await self._go_on(backfill)

    def _export(self, row: Json) -> Export:
        document = Document({"request": _request(row)}, {"": Place(SourceFile(Path(row["id"]), ""))})
        known = {name: row[name] for name in _EXPORT_FIELDS if name in row}
        unpaused = [each["created_at"] for each in self._changes(row["id"]) if each["activity"] == "unpaused"]
        export = self._read(
            Export, known | {"last_unpaused_at": unpaused[0] if unpaused else None, "project_id": _PROJECT},
            **requested_fields(document, "/request"),
        )  # fmt: skip
        return replace(export, version=self._recording.versions.get(row["id"], 1))

    def _backfill(self, row: Json) -> Backfill:
        fields = _renamed(row, "batch_export", without=_NOT_OF_BACKFILLS)
        fields = {"start_at": row["created_at"], "end_at": row["created_at"]} | _without_nulls(fields)
        total = (row["progress"] or {}).get("total_runs")
        backfill = self._read(Backfill, fields | {"project_id": _PROJECT, "total_runs": 1, "next_start_at": None})
        schedule = self._session.tables.exports[backfill.export_id].schedule
        first = backfill.adjusted_start_at or backfill.start_at
        return replace(backfill, total_runs=schedule.count(first, backfill.end_at) if total is None else total)

    def _run(self, row: Json) -> Run:
        fields = _without_nulls(_renamed(row, "batch_export", "backfill", without=_NOT_OF_RUNS))
        if "backfill_id" in fields and UUID(fields["backfill_id"]) not in self._session.tables.backfills:
            del fields["backfill_id"]
        if "data_interval_start" not in fields:
            schedule = self._session.tables.exports[UUID(fields["export_id"])].schedule
            start = schedule.preceding(datetime.fromisoformat(fields["data_interval_end"]))
            fields["data_interval_start"] = start.isoformat()
        return self._read(Run, fields | {"project_id": _PROJECT})

    async def _add_run(self, run: Run) -> None:
        await self._tx.runs.add(run)
        if not run.is_open:
            return
        at = self._recording.at
        plan = make_plan(self._session.tables.exports[run.export_id], run)
        if run.records_total_count is not None:
            plan = replace(plan, rows=run.records_total_count)
        plan = plan.resumed(run, at)
        enter(self._session, run.id, plan, due_at(self._session, run, plan, at))

    def _activity(self, export_id: str, row: Json) -> Activity:
        fields = _renamed(row, "activity", without=("request_id",))
        actor = row["actor"] | {"request_id": row["request_id"]}
        return self._read(Activity, fields | {"actor": actor, "export_id": export_id, "project_id": _PROJECT})

    def _scheduled(self, export: Export) -> Export:
        """An export whose schedule goes on behind the newest run that it has made."""
        ends = [run.data_interval_end for run in self._runs(export.id) if run.backfill_id is None]
        until = export.last_paused_at if export.paused and export.last_paused_at else self._recording.at
        # What was due has been made, so that nothing has to be caught up with.
        return carried_on(export, max([*ends, export.schedule.settled(until)]))

    async def _go_on(self, backfill: Backfill) -> None:
        """Let a backfill that is open go on behind the last run that it has made."""
        ends = [run.data_interval_end for run in self._runs(backfill.export_id) if run.backfill_id == backfill.id]
        reached = max(ends, default=backfill.adjusted_start_at or backfill.start_at)
        if reached < backfill.end_at:
            await self._tx.backfills.change(backfill.id, OPEN_BACKFILL_STATUSES, next_start_at=reached)

    def _runs(self, export_id: UUID) -> Iterable[Run]:
        tables = self._session.tables
        index = tables.runs_by_creation.get(export_id)
        return () if index is None else (tables.runs[run_id] for _, run_id in index.ascending())

    def _changes(self, export_id: str) -> list[Json]:
        return self._recording.activity.get(export_id, [])


def _request(row: Json) -> Json:
    """The body with which an export would have been created."""
    destination = row["destination"]
    kind, config = destination["type"], destination["config"]
    secrets = destination.get("secrets_set")
    names = _usual_secrets(kind, config) if secrets is None else secrets
    for name in names:
        config = _with_secret(config, name.split("__"))
    requested = {name: row[name] for name in _REQUESTED if row[name] is not None}
    return requested | {"destination": {"type": kind, "config": config}}


def _with_secret(config: Json, path: list[str]) -> Json:
    name, *rest = path
    return config | {name: _with_secret(config.get(name) or {}, rest) if rest else _KEPT_SECRET}


def _usual_secrets(kind: str, config: Json) -> list[str]:
    """The credentials that a destination has if it does not tell."""
    unused = _UNUSED_SECRETS.get(config.get("authentication_type", "password"), set())
    names = [name for name in SECRET_KEYS[kind] if kind != "Snowflake" or name not in unused]
    for name in ("authorization", "bucket_credentials"):
        if (config.get("copy_inputs") or {}).get(name) == {}:
            names += [f"copy_inputs__{name}__{key}" for key in NESTED_SECRET_KEYS]
    return names


def _renamed(row: Json, *names: str, without: tuple[str, ...] = ()) -> Json:
    return {_RENAMED[name] if name in names else name: row[name] for name in row if name not in without}


def _without_nulls(row: Json) -> Json:
    return {name: value for name, value in row.items() if value is not None}
