"""Worlds for the tests of the engine."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.engine.world import World, ending, launch, make_database, open_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A world without a worker: the test starts its own."""
    make_database(tmp_path)
    async for world in open_world(tmp_path):
        yield world


@pytest.fixture(scope="module")
def busy_directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The directory of one worker for all tests that do it no harm."""
    directory = tmp_path_factory.mktemp("shared")
    make_database(directory)
    worker = launch(directory, {})
    with ending([worker]):
        assert worker.process.stdout is not None
        assert worker.process.stdout.readline() == "ready\n", worker.log.read_text()
        yield directory


@pytest.fixture
async def busy_world(busy_directory: Path) -> AsyncIterator[World]:
    """A world where a worker is at work already."""
    async for world in open_world(busy_directory):
        yield world
