"""Documents as the model compares them: whole, with times as moments."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from batch_exports.conformance.model.transcript import Mismatch, require

Json = dict[str, Any]

_ABSENT = object()


def moment(text: str) -> datetime:
    """The moment that a request names; in UTC unless it has an offset."""
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def with_moments(document: Mapping[str, Any]) -> Json:
    """A document of an answer, its times read; they have to be in UTC."""
    return {name: _answered(name, value) if _is_time(name) else value for name, value in document.items()}


def check_equal(what: str, expected: Mapping[str, Any], actual: Mapping[str, Any]) -> None:
    """Raise Mismatch where a document is not what it must be; keys beyond those expected are free to come."""
    wrong = [
        f"{what}: {name} is {_shown(found)}; it must be {_shown(value)}."
        for name, value in expected.items()
        if not _same(found := actual.get(name, _ABSENT), value)
    ]
    if wrong:
        raise Mismatch("\n  ".join(wrong))


def check_order(what: str, *moments: datetime | None) -> None:
    """Raise Mismatch unless the moments that are there follow one another."""
    known = [each for each in moments if each is not None]
    require(known == sorted(known), f"{what}: the times are not in order: {', '.join(map(str, known))}.")


def _is_time(name: str) -> bool:
    return name.endswith("_at") or name in {"data_interval_start", "data_interval_end"}


def _answered(name: str, value: Any) -> datetime | None:
    if value is None:
        return None
    require(isinstance(value, str), f"{name} is {value!r}, which is no time.")
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        raise Mismatch(f"{name} is {value!r}, which is no time.") from None
    require(found.utcoffset() == timedelta(0), f"{name} is {value!r}, which is not in UTC.")
    return found.astimezone(UTC)


def _same(found: Any, value: Any) -> bool:
    # True is no 1.
    return bool(found == value) and isinstance(found, bool) == isinstance(value, bool)


def _shown(value: Any) -> str:
    return "absent" if value is _ABSENT else str(value) if isinstance(value, datetime) else repr(value)
