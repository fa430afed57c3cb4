"""When the intervals of an export begin and end.

Intervals are half-open, `[start, end)`. Hours and minutes are aligned to UTC; days and weeks begin at a local hour of
the export's time zone, so that one of them lasts 23 or 25 hours when clocks change. A day that a zone left out, as
Samoa did when it crossed the date line, begins when the next one does: it is no interval.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Interval(StrEnum):
    """How much time one run covers."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    EVERY_5_MINUTES = "every 5 minutes"
    EVERY_15_MINUTES = "every 15 minutes"


FIXED_LENGTHS = {
    Interval.EVERY_5_MINUTES: timedelta(minutes=5),
    Interval.EVERY_15_MINUTES: timedelta(minutes=15),
    Interval.HOUR: timedelta(hours=1),
}


_SETTLING = {Interval.EVERY_5_MINUTES: timedelta(seconds=30)}
_DEFAULT_SETTLING = timedelta(minutes=1)

# No zone is a day or more away from UTC, and so no boundary from where it would be by UTC: whatever clocks did, the
# neighbours of a moment belong to days, or weeks, at most three from its own.
_AROUND = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The interval, its alignment, and the window `[start_at, end_at)` outside which nothing is scheduled."""

    interval: Interval
    timezone: str = "UTC"
    offset_day: int = 0
    """First day of a week, 0 = Sunday; weekly exports only."""
    offset_hour: int = 0
    """Local hour at which a day or week begins."""
    start_at: datetime | None = None
    end_at: datetime | None = None

    @property
    def opens_at(self) -> datetime | None:
        """Where the first interval begins that the window admits, the one that ends at `start_at` or next after it."""
        return None if self.start_at is None else self.preceding(self.ceil(self.start_at))

    def floor(self, at: datetime) -> datetime:
        """The last interval boundary that is not after `at`."""
        length = FIXED_LENGTHS.get(self.interval)
        if length is not None:
            return at - (at - _EPOCH) % length
        near = self._calendar(at, at)
        return near[bisect_right(near, at) - 1]

    def following(self, at: datetime) -> datetime:
        """The first interval boundary after `at`."""
        length = FIXED_LENGTHS.get(self.interval)
        if length is not None:
            return at - (at - _EPOCH) % length + length
        near = self._calendar(at, at)
        return near[bisect_right(near, at)]

    def ceil(self, at: datetime) -> datetime:
        """The first interval boundary that is not before `at`."""
        return self.following(at - datetime.resolution)

    def preceding(self, at: datetime) -> datetime:
        """The last interval boundary before `at`."""
        return self.floor(at - datetime.resolution)

    def count(self, start: datetime, end: datetime) -> int:
        """How many intervals lie between two boundaries."""
        length = FIXED_LENGTHS.get(self.interval)
        if length is not None:
            return max(0, (end - start) // length)
        return sum(start < boundary <= end for boundary in self._calendar(start, end))

    def next_run_end(self, after: datetime) -> datetime | None:
        """The first boundary after `after` inside the schedule's window; None when the window is over."""
        end = self.following(after)
        if self.start_at is not None and end < self.start_at:
            end = self.ceil(self.start_at)
        return None if self.end_at is not None and end > self.end_at else end

    def due_at(self, end: datetime) -> datetime:
        """When the run of an interval that ends at `end` starts: a little later, so that its rows have arrived."""
        return end + _SETTLING.get(self.interval, _DEFAULT_SETTLING)

    def next_due(self, after: datetime) -> datetime | None:
        """When the first run whose interval ends after `after` starts; None when the window is over."""
        end = self.next_run_end(after)
        return None if end is None else self.due_at(end)

    def settled(self, now: datetime) -> datetime:
        """The last boundary whose rows have arrived by `now`, so that the interval before it may be exported."""
        return self.floor(now - _SETTLING.get(self.interval, _DEFAULT_SETTLING))

    def _calendar(self, start: datetime, end: datetime) -> Sequence[datetime]:
        """The moments, in order, at which the days or weeks from `start` to `end`, and a few around them, begin."""
        step = 7 if self.interval is Interval.WEEK else 1
        around = _AROUND * step
        begin = time(self.offset_hour, tzinfo=ZoneInfo(self.timezone))
        days = map(date.fromordinal, range(self._first_day(start) - around, self._first_day(end) + around + 1, step))
        # No boundary is reached by way of another: days that begin at once would not lead from one to the next.
        return sorted({datetime.combine(day, begin).astimezone(UTC) for day in days})

    def _first_day(self, at: datetime) -> int:
        """The ordinal of the day, or of the first day of the week, that a moment is in by UTC."""
        day = at.astimezone(UTC).date()
        return day.toordinal() - ((day.isoweekday() - self.offset_day) % 7 if self.interval is Interval.WEEK else 0)
