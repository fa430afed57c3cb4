"""Where the tests play programs: both worlds on an event loop that outlives each of them."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.parity.figure import Figure
from tests.parity.generator import smallest
from tests.parity.playing import Compared, is_apart, play
from tests.parity.programs import Program, printed
from tests.parity.worlds import Pair, open_pair


@dataclass
class Stage:
    """Both worlds, and what has been compared on them."""

    runner: asyncio.Runner
    pair: Pair
    figure: Figure = field(default_factory=Figure)

    def play(self, program: Program, *, closely: bool = True) -> list[Compared]:
        """Play a program, and count what it compared."""
        compared = self.runner.run(play(self.pair, program, closely=closely))
        self.figure.add(compared)
        return compared

    def differs(self, program: Program, *, closely: bool = True) -> bool:
        """Whether the worlds answer a program differently."""
        return is_apart(self.play(program, closely=closely))

    def require_alike(self, program: Program, *, closely: bool = True) -> list[Compared]:
        """Play a program that both worlds have to answer alike; what is left of one that they do not is told."""
        compared = self.play(program, closely=closely)
        if is_apart(compared):
            left = smallest(program, lambda shorter: self.differs(shorter, closely=closely))
            raise AssertionError(self.report(left))
        return compared

    def report(self, program: Program) -> str:
        """What is different at the end of a program, and how to keep it."""
        last = self.play(program)[-1]
        parts = [f"  {each.part}: {each.mock!r} here, {each.production!r} there" for each in last.differences]
        return "\n".join(
            [
                f"Mock and production answer {last.call.operation} differently:",
                *parts,
                "Kept in tests/parity/regressions as a file of its own, this program is played from now on:",
                printed(program),
            ]
        )


@contextmanager
def open_stage(folder: Path, **options: Any) -> Iterator[Stage]:
    """A stage with worlds of its own; the options are those of `open_pair`."""
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        try:
            yield Stage(runner, runner.run(stack.enter_async_context(open_pair(folder, **options))))
        finally:
            runner.run(stack.aclose())
