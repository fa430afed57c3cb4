from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from batch_exports.domain.runs import RunStatus
from batch_exports.ports import EngineState, Queue
from tests.services.worlds import KEY, ServiceWorld


async def test_nothing_starts_before_its_interval_is_over_and_settled():
    world = ServiceWorld()
    await world.export()
    world.clock.at = datetime(2026, 11, 23, 13, 0, 59, tzinfo=UTC)
    assert await world.services.scheduler.tick() == 0
    world.clock.at = datetime(2026, 11, 23, 13, 1, tzinfo=UTC)
    assert await world.services.scheduler.tick() == 1
    assert await world.services.scheduler.tick() == 0


async def test_a_run_covers_the_whole_interval_that_has_just_ended():
    world = ServiceWorld()
    export = await world.export(interval="day", timezone="Europe/Berlin", offset_hour=2)
    world.clock.at += timedelta(days=1)
    await world.services.scheduler.tick()
    (run,) = await world.runs(export)
    assert run.data_interval_start == datetime(2026, 11, 23, 1, tzinfo=UTC)
    assert run.data_interval_end == datetime(2026, 11, 24, 1, tzinfo=UTC)
    assert world.engine.started == [(run.id, Queue.LIVE)]


async def test_after_a_long_outage_every_interval_is_made_up_for_once():
    world = ServiceWorld()
    export = await world.export()
    world.clock.at += timedelta(days=2)
    assert await world.services.scheduler.tick() == 48
    starts = [run.data_interval_start for run in await world.runs(export)]
    assert starts == [datetime(2026, 11, 23, 12, tzinfo=UTC) + timedelta(hours=hour) for hour in range(48)]


async def test_a_paused_or_ended_schedule_starts_nothing():
    world = ServiceWorld()
    await world.export(paused=True)
    await world.export(end_at="2026-11-23T13:30:00Z")
    world.clock.at += timedelta(days=1)
    assert await world.services.scheduler.tick() == 1


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (EngineState.LOST, RunStatus.FAILED),
        (EngineState.UNKNOWN, RunStatus.FAILED),
        (EngineState.CANCELLED, RunStatus.CANCELLED),
        (EngineState.OPEN, RunStatus.STARTING),
    ],
)
async def test_a_run_that_the_engine_gave_up_ends_with_a_cause(state, status):
    world = ServiceWorld()
    export = await world.export()
    world.clock.at += timedelta(hours=1)
    await world.services.scheduler.tick()
    (run,) = await world.runs(export)
    world.engine.told[run.id] = state
    await world.services.scheduler.reconcile()
    assert (await world.services.runs.get(1, export.id, run.id)).status is RunStatus.STARTING
    world.clock.at += timedelta(minutes=1)
    await world.services.scheduler.reconcile()
    found = await world.services.runs.get(1, export.id, run.id)
    assert found.status is status
    assert bool(found.latest_error) == (status is RunStatus.FAILED)


async def test_an_export_that_cannot_be_started_holds_up_no_other():
    world = ServiceWorld()
    bad, good = await world.export(), await world.export()
    async with world.store.write() as tx:
        await tx.exports.save(replace(bad, schedule=replace(bad.schedule, interval="day", timezone="Lost/Zone")))
    world.clock.at += timedelta(hours=2)
    assert await world.services.scheduler.tick() == 2
    assert len(await world.runs(good)) == 2


async def test_an_export_that_cannot_be_started_is_reported_once_until_it_can(caplog):
    world = ServiceWorld()
    export = await world.export()
    lost = replace(export, schedule=replace(export.schedule, interval="day", timezone="Lost/Zone"))
    for stored in (lost, export, lost):
        async with world.store.write() as tx:
            await tx.exports.save(replace(stored, next_at=world.clock.at))
        await world.services.scheduler.tick()
        await world.services.scheduler.tick()
    assert [str(export.id) in record.getMessage() for record in caplog.records] == [True, True]


async def test_a_cancel_that_the_engine_cannot_be_told_of_is_a_cancel():
    world = ServiceWorld()
    export = await world.export()
    world.clock.at += timedelta(hours=1)
    await world.services.scheduler.tick()
    (run,) = await world.runs(export)

    async def fail(_run_id):
        raise ConnectionError

    world.engine.cancel = fail
    cancelled = await world.services.runs.cancel(1, export.id, run.id, KEY)
    assert cancelled.status is RunStatus.CANCELLED
