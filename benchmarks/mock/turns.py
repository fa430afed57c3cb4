"""Rounds in which each contestant takes its turn, in random order."""

import random
from collections.abc import Callable, Mapping

from benchmarks.mock.contestants import Contestant
from benchmarks.mock.processes import ServerTree
from benchmarks.requests.contest import Results, measure
from benchmarks.requests.sample import get

STATUSES = {"get": "200", "post": "201"}
Turn = Callable[[int], float]


def play(turns: Mapping[str, Turn], rounds: int) -> Results:
    """All rounds, after one that warms everybody up; a turn is told its number."""
    results = Results()
    for number in range(rounds + 1):
        order = random.sample(list(turns), len(turns))
        results.rounds.append({name: turns[name](number) for name in order})
    del results.rounds[0]
    return results


def peers(contestants: Mapping[str, Contestant], kind: str, count: int, connections: int) -> dict[str, Turn]:
    """Turns in which each mock is asked the same so many times."""

    def turn(of: Contestant) -> Turn:
        return lambda number: measure(of.server, of.requests(number)[kind], STATUSES[kind], count, connections)

    return {name: turn(each) for name, each in contestants.items()}


def pages(server: ServerTree, addresses: Mapping[int, str], key: str, count: int) -> dict[str, Turn]:
    """Turns in which each of some pages is asked for so many times."""

    def turn(address: str) -> Turn:
        return lambda _: measure(server, get(address, key), "200", count, 1)

    return {f"page {number}": turn(address) for number, address in addresses.items()}
