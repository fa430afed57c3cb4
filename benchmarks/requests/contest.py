"""Contestants in processes of their own, and rounds in which each takes its turn, in random order."""

import random
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Protocol


class Server(Protocol):
    """What can be measured."""

    port: int

    def cpu_seconds(self) -> float:
        """User and system time so far."""


class ServerProcess:
    """A contestant in a process of its own."""

    def __init__(self, factory: str) -> None:
        command = [sys.executable, "-m", "benchmarks.requests.serve", factory]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self._line())

    def cpu_seconds(self) -> float:
        """User and system time so far."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return int(self._line()) / 1e9

    def stop(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


@dataclass
class Results:
    """CPU per request of each contestant, round by round."""

    rounds: list[dict[str, float]] = field(default_factory=list)

    def ratio(self, of: str, to: str) -> tuple[float, float, float]:
        """Lower quartile, median and upper quartile of one contestant's cost in terms of another's."""
        low, middle, high = statistics.quantiles([each[of] / each[to] for each in self.rounds], n=4)
        return low, middle, high


def measure(server: Server, request: bytes, status: str, count: int, connections: int) -> float:
    """Server CPU per request, in microseconds."""
    before = server.cpu_seconds()
    command = [sys.executable, "-m", "benchmarks.requests.load", str(server.port), str(count), str(connections), status]
    subprocess.run(command, input=request, check=True)
    return (server.cpu_seconds() - before) / count * 1e6


def run(
    servers: dict[str, ServerProcess], request: bytes, status: str, rounds: int, count: int, connections: int
) -> Results:
    """All rounds of one kind of request, after one that warms everybody up."""
    results = Results()
    for _ in range(rounds + 1):
        order = list(servers)
        random.shuffle(order)
        results.rounds.append({name: measure(servers[name], request, status, count, connections) for name in order})
    del results.rounds[0]
    return results


def report(kind: str, results: Results) -> None:
    """Print one kind of request: what it costs each, and how much more it costs the others than us."""
    print(f"{kind}, {len(results.rounds)} rounds")
    for name in results.rounds[0]:
        median = statistics.median(each[name] for each in results.rounds)
        print(f"  {name:10} {median:8.1f} us of server CPU per request on this machine")
    for name in sorted(results.rounds[0].keys() - {"ours"}):
        low, middle, high = results.ratio(name, "ours")
        print(f"  {f'{name} / ours':16} {middle:5.2f}  (middle half {low:.2f} to {high:.2f})")
