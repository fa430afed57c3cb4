"""Measures server CPU per request of the whole service, interleaved, next to the peer on the same database."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from benchmarks.requests.contest import ServerProcess, report, run
from benchmarks.requests.sample import get, load_sample, post
from benchmarks.service.answers import require_same
from benchmarks.service.database import Prepared, prepare_database
from tests.postgres import running_server

CONTESTANTS = {
    "ours": "benchmarks.service.product:create_app",
    "peer": "benchmarks.service.with_sqlalchemy:create_app",
}
STATUSES = {"get_export": "200", "list_runs": "200", "create_export": "201"}
PAGE = 100


@click.command()
@click.option("--rounds", default=9, show_default=True)
@click.option("--count", default=480, show_default=True, help="Requests per turn.")
@click.option("--connections", default=16, show_default=True)
@click.option("--database", type=click.Choice(["sqlite", "postgresql"]), default="sqlite", show_default=True)
@click.option("--kind", "kinds", multiple=True, default=list(STATUSES), type=click.Choice(list(STATUSES)))
def main(rounds: int, count: int, connections: int, database: str, kinds: tuple[str, ...]) -> None:
    """Compare what a request costs with the store in."""
    with contestants(database) as (servers, requests):
        for kind in kinds:
            require_same(servers, requests[kind])
            report(f"{kind} on {database}", run(servers, requests[kind], STATUSES[kind], rounds, count, connections))


@contextmanager
def contestants(database: str) -> Iterator[tuple[dict[str, ServerProcess], dict[str, bytes]]]:
    """The contestants, started on one new database, and what to ask them."""
    creation = load_sample().creation
    with tempfile.TemporaryDirectory() as folder, new_database(database) as url:
        requests = requests_to(prepare_database(Path(folder), url, creation), creation)
        servers = {name: ServerProcess(factory) for name, factory in CONTESTANTS.items()}
        try:
            yield servers, requests
        finally:
            for server in servers.values():
                server.stop()


@contextmanager
def new_database(kind: str) -> Iterator[str | None]:
    """The URL of an empty database; None for a file in the data folder."""
    if kind == "sqlite":
        yield None
        return
    with running_server() as server:
        yield server.create_database()


def requests_to(prepared: Prepared, creation: object) -> dict[str, bytes]:
    """The requests as a client puts them on the wire."""
    export = f"{prepared.collection}{prepared.export.id}/"
    return {
        "get_export": get(export, prepared.key),
        "list_runs": get(f"{export}runs/?page_size={PAGE}", prepared.key),
        "create_export": post(prepared.collection, prepared.key, creation),
    }


if __name__ == "__main__":
    main()
