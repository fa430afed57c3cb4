"""Measures the mock from the command to its ready line, next to an interpreter that starts and does nothing.

The two take turns in random order; the wall time that a developer waits, and the CPU time (user and system) that it
costs. Bytecode is compiled, as `make install` leaves it: a first round, which does not count, makes up for the rest.
"""

import os
import random
import signal
import statistics
import subprocess
import sys
import sysconfig
import time
from dataclasses import dataclass
from pathlib import Path

import click

MOCK = (str(Path(sysconfig.get_path("scripts")) / "batch-exports"), "mock", "--port", "0", "--json")
INTERPRETER = (sys.executable, "-c", "pass")
CONTESTANTS = {"mock": MOCK, "python -c pass": INTERPRETER}
AIM_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Start:
    """What one start took."""

    wall: float
    cpu: float


def start(command: tuple[str, ...]) -> Start:
    """Start a command, and end it once it has said a line or ended by itself."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)
    assert process.stdout is not None
    line = process.stdout.readline()
    wall = time.perf_counter() - begin
    assert line or command is INTERPRETER, "the mock did not become ready"
    # Not by the process object, which might reap it and lose what it used.
    os.kill(process.pid, signal.SIGKILL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    return Start(wall, usage.ru_utime + usage.ru_stime)


def play(rounds: int) -> list[dict[str, Start]]:
    """All rounds, after one that compiles and warms up."""
    played = []
    for _ in range(rounds + 1):
        order = random.sample(list(CONTESTANTS), len(CONTESTANTS))
        played.append({name: start(CONTESTANTS[name]) for name in order})
    return played[1:]


@click.command()
@click.option("--rounds", default=9, show_default=True, type=click.IntRange(2))
def main(rounds: int) -> None:
    """Compare how long a start takes."""
    played = play(rounds)
    print(f"medians of {rounds} rounds on this machine; the aim is a mock that is ready in {AIM_SECONDS:g} s")
    for name in CONTESTANTS:
        walls, cpus = zip(*((each[name].wall, each[name].cpu) for each in played), strict=True)
        spread = f"{min(walls):.3f} to {max(walls):.3f}"
        print(f"  {name:15} wall {statistics.median(walls):.3f} s ({spread})  cpu {statistics.median(cpus):.3f} s")
    ratio = statistics.median(each["mock"].cpu / each["python -c pass"].cpu for each in played)
    print(f"  mock / python -c pass, cpu: {ratio:.0f}")


if __name__ == "__main__":
    main()
