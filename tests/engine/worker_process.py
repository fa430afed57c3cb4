"""A worker with a body that does what the `script` of a run's row says and writes all that it does into a journal."""

import asyncio
import gc
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from batch_exports.domain.errors import PermanentFailure, RetryableFailure, RunCancelled
from batch_exports.engine import DbosEngine, Duties, RetryPolicy, Worker, WorkerAlreadyRunning, WorkerSettings
from batch_exports.ports import Queue, Transaction

ERRORS: dict[str, Callable[[], BaseException]] = {
    "retryable": lambda: RetryableFailure("The bucket does not answer."),
    "permanent": lambda: PermanentFailure("The bucket does not exist. Create it, or name another."),
    "connection": lambda: ConnectionResetError("hunter2"),
    "unexpected": lambda: KeyError("hunter2"),
    "broken off": lambda: asyncio.CancelledError("hunter2"),
}


def main(directory: Path, url: str, options: dict[str, Any]) -> int:
    """Work until SIGTERM, and say `ready` and `stopped` in between."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    workers = options.pop("workers", 1)
    policy = RetryPolicy(**options.pop("retry", {"attempts": 3, "base_seconds": 0.05}))
    settings = WorkerSettings(database_url=url, retry=policy, **{"polling_seconds": 0.1} | options)
    terminated = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: terminated.set())
    try:
        for number in range(workers):
            worker = Worker(settings, lambda: assemble(url, directory / "journal"))
            worker.start()
            if number < workers - 1:
                worker.stop()
    except WorkerAlreadyRunning as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 3
    say("ready")
    while not terminated.wait(timeout=0.1):
        if worker.failure is not None:
            return 4
    say("stopped" if worker.stop() else "stuck")
    return 0


def say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


@asynccontextmanager
async def assemble(url: str, journal: Path) -> AsyncIterator[Duties]:
    """The body over the database, and duties that leave a trace."""
    database = create_async_engine(url)
    engine = DbosEngine(url)
    body = ScriptedBody(database, engine, journal)

    async def tick() -> None:
        (journal.parent / "ticked").touch()

    async def tidy() -> None:
        (journal.parent / "tidied").touch()

    async def reconcile() -> None:
        raise LookupError("The reconciliation of this worker always fails.")

    try:
        yield Duties(body=body, tick=tick, reconcile=reconcile, tidy=tidy)
    finally:
        await database.dispose()
        engine.close()


@dataclass
class ScriptedBody:
    """Does what the row's script says."""

    database: AsyncEngine
    engine: DbosEngine
    journal: Path
    attempts: dict[tuple[str, str], int] = field(default_factory=dict)

    async def plan(self, run_id: str) -> dict[str, Any]:
        # An error that nobody has asked a task for is told when the task goes.
        gc.collect()
        script = await self._begin(run_id, "plan")
        parts = [{"number": number, "start": "a", "end": "b"} for number in range(script.get("parts", 1))]
        return {"skip": script.get("skip", False), "parts": parts}

    async def export_part(
        self,
        run_id: str,
        plan: dict[str, Any],
        part: dict[str, Any],
        done: list[dict[str, Any]],
        should_stop: Callable[[], bool],
    ) -> list[dict[str, Any]]:
        script = await self._begin(run_id, f"part {part['number']}", first_file=len(done))
        if part["number"] == script.get("deadly_part"):
            os.kill(os.getpid(), signal.SIGKILL)
        await asyncio.to_thread(self._write, run_id, part["number"], script, should_stop)
        return [{"key": f"{run_id}/{part['number']}/{number}", "rows": 1} for number in (0, 1)]

    async def commit(self, run_id: str, plan: dict[str, Any], files: list[dict[str, Any]]) -> None:
        script = await self._begin(run_id, "commit", files=[file["key"] for file in files])
        async with self.database.begin() as connection:
            await self._end(connection, run_id, "done")
            if following := script.get("following"):
                run = SimpleNamespace(id=UUID(following), export_id=UUID(run_id))
                await self.engine.start(transaction(connection), run, Queue.BACKFILL)

    async def note_retry(self, run_id: str, attempt: int, error: str, delay: float) -> None:
        self._note(run_id, "retry", attempt=attempt, error=error, delay=delay)

    async def fail(self, run_id: str, error: str) -> None:
        await self._begin(run_id, "fail", error=error)
        async with self.database.begin() as connection:
            await self._end(connection, run_id, "failed")

    def _write(self, run_id: str, number: int, script: dict[str, Any], should_stop: Callable[[], bool]) -> None:
        for _ in range(script.get("chunks", 1)):
            if should_stop() and not script.get("deaf"):
                self._note(run_id, f"part {number} stopped")
                raise RunCancelled("Stopped between two chunks.")
            self._note(run_id, f"part {number} chunk")
            time.sleep(script.get("chunk_seconds", 0))
        self._note(run_id, f"part {number} end")

    async def _begin(self, run_id: str, step: str, **details: Any) -> dict[str, Any]:
        self._note(run_id, step, **details)
        async with self.database.connect() as connection:
            query = sa.text("SELECT script FROM runs WHERE id = :id")
            script = json.loads((await connection.execute(query, {"id": run_id})).scalar_one())
        attempt = self.attempts[run_id, step] = self.attempts.get((run_id, step), 0) + 1
        errors = script.get("errors", {}).get(step, [])
        if attempt <= len(errors):
            make_error = ERRORS[errors[attempt - 1]]
            raise make_error()
        return script

    async def _end(self, connection: AsyncConnection, run_id: str, status: str) -> None:
        await connection.execute(
            sa.text("UPDATE runs SET status = :status WHERE id = :id"), {"status": status, "id": run_id}
        )

    def _note(self, run_id: str, event: str, **details: Any) -> None:
        line = json.dumps({"run": run_id, "event": event, "at": time.time(), **details})
        with self.journal.open("a") as journal:
            journal.write(line + "\n")


def transaction(connection: AsyncConnection) -> Transaction:
    """As much of a transaction as the engine asks for."""
    return SimpleNamespace(connection=connection)  # type: ignore[return-value]  # the engine takes nothing but this


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])))
