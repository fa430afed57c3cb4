"""The files by which the processes around one embedded event store find each other and keep out of each other's way.

All locks are the kernel's (`flock`), so that a process that is killed leaves none behind.
"""

import fcntl
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where an event store listens, and the password of its life time."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    pid: int


@dataclass(frozen=True, slots=True)
class StoreFiles:
    """The paths of one data directory."""

    directory: Path

    @property
    def discovery(self) -> Path:
        """Says where the running store process listens; for the owner's eyes only."""
        return self.directory / "event_store.json"

    @property
    def ownership(self) -> Path:
        """Held exclusively by the one process that runs the engine."""
        return self.directory / "event_store.lock"

    @property
    def usage(self) -> Path:
        """Shared by every process that uses the store; once nobody holds it, the store process ends."""
        return self.directory / "event_store.users"

    @property
    def loading(self) -> Path:
        """Held exclusively by the one load at a time."""
        return self.directory / "event_store.load"

    @property
    def log(self) -> Path:
        """What the store process of this time had to say."""
        return self.directory / "event_store.log"

    @property
    def spool(self) -> Path:
        """Where rows wait for the engine to read them."""
        return self.directory / "event_store_spool"

    def publish(self, address: Address) -> None:
        """Write the discovery file, whole or not at all."""
        document = {
            "host": address.host,
            "port": address.port,
            "user": address.user,
            "password": address.password,
            "pid": address.pid,
        }
        draft = self.discovery.with_suffix(".new")
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(document, file)
        draft.replace(self.discovery)

    def discover(self) -> Address | None:
        """Read the discovery file; the process that wrote it may be gone."""
        try:
            return Address(**json.loads(self.discovery.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None


class FileLock:
    """A kernel lock on a file, held from `acquire` until `release` or the end of the process."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def acquire(self, *, shared: bool = False) -> Self:
        """Wait for the lock."""
        fcntl.flock(self._descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        return self

    def try_acquire(self, *, shared: bool = False) -> bool:
        """Take the lock if that needs no waiting."""
        try:
            fcntl.flock(self._descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        """Give up the lock."""
        os.close(self._descriptor)
