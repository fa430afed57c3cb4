from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_exports.domain.activity import SERVICE
from batch_exports.domain.backfills import BackfillStatus
from batch_exports.domain.destinations import no_writer
from batch_exports.domain.exports import PausedReason
from batch_exports.domain.runs import RunStatus
from batch_exports.ports import EngineState, ExportQuery, LogQuery
from batch_exports.services.exports import ExportChange
from mock_server.traffic import recorded_since
from tests.mock_server.worlds import S3, START, all_runs, create, leap, make_backfill, open_world

POSTGRES = {
    "type": "Postgres",
    "config": {"host": "db.acme.example", "user": "writer", "password": "example", "database": "analytics"},
}
LEGAL = {
    RunStatus.STARTING: {RunStatus.STARTING, RunStatus.RUNNING, RunStatus.COMPLETED, RunStatus.FAILED},
    RunStatus.RUNNING: {RunStatus.RUNNING, RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELLED},
}
LEAPS = st.lists(st.integers(0, 90), min_size=1, max_size=12)


def a_day(start=timedelta(days=1), end=timedelta(0)):
    return {"start_at": (START - start).isoformat(), "end_at": (START - end).isoformat()}


def require_sound(run):
    assert run.created_at <= run.last_updated_at
    assert (run.finished_at is None) == run.is_open
    if run.finished_at is not None:
        assert run.last_updated_at == run.finished_at
    if run.records_completed is not None:
        assert 0 <= run.records_completed <= run.records_total_count


def require_follows(before, after):
    if before.is_open:
        assert after.status in LEGAL[before.status] | {RunStatus.CANCELLED}
    else:
        assert after == before
    assert (after.records_completed or 0) >= (before.records_completed or 0)
    assert (after.bytes_exported or 0) >= (before.bytes_exported or 0)
    assert after.last_updated_at >= before.last_updated_at


@given(LEAPS, st.sampled_from([S3, POSTGRES]))
async def test_however_time_moves_runs_only_go_forward(leaps, destination):
    world = open_world()
    export = await create(world, interval="every 5 minutes", destination=destination)
    await make_backfill(world, export, a_day(timedelta(hours=1)))
    seen = {}
    for seconds in leaps:
        await leap(world, timedelta(seconds=seconds))
        for run in await all_runs(world, export):
            require_sound(run)
            if run.id in seen:
                require_follows(seen[run.id], run)
            seen[run.id] = run


@given(LEAPS)
async def test_looking_more_often_changes_nothing(leaps):
    watched, unwatched = open_world("typical"), open_world("typical")
    for seconds in leaps:
        await leap(watched, timedelta(seconds=seconds))
    await leap(unwatched, timedelta(seconds=sum(leaps)))
    for project_id in (1, 2):
        assert await snapshot(watched, project_id) == await snapshot(unwatched, project_id)


async def snapshot(world, project_id):
    exports, _ = await world.services.exports.page(ExportQuery(project_id=project_id, limit=100, offset=0), 10)
    return [(export, await all_runs(world, export)) for export, _ in exports]


@pytest.mark.parametrize(
    ("interval", "by", "expected"),
    [
        ("hour", timedelta(days=1), 24),
        ("every 5 minutes", timedelta(hours=2), 24),
        ("every 15 minutes", timedelta(hours=6), 24),
        ("day", timedelta(days=10), 10),
        ("week", timedelta(weeks=3), 3),
    ],
)
async def test_every_interval_that_ends_gets_one_run(interval, by, expected):
    world = open_world()
    export = await create(world, interval=interval)
    await leap(world, by)
    runs = await all_runs(world, export)
    assert len(runs) == expected
    assert {run.status for run in runs} == {RunStatus.COMPLETED}
    assert all(before.data_interval_end == after.data_interval_start for before, after in pairwise(runs))
    assert all(run.created_at == export.schedule.due_at(run.data_interval_end) for run in runs)


async def test_a_paused_export_makes_no_runs():
    world = open_world()
    export = await create(world, paused=True)
    await leap(world, timedelta(days=1))
    assert await all_runs(world, export) == []


async def test_a_run_starts_works_and_completes_with_a_log():
    world = open_world()
    export = await create(world)
    await leap(world, timedelta(minutes=29, seconds=1))
    [starting] = await all_runs(world, export)
    assert starting.status is RunStatus.STARTING
    await leap(world, timedelta(seconds=6))
    [running] = await all_runs(world, export)
    assert running.status is RunStatus.RUNNING
    assert 0 < running.records_completed < running.records_total_count
    await leap(world, timedelta(seconds=30))
    [completed] = await all_runs(world, export)
    assert completed.status is RunStatus.COMPLETED
    assert completed.records_completed == completed.records_total_count > running.records_completed
    assert timedelta(seconds=12) <= completed.finished_at - completed.created_at <= timedelta(seconds=32)
    entries, _ = await world.services.logs.page(1, LogQuery(export_id=export.id, run_id=completed.id, limit=10))
    assert [entry.message.partition(":")[0] for entry in entries] == ["Completed", "Started"]


@pytest.mark.parametrize(
    ("destination", "cause"),
    [
        (POSTGRES, str(no_writer("Postgres"))),
        ({**S3, "config": {**S3["config"], "bucket_name": "missing-bucket"}}, "does not exist"),
    ],
)
async def test_a_run_that_cannot_be_written_fails_with_its_cause(destination, cause):
    world = open_world()
    export = await create(world, destination=destination)
    await leap(world, timedelta(hours=1))
    [run] = await all_runs(world, export)
    assert run.status is RunStatus.FAILED
    assert cause in run.latest_error


