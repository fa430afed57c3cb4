"""What is known of a backfill before its rows are exported."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_exports.domain.backfills import BackfillStatus, Estimate, expected_runs, progress
from batch_exports.domain.runs import RunStatus
from tests.services.test_run_body import Stage, go_on

HOUR = timedelta(hours=1)
START = datetime(2026, 11, 23, tzinfo=UTC)
RANGE = {"start_at": START.isoformat(), "end_at": (START + 6 * HOUR).isoformat()}


async def begin(stage, bounds=RANGE):
    """Make a backfill and carry out the first step of its first run; the backfill's id and the plan."""
    stage.export = await stage.world.export(destination={"type": "File", "config": {"path": "out"}})
    backfill = await stage.world.backfill(stage.export, bounds)
    (run,) = await stage.world.runs(stage.export)
    stage.run_id = str(run.id)
    return backfill.id, await stage.body.plan(stage.run_id)


async def shown(stage, backfill_id):
    return await stage.world.services.backfills.get(1, stage.export.id, backfill_id)


async def starts(stage):
    return [run.data_interval_start for run in await stage.world.runs(stage.export)]


async def test_the_first_run_counts_the_rows_of_the_whole_range():
    stage = Stage(rows=250)
    backfill_id, _ = await begin(stage)
    backfill, _ = await shown(stage, backfill_id)
    assert (backfill.status, backfill.total_records_count) == (BackfillStatus.RUNNING, 250)
    assert backfill.adjusted_start_at is None
    first = stage.source.selections[0]
    assert (first.start, first.end) == (START, START + 6 * HOUR)


@given(st.timedeltas(timedelta(), 6 * HOUR - timedelta(microseconds=1)))
async def test_a_backfill_begins_with_the_interval_of_its_first_row(late):
    stage = Stage(first=START + late)
    backfill_id, _ = await begin(stage)
    whole_hours = late // HOUR
    backfill, counts = await shown(stage, backfill_id)
    assert backfill.adjusted_start_at == (START + whole_hours * HOUR if whole_hours else None)
    assert backfill.total_runs == expected_runs(backfill, counts) == 6 - whole_hours
    expected = [START + (whole_hours + number) * HOUR for number in range(2)]
    assert await starts(stage) == [start for start in expected if start < backfill.end_at]
    while runs := await stage.world.runs(stage.export):
        await stage.world.complete(runs[0], records=7)
    backfill, counts = await shown(stage, backfill_id)
    assert (backfill.status, counts.completed) == (BackfillStatus.COMPLETED, 6 - whole_hours)
    assert backfill.total_records_count == 7 * counts.completed


async def test_a_range_without_rows_completes_at_once_and_its_run_does_nothing():
    stage = Stage(rows=0)
    backfill_id, plan = await begin(stage)
    assert plan["skip"]
    assert stage.destinations.writers == []
    backfill, counts = await shown(stage, backfill_id)
    assert (backfill.status, backfill.total_records_count) == (BackfillStatus.COMPLETED, 0)
    assert (progress(backfill, counts), expected_runs(backfill, counts), counts.completed) == (1.0, 1, 1)
    assert await starts(stage) == []
    assert (await stage.messages())[0] == "Completed: there are no rows in the range of the backfill."


@pytest.mark.parametrize("rows", [0, 250], ids=["no rows any more", "rows that begin later now"])
async def test_what_was_exported_before_is_replaced_though_its_rows_are_gone(rows):
    stage = Stage(rows=250)
    await begin(stage, {**RANGE, "start_at": (START + 2 * HOUR).isoformat()})
    while runs := await stage.world.runs(stage.export):
        await stage.world.complete(runs[0])
    stage.source.rows, stage.source.first = rows, START + 5 * HOUR
    again = await stage.world.backfill(stage.export, RANGE)
    (run,) = await stage.world.runs(stage.export)
    assert not (await stage.body.plan(str(run.id)))["skip"]
    backfill, _ = await shown(stage, again.id)
    assert (backfill.adjusted_start_at, backfill.total_runs) == (START + 2 * HOUR, 4)
    assert backfill.total_records_count == rows


