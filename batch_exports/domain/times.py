"""Reading the times that users write: ISO 8601, plain dates, and dates relative to now such as `-7d`."""

import calendar
import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from batch_exports.domain.errors import Invalid

_RELATIVE = re.compile(r"-(\d{1,4})([hdwmqy])(Start|End)?")
_MONTHS = {"m": 1, "q": 3, "y": 12}
_FIRST_YEAR, _LAST_YEAR = 1970, 2199

_TIMEZONES: set[str] = set()


def read_time(text: str, *, attr: str) -> datetime:
    """An ISO 8601 date-time in UTC; one without a zone is read as UTC. Raises Invalid."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(f"Input {text} is not a valid ISO formatted datetime.", attr=attr) from None
    return _in_range(moment if moment.tzinfo else moment.replace(tzinfo=UTC), text, attr)


def read_aware_time(text: str, *, attr: str | None = None) -> datetime:
    """An ISO 8601 date-time that names its zone, in UTC. Raises Invalid."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(f"Input {text} is not a valid ISO formatted datetime.", attr=attr) from None
    if moment.tzinfo is None:
        raise Invalid(f"Input {text} is naive.", attr=attr)
    return _in_range(moment, text, attr)


def read_date(text: str, *, attr: str | None = None) -> date:
    """A plain ISO 8601 date. Raises Invalid, with advice when a time of day came along."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        advice = " Daily or weekly batch export backfills expect only the date component, but a time was included."
        raise Invalid(
            f"Input '{text}' is not a valid ISO formatted date.{advice if _is_time(text) else ''}", attr=attr
        ) from None
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise Invalid(f"Input '{text}' is outside the years {_FIRST_YEAR} to {_LAST_YEAR}.", attr=attr)
    return day


def read_relative_time(text: str, now: datetime, *, attr: str) -> datetime | None:
    """A time, ISO 8601 or relative to `now` (`-24h`, `-7d`, `-1dStart`, `-3m`); None for `all`. Raises Invalid."""
    if text == "all":
        return None
    match = _RELATIVE.fullmatch(text)
    if match is None:
        return read_time(text, attr=attr)
    amount, unit, edge = int(match[1]), match[2], match[3]
    moment = _back(now, amount, unit, text, attr)
    if edge == "Start":
        return _start_of(moment, unit)
    if edge == "End":
        return _start_of(_forward(_start_of(moment, unit), unit), unit) - timedelta(microseconds=1)
    return moment


def is_timezone(name: str) -> bool:
    """Whether `name` is a time zone of the IANA database."""
    if not _TIMEZONES:
        _TIMEZONES.update(available_timezones())
    return name in _TIMEZONES


def local_time(day: date, hour: int, timezone: str) -> datetime:
    """The moment of an hour of a day in a time zone, in UTC."""
    return datetime(day.year, day.month, day.day, hour, tzinfo=ZoneInfo(timezone)).astimezone(UTC)


def _in_range(moment: datetime, text: str, attr: str | None) -> datetime:
    if not _FIRST_YEAR < moment.year < _LAST_YEAR:
        raise Invalid(f"Input {text} is outside the years {_FIRST_YEAR + 1} to {_LAST_YEAR - 1}.", attr=attr)
    return moment.astimezone(UTC)


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _back(now: datetime, amount: int, unit: str, text: str, attr: str) -> datetime:
    if unit in _MONTHS:
        months = now.year * 12 + now.month - 1 - amount * _MONTHS[unit]
        year, month = divmod(months, 12)
        if year < _FIRST_YEAR:
            raise Invalid(f"Input {text} is before the year {_FIRST_YEAR}.", attr=attr)
        return now.replace(year=year, month=month + 1, day=min(now.day, calendar.monthrange(year, month + 1)[1]))
    return now - {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}[unit] * amount


def _forward(moment: datetime, unit: str) -> datetime:
    # Far enough to be in the next unit, near enough not to skip it.
    days = {"d": 1, "w": 7, "m": 31, "q": 92, "y": 366}
    return moment + (timedelta(hours=1) if unit == "h" else timedelta(days=days[unit]))


def _start_of(moment: datetime, unit: str) -> datetime:
    if unit == "h":
        return moment.replace(minute=0, second=0, microsecond=0)
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if unit == "w":
        return day - timedelta(days=day.isoweekday() % 7)
    if unit == "m":
        return day.replace(day=1)
    if unit == "q":
        return day.replace(day=1, month=day.month - (day.month - 1) % 3)
    return day.replace(day=1, month=1) if unit == "y" else day
