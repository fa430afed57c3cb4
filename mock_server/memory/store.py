"""Transactions over the tables: a writer works on its own copy, and readers keep the version that they began with."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import copy

from mock_server.memory.access import MemoryAccess
from mock_server.memory.activity import MemoryActivity
from mock_server.memory.answers import MemoryAnswers
from mock_server.memory.backfills import MemoryBackfills
from mock_server.memory.exports import MemoryExports
from mock_server.memory.logs import MemoryLogs
from mock_server.memory.runs import MemoryRuns
from mock_server.memory.session import Session
from mock_server.memory.tables import Tables


class MemoryTransaction:
    """All repositories over one version of the tables."""

    __slots__ = ("_session", "access", "activity", "answers", "backfills", "exports", "logs", "runs")

    def __init__(self, session: Session) -> None:
        self._session = session
        self.exports = MemoryExports(session)
        self.runs = MemoryRuns(session)
        self.backfills = MemoryBackfills(session)
        self.logs = MemoryLogs(session)
        self.activity = MemoryActivity(session)
        self.answers = MemoryAnswers(session)
        self.access = MemoryAccess(session)

    @property
    def connection(self) -> Session:
        """The session, so that the simulator can write in the same transaction."""
        return self._session


class MemoryStore:
    """One world's data; writers take turns, readers never wait."""

    def __init__(self, tables: Tables | None = None) -> None:
        self.tables = tables or Tables()
        """The last committed version."""
        self._turn = asyncio.Lock()
        self._writer: asyncio.Task[object] | None = None

    @asynccontextmanager
    async def read(self) -> AsyncIterator[MemoryTransaction]:
        """A consistent view; nothing may be written through it."""
        yield MemoryTransaction(Session(self.tables, writable=False))

    look = read

    @asynccontextmanager
    async def write(self) -> AsyncIterator[MemoryTransaction]:
        """A transaction that commits when its block ends and rolls back when the block raises."""
        task = asyncio.current_task()
        if self._writer is task:
            raise RuntimeError("A write transaction inside another one of the same task would wait for itself.")
        async with self._turn:
            self._writer = task
            try:
                session = Session(copy(self.tables), writable=True)
                yield MemoryTransaction(session)
                self.tables = session.tables
            finally:
                self._writer = None
