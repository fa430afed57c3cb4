from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_exports.domain.schedules import FIXED_LENGTHS, Interval, Schedule

moments = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # aware by strategy
zones = st.sampled_from(
    [
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Asia/Kolkata",
        "Pacific/Apia",
        "America/Sao_Paulo",
        "Australia/Lord_Howe",
    ]
)
schedules = st.builds(
    Schedule,
    interval=st.sampled_from(Interval),
    timezone=zones,
    offset_day=st.integers(0, 6),
    offset_hour=st.integers(0, 23),
)


@given(schedules, moments)
def test_every_moment_lies_in_exactly_one_interval(schedule, at):
    start = schedule.floor(at)
    end = schedule.following(start)
    assert start <= at < end
    assert schedule.floor(start) == start
    assert schedule.floor(end - timedelta(microseconds=1)) == start
    assert schedule.floor(end) == end


@given(schedules, moments)
def test_preceding_undoes_following(schedule, at):
    boundary = schedule.floor(at)
    assert schedule.preceding(schedule.following(boundary)) == boundary


@given(schedules, moments)
def test_ceil_is_the_first_boundary_that_is_not_earlier(schedule, at):
    ceil = schedule.ceil(at)
    assert schedule.preceding(ceil) < at <= ceil


@given(schedules, moments, st.integers(0, 30))
def test_a_range_counts_its_intervals(schedule, at, count):
    start = end = schedule.floor(at)
    for _ in range(count):
        end = schedule.following(end)
    assert schedule.count(start, end) == count


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


def test_a_week_begins_on_its_offset_day_with_sunday_as_zero():
    schedule = Schedule(interval=Interval.WEEK, offset_day=0, offset_hour=3)
    assert schedule.floor(datetime(2026, 11, 23, tzinfo=UTC)) == datetime(2026, 11, 22, 3, tzinfo=UTC)


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
