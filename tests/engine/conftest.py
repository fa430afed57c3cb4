"""Worlds for the tests of the engine, on each database."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.engine.world import World, ending, launch, make_database, open_world
from tests.postgres import PostgresServer

DATABASES = ("sqlite", "postgresql")


def url_of(database: str, directory: Path, postgres: PostgresServer) -> str:
    """A new database, with the driver that the store would use."""
    if database == "sqlite":
        return f"sqlite+aiosqlite:///{directory}/state.db"
    return postgres.create_database().replace("postgresql:", "postgresql+psycopg:")


@pytest.fixture(params=DATABASES)
async def world(request: pytest.FixtureRequest, tmp_path: Path, postgres: PostgresServer) -> AsyncIterator[World]:
    """A world without a worker: the test starts its own."""
    url = url_of(request.param, tmp_path, postgres)
    make_database(url)
    async for world in open_world(tmp_path, url):
        yield world


@pytest.fixture(scope="module", params=DATABASES)
def busy_place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer
) -> Iterator[tuple[Path, str]]:
    """The directory and database of one worker for all tests that do it no harm."""
    directory = tmp_path_factory.mktemp("shared")
    url = url_of(request.param, directory, postgres)
    make_database(url)
    worker = launch(directory, url, {})
    with ending([worker]):
        assert worker.process.stdout is not None
        assert worker.process.stdout.readline() == "ready\n", worker.log.read_text()
        yield directory, url


@pytest.fixture
async def busy_world(busy_place: tuple[Path, str]) -> AsyncIterator[World]:
    """A world where a worker is at work already."""
    async for world in open_world(*busy_place):
        yield world
