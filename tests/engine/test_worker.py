"""How a worker begins, where that needs no process of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from batch_exports.engine import Duties, Worker, WorkerAlreadyRunning, WorkerSettings
from batch_exports.engine.lock import has_worker, sole_worker


@asynccontextmanager
async def broken() -> AsyncIterator[Duties]:
    raise LookupError("The event store does not answer.")
    yield


def worker(directory: Path) -> Worker:
    settings = WorkerSettings(database_url=f"sqlite:///{directory}/state.db")
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
        sole_worker(f"sqlite:///{tmp_path}/state.db"),
        pytest.raises(WorkerAlreadyRunning, match="Stop it first"),
    ):
        waiting.start()


def test_a_database_is_held_by_whatever_name_its_file_is_called(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "data")
    with sole_worker(f"sqlite:///{tmp_path}/data/state.db"):
        for other in ("link/state.db", "data/../link/./state.db"):
            assert has_worker(f"sqlite:///{tmp_path}/{other}")
            with pytest.raises(WorkerAlreadyRunning):
                sole_worker(f"sqlite:///{tmp_path}/{other}").__enter__()
        assert not has_worker(f"sqlite:///{tmp_path}/data/other.db")


def test_a_worker_that_was_never_started_can_be_stopped(tmp_path: Path) -> None:
    assert worker(tmp_path).stop()


def test_the_settings_show_no_database_password() -> None:
    settings = WorkerSettings(database_url="postgresql://user:hunter2@host/db")
    assert "hunter2" not in repr(settings)