@pytest.mark.parametrize(
    ("trouble", "adjusted"), [({"slow": True}, START + HOUR), ({"broken": True}, None)], ids=["slow", "broken"]
)
async def test_a_backfill_that_cannot_be_estimated_goes_on_all_the_same(trouble, adjusted):
    stage = Stage(first=START + HOUR, **trouble)
    backfill_id, plan = await begin(stage)
    backfill, _ = await shown(stage, backfill_id)
    assert (backfill.total_records_count, backfill.adjusted_start_at) == (None, adjusted)
    assert (backfill.status, plan["skip"]) == (BackfillStatus.RUNNING, False)


async def test_the_sum_of_what_was_exported_replaces_the_estimate():
    stage = Stage(rows=250)
    backfill_id, _ = await begin(stage)
    ends = iter([stage.world.complete, stage.world.fail, *4 * [stage.world.complete]])
    while runs := await stage.world.runs(stage.export):
        await next(ends)(runs[0])
    backfill, counts = await shown(stage, backfill_id)
    assert (backfill.total_records_count, counts.completed, counts.failed) == (50, 5, 1)


async def test_a_retry_writes_its_interval_again_though_it_has_no_rows():
    stage = Stage(rows=0)
    run = await stage.run()
    await stage.world.fail(run)
    backfill, retry = await stage.world.retry(stage.export, run)
    stage.run_id = str(retry.id)
    plan = await stage.body.plan(stage.run_id)
    assert not plan["skip"]
    files = await stage.body.export_part(stage.run_id, plan, plan["parts"][0], [], go_on)
    await stage.body.commit(stage.run_id, plan, files)
    assert stage.destinations.writers[-1].committed != []
    assert (await shown(stage, backfill.id))[0].status is BackfillStatus.COMPLETED


async def test_a_step_that_is_repeated_after_a_crash_estimates_and_moves_once():
    stage = Stage(first=START + 2 * HOUR)
    backfill_id, plan = await begin(stage)
    before = await shown(stage, backfill_id)
    assert await stage.body.plan(stage.run_id) == plan
    assert await shown(stage, backfill_id) == before


async def test_a_backfill_that_is_cancelled_during_its_estimate_stays_cancelled():
    stage = Stage()
    stage.export = await stage.world.export(destination={"type": "File", "config": {"path": "out"}})
    backfill = await stage.world.backfill(stage.export, RANGE)
    (run,) = await stage.world.runs(stage.export)
    async with stage.world.store.write() as tx:
        begun = await stage.world.services.lifecycle.begin(tx, run.id)
        await stage.world.services.lifecycle.cancel_backfill(tx, backfill)
    async with stage.world.store.write() as tx:
        assert await stage.world.services.lifecycle.open_backfill(tx, begun, Estimate(rows=9)) is None
    assert (await shown(stage, backfill.id))[0].status is BackfillStatus.CANCELLED


async def test_when_the_first_run_fails_the_next_one_opens_the_backfill():
    stage = Stage(rows=250, first=START + 3 * HOUR)
    stage.export = await stage.world.export(destination={"type": "File", "config": {"path": "out"}})
    backfill = await stage.world.backfill(stage.export, RANGE)
    (first,) = await stage.world.runs(stage.export)
    assert (await stage.world.fail(first)).status is RunStatus.FAILED
    (second,) = await stage.world.runs(stage.export)
    await stage.body.plan(str(second.id))
    assert await starts(stage) == [START + 3 * HOUR, START + 4 * HOUR]
    found, counts = await shown(stage, backfill.id)
    assert (found.total_runs, counts.failed) == (4, 1)
    while runs := await stage.world.runs(stage.export):
        await stage.world.complete(runs[0])
    found, counts = await shown(stage, backfill.id)
    assert (counts.finished, expected_runs(found, counts)) == (4, 4)
