"""Log entries in the database."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from batch_exports.domain.logs import LogEntry
from batch_exports.ports import LogQuery
from batch_exports.store.dialects import contains_text
from batch_exports.store.paging import export_visible, walk
from batch_exports.store.tables import logs

_COLUMNS = ("export_id", "run_id", "level", "message", "timestamp")


class SqlLogRepository:
    """Log entries of exports that are not deleted; append only."""

    __slots__ = ("_connection",)

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, entries: Iterable[LogEntry]) -> None:
        """Append entries; later ones get higher numbers."""
        rows = [{name: getattr(entry, name) for name in _COLUMNS} for entry in entries]
        if rows:
            await self._connection.execute(insert(logs), rows)

    async def page(self, query: LogQuery) -> Sequence[LogEntry]:
        """The entries of one page, newest first."""
        if query.position is not None and query.before is not None and query.position[0] < query.before:
            # Implied by the position; offered both, a planner may walk from the wrong one.
            query = replace(query, before=None)
        statement = walk(
            select(logs).where(*_conditions(query)),
            (logs.c.timestamp, logs.c.sequence),
            position=query.position,
            descending=True,
            limit=query.limit,
        )
        return [LogEntry(**row) for row in (await self._connection.execute(statement)).mappings()]

    async def count(self, query: LogQuery) -> int:
        """How many entries match, whatever the page."""
        statement = select(func.count()).select_from(logs).where(*_conditions(query))
        return await self._connection.scalar(statement) or 0


def _conditions(query: LogQuery) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [logs.c.export_id == query.export_id, export_visible(query.export_id)]
    if query.run_id is not None:
        conditions.append(logs.c.run_id == query.run_id)
    if query.levels:
        conditions.append(logs.c.level.in_(sorted(query.levels)))
    if query.search:
        conditions.append(contains_text(logs.c.message, query.search))
    if query.after is not None:
        conditions.append(logs.c.timestamp > query.after)
    if query.before is not None:
        conditions.append(logs.c.timestamp < query.before)
    return conditions
