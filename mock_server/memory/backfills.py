"""Backfills in memory."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any
from uuid import UUID

from batch_exports.domain.backfills import Backfill, BackfillStatus, RunCounts
from batch_exports.domain.runs import RunStatus
from batch_exports.ports import BackfillQuery
from mock_server.memory.session import Session
from mock_server.memory.tables import add_to, visible
from mock_server.memory.windows import scan


class MemoryBackfills:
    """Backfills by id, per export by creation and by start, and those that have not ended.

    `change` serves the engine, and sees the backfills of deleted exports too.
    """

    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        self._session = session

    async def get(
        self,
        export_id: UUID,
        backfill_id: UUID,
        *,
        lock: bool = False,  # noqa: ARG002  # writers take turns anyway
    ) -> Backfill | None:
        """One backfill of an export."""
        tables = self._session.tables
        backfill = tables.backfills.get(backfill_id)
        is_there = backfill is not None and backfill.export_id == export_id and export_id in tables.exports
        return backfill if is_there else None

    async def page(self, query: BackfillQuery) -> Sequence[Backfill]:
        """The backfills of one page, in the query's order (reversed when it reads backwards)."""
        tables = self._session.tables
        by_start = query.order_by == "start_at"
        groups = tables.backfills_by_start if by_start else tables.backfills_by_creation
        keys = scan(
            visible(tables, groups, query.export_id),
            descending=query.descending != query.backwards,
            position=query.position,
        )
        return [tables.backfills[backfill_id] for _, backfill_id in islice(keys, query.limit)]

    async def add(self, backfill: Backfill) -> None:
        """Keep a new backfill."""
        tables = self._session.draft()
        export_id, by_creation = backfill.export_id, (backfill.created_at, backfill.id)
        tables.backfills = tables.backfills.insert(backfill.id, backfill)
        tables.backfills_by_creation = add_to(tables.backfills_by_creation, export_id, by_creation)
        tables.backfills_by_start = add_to(tables.backfills_by_start, export_id, (backfill.start_at, backfill.id))
        if backfill.is_open:
            tables.backfills_open = tables.backfills_open.add(by_creation)

    async def change(
        self, backfill_id: UUID, from_statuses: frozenset[BackfillStatus], **changes: Any
    ) -> Backfill | None:
        """Change fields of a backfill if its status is one of `from_statuses`; the changed backfill, or None."""
        tables = self._session.draft()
        backfill = tables.backfills.get(backfill_id)
        if backfill is None or backfill.status not in from_statuses:
            return None
        changed = replace(backfill, **changes)
        tables.backfills = tables.backfills.insert(backfill_id, changed)
        if changed.is_open is not backfill.is_open:
            key = (backfill.created_at, backfill_id)
            index = tables.backfills_open
            tables.backfills_open = index.add(key) if changed.is_open else index.discard(key)
        return changed

    async def open_backfills(self, export_id: UUID) -> Sequence[Backfill]:
        """Backfills of an export that have not ended, oldest first."""
        return [backfill for backfill in self._open() if backfill.export_id == export_id]

    async def count_open(self, project_id: int) -> int:
        """How many backfills of a project have not ended."""
        return sum(1 for backfill in self._open() if backfill.project_id == project_id)

    async def run_counts(self, backfill_ids: Iterable[UUID]) -> Mapping[UUID, RunCounts]:
        """How the runs of each backfill ended; every id asked for is a key."""
        counts = self._session.tables.run_counts
        return {backfill_id: counts.get(backfill_id) or RunCounts() for backfill_id in backfill_ids}

    async def records(self, backfill_id: UUID) -> int:
        """How many rows the completed runs of a backfill exported."""
        tables = self._session.tables
        backfill = tables.backfills.get(backfill_id)
        if backfill is None:
            return 0
        keys = scan(tables.runs_by_creation.get(backfill.export_id), descending=True)
        runs = (tables.runs[run_id] for _, run_id in keys)
        completed = (run for run in runs if run.backfill_id == backfill_id and run.status is RunStatus.COMPLETED)
        return sum(run.records_completed or 0 for run in completed)

    def _open(self) -> Iterable[Backfill]:
        tables = self._session.tables
        backfills = (tables.backfills[backfill_id] for _, backfill_id in tables.backfills_open.ascending())
        return (backfill for backfill in backfills if backfill.export_id in tables.exports)
