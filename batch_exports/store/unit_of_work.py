"""Transactions over the database, and the store that opens them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from batch_exports.store.access import SqlAccessRepository
from batch_exports.store.activity import SqlActivityRepository
from batch_exports.store.answers import SqlAnswerRepository
from batch_exports.store.backfills import SqlBackfillRepository
from batch_exports.store.cipher import Cipher
from batch_exports.store.engines import Engines, open_engines
from batch_exports.store.exports import SqlExportRepository
from batch_exports.store.logs import SqlLogRepository
from batch_exports.store.problems import CommitUncertain
from batch_exports.store.runs import SqlRunRepository


class SqlTransaction:
    """All repositories on one connection; `connection` lets an engine in the same database join the transaction."""

    __slots__ = ("access", "activity", "answers", "backfills", "connection", "exports", "logs", "runs")

    def __init__(self, connection: AsyncConnection, cipher: Cipher, *, writing: bool) -> None:
        self.connection = connection
        self.exports = SqlExportRepository(connection, cipher, locking=writing)
        self.runs = SqlRunRepository(connection)
        self.backfills = SqlBackfillRepository(connection)
        self.logs = SqlLogRepository(connection)
        self.activity = SqlActivityRepository(connection)
        self.answers = SqlAnswerRepository(connection)
        self.access = SqlAccessRepository(connection)


class SqlStore:
    """The store in SQLite or PostgreSQL; belongs to one event loop, and closes its connections when left."""

    __slots__ = ("_cipher", "_engines")

    def __init__(self, engines: Engines, cipher: Cipher) -> None:
        self._engines = engines
        self._cipher = cipher

    @classmethod
    def open(cls, url: str, cipher: Cipher) -> Self:
        """The store at a URL (`sqlite:///file`, `postgresql://...`) that `migrate` prepared; connects at first use."""
        return cls(open_engines(url), cipher)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._engines.dispose()

    async def __aenter__(self) -> Self:
        """Use the store in a block."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the store at the block's end."""
        await self.aclose()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[SqlTransaction]:
        """A consistent view; the database refuses writes through it."""
        async with self._engines.reader.connect() as connection:
            yield SqlTransaction(connection, self._cipher, writing=False)

    @asynccontextmanager
    async def look(self) -> AsyncIterator[SqlTransaction]:
        """The same for a single question, which spares PostgreSQL two round trips."""
        async with self._engines.looker.connect() as connection:
            yield SqlTransaction(connection, self._cipher, writing=False)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[SqlTransaction]:
        """A transaction that commits when its block ends and rolls back when the block raises.

        Raises CommitUncertain when the connection is lost during the commit.
        """
        # Closed without a commit, it rolls back.
        async with self._engines.writer.connect() as connection:
            await connection.begin()
            yield SqlTransaction(connection, self._cipher, writing=True)
            try:
                await connection.commit()
            except DBAPIError as error:
                if error.connection_invalidated and error.orig is not None:
                    raise CommitUncertain(error.statement, None, error.orig, connection_invalidated=True) from error
                raise
