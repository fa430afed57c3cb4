"""SQLite connections that work off a whole statement at each visit to their thread.

The driver goes there and back to make a cursor, to execute, to fetch and to close, and again to begin a transaction.
That costs more than most statements do, and a task that is cancelled in between would leave a statement open, which
keeps its locks on the whole database.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from functools import partial
from types import TracebackType
from typing import Any, Self

import aiosqlite

_CHUNK_ROWS = 64

Done = tuple[Any, int, int | None, list[Any]]
"""What a statement has left: description, number of rows it changed, id of the row that it inserted, its rows."""


class SqliteConnection(aiosqlite.Connection):
    """A connection whose transactions begin with their first statement, in the words of `begin`."""

    def __init__(self, open_file: Callable[[], sqlite3.Connection], begin: str) -> None:
        super().__init__(open_file, _CHUNK_ROWS)
        # A process that ends does not wait for connections that nobody has closed.
        self._thread.daemon = True
        self._begin = begin
        self._may_be_open = False
        self._is_at_work = False

    def cursor(self) -> Any:
        """Make a cursor, without a visit."""
        return SqliteCursor(self)

    async def carry_out(self, method: str, statement: str, parameters: Iterable[Any]) -> Done:
        """Begin a transaction unless one is open, execute and fetch."""
        self._may_be_open = self._is_at_work = True
        work = partial(self._carry_out, method, statement, parameters)
        done: Done = await self._execute(work)  # type: ignore[no-untyped-call]  # the driver declares no types
        return done

    async def commit(self) -> None:
        """Commit the transaction, if there is one."""
        if self._may_be_open:
            await super().commit()
            self._may_be_open = False

    async def rollback(self) -> None:
        """Roll the transaction back, if there is one."""
        if self._is_at_work:
            # A cancelled task's statement goes on: to wait for it here would hold up every other task.
            await super().rollback()
        elif self._may_be_open:
            # At once, since that takes no longer than to ask the thread.
            self._conn.rollback()
        self._may_be_open = False

    def _carry_out(self, method: str, statement: str, parameters: Iterable[Any]) -> Done:
        connection = self._conn
        try:
            if not connection.in_transaction:
                connection.execute(self._begin)
            with closing(getattr(connection, method)(statement, parameters)) as cursor:
                rows = cursor.fetchall()
                return cursor.description, cursor.rowcount, cursor.lastrowid, rows
        finally:
            self._is_at_work = False


class SqliteCursor:
    """Executes a statement and holds all of its rows, as SQLAlchemy expects it of a cursor."""

    __slots__ = ("_connection", "_rows", "arraysize", "description", "lastrowid", "rowcount")

    def __init__(self, connection: SqliteConnection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.arraysize = 1
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> Self:
        """Use the cursor in a block."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave nothing behind: the statement was closed when it was fetched."""

    async def execute(self, statement: str, parameters: Sequence[Any] = ()) -> Self:
        """Execute a statement."""
        return await self._carry_out("execute", statement, parameters)

    async def executemany(self, statement: str, parameters: Iterable[Sequence[Any]]) -> Self:
        """Execute a statement once for each set of parameters."""
        return await self._carry_out("executemany", statement, parameters)

    async def fetchall(self) -> list[Any]:
        """All rows of the statement."""
        return self._rows

    async def close(self) -> None:
        """Nothing is open."""

    async def _carry_out(self, method: str, statement: str, parameters: Iterable[Any]) -> Self:
        done = await self._connection.carry_out(method, statement, parameters)
        self.description, self.rowcount, self.lastrowid, self._rows = done
        return self


def sqlite_connector(begin: str, pragmas: Sequence[str], **options: Any) -> Callable[..., SqliteConnection]:
    """What opens a connection to a file, for SQLAlchemy's `async_creator_fn`."""

    def connect(path: str, **_defaults: Any) -> SqliteConnection:
        return SqliteConnection(partial(_open, path, pragmas, options), begin)

    return connect


def _open(path: str, pragmas: Sequence[str], options: dict[str, Any]) -> sqlite3.Connection:
    # Without its own transactions the driver leaves BEGIN to the connection above; it would begin them too late and
    # deferred.
    connection: sqlite3.Connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, **options)
    try:
        for pragma in pragmas:
            connection.execute(pragma)
    except BaseException:
        connection.close()
        raise
    return connection
