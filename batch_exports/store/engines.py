"""How databases are opened, and how transactions begin in them."""

import os
import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from select import POLLIN, poll
from typing import Any

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from batch_exports.store.sqlite_connections import sqlite_connector

BUSY_SECONDS = 30
"""How long a writer waits for another process's transaction before it gives up."""

_DRIVERS = {"sqlite": ("aiosqlite", "pysqlite"), "postgresql": ("psycopg", "psycopg")}
_SQLITE_READERS = 4

# FULL syncs the log at every commit. With NORMAL a power cut may undo the last commits, and a run reported as
# completed would vanish although its files lie in the destination.
_SQLITE_PRAGMAS = ("PRAGMA foreign_keys = ON", "PRAGMA synchronous = FULL")

_POSTGRES_OPTIONS = "-c lock_timeout=10s -c statement_timeout=30s"
"""Who asks is told soon that the database is busy, unless the operator's URL has options of its own."""


@dataclass(frozen=True, slots=True)
class Engines:
    """The ways into one database: `reader` sees a snapshot and cannot write, nor can `looker`; `writer` can."""

    reader: AsyncEngine
    looker: AsyncEngine
    """Each of its statements stands alone."""
    writer: AsyncEngine

    async def dispose(self) -> None:
        """Close all connections."""
        for engine in {self.reader, self.looker, self.writer}:
            await engine.dispose()


def open_engines(url: str) -> Engines:
    """Engines for a URL; nothing connects yet."""
    target = _with_driver(url, synchronous=False)
    if target.get_backend_name() == "sqlite":
        reading = (*_SQLITE_PRAGMAS, "PRAGMA query_only = ON")
        reader = _sqlite_engine(target, begin="BEGIN", pragmas=reading, size=_SQLITE_READERS)
        # One connection: SQLite has one writer at a time anyway, and the pool's queue is fairer than its busy loop.
        writer = _sqlite_engine(target, begin="BEGIN IMMEDIATE", pragmas=_SQLITE_PRAGMAS, size=1)
        return Engines(reader, reader, writer)
    options = " ".join(target.normalized_query.get("options", (_POSTGRES_OPTIONS,)))
    # Fifteen connections together, which the operator's guide counts on; a look is over soonest.
    reading_only = f"{options} -c default_transaction_read_only=on"
    return Engines(
        reader=_postgresql_engine(target, reading_only, size=7, isolation_level="REPEATABLE READ"),
        looker=_postgresql_engine(target, reading_only, size=3, isolation_level="AUTOCOMMIT"),
        writer=_postgresql_engine(target, options, size=5),
    )


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


# Without its own transactions the driver leaves BEGIN to the listener below; it would start them too late and deferred.
_SQLITE_CONNECT = {"isolation_level": None, "timeout": BUSY_SECONDS}


def _sqlite_engine(target: URL, *, begin: str, pragmas: tuple[str, ...], size: int) -> AsyncEngine:
    _sqlite_path(target)
    connect = sqlite_connector(begin, pragmas, timeout=BUSY_SECONDS)
    return create_async_engine(
        target, connect_args={"async_creator_fn": connect}, pool_size=size, max_overflow=0, pool_timeout=BUSY_SECONDS
    )


def _postgresql_engine(target: URL, options: str, *, size: int, isolation_level: Any = None) -> AsyncEngine:
    engine = create_async_engine(
        target,
        connect_args={"options": options},
        pool_size=size,
        max_overflow=0,
        pool_timeout=BUSY_SECONDS,
        isolation_level=isolation_level,
    )
    event.listen(engine.sync_engine, "checkout", _refuse_lost)
    return engine


def _refuse_lost(connection: Any, _record: Any, _checked_out: Any) -> None:
    """Have the pool replace a connection that the server has ended: what it said last has not been read.

    To ask the server would cost each transaction a round trip.
    """
    watch = poll()
    watch.register(connection.driver_connection.fileno(), POLLIN)
    if watch.poll(0):
        raise DisconnectionError


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
