"""The process that carries out runs, beside the API or alone."""

import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from batch_exports.bootstrap import build_worker, build_world, prepare
from batch_exports.engine import Worker, WorkerAlreadyRunning
from batch_exports.observability.instruments import Instruments
from batch_exports.serving import listening, served_beside, url_of
from batch_exports.settings import Settings
from batch_exports.signals import WorkFailed, break_off, stop_on_signal
from batch_exports.watching import WorkerPages

logger = logging.getLogger(__name__)

_STANDBY_SECONDS = 2.0
"""How often a worker that stands by tries to take over."""

OnReady = Callable[[str | None], None]
"""Is told where the worker can be watched, if anywhere."""


def run_worker(settings: Settings, on_ready: OnReady, *, standby: bool = False) -> None:
    """Carry out runs until a signal ends it; with the embedded event store unless a cluster is named.

    One worker has a database; another one is refused with WorkerAlreadyRunning, or stands by to take its place.
    """
    prepare(settings)
    stopping = threading.Event()
    with Instruments(os.environ) as instruments, _watched(settings, instruments) as url:
        is_waiting = False
        while not stopping.is_set():
            try:
                _work(settings, instruments, stopping, lambda: on_ready(url))
            except WorkerAlreadyRunning:
                if not standby:
                    raise
                stop_on_signal(stopping.set)
                if not is_waiting:
                    logger.info("Another worker has the database; this one stands by to take its place.")
                is_waiting = True
                stopping.wait(_STANDBY_SECONDS)
            else:
                return


@contextmanager
def working(settings: Settings, instruments: Instruments) -> Iterator[Worker]:
    """A worker for the time of a block; raises WorkFailed after it if the worker has ended by itself."""
    worker = build_worker(settings, instruments.metrics.runs, instruments.tracing)
    try:
        worker.start()
        yield worker
    finally:
        if not worker.stop():
            logger.warning("A run did not stop in time; it goes on at the next start.")
    if worker.failure is not None:
        # Threads of its runs may go on for long, and nobody is left who could stop them.
        break_off(1)
        raise WorkFailed(_obituary(worker.failure))


def _work(
    settings: Settings, instruments: Instruments, stopping: threading.Event, on_ready: Callable[[], None]
) -> None:
    with working(settings, instruments) as worker:
        stop_on_signal(stopping.set)
        on_ready()
        while worker.failure is None and not stopping.wait(timeout=0.2):
            pass


@contextmanager
def _watched(settings: Settings, instruments: Instruments) -> Iterator[str | None]:
    """The worker's own pages for the time of a block, where the operator wants them; their URL."""
    if settings.worker_port is None:
        yield None
        return
    pages = WorkerPages(lambda: build_world(settings), settings, instruments.metrics)
    with listening(settings.host, settings.worker_port) as listener, served_beside(pages, listener):
        yield url_of(listener)


def _obituary(error: BaseException) -> str:
    cause = ": ".join(filter(None, (type(error).__name__, str(error).partition("\n")[0])))
    return f"The worker ended by an error ({cause}), and without it nothing is exported. Start again: its runs go on."
