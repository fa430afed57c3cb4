"""Measures server CPU per request, interleaved: in each round every contestant takes its turn, in random order.

Ratios are taken within a round, so that a busy machine spoils a round for all alike; the medians are reported.
"""

import os

import click

from benchmarks.requests.contest import ServerProcess, report, run
from benchmarks.requests.sample import RUNS, load_sample

CONTESTANTS = {
    "fastapi": "benchmarks.requests.with_fastapi:create_app",
    "raw": "benchmarks.requests.raw:create_app",
}
STATUSES = {"get": "200", "post": "201"}


@click.command()
@click.option("--app", default="benchmarks.requests.contract_layer:create_app", help="The factory of our application.")
@click.option("--rounds", default=9, show_default=True)
@click.option("--count", default=3000, show_default=True, help="Requests per turn.")
@click.option("--runs", default=1, show_default=True, help="Runs that the export shows; each adds 0.5 kB.")
@click.option("--connections", default=16, show_default=True)
@click.option("--key", default=None, help="The bearer token, where the application has keys of its own.")
@click.option("--kind", "kinds", multiple=True, default=list(STATUSES), type=click.Choice(list(STATUSES)))
def main(
    app: str, rounds: int, count: int, runs: int, connections: int, key: str | None, kinds: tuple[str, ...]
) -> None:
    """Compare what a request costs."""
    os.environ[RUNS] = str(runs)
    sample = load_sample()
    requests = sample.requests() if key is None else sample.requests(key)
    servers = {name: ServerProcess(factory) for name, factory in {"ours": app, **CONTESTANTS}.items()}
    try:
        for kind in kinds:
            report(kind.upper(), run(servers, requests[kind], STATUSES[kind], rounds, count, connections))
    finally:
        for server in servers.values():
            server.stop()


if __name__ == "__main__":
    main()
