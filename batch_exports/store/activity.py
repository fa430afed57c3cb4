"""The audit log in the database."""

from collections.abc import Sequence

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from batch_exports.domain.activity import Activity
from batch_exports.ports import ActivityQuery
from batch_exports.store.paging import walk
from batch_exports.store.prepared import Prepared
from batch_exports.store.records import activity_of, activity_row
from batch_exports.store.tables import activity


class SqlActivityRepository:
    """Entries of the audit log; append only."""

    __slots__ = ("_connection",)

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, entry: Activity) -> None:
        """Append an entry."""
        await _new.rows(self._connection, activity_row(entry))

    async def page(self, query: ActivityQuery) -> Sequence[Activity]:
        """The entries of one page, newest first (reversed when it reads backwards)."""
        statement = select(activity)
        if query.project_id is not None:
            statement = statement.where(activity.c.project_id == query.project_id)
        if query.export_id is not None:
            statement = statement.where(activity.c.export_id == query.export_id)
        statement = walk(
            statement,
            (activity.c.created_at, activity.c.id),
            position=query.position,
            descending=True,
            backwards=query.backwards,
            limit=query.limit,
        )
        return [activity_of(row) for row in (await self._connection.execute(statement)).mappings()]


_new = Prepared(insert(activity))
