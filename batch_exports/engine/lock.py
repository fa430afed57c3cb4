"""One worker per SQLite database: two would take each other's running work for that of a crash."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class WorkerAlreadyRunning(Exception):
    """Another worker holds the database."""


@contextmanager
def sole_worker(path: Path) -> Iterator[None]:
    """Hold the lock file `path` while the block lasts; when the process dies, however it dies, the system lets go."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
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
        yield