async def test_a_backfill_walks_its_range_and_completes():
    world = open_world()
    export = await create(world)
    backfill = await make_backfill(world, export, a_day())
    await leap(world, timedelta(seconds=60))
    under_way, counts = await world.services.backfills.get(1, export.id, backfill.id)
    assert under_way.status is BackfillStatus.RUNNING
    assert 0 < counts.finished < under_way.total_runs
    await leap(world, timedelta(minutes=20))
    done, counts = await world.services.backfills.get(1, export.id, backfill.id)
    assert done.status is BackfillStatus.COMPLETED
    assert counts.completed == done.total_runs == 24
    starts = [run.data_interval_start for run in await all_runs(world, export) if run.backfill_id == backfill.id]
    assert sorted(starts) == [backfill.start_at + timedelta(hours=hour) for hour in range(24)]


async def test_a_backfill_begins_where_the_imaginary_events_do():
    world = open_world()
    export = await create(world)
    begin = recorded_since(export).replace(minute=0, second=0, microsecond=0)
    bounds = {"start_at": (begin - timedelta(days=30)).isoformat(), "end_at": (begin + timedelta(hours=3)).isoformat()}
    backfill = await make_backfill(world, export, bounds)
    await leap(world, timedelta(minutes=10))
    done, counts = await world.services.backfills.get(1, export.id, backfill.id)
    assert (done.status, done.adjusted_start_at, counts.completed) == (BackfillStatus.COMPLETED, begin, 3)
    runs = await all_runs(world, export)
    assert done.total_records_count == sum(run.records_completed for run in runs) > 0


async def test_a_backfill_before_the_imaginary_events_has_nothing_to_do():
    world = open_world()
    export = await create(world)
    end = recorded_since(export).replace(minute=0, second=0, microsecond=0)
    bounds = {"start_at": (end - timedelta(days=30)).isoformat(), "end_at": end.isoformat()}
    backfill = await make_backfill(world, export, bounds)
    await leap(world, timedelta(minutes=1))
    done, counts = await world.services.backfills.get(1, export.id, backfill.id)
    assert (done.status, done.total_records_count, counts.completed) == (BackfillStatus.COMPLETED, 0, 1)
    assert not world.store.tables.agenda
    assert len(world.store.tables.plans) == 0


async def test_an_export_that_keeps_failing_is_paused():
    world = open_world()
    export = await create(world, destination=POSTGRES)
    await leap(world, timedelta(days=1))
    assert [run.status for run in await all_runs(world, export)] == [RunStatus.FAILED] * 3
    paused, _ = await world.services.exports.get(1, export.id)
    assert paused.paused_reason is PausedReason.FAILURES


async def test_a_cancelled_run_stays_cancelled():
    world = open_world()
    export = await create(world)
    await leap(world, timedelta(minutes=29, seconds=5))
    [run] = await all_runs(world, export)
    await world.services.runs.cancel(1, export.id, run.id, SERVICE)
    await leap(world, timedelta(minutes=5))
    [cancelled] = await all_runs(world, export)
    assert cancelled.status is RunStatus.CANCELLED
    assert not world.store.tables.agenda


async def test_the_engine_knows_what_became_of_its_runs():
    world = open_world()
    export = await create(world)
    await leap(world, timedelta(hours=1))
    [run] = await all_runs(world, export)
    engine = world.services.lifecycle.engine
    assert await engine.states([run.id, export.id]) == {run.id: EngineState.DONE, export.id: EngineState.UNKNOWN}
    await world.services.scheduler.reconcile()
    assert await all_runs(world, export) == [run]


async def test_deleting_an_export_ends_its_runs_for_good():
    world = open_world()
    export = await create(world)
    await leap(world, timedelta(minutes=29, seconds=5))
    await world.services.exports.delete(ExportChange(1, export.id, SERVICE))
    await leap(world, timedelta(hours=2))
    tables = world.store.tables
    assert (len(tables.agenda), len(tables.plans), len(tables.runs_open)) == (0, 0, 0)


async def test_a_run_that_is_rolled_back_never_happens():
    world = open_world()
    export = await create(world)
    with pytest.raises(ZeroDivisionError):
        async with world.store.write() as tx:
            await world.services.lifecycle.start_run(tx, export, START, START + timedelta(hours=1))
            raise ZeroDivisionError
    await leap(world, timedelta(minutes=5))
    assert await all_runs(world, export) == []
    assert not world.store.tables.agenda


async def test_a_fork_goes_on_alone():
    world = open_world("typical")
    before = await snapshot(world, 1)
    fork = world.fork()
    await leap(fork, timedelta(days=1))
    assert await snapshot(world, 1) == before
    await leap(world, timedelta(days=1))
    assert await snapshot(world, 1) == await snapshot(fork, 1)


async def test_a_long_leap_is_caught_up_in_several_steps_of_bounded_work():
    world = open_world()
    export = await create(world, interval="every 5 minutes")
    world.clock.advance(timedelta(days=10))
    looks = 0
    while world.clock.now() < world.clock.target():
        before = world.clock.now()
        await world.catch_up()
        assert before < world.clock.now()
        looks += 1
    assert looks > 1
    assert len(await all_runs(world, export)) == 10 * 24 * 12
