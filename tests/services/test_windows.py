"""What a change of `start_at` or `end_at` leaves out, and what it lets in."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.services.worlds import ServiceWorld, accept

MADE = datetime(2026, 11, 23, 12, 44, 47, tzinfo=UTC)
MINUTES = "every 5 minutes"


async def patch(world, export, **body):
    changed, _ = await world.services.exports.update(world.change(export), body, accept)
    return changed


async def intervals(world, export):
    """The runs until now, as `HH:MM` of their start and end."""
    await world.services.scheduler.tick()
    return [f"{run.data_interval_start:%H:%M}-{run.data_interval_end:%H:%M}" for run in await world.runs(export)]


def clock(text):
    hour, minute = map(int, text.split(":"))
    return MADE.replace(hour=hour, minute=minute, second=0)


@pytest.mark.parametrize("made_with", [{}, {"start_at": "2026-11-23T12:50:00Z"}])
async def test_a_start_that_is_set_later_counts_as_one_that_was_set_from_the_beginning(made_with):
    world = ServiceWorld(MADE)
    export = await world.export(interval=MINUTES, **made_with)
    await patch(world, export, start_at="2026-11-23T12:50:00Z")
    world.clock.at = clock("12:51")
    assert await intervals(world, export) == ["12:45-12:50"]


@pytest.mark.parametrize(("interval", "first"), [("hour", timedelta(hours=1)), ("day", timedelta(days=1))])
async def test_time_before_a_start_that_is_moved_ahead_is_left_out(interval, first):
    world = ServiceWorld(MADE)
    export = await world.export(interval=interval)
    await patch(world, export, start_at="2026-12-23T00:00:00Z")
    world.clock.at = datetime(2026, 12, 23, 0, 1, tzinfo=UTC)
    await world.services.scheduler.tick()
    (run,) = await world.runs(export)
    assert run.data_interval_end == datetime(2026, 12, 23, tzinfo=UTC)
    assert run.data_interval_end - run.data_interval_start == first


@given(st.integers(0, 36))
async def test_a_start_that_is_taken_back_lets_the_schedule_begin_with_the_present_interval(hours):
    world = ServiceWorld(MADE)
    export = await world.export(start_at="2026-11-24T12:30:00Z")
    world.clock.at += timedelta(hours=hours)
    await world.services.scheduler.tick()
    made = len(await world.runs(export))
    await patch(world, export, start_at=None)
    changed_at = world.clock.at
    world.clock.at += timedelta(hours=1)
    await world.services.scheduler.tick()
    run = (await world.runs(export))[made]
    assert run.data_interval_start <= changed_at < run.data_interval_end
    assert run.data_interval_end - run.data_interval_start == timedelta(hours=1)


async def test_unpausing_makes_up_for_nothing_before_a_start_that_was_set_in_the_pause():
    world = ServiceWorld(MADE)
    export = await world.export(interval=MINUTES, paused=True)
    await patch(world, export, start_at="2026-11-23T12:50:00Z")
    world.clock.at = clock("12:52")
    backfill = await world.services.exports.unpause(world.change(export), backfill=True)
    assert backfill is not None
    assert (backfill.start_at, backfill.end_at, backfill.total_runs) == (clock("12:45"), clock("12:50"), 1)


async def test_unpausing_before_the_start_makes_up_for_nothing_and_begins_with_the_window():
    world = ServiceWorld(MADE)
    export = await world.export(interval=MINUTES, paused=True)
    await patch(world, export, start_at="2026-11-23T13:20:00Z")
    world.clock.at = clock("12:56")
    assert await world.services.exports.unpause(world.change(export), backfill=True) is None
    world.clock.at = clock("13:21")
    assert await intervals(world, export) == ["13:15-13:20"]


@pytest.mark.parametrize("end_at", [None, "2026-12-23T00:00:00Z"])
@pytest.mark.parametrize("pause", [{}, {"paused": False}])
async def test_time_after_an_end_that_is_cleared_or_moved_is_left_to_a_backfill(end_at, pause):
    world = ServiceWorld(MADE)
    export = await world.export(end_at="2026-11-23T14:30:00Z")
    world.clock.at = clock("18:20")
    assert await intervals(world, export) == ["12:00-13:00", "13:00-14:00"]
    await patch(world, export, end_at=end_at, **pause)
    world.clock.at = clock("20:01")
    assert await intervals(world, export) == ["12:00-13:00", "13:00-14:00", "18:00-19:00", "19:00-20:00"]


async def test_a_window_that_is_opened_while_pausing_is_not_made_up_for_before_that():
    world = ServiceWorld(MADE)
    export = await world.export(end_at="2026-11-23T13:00:00Z")
    world.clock.at = clock("18:20")
    assert await intervals(world, export) == ["12:00-13:00"]
    await patch(world, export, end_at=None, paused=True)
    world.clock.at = clock("20:20")
    backfill = await world.services.exports.unpause(world.change(export), backfill=True)
    assert backfill is not None
    assert (backfill.start_at, backfill.end_at) == (clock("18:00"), clock("20:00"))


async def test_an_end_that_is_moved_before_it_has_passed_leaves_no_gap():
    world = ServiceWorld(MADE)
    export = await world.export(end_at="2026-11-23T13:00:00Z")
    world.clock.at = clock("13:00")
    await patch(world, export, end_at="2026-11-23T15:00:00Z")
    world.clock.at = clock("18:20")
    assert await intervals(world, export) == ["12:00-13:00", "13:00-14:00", "14:00-15:00"]


async def test_unpausing_after_the_window_of_a_zone_that_left_out_a_day_answers():
    world = ServiceWorld(MADE)
    fields = {"interval": "day", "timezone": "Pacific/Apia", "offset_hour": 5, "end_at": "2011-12-30T12:00:00Z"}
    export = await world.export(paused=True, **fields)
    assert await world.services.exports.unpause(world.change(export), backfill=True) is None
