"""Runs in memory."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from batch_exports.domain.backfills import RunCounts
from batch_exports.domain.runs import OPEN_STATUSES, Run, RunStatus
from batch_exports.ports import RunQuery
from mock_server.memory.session import Session
from mock_server.memory.tables import Tables, add_to, drop_from, visible
from mock_server.memory.windows import scan


class MemoryRuns:
    """Runs by id, per export by creation and by interval, and those that have not ended.

    `find`, `change` and `all_open` serve the engine, and see the runs of deleted exports too.
    """

    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        self._session = session

    async def get(self, export_id: UUID, run_id: UUID) -> Run | None:
        """One run of an export."""
        tables = self._session.tables
        run = tables.runs.get(run_id)
        return run if run is not None and run.export_id == export_id and export_id in tables.exports else None

    async def find(self, run_id: UUID) -> Run | None:
        """One run, whatever its export, and also when that is deleted."""
        return self._session.tables.runs.get(run_id)

    async def page(self, query: RunQuery) -> Sequence[Run]:
        """The runs of one page, in the query's order (reversed when it reads backwards)."""
        tables = self._session.tables
        by_interval = query.order_by == "data_interval_start"
        groups = tables.runs_by_interval if by_interval else tables.runs_by_creation
        keys = scan(
            visible(tables, groups, query.export_id),
            descending=query.descending != query.backwards,
            position=query.position,
            low=query.interval_from if by_interval else query.created_from,
            high=query.interval_until if by_interval else query.created_until,
        )
        matching = (run for _, run_id in keys if _matches(query, run := tables.runs[run_id]))
        return list(islice(matching, query.limit))

    async def latest(self, export_ids: Iterable[UUID], per_export: int) -> Mapping[UUID, Sequence[Run]]:
        """The newest runs of each export; every id asked for is a key."""
        tables = self._session.tables
        found: dict[UUID, Sequence[Run]] = {}
        for export_id in export_ids:
            keys = islice(scan(visible(tables, tables.runs_by_creation, export_id), descending=True), per_export)
            found[export_id] = [tables.runs[run_id] for _, run_id in keys]
        return found

    async def add(self, run: Run) -> None:
        """Keep a new run."""
        tables = self._session.draft()
        tables.runs = tables.runs.insert(run.id, run)
        tables.runs_by_creation = add_to(tables.runs_by_creation, run.export_id, (run.created_at, run.id))
        tables.runs_by_interval = add_to(tables.runs_by_interval, run.export_id, (run.data_interval_start, run.id))
        if run.is_open:
            tables.runs_open = tables.runs_open.add((run.created_at, run.id))
        _count(tables, run, 1)

    async def change(self, run_id: UUID, from_statuses: frozenset[RunStatus], **changes: Any) -> Run | None:
        """Change fields of a run if its status is one of `from_statuses`; the changed run, or None."""
        tables = self._session.draft()
        run = tables.runs.get(run_id)
        if run is None or run.status not in from_statuses:
            return None
        changed = replace(run, **changes)
        tables.runs = tables.runs.insert(run_id, changed)
        if changed.data_interval_start != run.data_interval_start:
            index = drop_from(tables.runs_by_interval, run.export_id, (run.data_interval_start, run_id))
            tables.runs_by_interval = add_to(index, run.export_id, (changed.data_interval_start, run_id))
        if changed.status is not run.status:
            _count(tables, run, -1)
            _count(tables, changed, 1)
            key, still_open = (run.created_at, run_id), tables.runs_open
            tables.runs_open = still_open.add(key) if changed.is_open else still_open.discard(key)
        return changed

    async def open_runs(self, export_id: UUID, *, backfill_id: UUID | None = None) -> Sequence[Run]:
        """Runs of an export (of one backfill, if given) that have not ended, oldest first."""
        tables = self._session.tables
        if export_id not in tables.exports:
            return []
        runs = (tables.runs[run_id] for _, run_id in tables.runs_open.ascending())
        of_export = (run for run in runs if run.export_id == export_id)
        return [run for run in of_export if backfill_id is None or run.backfill_id == backfill_id]

    async def all_open(self, limit: int) -> Sequence[Run]:
        """Runs of any export, deleted or not, that have not ended, oldest first."""
        tables = self._session.tables
        return [tables.runs[run_id] for _, run_id in islice(tables.runs_open.ascending(), limit)]


def _matches(query: RunQuery, run: Run) -> bool:
    return (
        (not query.statuses or run.status in query.statuses)
        and _within(query.created_from, run.created_at, run.created_at, query.created_until)
        and _within(query.interval_from, run.data_interval_start, run.data_interval_end, query.interval_until)
    )


def _within(low: datetime | None, start: datetime, end: datetime, high: datetime | None) -> bool:
    return (low is None or low <= start) and (high is None or end <= high)


def _count(tables: Tables, run: Run, by: int) -> None:
    if run.backfill_id is None:
        return
    counts = tables.run_counts.get(run.backfill_id) or RunCounts()
    name = _counter(run.status)
    changed = replace(counts, **{name: getattr(counts, name) + by})
    tables.run_counts = tables.run_counts.insert(run.backfill_id, changed)


def _counter(status: RunStatus) -> str:
    if status in OPEN_STATUSES:
        return "open"
    return {RunStatus.COMPLETED: "completed", RunStatus.CANCELLED: "cancelled"}.get(status, "failed")
