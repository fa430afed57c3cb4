"""What one piece of work costs: CPU time, wall time, and the peak of anonymous memory."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
SAMPLE_SECONDS = 0.01


@dataclass
class Cost:
    """Seconds and megabytes; `cpu` is that of all, `cpu_others` that of the processes named."""

    cpu: float = 0.0
    cpu_others: float = 0.0
    wall: float = 0.0
    peak: float = 0.0
    peak_others: float = 0.0


@contextmanager
def measured(others: tuple[int, ...] = ()) -> Iterator[Cost]:
    """Measure the block; `others` are processes that work for it."""
    cost, ended = Cost(), threading.Event()
    sampling = 0.0

    def sample() -> None:
        nonlocal sampling
        while not ended.wait(SAMPLE_SECONDS):
            cost.peak = max(cost.peak, _anonymous("self"))
            cost.peak_others = max(cost.peak_others, sum(_anonymous(str(pid)) for pid in others))
            sampling = time.thread_time()

    sampler = threading.Thread(target=sample)
    wall, own, theirs = time.perf_counter(), time.process_time(), sum(map(_cpu, others))
    sampler.start()
    try:
        yield cost
    finally:
        cost.wall = time.perf_counter() - wall
        cost.cpu_others = sum(map(_cpu, others)) - theirs
        # Looking is no part of the work, and takes the longer the longer the work takes.
        cost.cpu = time.process_time() - own - sampling + cost.cpu_others
        ended.set()
        sampler.join()


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _anonymous(pid: str) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("RssAnon:")[2].split()[0]) / 1024
