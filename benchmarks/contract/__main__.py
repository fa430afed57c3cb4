"""Measures what a case of the contract costs in process, next to stock Schemathesis over HTTP.

Ratios are taken within a round, so that a busy machine spoils a round for both; the medians are reported.
"""

import os
import random
import statistics
from collections.abc import Callable, Mapping

import click

from benchmarks.contract import commands, replay
from benchmarks.contract.meter import Cost

AIM = 3
PARTS = ("commands", "replay")


@click.command()
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(2))
@click.option("--examples", default=25, show_default=True, help="Of each operation.")
@click.option("--part", "chosen", multiple=True, default=PARTS, type=click.Choice(PARTS))
def main(rounds: int, examples: int, chosen: tuple[str, ...]) -> None:
    """Compare what a case costs."""
    for part in chosen:
        print(f"-- {part}; load {os.getloadavg()[0]:.1f}")
        report(
            [
                play(_commands(examples, seed) if part == "commands" else _replay(examples, seed))
                for seed in range(rounds)
            ]
        )


def play(turns: Mapping[str, Callable[[], Cost]]) -> Mapping[str, Cost]:
    """One round, in random order."""
    costs = {name: turns[name]() for name in random.sample(list(turns), len(turns))}
    print("  " + "; ".join(f"{name}: {costs[name]}" for name in turns), flush=True)
    return costs


def report(rounds: list[Mapping[str, Cost]]) -> None:
    """How many times as many cases a second are ours."""
    for what in ("cpu", "wall"):
        low, middle, high = statistics.quantiles([_ratio(each, what) for each in rounds], n=4, method="inclusive")
        print(f"  ours / stock, cases per second ({what}): {middle:.2f} (middle half {low:.2f} to {high:.2f})", end="")
        print(f"; the aim is {AIM}")


def _commands(examples: int, seed: int) -> Mapping[str, Callable[[], Cost]]:
    return {"ours": lambda: commands.ours(examples), "stock": lambda: commands.stock(examples, seed)}


def _replay(examples: int, seed: int) -> Mapping[str, Callable[[], Cost]]:
    cases = replay.generate(examples, seed)
    return {"ours": lambda: replay.ours(cases), "stock": lambda: replay.stock(cases)}


def _ratio(costs: Mapping[str, Cost], what: str) -> float:
    pace = {name: cost.cases / getattr(cost, what) for name, cost in costs.items()}
    return pace["ours"] / pace["stock"]


if __name__ == "__main__":
    main()
