"""The audit log in memory."""

from collections.abc import Sequence
from itertools import islice

from batch_exports.domain.activity import Activity
from batch_exports.ports import ActivityQuery
from mock_server.memory.session import Session
from mock_server.memory.sorted_index import SortedIndex
from mock_server.memory.tables import Moment, add_to
from mock_server.memory.windows import scan


class MemoryActivity:
    """Entries by when they were made: all of them, and those of each project and export."""

    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(self, entry: Activity) -> None:
        """Append an entry."""
        tables = self._session.draft()
        key = (entry.created_at, entry.id)
        tables.activity = tables.activity.insert(entry.id, entry)
        tables.activity_by_creation = tables.activity_by_creation.add(key)
        if entry.project_id is not None:
            tables.activity_of_project = add_to(tables.activity_of_project, entry.project_id, key)
        if entry.export_id is not None:
            tables.activity_of_export = add_to(tables.activity_of_export, entry.export_id, key)

    async def page(self, query: ActivityQuery) -> Sequence[Activity]:
        """The entries of one page, newest first (reversed when it reads backwards)."""
        found = scan(self._index(query), descending=not query.backwards, position=query.position)
        entries = (self._session.tables.activity[entry_id] for _, entry_id in found)
        wanted = (entry for entry in entries if query.project_id in (None, entry.project_id))
        return list(islice(wanted, query.limit))

    def _index(self, query: ActivityQuery) -> SortedIndex[Moment]:
        tables = self._session.tables
        if query.export_id is not None:
            return tables.activity_of_export.get(query.export_id) or SortedIndex()
        if query.project_id is not None:
            return tables.activity_of_project.get(query.project_id) or SortedIndex()
        return tables.activity_by_creation
