"""What many ask for at once stays within the rules, whichever database it is."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from batch_exports.bootstrap import build_world, prepare
from batch_exports.domain.backfills import Backfill
from batch_exports.domain.errors import Conflict, LimitReached
from batch_exports.ports import ExportQuery
from batch_exports.services.idempotency import Repeatable
from batch_exports.settings import Settings
from tests.services.worlds import KEY, NOW

LIMIT = 3
AT_ONCE = 10
BODY = {"name": "Hourly", "interval": "hour", "paused": True, "destination": {"type": "NoOp", "config": {}}}
PAST = {"start_at": "2024-02-28T00:00:00Z", "end_at": "2024-02-29T00:00:00Z"}


@pytest.fixture(params=["sqlite", "postgresql"])
async def world(request, tmp_path):
    """Production without a worker, with one project."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    settings = Settings(data_dir=tmp_path, database_url=url, max_open_backfills=LIMIT)
    await asyncio.to_thread(prepare, settings)
    async with build_world(settings) as world:
        await world.services.access.create_project("Shop")
        yield world


async def test_backfills_of_many_exports_at_once_stay_within_the_limit_of_their_project(world):
    make, services = world.services.idempotency.carry_out, world.services
    exports = [await make(lambda tx: services.exports.create(tx, 1, BODY, KEY)) for _ in range(AT_ONCE)]

    answers = await asyncio.gather(
        *(make(lambda tx, each=each: services.backfills.create(tx, 1, each.id, PAST, KEY)) for each in exports),
        return_exceptions=True,
    )

    assert {type(answer) for answer in answers} == {Backfill, LimitReached}
    assert sum(isinstance(answer, Backfill) for answer in answers) == LIMIT


async def test_a_run_that_is_repeated_many_times_at_once_is_repeated_once(world):
    make, services = world.services.idempotency.carry_out, world.services
    export = await make(lambda tx: services.exports.create(tx, 1, BODY, KEY))
    async with world.store.write() as tx:
        run = await services.lifecycle.start_run(tx, export, NOW - timedelta(hours=1), NOW)
        await services.lifecycle.cancel(tx, run)

    answers = await asyncio.gather(
        *(make(lambda tx: services.runs.retry(tx, 1, export.id, run.id, KEY)) for _ in range(AT_ONCE)),
        return_exceptions=True,
    )

    assert sum(isinstance(answer, Conflict) for answer in answers) == AT_ONCE - 1
    assert sum(isinstance(answer, tuple) for answer in answers) == 1


async def test_one_request_sent_many_times_at_once_makes_one_export(world):
    async def make(tx):
        return str((await world.services.exports.create(tx, 1, BODY, KEY)).id)

    request = Repeatable("caller", "key", "fingerprint")
    answers = await asyncio.gather(*(world.services.idempotency.answer(request, make) for _ in range(AT_ONCE)))

    exports, _ = await world.services.exports.page(ExportQuery(project_id=1, limit=100, offset=0), 0)
    assert {UUID(text) for text, _ in answers} == {export.id for export, _ in exports}
    assert sorted(replayed for _, replayed in answers) == [False] + [True] * (AT_ONCE - 1)
