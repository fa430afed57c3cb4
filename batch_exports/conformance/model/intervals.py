"""Where the intervals of an export lie, as its contract says: hours and minutes by UTC, days and weeks by its zone."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from batch_exports.conformance.model.documents import moment
from batch_exports.conformance.model.export_settings import ExportSettings

Interval = tuple[datetime, datetime]

LENGTHS = {
    "every 5 minutes": timedelta(minutes=5),
    "every 15 minutes": timedelta(minutes=15),
    "hour": timedelta(hours=1),
}
"""Intervals that always last the same."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def whole_intervals(settings: ExportSettings, start: str, end: str) -> list[Interval]:
    """The intervals of a range that a backfill names, widened to whole ones."""
    length = LENGTHS.get(settings.interval)
    return list(pairwise(_days(settings, start, end) if length is None else _fixed(length, start, end)))


def weekday(day: date) -> int:
    """The day of the week, 0 for Sunday."""
    return day.isoweekday() % 7


def _fixed(length: timedelta, start: str, end: str) -> list[datetime]:
    first, last = moment(start), moment(end)
    edges = [first - (first - _EPOCH) % length]
    while edges[-1] < last:
        edges.append(edges[-1] + length)
    return edges


def _days(settings: ExportSettings, start: str, end: str) -> list[datetime]:
    begin = time(settings.offset_hour or 0, tzinfo=ZoneInfo(settings.timezone))
    first, last = date.fromisoformat(start), date.fromisoformat(end)
    step = 7 if settings.interval == "week" else 1
    days = range(first.toordinal(), last.toordinal() + 1, step)
    return [datetime.combine(date.fromordinal(day), begin).astimezone(UTC) for day in days]
