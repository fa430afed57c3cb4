"""Exports in the database."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from batch_exports.domain.errors import NotFound
from batch_exports.domain.exports import Export
from batch_exports.ports import ExportQuery
from batch_exports.store.cipher import Cipher
from batch_exports.store.dialects import by_code_point, contains_text
from batch_exports.store.prepared import Prepared
from batch_exports.store.records import export_of, export_row
from batch_exports.store.tables import EXPORT_IS_ACTIVE, EXPORT_IS_VISIBLE, exports


class SqlExportRepository:
    """Exports that are not deleted."""

    __slots__ = ("_cipher", "_connection", "_locking")

    def __init__(self, connection: AsyncConnection, cipher: Cipher, *, locking: bool) -> None:
        self._connection = connection
        self._cipher = cipher
        self._locking = locking

    async def get(self, project_id: int, export_id: UUID) -> Export | None:
        """One export of a project; inside a write, nobody else may change it until the transaction ends."""
        statement = _one_locked if self._locking else _one
        row = await statement.first(self._connection, {"export_id": export_id, "of_project": project_id})
        return None if row is None else export_of(row, self._cipher)

    async def page(self, query: ExportQuery) -> tuple[Sequence[Export], int]:
        """The exports of one page, and how many there are in all."""
        chosen = _conditions(query)
        keys = by_code_point(self._connection, exports.c[query.order_by]), exports.c.id
        ordered = [key.desc() if query.descending else key.asc() for key in keys]
        statement = select(exports).where(*chosen).order_by(*ordered).limit(query.limit).offset(query.offset)
        rows = (await self._connection.execute(statement)).mappings()
        page = [export_of(row, self._cipher) for row in rows]
        count = await self._connection.scalar(select(func.count()).select_from(exports).where(*chosen))
        return page, count or 0

    async def add(self, export: Export) -> None:
        """Keep a new export."""
        await _new.rows(self._connection, export_row(export, self._cipher))

    async def save(self, export: Export) -> None:
        """Replace an export that exists; raises NotFound when it does not, or not any more."""
        statement = update(exports).where(exports.c.id == export.id, EXPORT_IS_VISIBLE)
        result = await self._connection.execute(statement.values(**export_row(export, self._cipher)))
        if result.rowcount == 0:
            raise NotFound

    async def delete(self, export_id: UUID, at: datetime) -> None:
        """Mark an export deleted and forget its credentials."""
        statement = update(exports).where(exports.c.id == export_id, EXPORT_IS_VISIBLE)
        await self._connection.execute(statement.values(deleted_at=at, destination_secrets=None))

    async def due(self, now: datetime, limit: int) -> Sequence[tuple[int, UUID]]:
        """Project and id of exports that are not paused and whose `next_at` is not after `now`, longest due first."""
        statement = (
            select(exports.c.project_id, exports.c.id)
            .where(EXPORT_IS_ACTIVE, exports.c.next_at <= now)
            .order_by(exports.c.next_at, exports.c.id)
            .limit(limit)
        )
        rows = await self._connection.execute(statement)
        return [(project_id, export_id) for project_id, export_id in rows]


_new = Prepared(insert(exports))
_by_id = select(exports).where(
    exports.c.id == bindparam("export_id"), exports.c.project_id == bindparam("of_project"), EXPORT_IS_VISIBLE
)
_one = Prepared(_by_id)
# What a write reads it usually changes: two updates at once must not undo each other. Rows that refer to the export,
# such as log entries, may be added meanwhile.
_one_locked = Prepared(_by_id.with_for_update(key_share=True))


def _conditions(query: ExportQuery) -> list[ColumnElement[bool]]:
    conditions = [exports.c.project_id == query.project_id, EXPORT_IS_VISIBLE]
    names = ("paused", "model", "interval", "destination_type")
    wanted = ((exports.c[name], getattr(query, name)) for name in names)
    conditions += [column == value for column, value in wanted if value is not None]
    return conditions if query.search is None else [*conditions, contains_text(exports.c.name, query.search)]
