"""One worker per database: two would take each other's running work for that of a crash."""

import fcntl
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from time import sleep
from typing import IO, Any

import psycopg

from batch_exports.engine.conventions import engine_url

Confirm = Callable[[], None]
"""Makes sure that the database is still this worker's alone; blocks, and raises WorkerAlreadyRunning."""

_KEY = 4_207_198_366

# The server lets go of the lock of a machine that vanished; a worker that lives confirms each second.
_SILENCE = "60s"

_GLANCE_SECONDS = 0.05

_HOLDERS = """
    SELECT application_name FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND (classid::bigint << 32) + objid::bigint = %s
      AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


class WorkerAlreadyRunning(Exception):
    """Another worker holds the database."""


def sole_worker(database_url: str) -> AbstractContextManager[Confirm]:
    """Hold the database while the block lasts; when the process dies, however it dies, it is free again."""
    if database_url.startswith("sqlite"):
        return _locked_file(lock_file(database_url))
    return _locked_session(engine_url(database_url))


def has_worker(database_url: str) -> bool:
    """Whether a worker holds the database; blocks."""
    if database_url.startswith("sqlite"):
        return _is_locked(lock_file(database_url))
    with psycopg.connect(engine_url(database_url), autocommit=True, connect_timeout=2) as connection:
        return connection.execute(_HOLDERS, (_KEY,)).fetchone() is not None


def lock_file(database_url: str) -> Path:
    """What a worker locks while it lives: a file beside that of the database, whatever folder it keeps its data in."""
    database = Path(database_url.partition(":///")[2]).resolve()
    return database.with_name(f"{database.name}-worker.lock")


def _is_locked(path: Path) -> bool:
    try:
        with path.open(encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _lock(file: IO[str]) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        # Perhaps just somebody who asked whether there is a worker, and is gone by now.
        sleep(_GLANCE_SECONDS)
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def _locked_file(path: Path) -> Iterator[Confirm]:
    with path.open("a+", encoding="ascii") as file:
        try:
            _lock(file)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise WorkerAlreadyRunning(
                f"Another worker (process {holder}) already works on this database (lock file {path}). "
                "Stop it first, or use a data directory of its own for each worker."
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield lambda: None


@contextmanager
def _locked_session(url: str) -> Iterator[Confirm]:
    session = _SessionLock(url)
    try:
        session.take()
        yield session.confirm
    finally:
        session.close()


class _SessionLock:
    """An advisory lock of PostgreSQL, which belongs to a connection and ends with it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: psycopg.Connection[Any] | None = None

    def take(self) -> None:
        self.close()
        name = f"batch-exports worker, process {os.getpid()} on {socket.gethostname()}"
        connection = psycopg.connect(self._url, autocommit=True, application_name=name, connect_timeout=10)
        self._connection = connection
        connection.execute(f"SET idle_session_timeout = '{_SILENCE}'")
        if connection.execute("SELECT pg_try_advisory_lock(%s)", (_KEY,)).fetchone() != (True,):
            holder = connection.execute(_HOLDERS, (_KEY,)).fetchone()
            # Application names are cut to 63 characters.
            which = str(holder[0]).removeprefix("batch-exports worker, ") if holder else "one that has just ended"
            raise WorkerAlreadyRunning(
                f"Another worker ({which}) already works on this database. Stop it first; one worker per database."
            )

    def confirm(self) -> None:
        if self._connection is not None:
            try:
                self._connection.execute("SELECT 1")
            except psycopg.OperationalError:
                pass
            else:
                return
        self.take()

    def close(self) -> None:
        if self._connection is not None:
            # The server may notice some time later that a connection has ended.
            with suppress(psycopg.OperationalError):
                self._connection.execute("SELECT pg_advisory_unlock_all()")
            self._connection.close()
        self._connection = None
