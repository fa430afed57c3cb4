"""Several API processes behind one port: they share its socket, and one that dies is replaced."""

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from batch_exports.bootstrap import prepare
from batch_exports.observability.instruments import Instruments
from batch_exports.observability.metrics import SHARED_FOLDER, forget_process
from batch_exports.server import serve_on
from batch_exports.serving import listening, url_of
from batch_exports.settings import Settings
from batch_exports.signals import WorkFailed, stop_on_signal

logger = logging.getLogger(__name__)

_WATCH_SECONDS = 0.5
_CLOSING_SECONDS = 3.0
"""How long processes may take to end once they have answered their last requests."""

_Process = subprocess.Popen[bytes]


def run_fleet(settings: Settings, size: int, on_ready: Callable[[str], None]) -> None:
    """Serve the API by so many processes until a signal ends them; `on_ready` is told the URL once all of them serve.

    They share one listening socket, so that a connection which waits is taken by another process when one dies.
    """
    # A new folder each time: what earlier processes counted is not to be counted on.
    with (
        listening(settings.host, settings.port) as listener,
        TemporaryDirectory(prefix="batch-exports-metrics-") as counts,
    ):
        prepare(settings)
        members = _Members(settings.data_dir, listener, counts)
        fleet: list[_Process] = []
        try:
            fleet += [members.start() for _ in range(size)]
            for process in fleet:
                _await_ready(process)
            stopping = threading.Event()
            stop_on_signal(stopping.set, settings.drain_seconds)
            on_ready(url_of(listener))
            while not stopping.wait(_WATCH_SECONDS):
                fleet[:] = [members.replaced(process) for process in fleet]
        finally:
            # Before they end: who calls now is to be refused, not to wait for nobody.
            listener.close()
            _stop(fleet, settings.drain_seconds + _CLOSING_SECONDS)


def run_member(settings: Settings, descriptor: int, on_ready: Callable[[str], None]) -> None:
    """Serve the API on an inherited socket until a signal comes, or the process that started this one is gone."""
    threading.Thread(target=_end_with_parent, name="batch-exports-lifeline", daemon=True).start()
    with socket.socket(fileno=descriptor) as listener, Instruments(os.environ) as instruments:
        serve_on(listener, settings, instruments, on_ready)


@dataclass(frozen=True, slots=True)
class _Members:
    """Starts the processes of a fleet, which share a socket and a folder in which they count."""

    data_dir: Path
    listener: socket.socket
    counts: str

    def start(self) -> _Process:
        descriptor = self.listener.fileno()
        served = [f"--member={descriptor}", f"--data-dir={self.data_dir}", "--json"]
        return subprocess.Popen(  # noqa: S603  # this program itself
            [sys.executable, "-m", "batch_exports", "serve", *served],
            # From the environment, since it is looked at when the first module that counts is imported.
            env={**os.environ, SHARED_FOLDER: self.counts},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=[descriptor],
            # Out of reach of the terminal, which would tell them to end before this process does, and so twice.
            process_group=0,
        )

    def replaced(self, process: _Process) -> _Process:
        """The same process, or another one if it has ended."""
        code = process.poll()
        if code is None:
            return process
        logger.warning("API process %d ended (exit code %d); another one takes its place.", process.pid, code)
        _close(process)
        forget_process(self.counts, process.pid)
        return self.start()


def _await_ready(process: _Process) -> None:
    if process.stdout is None or not process.stdout.readline():
        raise WorkFailed(f"An API process ended before it served (exit code {process.wait()}); see what it said.")


def _stop(fleet: list[_Process], seconds: float) -> None:
    for process in fleet:
        process.terminate()
    deadline = monotonic() + seconds
    for process in fleet:
        try:
            process.wait(max(0.0, deadline - monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        _close(process)


def _close(process: _Process) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


def _end_with_parent() -> None:
    # Nothing is ever written: the end comes when the last one who could is gone, however it went. Not by way of
    # `sys.stdin`, whose lock the interpreter wants at its end.
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)
