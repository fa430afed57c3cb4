"""The process that carries out runs: DBOS, the ticker and the run body, on one event loop in a thread of their own.

An event loop of its own, whatever loop the API beside it uses: DBOS carries out its workflows on the loop that it is
launched from, so the body, its store and its clients are made, used and closed on that loop and shared with no other.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from dbos import DBOS, DBOSConfig

from batch_exports.engine.attempts import RetryPolicy
from batch_exports.engine.body import Duties
from batch_exports.engine.client import DbosEngine
from batch_exports.engine.conventions import (
    APPLICATION,
    APPLICATION_VERSION,
    SCHEMA,
    WORKFLOW,
    engine_url,
    migrate,
    serializer,
)
from batch_exports.engine.lock import Confirm, sole_worker
from batch_exports.engine.quiet import quiet_dbos
from batch_exports.engine.ticker import repeat, stay_alone
from batch_exports.engine.workflow import RunWorkflow
from batch_exports.ports import Queue

logger = logging.getLogger(__name__)

_CLOSING_SECONDS = 30.0
"""How long `stop` waits for what follows the runs: the engine's threads, and whatever `assemble` closes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """How a worker works."""

    database_url: str = field(repr=False)
    """The store's, for which the store has chosen WAL mode before."""
    live_concurrency: int = 2
    backfill_concurrency: int = 1
    polling_seconds: float = 0.25
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    transient_errors: tuple[type[Exception], ...] = (ConnectionError, TimeoutError)
    """Errors besides RetryableFailure that are worth another attempt."""
    max_recoveries: int = 3
    """Crashes of the process during a run after which the run is given up."""
    tick_seconds: float = 1.0
    reconcile_seconds: float = 15.0
    tidy_seconds: float = 3600.0
    stop_seconds: float = 3.0
    """How long `stop` waits for runs to stop between two chunks."""


class Worker:
    """Carries out runs until it is stopped; one per process, since DBOS is.

    `assemble` is entered and left on the worker's own event loop, and all that it makes belongs to that loop.
    """

    def __init__(self, settings: WorkerSettings, assemble: Callable[[], AbstractAsyncContextManager[Duties]]) -> None:
        self._settings = settings
        self._assemble = assemble
        self._started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
        self._ended: Future[bool] = Future()
        self._thread = threading.Thread(target=self._run, name="batch-exports-worker", daemon=True)

    def start(self) -> None:
        """Begin to work; blocks until it does, and raises what hinders it, such as WorkerAlreadyRunning."""
        self._thread.start()
        self._started.result()

    def stop(self) -> bool:
        """Interrupt the runs, which go on at the next start, and close everything; blocks for some seconds.

        False when a run did not stop in time: its thread may then keep the process from ending by itself.
        """
        if self._thread.ident is None or self._started.exception() is not None:
            return True
        loop, stopping = self._started.result()
        if not self._ended.done():
            loop.call_soon_threadsafe(stopping.set)
        try:
            self._ended.exception(timeout=self._settings.stop_seconds + _CLOSING_SECONDS)
        except TimeoutError:
            return False
        return self.failure is not None or self._ended.result()

    @property
    def failure(self) -> BaseException | None:
        """The error that ended the worker when it was at work; None for as long as it works, and after a good end."""
        return self._ended.exception() if self._ended.done() else None

    def _run(self) -> None:
        try:
            with sole_worker(self._settings.database_url) as confirm, quiet_dbos():
                clean = asyncio.run(self._work(confirm))
        except BaseException as error:  # handed to whoever waits for this thread
            if self._started.done():
                logger.critical("The worker ended by an error.", exc_info=error)
            else:
                self._started.set_exception(error)
            self._ended.set_exception(error)
        else:
            self._ended.set_result(clean)

    async def _work(self, confirm: Confirm) -> bool:
        engine = DbosEngine(self._settings.database_url)
        try:
            async with self._assemble() as duties:
                workflow = RunWorkflow(duties, self._settings.retry, self._settings.transient_errors)
                try:
                    await self._launch(workflow, engine)
                    clean = await self._tick_until_stopped(duties, workflow, confirm)
                finally:
                    await _destroy()
                await engine.release(workflow.interrupted)
            return clean
        finally:
            engine.close()

    async def _tick_until_stopped(self, duties: Duties, workflow: RunWorkflow, confirm: Confirm) -> bool:
        settings = self._settings
        stopping = asyncio.Event()
        tasks = [
            asyncio.create_task(repeat(duty, seconds, stopping, name=name))
            for duty, seconds, name in (
                (duties.tick, settings.tick_seconds, "The schedule"),
                (duties.reconcile, settings.reconcile_seconds, "The reconciliation"),
                (duties.tidy, settings.tidy_seconds, "The removal of what has expired"),
            )
        ]
        tasks.append(asyncio.create_task(stay_alone(confirm, settings.tick_seconds, stopping)))
        self._started.set_result((asyncio.get_running_loop(), stopping))
        await stopping.wait()
        clean = await workflow.drain(settings.stop_seconds)
        # Not cancelled: a write that is broken off may keep the database locked.
        await asyncio.gather(*tasks)
        return clean

    async def _launch(self, workflow: RunWorkflow, engine: DbosEngine) -> None:
        settings = self._settings
        await asyncio.to_thread(migrate, settings.database_url)
        for queue, concurrency in (
            (Queue.LIVE, settings.live_concurrency),
            (Queue.BACKFILL, settings.backfill_concurrency),
        ):
            await engine.open_queue(queue, worker_concurrency=concurrency, polling_seconds=settings.polling_seconds)
        DBOS(config=self._config())

        # Registered anew at each start, since the registry goes with the instance.
        @DBOS.workflow(name=WORKFLOW, max_recovery_attempts=settings.max_recoveries)
        async def export_run(run_id: str, export_id: str) -> str:
            return await workflow.export_run(run_id, export_id)

        # Blocks this loop for a moment, on purpose: called from here, DBOS takes this loop for its workflows.
        DBOS.launch()

    def _config(self) -> DBOSConfig:
        return {
            "name": APPLICATION,
            "system_database_url": engine_url(self._settings.database_url),
            "dbos_system_schema": SCHEMA,
            "application_version": APPLICATION_VERSION,
            # One worker per database, so the runs of the one before are this one's to resume. With several workers on
            # one PostgreSQL each needs an id of its own and somebody who notices that one has died.
            "executor_id": "local",
            "serializer": serializer(),
            "log_level": "WARNING",
            "enable_otlp": False,
        }


async def _destroy() -> None:
    # DBOS made its own thread pool the loop's, which it closes now while the loop still needs one.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(thread_name_prefix="batch-exports"))
    # Beside the loop: DBOS's threads may wait for the loop while they are waited for.
    await asyncio.to_thread(lambda: DBOS.destroy(destroy_registry=True))
