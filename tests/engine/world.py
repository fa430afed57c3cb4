"""A database with a table of runs, seen as the API's process sees it, and workers in processes of their own."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from batch_exports.engine import DbosEngine, migrate
from batch_exports.ports import EngineState, Queue
from batch_exports.store import prepare_sqlite

_numbers = count(time.time_ns() << 64)


def later_id() -> UUID:
    """An identifier later than all before it."""
    return UUID(int=next(_numbers))


ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).with_name("worker_process.py")


@dataclass
class WorkerProcess:
    """A worker that can be killed."""

    process: subprocess.Popen[str]
    log: Path

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> str:
        """Terminate in good order; what it said in the end."""
        self.process.send_signal(signal.SIGTERM)
        said, _ = self.process.communicate(timeout=15)
        assert self.process.returncode == 0, self.log.read_text()
        return said.strip()

    async def died(self) -> bool:
        return self.process.poll() is not None


@dataclass
class World:
    """The database of one test, and what workers did to it."""

    directory: Path
    url: str
    database: AsyncEngine
    engine: DbosEngine
    workers: list[WorkerProcess] = field(default_factory=list)

    async def give(
        self, *, queue: Queue = Queue.LIVE, export_id: UUID | None = None, commit: bool = True, **script: Any
    ) -> UUID:
        """Insert a run and hand it to the engine in one transaction."""
        run_id = script.pop("run_id", None) or later_id()
        async with self.database.connect() as connection:
            await connection.execute(
                sa.text("INSERT INTO runs VALUES (:id, :script, 'open') ON CONFLICT DO NOTHING"),
                {"id": str(run_id), "script": json.dumps(script)},
            )
            run: Any = SimpleNamespace(id=run_id, export_id=export_id or uuid4())
            tx: Any = SimpleNamespace(connection=connection)
            await self.engine.start(tx, run, queue)
            await (connection.commit() if commit else connection.rollback())
        return run_id

    async def state(self, run_id: UUID) -> EngineState:
        return (await self.engine.states([run_id]))[run_id]

    async def ended(self, run_id: UUID, seconds: float = 10) -> EngineState:
        """Wait until the engine is done with a run."""

        async def is_over() -> bool:
            return await self.state(run_id) is not EngineState.OPEN

        await self.until(is_over, seconds)
        return await self.state(run_id)

    def events(self, *run_ids: UUID) -> list[dict[str, Any]]:
        journal = self.directory / "journal"
        lines = journal.read_text().splitlines() if journal.exists() else []
        wanted = {str(run_id) for run_id in run_ids}
        return [event for event in map(json.loads, lines) if event["run"] in wanted]

    def names(self, *run_ids: UUID) -> list[str]:
        return [event["event"] for event in self.events(*run_ids)]

    async def saw(self, run_id: UUID, event: str, times: int = 1, seconds: float = 10) -> None:
        """Wait until the journal has an event of a run."""

        async def is_there() -> bool:
            return self.names(run_id).count(event) >= times

        await self.until(is_there, seconds)

    async def until(self, condition: Callable[[], Any], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not await condition():
            log = "".join(worker.log.read_text() for worker in self.workers)
            assert time.monotonic() < deadline, f"not within {seconds} s\n{log}"
            await asyncio.sleep(0.03)

    async def status(self, run_id: UUID) -> str:
        async with self.database.connect() as connection:
            query = sa.text("SELECT status FROM runs WHERE id = :id")
            return str((await connection.execute(query, {"id": str(run_id)})).scalar_one())

    def worker(self, **options: Any) -> WorkerProcess:
        """Start a worker and wait until it works."""
        worker = launch(self.directory, self.url, options)
        self.workers.append(worker)
        assert worker.process.stdout is not None
        assert worker.process.stdout.readline() == "ready\n", worker.log.read_text()
        return worker


def launch(directory: Path, url: str, options: dict[str, Any]) -> WorkerProcess:
    log = directory / f"worker-{uuid4()}.log"
    with log.open("w") as stderr:
        process = subprocess.Popen(
            [sys.executable, str(PROGRAM), str(directory), url, json.dumps(options)],
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"},
        )
    return WorkerProcess(process, log)


def make_database(url: str) -> None:
    if url.startswith("sqlite"):
        prepare_sqlite(Path(url.partition(":///")[2]))
    engine = sa.create_engine(plain(url))
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE runs (id TEXT PRIMARY KEY, script TEXT, status TEXT)"))
    engine.dispose()
    migrate(url)


def plain(url: str) -> str:
    """The URL with a driver that blocks."""
    return url.replace("+aiosqlite", "")


@contextmanager
def ending(workers: list[WorkerProcess]) -> Iterator[None]:
    try:
        yield
    finally:
        for worker in workers:
            worker.kill()
            assert worker.process.stdout is not None
            worker.process.stdout.close()


async def open_world(directory: Path, url: str) -> AsyncIterator[World]:
    world = World(directory, url, create_async_engine(url), DbosEngine(url))
    with ending(world.workers):
        yield world
    await world.database.dispose()
    world.engine.close()
