"""Runs in the database."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Executable,
    Integer,
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
from batch_exports.store.prepared import Prepared
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
        found = await self._rows(_one_of_export, {"run_id": run_id, "export_id": export_id})
        return found[0] if found else None

    async def find(self, run_id: UUID) -> Run | None:
        """One run, also when its export is deleted, so that the engine can settle it."""
        return next(iter(await self._all(select(runs).where(runs.c.id == run_id))), None)

    async def page(self, query: RunQuery) -> Sequence[Run]:
        """The runs of one page, in the query's order (reversed when it reads backwards)."""
        values = _parameters(query)
        statement = _page(query.order_by, query.descending != query.backwards, frozenset(values))
        return await self._rows(statement, values)

    async def latest(self, export_ids: Iterable[UUID], per_export: int) -> Mapping[UUID, Sequence[Run]]:
        """The newest runs of each export by `created_at`, in one query; every id asked for is a key."""
        wanted = list(export_ids)
        if len(wanted) == 1:
            values = {"export_id": wanted[0], "count": per_export}
            return {wanted[0]: await self._rows(_newest_of_one, values)}
        statement = _newest_of_each if has_lateral_joins(self._connection) else _since_last_shown
        found: dict[UUID, list[Run]] = defaultdict(list)
        for run in await self._all(statement, export_ids=wanted, count=per_export, others=per_export - 1):
            found[run.export_id].append(run)
        return {each: _sorted(found[each], per_export) for each in wanted}

    async def add(self, run: Run) -> None:
        """Keep a new run."""
        await _new.rows(self._connection, run_row(run))

    async def change(self, run_id: UUID, from_statuses: frozenset[RunStatus], **changes: Any) -> Run | None:
        """Change fields of a run if its status is one of `from_statuses`, atomically; the changed run, or None."""
        statement = (
            update(runs)
            .where(runs.c.id == run_id, runs.c.status.in_(sorted(from_statuses)))
            .values(**changes)
            .returning(runs)
        )
        return next(iter(await self._all(statement)), None)

    async def open_runs(self, export_id: UUID, *, backfill_id: UUID | None = None) -> Sequence[Run]:
        """Runs of an export (of one backfill, if given) that have not ended, oldest first."""
        statement = select(runs).where(runs.c.export_id == export_id, RUN_IS_OPEN, export_visible(export_id))
        if backfill_id is not None:
            statement = statement.where(runs.c.backfill_id == backfill_id)
        return await self._all(statement.order_by(runs.c.created_at, runs.c.id))

    async def all_open(self, limit: int) -> Sequence[Run]:
        """Runs of any export, deleted or not, that have not ended, oldest first."""
        return await self._all(select(runs).where(RUN_IS_OPEN).order_by(runs.c.created_at, runs.c.id).limit(limit))

    async def _all(self, statement: Executable, **values: Any) -> list[Run]:
        result = await self._connection.execute(statement, values)
        return records(Run, result.keys(), result.all())

    async def _rows(self, statement: Prepared, values: Mapping[str, Any]) -> list[Run]:
        return records(Run, statement.names, await statement.rows(self._connection, values))


_new = Prepared(insert(runs))
_is_wanted = and_(exports.c.id.in_(bindparam("export_ids", expanding=True)), EXPORT_IS_VISIBLE)
_count: BindParameter[int] = bindparam("count", type_=Integer)
_newest_first = (runs.c.created_at.desc(), runs.c.id.desc())
_of_export = runs.c.export_id == exports.c.id

_export_id: BindParameter[UUID] = bindparam("export_id", type_=runs.c.export_id.type)
_of_one = select(runs).where(runs.c.export_id == _export_id, export_visible(_export_id))
_newest_of_one = Prepared(_of_one.order_by(*_newest_first).limit(_count))
_one_of_export = Prepared(_of_one.where(runs.c.id == bindparam("run_id")))

# A short index walk per export. Numbering rows by a window function would read the whole history of every export.
_newest = select(runs).where(_of_export).order_by(*_newest_first).limit(_count).lateral("newest")
_newest_of_each = select(_newest).select_from(exports).join(_newest, true()).where(_is_wanted)

# The same where an export's rows cannot be limited one by one: first the last run to show, then all since then. The
# planner of PostgreSQL would look for that last run once per run.
_others: BindParameter[int] = bindparam("others", type_=Integer)
_last_shown = select(runs.c.created_at).where(_of_export).order_by(*_newest_first).limit(1).offset(_others)
_since = runs.c.created_at >= func.coalesce(_last_shown.correlate(exports).scalar_subquery(), _BEFORE_ALL)
_since_last_shown = select(runs).select_from(exports).join(runs, _of_export).where(_since, _is_wanted)


def _parameters(query: RunQuery) -> dict[str, Any]:
    """What is asked for a page, by the names of its statement's parameters."""
    windows = {
        "created_at": (query.created_from, query.created_until),
        "data_interval_start": (query.interval_from, query.interval_until),
    }
    falling = query.descending != query.backwards
    windows[query.order_by] = remaining(*windows[query.order_by], query.position, falling=falling)
    given = {"export_id": query.export_id, "count": query.limit, "interval_until": query.interval_until}
    for name, ends in windows.items():
        given |= zip((f"{name}_from", f"{name}_until"), ends, strict=True)
    given |= zip(("position_time", "position_id"), query.position or (), strict=False)
    given |= {f"status_{number}": status for number, status in enumerate(sorted(query.statuses))}
    return {name: value for name, value in given.items() if value is not None}


@lru_cache(maxsize=256)
def _page(order_by: str, falling: bool, given: frozenset[str]) -> Prepared:  # noqa: FBT001
    """The statement of a page for which these parameters are given."""

    def parameter(name: str, column: ColumnElement[Any]) -> BindParameter[Any] | None:
        return bindparam(name, type_=column.type) if name in given else None

    conditions: list[ColumnElement[bool]] = []
    for name, column in _ORDERS.items():
        conditions += within(column, parameter(f"{name}_from", column), parameter(f"{name}_until", column))
    # An interval begins before it ends, so the window above is implied; it is there for the index.
    conditions += within(runs.c.data_interval_end, None, parameter("interval_until", runs.c.data_interval_end))
    statuses = [parameter(name, runs.c.status) for name in sorted(given) if name.startswith("status_")]
    if statuses:
        conditions.append(runs.c.status.in_(statuses))
    keys = _ORDERS[order_by], runs.c.id
    position = parameter("position_time", keys[0]), parameter("position_id", keys[1])
    return Prepared(
        walk(
            _of_one.where(*conditions),
            keys,
            position=position if "position_id" in given else None,
            descending=falling,
            limit=_count,
        )
    )


def _sorted(found: list[Run], count: int) -> list[Run]:
    # Runs that share the moment of the last one shown were found too.
    return sorted(found, key=lambda run: (run.created_at, run.id), reverse=True)[:count]
