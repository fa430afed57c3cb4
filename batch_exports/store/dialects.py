"""All that differs between databases: how to open them, how transactions begin, SQL that only one of them speaks."""

import os
import sqlite3
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    Column,
    ColumnElement,
    Connection,
    Engine,
    Executable,
    NullPool,
    String,
    Table,
    collate,
    create_engine,
    event,
    literal,
    make_url,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import FunctionElement
from sqlalchemy.types import Boolean

from batch_exports.store.problems import StoreUnusable
from batch_exports.store.sqlite_connections import sqlite_connector

BUSY_SECONDS = 30
"""How long a writer waits for another process's transaction before it gives up."""

_DRIVERS = {"sqlite": ("aiosqlite", "pysqlite"), "postgresql": ("psycopg", "psycopg")}
_MIGRATION_LOCK = 4_207_198_365
_READERS = 4

# FULL syncs the log at every commit. With NORMAL a power cut may undo the last commits, and a run reported as
# completed would vanish although its files lie in the destination.
_SQLITE_PRAGMAS = ("PRAGMA foreign_keys = ON", "PRAGMA synchronous = FULL")


@dataclass(frozen=True, slots=True)
class Engines:
    """The ways into one database: `reader` sees a snapshot and cannot write, `writer` can."""

    reader: AsyncEngine
    writer: AsyncEngine

    async def dispose(self) -> None:
        """Close all connections."""
        await self.reader.dispose()
        await self.writer.dispose()


def open_engines(url: str) -> Engines:
    """Engines for a URL; nothing connects yet."""
    target = _with_driver(url, synchronous=False)
    if target.get_backend_name() == "sqlite":
        return Engines(
            reader=_sqlite_engine(
                target, begin="BEGIN", pragmas=(*_SQLITE_PRAGMAS, "PRAGMA query_only = ON"), size=_READERS
            ),
            # One connection: SQLite has one writer at a time anyway, and the pool's queue is fairer than its busy loop.
            writer=_sqlite_engine(target, begin="BEGIN IMMEDIATE", pragmas=_SQLITE_PRAGMAS, size=1),
        )
    engine = create_async_engine(target, pool_pre_ping=True)
    snapshot = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return Engines(reader=snapshot, writer=engine)


def open_migration_engine(url: str) -> Engine:
    """A synchronous engine for schema changes, which keeps no connection open."""
    target = _with_driver(url, synchronous=True)
    if target.get_backend_name() != "sqlite":
        return create_engine(target, poolclass=NullPool)
    prepare_sqlite(_sqlite_path(target))
    engine = create_engine(target, poolclass=NullPool, connect_args=_SQLITE_CONNECT)
    # A change of a table replaces it, which rows that refer to it would hinder: see `check_references`.
    _listen(engine, begin="BEGIN IMMEDIATE", pragmas=(*_SQLITE_PRAGMAS, "PRAGMA foreign_keys = OFF"))
    return engine


def lock_schema(connection: Connection) -> None:
    """Keep other migrations out until the transaction ends; on SQLite its write lock does so already."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})


def check_references(connection: Connection) -> None:
    """See that all that rows refer to is there, which SQLite does not watch over while its tables are replaced."""
    if connection.dialect.name == "sqlite" and (broken := connection.execute(text("PRAGMA foreign_key_check")).all()):
        tables = ", ".join(sorted({row[0] for row in broken}))
        raise StoreUnusable(f"Rows of {tables} refer to rows that are not there. Restore the database from a backup.")


def prepare_sqlite(path: Path) -> None:
    """Make the database file if there is none, private to its owner, and set it to write-ahead logging for good.

    Has to come before anything else opens the file: the mode cannot change while others use it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # The log and its index take over the mode of the file. One that exists is not opened: closing it again would drop
    # the locks that SQLite holds on it in this process, and others would take the database for unused.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    finally:
        connection.close()
    if mode != "wal":
        raise RuntimeError(
            f"SQLite cannot keep a write-ahead log for {path} (journal mode stays {mode}). "
            "Put the data folder on a local disk: network file systems lack the locks it needs."
        )


