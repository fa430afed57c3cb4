"""What a worker does for order beside its runs."""

import asyncio
from datetime import UTC, datetime, timedelta

from batch_exports.bootstrap import build_world, prepare
from batch_exports.ports import KeptAnswer
from batch_exports.settings import Settings
from tests.service import Service, wait_until

AGES = {"old": timedelta(days=1, minutes=1), "young": timedelta(hours=23)}


def request(key, age):
    return KeptAnswer(principal_id="somebody", key=key, fingerprint="f", created_at=datetime.now(UTC) - age)


async def keep_answers(settings):
    async with build_world(settings) as world, world.store.write() as tx:
        for key, age in AGES.items():
            await tx.answers.claim(request(key, age))


async def known_keys(settings):
    async with build_world(settings) as world:
        async with world.store.write() as tx:
            known = {key for key, age in AGES.items() if await tx.answers.claim(request(key, age))}
            # Asking made those that were not known.
            await tx.connection.rollback()
        return known


def test_a_worker_forgets_the_answers_that_nobody_may_ask_for_any_more(tmp_path):
    settings = Settings(data_dir=tmp_path)
    prepare(settings)
    asyncio.run(keep_answers(settings))
    # A cluster that nobody asks anything spares the start of the embedded one.
    environment = {"BATCH_EXPORTS_CLICKHOUSE_URL": "http://user:word@127.0.0.1:1/default"}
    with Service("worker", "--data-dir", str(tmp_path), environment=environment) as worker:
        wait_until(lambda: asyncio.run(known_keys(settings)) != set(AGES), seconds=30)
        assert asyncio.run(known_keys(settings)) == {"young"}
        assert worker.stop() == 0
