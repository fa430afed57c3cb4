"""Runs in the database."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    and_,
    bindparam,
    func,
    insert,
    literal,
    select,
    true,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from batch_exports.domain.runs import Run, RunStatus
from batch_exports.ports import RunQuery
from batch_exports.store.dialects import has_lateral_joins
from batch_exports.store.paging import export_visible, remaining, walk, within
from batch_exports.store.records import records, run_row
from batch_exports.store.tables import EXPORT_IS_VISIBLE, RUN_IS_OPEN, exports, runs

_ORDERS = {"created_at": runs.c.created_at, "data_interval_start": runs.c.data_interval_start}
_BEFORE_ALL = literal(datetime.min.replace(tzinfo=UTC), runs.c.created_at.type)


class SqlRunRepository:
    """Runs; `find`, `change` and `all_open` serve the engine and see those of deleted exports too."""

    __slots__ = ("_connection",)

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get(self, export_id: UUID, run_id: UUID) -> Run | None:
        """One run of an export that is not deleted."""
        return await self._one(
            select(runs).where(runs.c.id == run_id, runs.c.export_id == export_id, export_visible(export_id))
        )

    async def find(self, run_id: UUID) -> Run | None:
        """One run, also when its export is deleted, so that the engine can settle it."""
        return await self._one(select(runs).where(runs.c.id == run_id))

    async def page(self, query: RunQuery) -> Sequence[Run]:
        """The runs of one page, in the query's order (reversed when it reads backwards)."""
        return await self._all(
            walk(
                select(runs).where(*_conditions(query)),
                (_ORDERS[query.order_by], runs.c.id),
                position=query.position,
                descending=query.descending,
                backwards=query.backwards,
                limit=query.limit,
            )
        )

    async def latest(self, export_ids: Iterable[UUID], per_export: int) -> Mapping[UUID, Sequence[Run]]:
        """The newest runs of each export by `created_at`, in one query; every id asked for is a key."""
        wanted = list(export_ids)
        if len(wanted) == 1:
            return {wanted[0]: await self._all(_newest_of_one, export_id=wanted[0], count=per_export)}
        statement = _newest_of_each if has_lateral_joins(self._connection) else _since_last_shown
        found: dict[UUID, list[Run]] = defaultdict(list)
        for run in await self._all(statement, export_ids=wanted, count=per_export, others=per_export - 1):
            found[run.export_id].append(run)
        return {each: _sorted(found[each], per_export) for each in wanted}

    async def add(self, run: Run) -> None:
        """Keep a new run."""
        await self._connection.execute(insert(runs), run_row(run))

    async def change(self, run_id: UUID, from_statuses: frozenset[RunStatus], **changes: Any) -> Run | None:
        """Change fields of a run if its status is one of `from_statuses`, atomically; the changed run, or None."""
        statement = (
            update(runs)
            .where(runs.c.id == run_id, runs.c.status.in_(sorted(from_statuses)))
            .values(**changes)
            .returning(runs)
        )
        return next(iter(records(Run, await self._connection.execute(statement))), None)

    async def open_runs(self, export_id: UUID, *, backfill_id: UUID | None = None) -> Sequence[Run]:
        """Runs of an export (of one backfill, if given) that have not ended, oldest first."""
        statement = select(runs).where(runs.c.export_id == export_id, RUN_IS_OPEN, export_visible(export_id))
        if backfill_id is not None:
            statement = statement.where(runs.c.backfill_id == backfill_id)
        return await self._all(statement.order_by(runs.c.created_at, runs.c.id))

    async def all_open(self, limit: int) -> Sequence[Run]:
        """Runs of any export, deleted or not, that have not ended, oldest first."""
        return await self._all(select(runs).where(RUN_IS_OPEN).order_by(runs.c.created_at, runs.c.id).limit(limit))

    async def _one(self, statement: Select[Any]) -> Run | None:
        return next(iter(await self._all(statement)), None)

    async def _all(self, statement: Select[Any], **values: Any) -> list[Run]:
        return records(Run, await self._connection.execute(statement, values))


_is_wanted = and_(exports.c.id.in_(bindparam("export_ids", expanding=True)), EXPORT_IS_VISIBLE)
_count: BindParameter[int] = bindparam("count", type_=Integer)
_newest_first = (runs.c.created_at.desc(), runs.c.id.desc())
_of_export = runs.c.export_id == exports.c.id

_one: BindParameter[UUID] = bindparam("export_id")
_newest_of_one = select(runs).where(runs.c.export_id == _one, export_visible(_one))
_newest_of_one = _newest_of_one.order_by(*_newest_first).limit(_count)

# A short index walk per export. Numbering rows by a window function would read the whole history of every export.
_newest = select(runs).where(_of_export).order_by(*_newest_first).limit(_count).lateral("newest")
_newest_of_each = select(_newest).select_from(exports).join(_newest, true()).where(_is_wanted)

# The same where an export's rows cannot be limited one by one: first the last run to show, then all since then. The
# planner of PostgreSQL would look for that last run once per run.
_others: BindParameter[int] = bindparam("others", type_=Integer)
_last_shown = select(runs.c.created_at).where(_of_export).order_by(*_newest_first).limit(1).offset(_others)
_since = runs.c.created_at >= func.coalesce(_last_shown.correlate(exports).scalar_subquery(), _BEFORE_ALL)
_since_last_shown = select(runs).select_from(exports).join(runs, _of_export).where(_since, _is_wanted)


def _conditions(query: RunQuery) -> list[ColumnElement[bool]]:
    windows = {
        "created_at": (query.created_from, query.created_until),
        "data_interval_start": (query.interval_from, query.interval_until),
    }
    falling = query.descending != query.backwards
    windows[query.order_by] = remaining(*windows[query.order_by], query.position, falling=falling)
    conditions: list[ColumnElement[bool]] = [runs.c.export_id == query.export_id, export_visible(query.export_id)]
    for name, (first, last) in windows.items():
        conditions.extend(within(_ORDERS[name], first, last))
    if query.interval_until is not None:
        # An interval begins before it ends, so the window above is implied; it is there for the index.
        conditions.append(runs.c.data_interval_end <= query.interval_until)
    if query.statuses:
        conditions.append(runs.c.status.in_(sorted(query.statuses)))
    return conditions


def _sorted(found: list[Run], count: int) -> list[Run]:
    # Runs that share the moment of the last one shown were found too.
    return sorted(found, key=lambda run: (run.created_at, run.id), reverse=True)[:count]
