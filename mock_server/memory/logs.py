"""Log entries in memory."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from batch_exports.domain.logs import LogEntry
from batch_exports.ports import LogQuery
from mock_server.memory.session import Session
from mock_server.memory.tables import add_to, visible
from mock_server.memory.texts import contains_text
from mock_server.memory.windows import scan


class MemoryLogs:
    """Log entries per export and per run, in the order of their time."""

    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(self, entries: Iterable[LogEntry]) -> None:
        """Append entries, and number them."""
        tables = self._session.draft()
        for entry in entries:
            tables.log_sequence += 1
            numbered = replace(entry, sequence=tables.log_sequence)
            key = (numbered.timestamp, numbered.sequence, numbered)
            tables.logs_of_export = add_to(tables.logs_of_export, entry.export_id, key)
            tables.logs_of_run = add_to(tables.logs_of_run, entry.run_id, key)

    async def page(self, query: LogQuery) -> Sequence[LogEntry]:
        """The entries of one page, newest first."""
        return list(islice(self._matching(query, from_position=True), query.limit))

    async def count(self, query: LogQuery) -> int:
        """How many entries match, whatever the page."""
        return sum(1 for _ in self._matching(query, from_position=False))

    def _matching(self, query: LogQuery, *, from_position: bool) -> Iterator[LogEntry]:
        tables = self._session.tables
        if query.run_id is None:
            index = visible(tables, tables.logs_of_export, query.export_id)
        else:
            index = tables.logs_of_run.get(query.run_id) if query.export_id in tables.exports else None
        position = query.position if from_position else None
        for _, _, entry in scan(index, descending=True, position=position, low=query.after, high=query.before):
            if _matches(query, entry):
                yield entry


def _matches(query: LogQuery, entry: LogEntry) -> bool:
    return (
        entry.export_id == query.export_id
        and (not query.levels or entry.level in query.levels)
        and (query.search is None or contains_text(entry.message, query.search))
        and (query.after is None or entry.timestamp > query.after)
        and (query.before is None or entry.timestamp < query.before)
    )
