"""Reading the times that users write: ISO 8601, and plain dates."""

from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from batch_exports.domain.errors import Invalid

_FIRST_YEAR, _LAST_YEAR = 1970, 2199


def read_time(text: str, *, attr: str) -> datetime:
    """An ISO 8601 date-time, or a date for its midnight, in UTC; one without a zone is read as UTC. Raises Invalid."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(f"Input {text} is not a valid ISO formatted datetime.", attr=attr) from None
    return in_reach(moment if moment.tzinfo else moment.replace(tzinfo=UTC), text, attr)


def read_aware_time(text: str, *, attr: str | None = None) -> datetime:
    """An ISO 8601 date-time that names its zone, in UTC. Raises Invalid."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(f"Input {text} is not a valid ISO formatted datetime.", attr=attr) from None
    if moment.tzinfo is None:
        raise Invalid(f"Input {text} is naive.", attr=attr)
    return in_reach(moment, text, attr)


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


def in_reach(moment: datetime, text: str, attr: str | None) -> datetime:
    """A moment in UTC, which a user wrote as `text`; raises Invalid for one that is too far from the present."""
    if not _FIRST_YEAR < moment.year < _LAST_YEAR:
        raise Invalid(f"Input {text} is outside the years {_FIRST_YEAR + 1} to {_LAST_YEAR - 1}.", attr=attr)
    return moment.astimezone(UTC)


def is_timezone(name: str) -> bool:
    """Whether `name` is a time zone of the IANA database."""
    return name in _timezones()


@cache
def _timezones() -> frozenset[str]:
    # The package's list, in one file. The machine's own would have "localtime", which is another zone on each of them.
    return frozenset((files("tzdata") / "zones").read_text("ascii").split())


def local_time(day: date, hour: int, timezone: str) -> datetime:
    """The moment of an hour of a day in a time zone, in UTC."""
    return datetime(day.year, day.month, day.day, hour, tzinfo=ZoneInfo(timezone)).astimezone(UTC)


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
