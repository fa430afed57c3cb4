"""Backfills in the database."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from batch_exports.domain.backfills import Backfill, BackfillStatus, RunCounts
from batch_exports.domain.runs import OPEN_STATUSES, RunStatus
from batch_exports.ports import BackfillQuery
from batch_exports.store.paging import export_visible, walk
from batch_exports.store.records import backfill_row
from batch_exports.store.tables import BACKFILL_IS_OPEN, EXPORT_IS_VISIBLE, backfills, exports, runs

_ORDERS = {"created_at": backfills.c.created_at, "start_at": backfills.c.start_at}


class SqlBackfillRepository:
    """Backfills; `change` serves the engine and sees those of deleted exports too."""

    __slots__ = ("_connection",)

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get(self, export_id: UUID, backfill_id: UUID, *, lock: bool = False) -> Backfill | None:
        """One backfill of an export; with `lock`, nobody else may change it until this transaction ends."""
        statement = select(backfills).where(
            backfills.c.id == backfill_id, backfills.c.export_id == export_id, export_visible(export_id)
        )
        if lock:
            # Runs that refer to it may be added meanwhile.
            statement = statement.with_for_update(key_share=True)
        row = (await self._connection.execute(statement)).mappings().first()
        return None if row is None else Backfill(**row)

    async def page(self, query: BackfillQuery) -> Sequence[Backfill]:
        """The backfills of one page, in the query's order (reversed when it reads backwards)."""
        statement = select(backfills).where(backfills.c.export_id == query.export_id, export_visible(query.export_id))
        return await self._all(
            walk(
                statement,
                (_ORDERS[query.order_by], backfills.c.id),
                position=query.position,
                descending=query.descending,
                backwards=query.backwards,
                limit=query.limit,
            )
        )

    async def add(self, backfill: Backfill) -> None:
        """Keep a new backfill."""
        await self._connection.execute(insert(backfills), backfill_row(backfill))

    async def change(
        self, backfill_id: UUID, from_statuses: frozenset[BackfillStatus], **changes: Any
    ) -> Backfill | None:
        """Change fields of a backfill if its status is one of `from_statuses`, atomically; the changed one, or None."""
        statement = (
            update(backfills)
            .where(backfills.c.id == backfill_id, backfills.c.status.in_(sorted(from_statuses)))
            .values(**changes)
            .returning(backfills)
        )
        row = (await self._connection.execute(statement)).mappings().first()
        return None if row is None else Backfill(**row)

    async def open_backfills(self, export_id: UUID) -> Sequence[Backfill]:
        """Backfills of an export that have not ended, oldest first."""
        return await self._all(
            select(backfills)
            .where(backfills.c.export_id == export_id, BACKFILL_IS_OPEN, export_visible(export_id))
            .order_by(backfills.c.created_at, backfills.c.id)
        )

    async def count_open(self, project_id: int) -> int:
        """How many backfills of a project's exports have not ended."""
        statement = (
            select(func.count())
            .select_from(backfills)
            .join(exports, exports.c.id == backfills.c.export_id)
            .where(backfills.c.project_id == project_id, BACKFILL_IS_OPEN, EXPORT_IS_VISIBLE)
        )
        return await self._connection.scalar(statement) or 0

    async def run_counts(self, backfill_ids: Iterable[UUID]) -> Mapping[UUID, RunCounts]:
        """How the runs of each backfill ended, in one query; every id asked for is a key."""
        wanted = list(backfill_ids)
        statement = (
            select(runs.c.backfill_id, runs.c.status, func.count())
            .where(runs.c.backfill_id.in_(wanted))
            .group_by(runs.c.backfill_id, runs.c.status)
        )
        found: dict[UUID, Counter[RunStatus]] = defaultdict(Counter)
        for backfill_id, status, count in await self._connection.execute(statement):
            found[backfill_id][status] = count
        return {each: _run_counts(found[each]) for each in wanted}

    async def records(self, backfill_id: UUID) -> int:
        """How many rows the completed runs of a backfill exported."""
        of_backfill = runs.c.backfill_id == backfill_id, runs.c.status == RunStatus.COMPLETED
        return await self._connection.scalar(select(func.sum(runs.c.records_completed)).where(*of_backfill)) or 0

    async def _all(self, statement: Select[Any]) -> list[Backfill]:
        return [Backfill(**row) for row in (await self._connection.execute(statement)).mappings()]


def _run_counts(by_status: Counter[RunStatus]) -> RunCounts:
    completed = by_status[RunStatus.COMPLETED]
    cancelled = by_status[RunStatus.CANCELLED]
    still_open = sum(by_status[status] for status in OPEN_STATUSES)
    # Whatever ended in another way has failed, however it is called.
    failed = by_status.total() - completed - cancelled - still_open
    return RunCounts(completed=completed, failed=failed, cancelled=cancelled, open=still_open)
