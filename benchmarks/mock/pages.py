"""Pages of a long history: the first, and others far into it, on a mock whose world has ten thousand runs."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any

from benchmarks.mock.contestants import HEADERS, MOCK
from benchmarks.mock.processes import ServerTree, started
from benchmarks.requests.sample import COLLECTION

NUMBERS = (1, 10, 90)


@contextmanager
def large_mock() -> Iterator[ServerTree]:
    """A mock whose export has ten thousand runs."""
    with started((*MOCK[:-1], "--scenario", "large", MOCK[-1])) as server:
        server.wait_until_ready(COLLECTION, HEADERS)
        yield server


def addresses(server: ServerTree) -> dict[int, str]:
    """The pages' addresses, as the cursors lead to them."""
    connection = HTTPConnection("127.0.0.1", server.port)
    export = _ask(connection, COLLECTION)["results"][0]["id"]
    address = f"{COLLECTION}{export}/runs/?after=all"
    found = {1: address}
    for number in range(2, max(NUMBERS) + 1):
        address = _ask(connection, address)["next"].partition(f":{server.port}")[2]
        found[number] = address
    connection.close()
    return {number: found[number] for number in NUMBERS}


def _ask(connection: HTTPConnection, path: str) -> dict[str, Any]:
    connection.request("GET", path, headers=HEADERS)
    answered: dict[str, Any] = json.load(connection.getresponse())
    return answered
