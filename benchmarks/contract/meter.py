"""What a turn costs, and the comparison of two."""

import os
import time
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from benchmarks.mock.processes import ServerTree


@dataclass(frozen=True)
class Cost:
    """What a turn took; a case counts once for each world that it was sent to."""

    cases: int
    cpu: float
    wall: float

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.cases + other.cases, self.cpu + other.cpu, self.wall + other.wall)

    def __str__(self) -> str:
        return f"{self.cases} cases in {self.cpu:.1f} s of CPU, {self.wall:.1f} s"


class Meter:
    """CPU seconds of this process and of all that it started, servers and clients, and seconds by the clock."""

    def __init__(self) -> None:
        self._tree: Any = ServerTree(SimpleNamespace(pid=os.getpid()), 0)
        self._cpu, self._wall = self._tree.cpu_seconds(), time.perf_counter()

    def cost_of(self, cases: int) -> Cost:
        """What it took since this meter was made."""
        return Cost(cases, self._tree.cpu_seconds() - self._cpu, time.perf_counter() - self._wall)
