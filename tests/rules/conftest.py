import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from batch_exports.bootstrap import build_world
from batch_exports.settings import Settings
from mock_server.clock import frozen_clock
from mock_server.personas import KEYS, authenticate
from tests.contract.worlds import mock_app, production_app
from tests.rules.callers import TestClient, World, bearer
from tests.rules.worlds import MAX_OPEN_BACKFILLS, RulesWorld, open_mock, open_production


@contextmanager
def mock_world(folder: Path) -> Iterator[World]:
    # Stands still, for production has no worker here: in neither world does a run go on by itself.
    app = mock_app(folder, frozen_clock(datetime.now(UTC)))
    principal = asyncio.run(authenticate(KEYS["admin"]))

    def ask(question):
        async def answered():
            return await question(app.world.services)

        return asyncio.run(answered())

    with TestClient(app, headers=bearer("admin")) as client:
        yield World(client, principal.id, ask)


@contextmanager
def production_world(folder: Path) -> Iterator[World]:
    app = production_app(folder)
    settings = Settings(data_dir=folder, egress="loopback", file_root=folder / "files")

    def ask(question):
        async def answered():
            async with build_world(settings) as world:
                return await question(world.services)

        return asyncio.run(answered())

    with closing(sqlite3.connect(folder / "batch_exports.db")) as database:
        [(key_id,)] = database.execute("SELECT id FROM api_keys WHERE label = 'admin'")
    with TestClient(app, headers=bearer("admin")) as client:
        yield World(client, str(UUID(key_id)), ask)


@pytest.fixture(scope="module", params=[mock_world, production_world], ids=["mock", "production"])
def world(request, tmp_path_factory):
    """One world after the other, empty at first and shared by the tests of a module."""
    with request.param(tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest.fixture(scope="module", params=["mock", "production"])
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RulesWorld]:
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "mock":
        clock = frozen_clock(datetime.now(UTC))
        context = open_mock(mock_app(folder, clock, max_open_backfills=MAX_OPEN_BACKFILLS))
    else:
        context = open_production(production_app(folder, max_open_backfills=MAX_OPEN_BACKFILLS), folder)
    with context as world:
        yield world


@pytest.fixture
def api(opened: RulesWorld) -> Iterator[RulesWorld]:
    """One world after the other, in which nothing is kept from test to test."""
    yield opened
    opened.clear()
