from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.postgres import PostgresServer, running_server

# What test classes inherit explains its failures as their own claims do.
pytest.register_assert_rewrite(
    *(
        f"tests.store.conformance_{noun}"
        for noun in ("access", "activity", "answers", "backfills", "exports", "logs", "runs", "transactions")
    ),
    "tests.destinations.conformance",
)

settings.register_profile(
    "repeatable",
    derandomize=True,
    deadline=None,
    max_examples=50,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One PostgreSQL server for the whole session."""
    with running_server() as server:
        yield server


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """An empty PostgreSQL database of the test's own."""
    url = postgres.create_database()
    yield url
    postgres.drop_database(url)
