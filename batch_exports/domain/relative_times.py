"""Times as users of filters write them: relative to now, such as `-7d` or `-1dStart`, or ISO 8601."""

import calendar
import re
from datetime import datetime, timedelta

from batch_exports.domain.errors import Invalid
from batch_exports.domain.times import in_reach, read_time

_RELATIVE = re.compile(r"-?([0-9]{0,6})([sMhdwmqyHDWQY])(Start|End)?")
_MONTHS = {"m": 1, "q": 3, "y": 12}
_LENGTHS = {
    "s": timedelta(seconds=1),
    "M": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
# From the start of any of them far enough to be in the next, near enough not to skip it.
_LONGEST = {"m": timedelta(days=31), "q": timedelta(days=92), "y": timedelta(days=366)}


def read_relative_time(text: str, now: datetime, *, attr: str) -> datetime | None:
    """A time, ISO 8601 or before `now` (`-24h`, `-7d`, `-1dStart`, `mStart`); None for `all`. Raises Invalid."""
    if text == "all":
        return None
    match = _RELATIVE.fullmatch(text)
    if match is None:
        return read_time(text, attr=attr)
    amount, letter, edge = int(match[1] or 0), match[2], match[3]
    # The two letters whose case matters: months and minutes.
    unit = letter if letter == "M" else letter.lower()
    return _at_edge(_back(now, amount, unit, text, attr), unit, edge)


def _back(now: datetime, amount: int, unit: str, text: str, attr: str) -> datetime:
    try:
        moment = _months_back(now, amount * _MONTHS[unit]) if unit in _MONTHS else now - _LENGTHS[unit] * amount
    except (OverflowError, ValueError):
        raise Invalid(f"Input {text} is too long ago.", attr=attr) from None
    return in_reach(moment, text, attr)


def _months_back(now: datetime, months: int) -> datetime:
    year, month = divmod(now.year * 12 + now.month - 1 - months, 12)
    return now.replace(year=year, month=month + 1, day=min(now.day, calendar.monthrange(year, month + 1)[1]))


def _at_edge(moment: datetime, unit: str, edge: str | None) -> datetime:
    if edge is None:
        return moment
    start = _start_of(moment, unit)
    if edge == "Start":
        return start
    return _start_of(start + (_LENGTHS.get(unit) or _LONGEST[unit]), unit) - timedelta(microseconds=1)


def _start_of(moment: datetime, unit: str) -> datetime:
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if unit == "w":
        return day - timedelta(days=day.isoweekday() % 7)
    if unit == "m":
        return day.replace(day=1)
    if unit == "q":
        return day.replace(day=1, month=day.month - (day.month - 1) % 3)
    if unit == "y":
        return day.replace(day=1, month=1)
    return moment - (moment - day) % _LENGTHS[unit]