def has_lateral_joins(connection: AsyncConnection) -> bool:
    """Whether a joined query may speak of the row that it is joined to, as it must to be limited for each."""
    return connection.dialect.name == "postgresql"


class contains_text(FunctionElement[bool]):  # noqa: N801  # reads as an SQL function in statements
    """Whether a text holds another, whatever the case of their ASCII letters: of others SQLite knows no case."""

    type = Boolean()
    inherit_cache = True

    def __init__(self, haystack: ColumnElement[str], needle: str) -> None:
        super().__init__(haystack, literal(needle, String()))


# Not LIKE: SQLite refuses long patterns, and the needle's own wildcards would need escaping.
@compiles(contains_text)
def _strpos(element: contains_text, compiler: SQLCompiler, **options: Any) -> str:
    haystack, needle = (compiler.process(clause, **options) for clause in element.clauses)
    return f'(strpos(lower({haystack} COLLATE "C"), lower({needle} COLLATE "C")) > 0)'


@compiles(contains_text, "sqlite")
def _instr(element: contains_text, compiler: SQLCompiler, **options: Any) -> str:
    haystack, needle = (compiler.process(clause, **options) for clause in element.clauses)
    return f"(instr(lower({haystack}), lower({needle})) > 0)"


def by_code_point(connection: AsyncConnection, column: Column[Any]) -> ColumnElement[Any]:
    """A column to order by: texts by their code points, whatever language the database was made for."""
    is_text = isinstance(column.type, String) and connection.dialect.name == "postgresql"
    return collate(column, "C") if is_text else column


_INSERTS: Mapping[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def insert_or_ignore(connection: AsyncConnection, table: Table, row: Mapping[str, Any]) -> Executable:
    """Insert a row and return its key, or nothing when there is one; waits for a transaction that is inserting it."""
    new = _INSERTS[connection.dialect.name](table).values(**row).on_conflict_do_nothing()
    # Asked for, since not every driver counts the rows of an insertion.
    statement: Executable = new.returning(*table.primary_key)
    return statement


def insert_or_update(
    connection: AsyncConnection, table: Table, key: Mapping[str, Any], values: Mapping[str, Any]
) -> Executable:
    """Insert a row, or give the one of its key these values."""
    new = _INSERTS[connection.dialect.name](table).values(**key, **values)
    statement: Executable = new.on_conflict_do_update(index_elements=list(key), set_=dict(values))
    return statement


# Without its own transactions the driver leaves BEGIN to the listener below; it would start them too late and deferred.
_SQLITE_CONNECT = {"isolation_level": None, "timeout": BUSY_SECONDS}


def _sqlite_engine(target: URL, *, begin: str, pragmas: tuple[str, ...], size: int) -> AsyncEngine:
    _sqlite_path(target)
    connect = sqlite_connector(begin, pragmas, timeout=BUSY_SECONDS)
    return create_async_engine(
        target, connect_args={"async_creator_fn": connect}, pool_size=size, max_overflow=0, pool_timeout=BUSY_SECONDS
    )


def _listen(engine: Engine, *, begin: str, pragmas: tuple[str, ...]) -> None:
    def on_connect(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()

    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", on_begin)


def _with_driver(url: str, *, synchronous: bool) -> URL:
    target = make_url(url)
    backend = target.get_backend_name()
    if backend not in _DRIVERS:
        raise ValueError(f"{backend} is not supported as a store; use an sqlite:/// or postgresql:// URL.")
    return target.set(drivername=f"{backend}+{_DRIVERS[backend][synchronous]}")


def _sqlite_path(target: URL) -> Path:
    if target.database in {None, "", ":memory:"}:
        raise ValueError("The store needs an SQLite file, since several connections share it; name one in the URL.")
    return Path(str(target.database))
