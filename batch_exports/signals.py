"""How a process ends: at SIGINT, SIGTERM or a failure it winds up whatever it is doing, within a bounded time.

A second signal ends it at once.

Everything that is kept outlives the end of the process at any moment, so that a wind-up that takes too long can be cut
short without harm.
"""

import logging
import os
import signal
import sys
from collections.abc import Callable
from time import monotonic
from types import FrameType

PATIENCE_SECONDS = 8.0
"""How long a wind-up may take."""
ECHO_SECONDS = 0.5
"""A signal that comes so soon after the first is its echo: a process and its whole group are often both told."""

Handler = Callable[[int, FrameType | None], None]


class WorkFailed(Exception):
    """A part without which the process is of no use has ended by itself; the text says which, and why."""


def unwind_on_signal() -> None:
    """From now on a signal raises SystemExit in the main thread, with the code that shells give to its number."""

    def unwind(number: int, _frame: FrameType | None) -> None:
        break_off(128 + number)
        raise SystemExit(128 + number)

    _handle(unwind)


def stop_on_signal(stop: Callable[[], None], work_seconds: float = 0.0) -> None:
    """From now on a signal calls `stop`: the process is at its work, and its orderly end is a success.

    The wind-up has so many seconds more, for work that may still be finished.
    """

    def begin_to_stop(_number: int, _frame: FrameType | None) -> None:
        _wind_up(0, work_seconds)
        stop()

    _handle(begin_to_stop)


def break_off(code: int) -> None:
    """From now on the process has little time to end, by itself or with this exit code, and nothing more to say."""
    _wind_up(code)
    # What was just going on may complain of being broken off, which is no news.
    logging.disable()
    sys.unraisablehook = lambda _: None


def _wind_up(code: int, work_seconds: float = 0.0) -> None:
    begun = monotonic()

    def end_at_once(number: int, _frame: FrameType | None) -> None:
        if monotonic() - begun >= ECHO_SECONDS:
            os._exit(128 + number)

    _handle(end_at_once)
    signal.signal(signal.SIGALRM, lambda _number, _frame: os._exit(code))
    signal.setitimer(signal.ITIMER_REAL, work_seconds + PATIENCE_SECONDS)


def _handle(handler: Handler) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handler)
