"""Asks databases with short and long histories the same questions: medians of time, counts of work, and plans.

The plans, those of the longest history, go to standard error.
"""

import asyncio
import random
import statistics
import sys
import tempfile
from contextlib import AsyncExitStack
from time import perf_counter

import click

from batch_exports.store import Cipher, SqlStore, migrate
from benchmarks.store.cost import UNITS, cost_of
from benchmarks.store.history import fill
from benchmarks.store.questions import Question, questions
from tests.postgres import running_server


@click.command()
@click.option("--runs", "histories", type=int, multiple=True, default=(1_000, 1_000_000), help="Lengths of histories.")
@click.option("--rounds", default=50, help="Times that each question is asked.")
def main(histories: tuple[int, ...], rounds: int) -> None:
    """Print a table for each database."""
    with tempfile.TemporaryDirectory() as folder, running_server() as server:
        for kind in UNITS:
            urls = {
                runs: f"sqlite:///{folder}/{runs}.db" if kind == "sqlite" else server.create_database()
                for runs in histories
            }
            asyncio.run(_compare(kind, urls, rounds))


async def _compare(kind: str, urls: dict[int, str], rounds: int) -> None:
    async with AsyncExitStack() as stack:
        stores = {runs: await stack.enter_async_context(await _filled(url, runs)) for runs, url in urls.items()}
        print(f"\n{kind}: median ms; {UNITS[kind]}; with {' and '.join(f'{runs:,}' for runs in urls)} runs")
        for name in questions(min(urls)):
            asked = {runs: questions(runs)[name] for runs in urls}
            times = await _times(stores, asked, rounds)
            costs = {runs: await cost_of(stores[runs], asked[runs]) for runs in urls}
            cells = [f"{statistics.median(times[runs]):9.2f} ms {costs[runs].work:8,}" for runs in urls]
            print(f"  {name:18}", *cells)
            print(*costs[max(urls)].plan, sep="\n", file=sys.stderr)


async def _filled(url: str, runs: int) -> SqlStore:
    migrate(url)
    store = SqlStore.open(url, Cipher(bytes(32)))
    await fill(store, url, runs)
    return store


async def _times(stores: dict[int, SqlStore], asked: dict[int, Question], rounds: int) -> dict[int, list[float]]:
    """Milliseconds of each round, in which every history has its turn."""
    times: dict[int, list[float]] = {runs: [] for runs in stores}
    for _ in range(rounds):
        for runs in random.sample(list(stores), len(stores)):
            begin = perf_counter()
            async with stores[runs].read() as tx:
                await asked[runs](tx)
            times[runs].append((perf_counter() - begin) * 1000)
    return times


if __name__ == "__main__":
    main()
