"""Measures the mock: server CPU per request next to its peers, far into a long history, and beyond production.

Contestants take turns within a round, and ratios and differences are those of a round, so that a busy machine spoils a
round for all alike; the medians are reported, with the middle half of the rounds.
"""

import asyncio
import os
import statistics
from collections.abc import Iterable

import click

from benchmarks.mock import inside, turns
from benchmarks.mock.contestants import KEY, contestants
from benchmarks.mock.pages import addresses, large_mock
from benchmarks.requests.contest import report

PARTS = ("peers", "pages", "added", "worlds")
AIM_ADDED = 60
AIM_MEGABYTES = 60
AIM_MILLISECONDS = 1.0
_BLOCK = 200


@click.command()
@click.option("--rounds", default=9, show_default=True, type=click.IntRange(2))
@click.option("--count", default=2000, show_default=True, help="Requests per turn.")
@click.option("--connections", default=16, show_default=True)
@click.option(
    "--part",
    "chosen",
    multiple=True,
    default=PARTS,
    type=click.Choice(PARTS),
)
def main(rounds: int, count: int, connections: int, chosen: tuple[str, ...]) -> None:
    """Compare what the mock costs."""
    for part in chosen:
        print(f"-- {part}; load {os.getloadavg()[0]:.1f}")
        if part == "peers":
            compare_with_peers(rounds, count, connections)
        elif part == "pages":
            compare_pages(rounds, count)
        elif part == "added":
            compare_with_production(rounds)
        else:
            time_worlds()


def compare_with_peers(rounds: int, count: int, connections: int) -> None:
    """Memory of mocks that idle, and what a request costs each."""
    with contestants() as running:
        for name, each in running.items():
            aim = f", the aim is {AIM_MEGABYTES}" if name == "ours" else ""
            print(f"  {name:10} {each.server.megabytes():6.1f} MiB when idle (PSS){aim}")
        for kind in turns.STATUSES:
            report(kind.upper(), turns.play(turns.peers(running, kind, count, connections), rounds))


def compare_pages(rounds: int, count: int) -> None:
    """What pages of a long history cost, in terms of the first one."""
    with large_mock() as server:
        results = turns.play(turns.pages(server, addresses(server), KEY, count // 10), rounds)
    first, *others = results.rounds[0]
    for name in (first, *others):
        print(f"  {name:8} {statistics.median(each[name] for each in results.rounds):7.0f} us of server CPU")
    for name in others:
        low, middle, high = results.ratio(name, first)
        print(f"  {name} / {first}  {middle:.2f}  (middle half {low:.2f} to {high:.2f})")


def compare_with_production(rounds: int) -> None:
    """What the mock adds to the path that a request takes in production."""
    parts = inside.Parts()
    for kind in turns.STATUSES:
        results = asyncio.run(inside.added(parts, kind, 10 * rounds, _BLOCK))
        low, middle, high = _quartiles(each["mock"] - each["production"] for each in results.rounds)
        production = statistics.median(each["production"] for each in results.rounds)
        print(f"  {kind.upper():4} {middle:.1f} us of CPU (middle half {low:.1f} to {high:.1f})", end=" ")
        print(f"on top of production's {production:.1f}; the aim is {AIM_ADDED}")


def time_worlds() -> None:
    """How long it takes to make a world, and to begin it anew."""
    parts = inside.Parts()
    for scenario in ("typical", "large"):
        taken = inside.worlds(parts, scenario)
        print(
            f"  {scenario:8} made in {taken['made']:.3f} ms, reset in {taken['reset']:.3f} ms "
            f"(medians of {inside.WORLDS}); the aim is {AIM_MILLISECONDS:g}"
        )


def _quartiles(values: Iterable[float]) -> tuple[float, float, float]:
    low, middle, high = statistics.quantiles(values, n=4)
    return low, middle, high


if __name__ == "__main__":
    main()
