"""How a process ends: at SIGINT or SIGTERM it winds up whatever it is doing, within a bounded time.

Everything that is kept outlives the end of the process at any moment, so that a wind-up that takes too long can be cut
short without harm.
"""

import logging
import os
import signal
import sys
from collections.abc import Callable
from types import FrameType

PATIENCE_SECONDS = 8.0
"""How long a wind-up may take."""

Handler = Callable[[int, FrameType | None], None]


def unwind_on_signal() -> None:
    """From now on a signal raises SystemExit in the main thread, with the code that shells give to its number."""

    def unwind(number: int, _frame: FrameType | None) -> None:
        _wind_up(128 + number)
        _hush()
        raise SystemExit(128 + number)

    _handle(unwind)


def stop_on_signal(stop: Callable[[], None]) -> None:
    """From now on a signal calls `stop`: the process is at its work, and its orderly end is a success."""

    def begin_to_stop(_number: int, _frame: FrameType | None) -> None:
        _wind_up(0)
        stop()

    _handle(begin_to_stop)


def _wind_up(code: int) -> None:
    # One signal is enough; those that follow must not break the wind-up.
    _handle(lambda _number, _frame: None)
    signal.signal(signal.SIGALRM, lambda _number, _frame: os._exit(code))
    signal.setitimer(signal.ITIMER_REAL, PATIENCE_SECONDS)


def _hush() -> None:
    # What was just going on may complain of being broken off, which is no news.
    logging.disable()
    sys.unraisablehook = lambda _: None


def _handle(handler: Handler) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handler)
