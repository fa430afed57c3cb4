"""Worlds whose clock stands still until a test moves it."""

from datetime import UTC, datetime, timedelta
from functools import cache

from batch_exports.contract.spec import load_spec
from batch_exports.domain.activity import SERVICE
from batch_exports.domain.backfills import Backfill
from batch_exports.domain.exports import Export
from batch_exports.ports import RunQuery
from mock_server.clock import frozen_clock
from mock_server.scenarios import build_world, create_validator, read_scenario
from mock_server.world import World

START = datetime(2026, 3, 2, 15, 32, tzinfo=UTC)

S3 = {
    "type": "S3",
    "config": {
        "bucket_name": "acme-data-lake",
        "region": "eu-central-1",
        "prefix": "events",
        "aws_access_key_id": "example-key-id",
        "aws_secret_access_key": "example-secret",
    },
}


@cache
def requests():
    return create_validator(load_spec())


@cache
def pristine(scenario: str, seed: int, start: datetime) -> World:
    return build_world(read_scenario(scenario), requests(), frozen_clock(start), seed)


def open_world(scenario: str = "empty", *, seed: int = 0, start: datetime = START) -> World:
    """A world of a scenario."""
    return pristine(scenario, seed, start).fork()


async def leap(world: World, by: timedelta) -> None:
    """Let time pass, with everything that happens meanwhile."""
    world.clock.advance(by)
    while world.clock.now() < world.clock.target():
        await world.catch_up()


async def create(world: World, *, interval: str = "hour", destination: dict | None = None, **fields) -> Export:
    """A new export of project 1."""
    body = {"name": "Events", "interval": interval, "destination": destination or S3, **fields}
    async with world.store.write() as tx:
        return await world.services.exports.create(tx, 1, body, SERVICE)


async def make_backfill(world: World, export: Export, bounds: dict) -> Backfill:
    """A new backfill of an export."""
    async with world.store.write() as tx:
        return await world.services.backfills.create(tx, 1, export.id, bounds, SERVICE)


async def all_runs(world: World, export: Export):
    """All runs of an export, oldest first."""
    query = RunQuery(export_id=export.id, order_by="created_at", descending=False, limit=10_000)
    return await world.services.runs.page(export.project_id, query)
