from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_exports.domain.backfills import BackfillStatus, RunCounts, expected_runs, progress
from batch_exports.domain.errors import Invalid, LimitReached, NotFound
from batch_exports.domain.runs import RunStatus
from batch_exports.ports import Queue
from tests.builders import make_backfill, make_export
from tests.services.worlds import KEY, NOW, ServiceWorld

FILE = {"type": "File", "config": {"path": "events"}}
RANGE = {"start_at": "2026-11-23T00:00:00Z", "end_at": "2026-11-23T06:00:00Z"}


async def start(world, export, bounds=RANGE):
    return await world.backfill(export, bounds)


async def finish(world, export, end=None):
    """End all runs of an export, as they come, and return them in order."""
    ended = []
    while runs := await world.runs(export):
        ended.append(await (end or world.complete)(runs[0]))
    return ended


async def test_a_backfill_makes_one_run_per_interval_oldest_first_a_few_at_a_time():
    world = ServiceWorld()
    export = await world.export()
    backfill = await start(world, export)
    (first,) = await world.runs(export)
    await world.open_backfill(first)
    assert len(await world.runs(export)) == 2
    runs = await finish(world, export)
    assert [run.data_interval_start.hour for run in runs] == [0, 1, 2, 3, 4, 5]
    assert {run.backfill_id for run in runs} == {backfill.id}
    assert {queue for _, queue in world.engine.started} == {Queue.BACKFILL}
    found, counts = await world.services.backfills.get(1, export.id, backfill.id)
    assert (found.status, found.finished_at, counts.completed) == (BackfillStatus.COMPLETED, NOW, 6)


async def test_a_backfill_goes_on_until_the_last_of_its_runs_has_ended():
    world = ServiceWorld()
    export = await world.export()
    backfill = await start(world, export, {**RANGE, "end_at": "2026-11-23T02:00:00Z"})
    await world.open_backfill(*await world.runs(export))
    statuses = []
    for run in await world.runs(export):
        await world.complete(run)
        statuses.append((await world.services.backfills.get(1, export.id, backfill.id))[0].status)
    assert statuses == [BackfillStatus.RUNNING, BackfillStatus.COMPLETED]


@given(st.lists(st.sampled_from(["complete", "fail", "cancel"]), min_size=6, max_size=6))
async def test_however_its_runs_end_a_backfill_walks_its_whole_range_once(ends):
    world = ServiceWorld(auto_pause_failures=0)
    export = await world.export()
    backfill = await start(world, export)
    seen = []
    for end in ends:
        run = (await world.runs(export))[0]
        seen.append(run.data_interval_start.hour)
        if end == "cancel":
            await world.services.runs.cancel(1, export.id, run.id, KEY)
        else:
            await getattr(world, end)(run)
    assert seen == [0, 1, 2, 3, 4, 5]
    found, counts = await world.services.backfills.get(1, export.id, backfill.id)
    assert found.status is BackfillStatus.COMPLETED
    assert (counts.completed, counts.failed, counts.cancelled, counts.open) == (
        ends.count("complete"),
        ends.count("fail"),
        ends.count("cancel"),
        0,
    )


async def test_a_run_that_ends_twice_moves_its_backfill_once():
    world = ServiceWorld()
    export = await world.export()
    await start(world, export)
    run = (await world.runs(export))[0]
    assert (await world.complete(run)).status is RunStatus.COMPLETED
    assert await world.complete(run) is None
    assert await world.fail(run) is None
    assert len(await world.runs(export)) == 1


@pytest.mark.parametrize(
    ("fields", "bounds", "expected"),
    [
        ({}, ("2026-11-23T00:30:00Z", "2026-11-23T02:10:00Z"), ("2026-11-23T00:00", "2026-11-23T03:00", 3)),
        ({}, ("2026-11-23T10:00:00+02:00", "2026-11-23T12:20:00Z"), ("2026-11-23T08:00", "2026-11-23T12:00", 4)),
        ({"interval": "day"}, ("2026-11-01", "2026-11-03"), ("2026-11-01T00:00", "2026-11-03T00:00", 2)),
        (
            {"interval": "day", "timezone": "Europe/Berlin", "offset_hour": 3},
            ("2026-10-24", "2026-10-27"),
            ("2026-10-24T01:00", "2026-10-27T02:00", 3),
        ),
        (
            {"interval": "week", "offset_day": 1},
            ("2026-11-02", "2026-11-16"),
            ("2026-11-02T00:00", "2026-11-16T00:00", 2),
        ),
    ],
)
async def test_a_range_is_aligned_outward_to_whole_intervals_that_are_over(fields, bounds, expected):
    world = ServiceWorld()
    export = await world.export(**fields)
    backfill = await start(world, export, dict(zip(("start_at", "end_at"), bounds, strict=True)))
    found = (
        backfill.start_at.strftime("%Y-%m-%dT%H:%M"),
        backfill.end_at.strftime("%Y-%m-%dT%H:%M"),
        backfill.total_runs,
    )
    assert found == expected


