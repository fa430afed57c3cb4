"""When the intervals of an export begin and end.

Intervals are half-open, `[start, end)`. Hours and minutes are aligned to UTC; days and weeks begin at a local hour of
the export's time zone, so that one of them lasts 23 or 25 hours when clocks change.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
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

    def floor(self, at: datetime) -> datetime:
        """The last interval boundary that is not after `at`."""
        length = FIXED_LENGTHS.get(self.interval)
        if length is not None:
            return at - (at - _EPOCH) % length
        zone = ZoneInfo(self.timezone)
        boundary = self._local_boundary(at.astimezone(zone))
        while boundary > at:
            boundary = self._shift(boundary, -1)
        while (following := self._shift(boundary, 1)) <= at:
            boundary = following
        return boundary

    def following(self, boundary: datetime) -> datetime:
        """The boundary after `boundary`, which must be one itself."""
        length = FIXED_LENGTHS.get(self.interval)
        return boundary + length if length is not None else self._shift(boundary, 1)

    def preceding(self, boundary: datetime) -> datetime:
        """The boundary before `boundary`, which must be one itself."""
        length = FIXED_LENGTHS.get(self.interval)
        return boundary - length if length is not None else self._shift(boundary, -1)

    def ceil(self, at: datetime) -> datetime:
        """The first interval boundary that is not before `at`."""
        floor = self.floor(at)
        return floor if floor == at else self.following(floor)

    def count(self, start: datetime, end: datetime) -> int:
        """How many whole intervals lie in `[start, end)`; both ends are boundaries."""
        length = FIXED_LENGTHS.get(self.interval)
        if length is not None:
            return max(0, (end - start) // length)
        zone = ZoneInfo(self.timezone)
        days = (end.astimezone(zone).date() - start.astimezone(zone).date()).days
        return max(0, days // (7 if self.interval is Interval.WEEK else 1))

    def next_run_end(self, after: datetime) -> datetime | None:
        """The first boundary after `after` inside the schedule's window; None when the window is over."""
        end = self.following(self.floor(after))
        if self.start_at is not None and end < self.start_at:
            end = self.ceil(self.start_at)
        return None if self.end_at is not None and end > self.end_at else end

    def due_at(self, end: datetime | None) -> datetime | None:
        """When the run of an interval that ends at `end` starts: a little later, so that its rows have arrived."""
        return None if end is None else end + _SETTLING.get(self.interval, _DEFAULT_SETTLING)

    def settled(self, now: datetime) -> datetime:
        """The last boundary whose rows have arrived by `now`, so that the interval before it may be exported."""
        return self.floor(now - _SETTLING.get(self.interval, _DEFAULT_SETTLING))

    def _local_boundary(self, local: datetime) -> datetime:
        midnight = local.replace(hour=self.offset_hour, minute=0, second=0, microsecond=0, fold=0)
        if self.interval is Interval.WEEK:
            midnight -= timedelta(days=(local.isoweekday() - self.offset_day) % 7)
        return midnight.astimezone(UTC)

    def _shift(self, boundary: datetime, steps: int) -> datetime:
        days = steps * (7 if self.interval is Interval.WEEK else 1)
        local = boundary.astimezone(ZoneInfo(self.timezone))
        # Wall-clock arithmetic: the offset hour is put back, since a boundary inside a gap was moved forward.
        moved = (local + timedelta(days=days)).replace(hour=self.offset_hour, minute=0, fold=0)
        return moved.astimezone(UTC)
