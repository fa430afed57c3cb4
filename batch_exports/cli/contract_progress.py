"""What `batch-exports contract` shows while it runs, and how it is broken off."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from batch_exports.conformance.progress import Progress, Tell

_PARTS = 7
"""Authorization, four phases of generated requests, the model, and clearing up."""


@contextmanager
def showing_progress() -> "Iterator[Tell]":
    """A line that goes on in a terminal; elsewhere a line for each part and for each wait."""
    is_terminal = sys.stderr.isatty()
    try:
        yield _Bar().show if is_terminal else _Lines().show
    finally:
        if is_terminal:
            click.echo("\r\033[K", err=True, nl=False)


class _Bar:
    def __init__(self) -> None:
        self._parts: dict[str, None] = {}

    def show(self, progress: "Progress") -> None:
        self._parts[progress.part] = None
        bar = "#" * len(self._parts) + "." * (_PARTS - len(self._parts))
        click.echo(
            f"\r\033[K[{bar}] {progress.part}: {progress.requests} requests{_wait(progress)}", err=True, nl=False
        )


class _Lines:
    def __init__(self) -> None:
        self._part = ""

    def show(self, progress: "Progress") -> None:
        if progress.part != self._part or progress.waiting:
            click.echo(f"{progress.part}{_wait(progress)} ...", err=True)
        self._part = progress.part


def _wait(progress: "Progress") -> str:
    return f", waiting {progress.waiting:.0f} s as 429 asks" if progress.waiting else ""


@contextmanager
def broken_off_by_signals() -> Iterator[None]:
    """Let SIGINT, SIGTERM and SIGHUP raise KeyboardInterrupt, however long what follows may take."""

    def break_off(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, break_off) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
