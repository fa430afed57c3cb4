"""The one durable workflow: the steps of a run, each recorded when it ends and never carried out again after that.

Cancelling and shutting down interrupt a step in the same way: it is asked to stop and waited for, so that nothing
writes on behind a run that has been told to end. A cancelled run is over; an interrupted one is resumed at that step.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, cast
from uuid import UUID
from weakref import WeakValueDictionary

from dbos import DBOS

from batch_exports.engine.attempts import Attempts, Done, Failed, NoteRetry, Outcome, RetryPolicy, Stopped
from batch_exports.engine.body import Duties, Json

Call = Callable[[Callable[[], bool]], Coroutine[Any, Any, Any]]
"""One attempt at a step, given the question whether to stop."""


class RunWorkflow:
    """Carries out runs on the running event loop, and knows which ones it is at."""

    def __init__(self, duties: Duties, policy: RetryPolicy, transient_errors: tuple[type[Exception], ...]) -> None:
        self._body = duties.body
        self._about = duties.about
        self._stopping = asyncio.Event()
        self._attempts = Attempts(policy, transient_errors, self._stopping)
        self._running: set[asyncio.Task[Any]] = set()
        self._interrupted: set[str] = set()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def export_run(self, run_id: str, export_id: str) -> str:
        """Carry out one run, after any other of its export; how it ended, in a word.

        Two runs of one interval at once would replace each other's files. The queues keep runs of one kind apart; this
        also waits for those of the other kind, and for the last writes of a run that has been cancelled.
        """
        task = cast("asyncio.Task[Any]", asyncio.current_task())
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        try:
            async with self._turns.setdefault(export_id, asyncio.Lock()):
                with self._about(run_id, export_id):
                    return await self._steps(run_id)
        except asyncio.CancelledError:
            if self._stopping.is_set():
                self._interrupted.add(run_id)
            raise

    async def drain(self, seconds: float) -> bool:
        """Interrupt all runs, those too that the engine begins from now on; whether they stopped in time."""
        self._stopping.set()
        if not self._running:
            return True
        _, stuck = await asyncio.wait(list(self._running), timeout=seconds)
        return not stuck

    @property
    def interrupted(self) -> list[UUID]:
        """The runs that a shutdown interrupted and that have stopped."""
        return [UUID(run_id) for run_id in self._interrupted]

    async def _steps(self, run_id: str) -> str:
        outcome = await self._step("plan", run_id, lambda _: self._body.plan(run_id))
        if isinstance(outcome, Done):
            plan = outcome.value
            outcome = Stopped() if plan["skip"] else await self._export(run_id, plan)
        match outcome:
            case Failed(error):
                await self._fail(run_id, error)
                return "failed"
            case Stopped():
                return "stopped"
        return "completed"

    async def _export(self, run_id: str, plan: Json) -> Outcome:
        files: list[Json] = []
        for part in plan["parts"]:
            call = partial(self._body.export_part, run_id, plan, part, list(files))
            outcome = await self._step("export_part", run_id, call)
            if not isinstance(outcome, Done):
                return outcome
            files += outcome.value
        return await self._step("commit", run_id, lambda _: self._body.commit(run_id, plan, files))

    async def _step(self, name: str, run_id: str, call: Call) -> Outcome:
        async def note_retry(attempt: int, error: str, delay: float) -> None:
            # To its end, even when cancelled: a write that is broken off may keep the database locked.
            await _ended_before_cancel(self._body.note_retry(run_id, attempt, error, delay), threading.Event())

        attempt = partial(self._carry_out, call, note_retry, f"step {name} of run {run_id}")
        self._stop_between_steps()
        return _from_json(await DBOS.run_step_async({"name": name, "preemptible": True}, attempt))

    async def _fail(self, run_id: str, error: str) -> None:
        # Not preemptible: a run that has failed says so, whoever cancels it meanwhile.
        attempt = partial(
            self._carry_out, lambda _: self._body.fail(run_id, error), _no_note, f"failing of run {run_id}"
        )
        self._stop_between_steps()
        outcome = _from_json(await DBOS.run_step_async({"name": "fail"}, attempt))
        match outcome:
            case Failed(why):
                raise RuntimeError(f"The failure of run {run_id} could not be recorded. {why}")

    async def _carry_out(self, call: Call, note_retry: NoteRetry, label: str) -> Json:
        stop = threading.Event()

        def should_stop() -> bool:
            return stop.is_set() or self._stopping.is_set()

        outcome = await self._attempts.carry_out(
            lambda: _ended_before_cancel(call(should_stop), stop), note_retry, label=label
        )
        return _to_json(outcome)

    def _stop_between_steps(self) -> None:
        if self._stopping.is_set():
            raise asyncio.CancelledError


async def _ended_before_cancel(call: Coroutine[Any, Any, Any], stop: threading.Event) -> Any:
    """Await a call; when cancelled, ask it to stop and wait until it has, since a thread of its would go on writing."""
    task = asyncio.create_task(call)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait({task})
        if not task.cancelled():
            # How it failed in stopping concerns nobody; an error that nobody asks for would be told as a fault of ours.
            task.exception()
        raise


async def _no_note(_attempt: int, _error: str, _delay: float) -> None:
    pass


def _to_json(outcome: Outcome) -> Json:
    match outcome:
        case Done(value):
            return {"value": value}
        case Failed(error):
            return {"failed": error}
        case Stopped():
            return {"stopped": True}


def _from_json(recorded: Json) -> Outcome:
    if "failed" in recorded:
        return Failed(recorded["failed"])
    return Stopped() if "stopped" in recorded else Done(recorded["value"])
