import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from batch_exports.domain.exports import Model
from batch_exports.domain.selections import Selection
from batch_exports.sources.clickhouse import ClickHouseSource
from batch_exports.sources.event_store import EventStore

START = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EventStore]:
    with EventStore.open(tmp_path_factory.mktemp("event-store")) as store:
        yield store


@pytest.fixture(scope="session")
def client(store: EventStore) -> Iterator[Any]:
    client = store.client()
    yield client
    client.close()


@pytest.fixture(scope="session")
def source(store: EventStore) -> Iterator[ClickHouseSource]:
    source = ClickHouseSource(store.client, trusts_text=True)
    yield source
    source.close()


@pytest.fixture(scope="session")
def cluster(store: EventStore, client: Any) -> Iterator[ClickHouseSource]:
    """A source whose table `cluster.events` takes any bytes for text, as those of clusters do."""
    client.command("CREATE DATABASE cluster")
    client.command("CREATE TABLE cluster.events AS events")
    client.command("ALTER TABLE cluster.events DROP CONSTRAINT text_is_utf8")
    address = store.address()
    source = ClickHouseSource.of_cluster(
        url=f"http://{address.host}:{address.port}", user=address.user, password=address.password, database="cluster"
    )
    yield source
    source.close()


@pytest.fixture(scope="session")
def new_project() -> Callable[[], int]:
    return itertools.count(1000).__next__


@pytest.fixture
def project_id(new_project: Callable[[], int]) -> int:
    return new_project()


@pytest.fixture
def select(project_id: int) -> Callable[..., Selection]:
    def select(**changes: Any) -> Selection:
        day = {"start": START, "end": START + timedelta(days=1)}
        return Selection(**{"project_id": project_id, "model": Model.EVENTS, **day, **changes})

    return select


@pytest.fixture
def insert(client: Any, project_id: int) -> Callable[..., None]:
    """Insert generated events, evenly over the day that `select` reads."""

    def insert(rows: int, first: int = 0) -> None:
        client.command(f"""
            INSERT INTO events
            SELECT {project_id}, generateUUIDv4(), concat('event ', toString(number % 5)), 'someone', NULL,
                   concat('{{"number": ', toString(number + {first}), ', "padding": "', repeat('x', 200), '"}}'),
                   '{{}}', '', arrival, arrival,
                   toDateTime64('2024-01-01 00:00:00', 6, 'UTC') + toIntervalMicrosecond(number * 100000) AS arrival
            FROM numbers({rows})
        """)  # numbers of ours

    return insert


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"