@pytest.mark.parametrize(
    ("fields", "bounds", "detail"),
    [
        (
            {},
            {"start_at": None, "end_at": None},
            "Backfilling from the beginning of time is not enabled for this team.",
        ),
        ({}, {"start_at": "soon", "end_at": None}, "Input soon is not a valid ISO formatted datetime."),
        ({}, {"start_at": "2026-11-23T00:00:00", "end_at": None}, "Input 2026-11-23T00:00:00 is naive."),
        (
            {"interval": "day"},
            {"start_at": "2026-11-01T00:00:00Z", "end_at": "2026-11-03"},
            "Daily or weekly batch export backfills expect only the date component",
        ),
        (
            {"interval": "week", "offset_day": 1},
            {"start_at": "2026-11-01", "end_at": "2026-11-09"},
            "is a Sunday but this batch export is configured to run weekly on Monday.",
        ),
        (
            {},
            {"start_at": "2026-11-23T06:00:00Z", "end_at": "2026-11-23T06:00:00Z"},
            "The initial backfill datetime 'start_at' must be before 'end_at'",
        ),
        ({}, {"start_at": "2026-11-23T00:00:00Z", "end_at": "2026-11-24T00:00:00Z"}, "is in the future"),
        (
            {},
            {"start_at": "2026-11-23T00:00:00Z", "end_at": None},
            "Backfilling a BatchExport with no end date is not allowed",
        ),
        ({}, {"start_at": "2026-11-23T12:10:00Z", "end_at": "2026-11-23T12:20:00Z"}, "has no interval that is over"),
    ],
)
async def test_a_bad_range_is_refused_in_words(fields, bounds, detail):
    world = ServiceWorld()
    export = await world.export(destination=FILE, **fields)
    with pytest.raises(Invalid) as refusal:
        await start(world, export, bounds)
    assert detail in refusal.value.detail
    assert world.engine.started == []


async def test_an_open_end_means_the_last_boundary_where_that_is_allowed():
    world = ServiceWorld()
    backfill = await start(world, await world.export(), {"start_at": "2026-11-23T10:00:00Z", "end_at": None})
    assert backfill.end_at == datetime(2026, 11, 23, 12, tzinfo=UTC)


async def test_a_project_may_have_so_many_backfills_in_progress_and_no_more():
    world = ServiceWorld(max_open_backfills=1)
    export = await world.export()
    backfill = await start(world, export)
    with pytest.raises(LimitReached) as refusal:
        await start(world, export)
    assert refusal.value.retry_after > 0
    await world.services.backfills.cancel(1, export.id, backfill.id, KEY)
    assert (await start(world, export)).is_open


async def test_a_cancelled_backfill_takes_its_runs_along():
    world = ServiceWorld()
    export = await world.export()
    backfill = await start(world, export)
    runs = await world.runs(export)
    cancelled = await world.services.backfills.cancel(1, export.id, backfill.id, KEY)
    assert cancelled.status is BackfillStatus.CANCELLED
    assert await world.runs(export) == []
    assert sorted(world.engine.cancelled) == sorted(run.id for run in runs)
    with pytest.raises(Invalid, match="Cannot cancel a backfill that is in 'Cancelled' status"):
        await world.services.backfills.cancel(1, export.id, backfill.id, KEY)


async def test_what_does_not_exist_cannot_be_backfilled():
    world = ServiceWorld()
    with pytest.raises(NotFound, match="BatchExport not found\\."):
        await world.backfill(make_export(), RANGE)


async def test_a_longer_interval_chosen_meanwhile_does_not_lead_past_the_range():
    world = ServiceWorld()
    export = await world.export()
    await start(world, export)
    await world.services.exports.update(world.change(export), {"interval": "day"}, lambda _: None)
    runs = await finish(world, export)
    assert runs[-1].data_interval_end == datetime(2026, 11, 23, 6, tzinfo=UTC)
    assert sum((run.data_interval_end - run.data_interval_start for run in runs), timedelta()) == timedelta(hours=6)


def test_progress_counts_every_run_that_has_ended_however_it_did():
    backfill = make_backfill(make_export(), total_runs=4)
    assert progress(backfill, RunCounts(completed=1, failed=1, cancelled=1, open=1)) == 0.75


async def test_progress_never_passes_its_end_though_a_shorter_interval_makes_more_runs():
    world = ServiceWorld()
    export = await world.export(interval="day")
    backfill = await start(world, export, {"start_at": "2026-11-20", "end_at": "2026-11-22"})
    await world.services.exports.update(world.change(export), {"interval": "hour"}, lambda _: None)
    shares = []
    while runs := await world.runs(export):
        await world.complete(runs[0])
        found, counts = await world.services.backfills.get(1, export.id, backfill.id)
        shares.append(progress(found, counts))
        assert counts.finished <= expected_runs(found, counts)
    assert all(0 < share <= 1 for share in shares)
    assert shares[-1] == 1.0
