"""A schedule whose window, interval and pause change again and again, looked at by the runs that it makes."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_exports.domain.coverage import carried_on, next_interval, rescheduled
from batch_exports.domain.exports import Export
from batch_exports.domain.pausing import missed_while_paused, paused, unpaused
from batch_exports.domain.schedules import Interval, Schedule
from tests.builders import make_export

BEGIN = datetime(2026, 11, 23, 12, 44, 47, tzinfo=UTC)
HOUR = timedelta(hours=1)
SETTLING = timedelta(minutes=1)

waits = st.integers(0, 500).map(lambda steps: steps * timedelta(seconds=30))
bounds = st.none() | st.integers(-12 * 60, 12 * 60).map(lambda minutes: timedelta(minutes=minutes))
regular = st.sampled_from([Interval.EVERY_5_MINUTES, Interval.HOUR, Interval.DAY, Interval.WEEK])
windows = st.one_of(
    st.fixed_dictionaries({"start_at": bounds}),
    st.fixed_dictionaries({"end_at": bounds}),
    st.fixed_dictionaries({"start_at": bounds, "end_at": bounds}),
)
pauses = st.sampled_from(["pause", "unpause"])


def steps(*changes):
    return st.lists(st.tuples(waits, st.one_of(pauses, *changes)), max_size=8)


@dataclass
class History:
    """An export, the runs it made, and from when on which schedule was in force; None while it was paused."""

    export: Export
    at: datetime = BEGIN
    runs: list = field(default_factory=list)
    in_force: list = field(default_factory=list)

    @classmethod
    def of(cls, **fields):
        export = make_export(schedule=Schedule(**fields), paused=False)
        history = cls(carried_on(export, export.schedule.floor(BEGIN)))
        history._remember()
        return history

    def wait(self, length):
        self.at += length
        while not self.export.paused and self.export.next_at is not None and self.export.next_at <= self.at:
            start, end = next_interval(self.export, self.export.next_at)
            self.runs.append((start, end, self.export.schedule))
            self.export = carried_on(self.export, end)

    def change(self, **fields):
        schedule = replace(self.export.schedule, **fields)
        self.export = rescheduled(self.export, replace(self.export, schedule=schedule), self.at)
        self._remember()

    def step(self, change):
        if change == "pause":
            self.export = paused(self.export, self.at)
        elif change == "unpause":
            self.export = unpaused(self.export, self.at) if self.export.paused else self.export
        else:
            self.change(**{name: shifted(self.at, value) for name, value in change.items()})
        self._remember()

    def schedules_between(self, start, end):
        """The schedules that were in force at some moment of a range."""
        ends = [since for since, _ in self.in_force[1:]] + [datetime.max.replace(tzinfo=UTC)]
        return [
            schedule
            for (since, schedule), until in zip(self.in_force, ends, strict=True)
            if since <= end and until > start
        ]

    def _remember(self):
        self.in_force.append((self.at, None if self.export.paused else self.export.schedule))


def shifted(at, by):
    return at + by if isinstance(by, timedelta) else by


def lived(steps, **fields):
    history = History.of(**fields)
    for wait, change in steps:
        history.wait(wait)
        history.step(change)
    history.wait(timedelta(days=1))
    return history


def admits(schedule, start, end):
    opens_at = schedule.opens_at or start
    return opens_at <= start and end <= (schedule.end_at or end)


def hours(start, end):
    return [start + number * HOUR for number in range((end - start) // HOUR)]


@given(steps(windows))
def test_runs_follow_each_other_inside_the_window_and_never_overlap(steps):
    runs = lived(steps, interval=Interval.HOUR).runs
    assert all(start < end and admits(schedule, start, end) for start, end, schedule in runs)
    assert all(later[0] >= earlier[1] for earlier, later in pairwise(runs))


@given(steps(windows))
def test_no_hour_is_exported_that_no_window_admitted_while_it_passed(steps):
    history = lived(steps, interval=Interval.HOUR)
    for start, end, _ in history.runs:
        for hour in hours(start, end):
            in_force = history.schedules_between(hour, hour + HOUR + SETTLING)
            assert any(schedule and admits(schedule, hour, hour + HOUR) for schedule in in_force)


@given(steps(windows))
def test_every_hour_is_exported_that_every_window_admitted_while_it_passed(steps):
    history = lived(steps, interval=Interval.HOUR)
    exported = {hour for start, end, _ in history.runs for hour in hours(start, end)}
    first = history.export.schedule.ceil(BEGIN)
    for hour in hours(first, history.export.schedule.settled(history.at)):
        in_force = history.schedules_between(hour, hour + HOUR + SETTLING)
        admitted = all(schedule and admits(schedule, hour, hour + HOUR) for schedule in in_force)
        assert not admitted or hour in exported


@given(st.lists(st.tuples(waits, regular), max_size=8))
def test_a_change_of_interval_leaves_no_gap_and_no_overlap(changes):
    history = History.of(interval=Interval.HOUR)
    for wait, interval in changes:
        history.wait(wait)
        history.change(interval=interval)
    history.wait(timedelta(days=15))
    assert history.runs[0][0] == datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert all(later[0] == earlier[1] for earlier, later in pairwise(history.runs))


@given(regular, waits, waits)
def test_an_interval_that_changes_in_a_pause_brings_nothing_twice(interval, before, within):
    history = History.of(interval=Interval.HOUR)
    history.wait(before)
    history.step("pause")
    history.step({"interval": interval})
    history.wait(within)
    history.step("unpause")
    history.wait(timedelta(days=15))
    assert all(later[0] >= earlier[1] for earlier, later in pairwise(history.runs))


@given(regular, st.timedeltas(timedelta(0), timedelta(days=40)), waits)
def test_the_first_run_of_a_window_that_is_moved_covers_one_interval_alone(interval, ahead, wait):
    history = History.of(interval=interval)
    history.wait(wait)
    covered = history.export.next_start_at
    start_at = history.at + ahead
    history.change(start_at=start_at)
    made = len(history.runs)
    history.wait(ahead + timedelta(days=15))
    start, end, schedule = history.runs[made]
    assert start_at <= end
    assert start == max(covered, schedule.preceding(end))


@pytest.mark.parametrize("end_at", [None, timedelta(hours=30)])
@given(waits)
def test_what_passed_after_the_end_of_a_window_is_not_made_up_for(end_at, wait):
    history = History.of(interval=Interval.HOUR, end_at=BEGIN + HOUR)
    history.wait(2 * HOUR + wait)
    made, changed_at = list(history.runs), history.at
    history.change(end_at=shifted(history.at, end_at))
    assert history.export.next_start_at == history.export.schedule.floor(changed_at)
    history.wait(3 * HOUR)
    assert [run[:2] for run in made] == [
        (BEGIN.replace(minute=0, second=0), BEGIN.replace(hour=13, minute=0, second=0))
    ]
    assert history.runs[1][:2] == (
        history.export.schedule.floor(changed_at),
        history.export.schedule.following(changed_at),
    )


def test_a_run_that_is_due_when_the_end_is_cleared_is_made():
    history = History.of(interval=Interval.HOUR, end_at=datetime(2026, 11, 23, 13, tzinfo=UTC))
    history.at = datetime(2026, 11, 23, 13, 0, 30, tzinfo=UTC)
    history.change(end_at=None)
    history.wait(timedelta(hours=1, minutes=1))
    assert [(start.hour, end.hour) for start, end, _ in history.runs] == [(12, 13), (13, 14)]


@given(bounds, bounds, waits)
def test_an_export_that_is_unpaused_makes_up_for_its_window_alone(start, end, wait):
    history = History.of(interval=Interval.HOUR)
    history.step("pause")
    history.change(start_at=shifted(BEGIN, start), end_at=shifted(BEGIN, end))
    history.at += wait
    missed = missed_while_paused(history.export, history.at)
    admitted = [
        hour
        for hour in hours(history.export.schedule.floor(BEGIN), history.export.schedule.settled(history.at))
        if admits(history.export.schedule, hour, hour + HOUR)
    ]
    assert ([] if missed is None else hours(*missed)) == admitted


@pytest.mark.parametrize(("left", "covered"), [(HOUR, -3), (timedelta(0), 0), (-HOUR, 0)])
def test_what_a_window_still_admits_is_made_up_for_until_the_moment_of_its_end(left, covered):
    at = BEGIN.replace(minute=0, second=0)
    daily = Schedule(interval=Interval.DAY, end_at=at + left)
    stored = make_export(schedule=daily, next_start_at=at - 3 * HOUR, next_at=None)
    changed = rescheduled(stored, replace(stored, schedule=Schedule(interval=Interval.HOUR)), at)
    assert changed.next_start_at == at + covered * HOUR
