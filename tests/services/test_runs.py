from dataclasses import replace

import pytest

from batch_exports.domain.backfills import BackfillStatus
from batch_exports.domain.errors import Conflict, Invalid, NotFound
from batch_exports.domain.identifiers import uuid7
from batch_exports.domain.runs import RunStatus
from tests.services.worlds import KEY, ServiceWorld


@pytest.fixture
async def world():
    return ServiceWorld()


@pytest.fixture
async def export(world):
    return await world.export()


@pytest.fixture
async def run(world, export):
    """The run of the hour before, in progress."""
    async with world.store.write() as tx:
        end = export.schedule.floor(world.clock.now())
        run = await world.services.lifecycle.start_run(tx, export, export.schedule.preceding(end), end)
        return await world.services.lifecycle.begin(tx, run.id)


async def test_a_cancelled_run_is_over_and_the_engine_is_told(world, export, run):
    cancelled = await world.services.runs.cancel(1, export.id, run.id, KEY)
    assert (cancelled.status, cancelled.finished_at) == (RunStatus.CANCELLED, world.clock.now())
    assert world.engine.cancelled == [run.id]
    assert await world.complete(run) is None


async def test_a_run_that_has_ended_cannot_be_cancelled(world, export, run):
    await world.complete(run)
    with pytest.raises(Invalid, match="Cannot cancel a run that is in 'Completed' status"):
        await world.services.runs.cancel(1, export.id, run.id, KEY)
    assert world.engine.cancelled == []


async def test_a_retry_is_a_new_run_of_the_same_interval_in_a_backfill_of_its_own(world, export, run):
    await world.fail(run)
    backfill, retry = await world.retry(export, run)
    assert retry.retry_of == run.id
    assert (retry.data_interval_start, retry.data_interval_end) == (run.data_interval_start, run.data_interval_end)
    assert (backfill.start_at, backfill.end_at, backfill.total_runs) == (
        run.data_interval_start,
        run.data_interval_end,
        1,
    )
    assert (await world.services.runs.get(1, export.id, run.id)).status is RunStatus.FAILED
    await world.complete(retry)
    found, counts = await world.services.backfills.get(1, export.id, backfill.id)
    assert (found.status, counts.completed) == (BackfillStatus.COMPLETED, 1)


async def test_an_interval_in_progress_is_not_retried(world, export, run):
    with pytest.raises(Conflict):
        await world.retry(export, run)


async def test_another_exports_run_does_not_exist(world, run):
    other = await world.export(name="Other")
    for run_id in (run.id, uuid7()):
        with pytest.raises(NotFound):
            await world.services.runs.get(1, other.id, run_id)
        with pytest.raises(NotFound):
            await world.services.runs.cancel(1, other.id, run_id, KEY)
        with pytest.raises(NotFound):
            await world.retry(other, replace(run, id=run_id))
