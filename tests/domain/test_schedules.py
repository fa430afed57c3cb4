from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_exports.domain.schedules import FIXED_LENGTHS, Interval, Schedule

moments = st.datetimes(datetime(1980, 1, 1), datetime(2099, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001  # aware by strategy
# By chance alone, hardly any moment would be near a day that a zone left out.
SKIPPED_DAYS = {
    "Pacific/Kwajalein": datetime(1993, 8, 21, tzinfo=UTC),
    "Pacific/Kiritimati": datetime(1994, 12, 31, tzinfo=UTC),
    "Pacific/Enderbury": datetime(1994, 12, 31, tzinfo=UTC),
    "Pacific/Apia": datetime(2011, 12, 30, tzinfo=UTC),
    "Pacific/Fakaofo": datetime(2011, 12, 30, tzinfo=UTC),
}
zones = st.sampled_from(sorted(available_timezones())) | st.sampled_from(sorted(SKIPPED_DAYS))
schedules = st.builds(
    Schedule,
    interval=st.sampled_from(Interval),
    timezone=zones,
    offset_day=st.integers(0, 6),
    offset_hour=st.integers(0, 23),
)


def moments_of(schedule):
    """Any moment; for a zone that left out a day, often one around it."""
    skipped = SKIPPED_DAYS.get(schedule.timezone)
    near = st.timedeltas(timedelta(days=-20), timedelta(days=20))
    return moments if skipped is None else moments | near.map(lambda length: skipped + length)


timed = schedules.flatmap(lambda schedule: st.tuples(st.just(schedule), moments_of(schedule)))


@given(timed)
def test_every_moment_lies_in_exactly_one_interval(timed):
    schedule, at = timed
    start = schedule.floor(at)
    end = schedule.following(start)
    assert start <= at < end
    assert schedule.following(at) == end
    assert schedule.floor(start) == start
    assert schedule.floor(end - timedelta(microseconds=1)) == start
    assert schedule.floor(end) == end


@given(timed)
def test_preceding_undoes_following(timed):
    schedule, at = timed
    boundary = schedule.floor(at)
    assert schedule.preceding(schedule.following(boundary)) == boundary
    assert schedule.following(schedule.preceding(boundary)) == boundary


@given(timed, st.timedeltas(timedelta(0), timedelta(days=60)))
def test_a_walk_over_a_range_meets_every_boundary_that_is_counted(timed, length):
    schedule, at = timed
    start, end = schedule.floor(at), schedule.floor(at + length)
    boundary = start
    for _ in range(schedule.count(start, end)):
        assert boundary < schedule.following(boundary)
        boundary = schedule.following(boundary)
    assert boundary == end
    assert schedule.count(end, start) == 0


@pytest.mark.parametrize("zone", SKIPPED_DAYS)
@pytest.mark.parametrize("hour", [0, 5, 23])
def test_a_day_that_a_zone_left_out_is_no_interval(zone, hour):
    schedule = Schedule(interval=Interval.DAY, timezone=zone, offset_hour=hour)
    local = ZoneInfo(zone)
    skipped = SKIPPED_DAYS[zone].replace(hour=hour, tzinfo=local)
    start, end = ((skipped + timedelta(days=days)).astimezone(UTC) for days in (-2, 3))
    assert schedule.count(start, end) == 4
    days = []
    while start < end:
        days.append(start.astimezone(local).day)
        start = schedule.following(start)
    assert days == [(skipped + timedelta(days=days)).day for days in (-2, -1, 1, 2)]


@pytest.mark.parametrize("interval", [Interval.DAY, Interval.WEEK])
def test_no_interval_of_a_zone_without_skipped_days_is_missed_in_the_years_in_reach(interval):
    schedule = Schedule(interval=interval, timezone="Europe/Berlin", offset_hour=2)
    start = schedule.floor(datetime(1980, 1, 10, tzinfo=UTC))
    end = schedule.floor(datetime(2099, 12, 31, tzinfo=UTC))
    days = (end.astimezone(ZoneInfo("Europe/Berlin")).date() - start.astimezone(ZoneInfo("Europe/Berlin")).date()).days
    assert schedule.count(start, end) == days // (7 if interval is Interval.WEEK else 1)


@given(schedules, moments)
def test_ceil_is_the_first_boundary_that_is_not_earlier(schedule, at):
    ceil = schedule.ceil(at)
    assert schedule.preceding(ceil) < at <= ceil


@given(schedules.filter(lambda schedule: schedule.interval not in FIXED_LENGTHS), moments)
def test_days_and_weeks_begin_at_the_local_hour_unless_clocks_skip_it(schedule, at):
    local = schedule.floor(at).astimezone(ZoneInfo(schedule.timezone))
    wall_clock = local.replace(hour=schedule.offset_hour, minute=0)
    exists = wall_clock.astimezone(UTC).astimezone(ZoneInfo(schedule.timezone)).hour == schedule.offset_hour
    assert not exists or (local.hour, local.minute) == (schedule.offset_hour, 0)


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)])
def test_a_day_is_as_long_as_its_clocks_make_it(day, hours):
    schedule = Schedule(interval=Interval.DAY, timezone="Europe/Berlin")
    start = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)
    assert schedule.floor(start) == start
    assert schedule.following(start) - start == timedelta(hours=hours)


@given(st.integers(0, 6), moments)
def test_a_week_begins_on_its_offset_day_with_sunday_as_zero(day, at):
    begun = Schedule(interval=Interval.WEEK, offset_day=day, offset_hour=3).floor(at)
    assert (begun.isoweekday() % 7, begun.hour) == (day, 3)


@given(schedules, moments)
def test_the_next_run_ends_later_and_covers_the_present(schedule, at):
    end = schedule.next_run_end(at)
    assert schedule.preceding(end) <= at < end


@given(schedules, moments, st.timedeltas(timedelta(0), timedelta(days=40)))
def test_no_run_is_due_before_the_window_opens(schedule, at, wait):
    opened = Schedule(
        interval=schedule.interval,
        timezone=schedule.timezone,
        offset_day=schedule.offset_day,
        offset_hour=schedule.offset_hour,
        start_at=at + wait,
    )
    assert opened.next_run_end(at) >= at + wait


def test_no_run_is_due_after_the_window_closed():
    schedule = Schedule(interval=Interval.HOUR, end_at=datetime(2026, 1, 1, 12, 30, tzinfo=UTC))
    assert schedule.next_run_end(datetime(2026, 1, 1, 11, 30, tzinfo=UTC)) == datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert schedule.next_run_end(datetime(2026, 1, 1, 12, 10, tzinfo=UTC)) is None


@given(schedules, moments)
def test_a_run_starts_a_little_after_its_interval_so_that_its_rows_have_arrived(schedule, at):
    end = schedule.floor(at)
    due = schedule.due_at(end)
    assert timedelta(0) < due - end <= timedelta(minutes=1)
    assert schedule.floor(due) == end


@given(schedules, moments)
def test_an_interval_is_settled_once_its_run_would_be_due(schedule, at):
    settled = schedule.settled(at)
    assert schedule.due_at(settled) <= at < schedule.due_at(schedule.following(settled))
