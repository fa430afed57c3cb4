"""How a worker begins, where that needs no process of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from batch_exports.engine import Duties, Worker, WorkerAlreadyRunning, WorkerSettings
from batch_exports.engine.lock import sole_worker


@asynccontextmanager
async def broken() -> AsyncIterator[Duties]:
    raise LookupError("The event store does not answer.")
    yield


def worker(directory: Path) -> Worker:
    settings = WorkerSettings(database_url=f"sqlite:///{directory}/state.db", lock_path=directory / "data" / "lock")
    return Worker(settings, broken)


def test_a_worker_that_cannot_be_put_together_says_why_and_lets_go_of_the_database(tmp_path: Path) -> None:
    for _ in range(2):
        failing = worker(tmp_path)
        with pytest.raises(LookupError, match="The event store does not answer"):
            failing.start()
        assert failing.stop()


def test_a_worker_puts_nothing_together_while_another_holds_the_database(tmp_path: Path) -> None:
    waiting = worker(tmp_path)
    with (
        sole_worker("sqlite:///state.db", tmp_path / "data" / "lock"),
        pytest.raises(WorkerAlreadyRunning, match="Stop it first"),
    ):
        waiting.start()


def test_a_worker_that_was_never_started_can_be_stopped(tmp_path: Path) -> None:
    assert worker(tmp_path).stop()


def test_the_settings_show_no_database_password() -> None:
    settings = WorkerSettings(database_url="postgresql://user:hunter2@host/db", lock_path=Path("lock"))
    assert "hunter2" not in repr(settings)
