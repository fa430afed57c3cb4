"""From JSON to the dataclasses of the domain, with all times moved."""

from dataclasses import is_dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints
from uuid import UUID

from batch_exports.domain.schedules import Schedule

RowT = TypeVar("RowT")
Interval = tuple[datetime, datetime]


class Decoder:
    """Reads rows whose form has been checked."""

    def __init__(self, shift: timedelta = timedelta(0)) -> None:
        """`shift` is added to all times."""
        self.shift = shift
        self._hints: dict[type, dict[str, Any]] = {}

    def read(self, kind: type[RowT], row: dict[str, Any], **more: Any) -> RowT:
        """The object of a dataclass that a row describes, and `more` fields that have been read."""
        if kind not in self._hints:
            self._hints[kind] = get_type_hints(kind)
        hints = self._hints[kind]
        return kind(**{name: self._value(hints[name], value) for name, value in row.items()}, **more)

    def boundary(self, schedule: Schedule, at: datetime) -> datetime:
        """A moment that was moved, as a boundary of the schedule if it was one before."""
        before = at - self.shift
        return at if schedule.floor(before) != before else schedule.floor(at)

    def interval(self, schedule: Schedule, start: datetime, end: datetime) -> Interval:
        """An interval that was moved, as one of the schedule if it was one before."""
        if not self.shift:
            return start, end
        first, last = self.boundary(schedule, start), self.boundary(schedule, end)
        was_whole = schedule.following(start - self.shift) == end - self.shift
        return first, schedule.following(first) if was_whole or last <= first else last

    def _value(self, kind: Any, value: Any) -> Any:
        if value is None:
            return None
        if isinstance(kind, UnionType):
            kind = next(each for each in get_args(kind) if each is not type(None))
        if get_origin(kind) is tuple:
            return tuple(self._value(get_args(kind)[0], each) for each in value)
        if kind is datetime:
            return datetime.fromisoformat(value).astimezone(UTC) + self.shift
        if isinstance(kind, type) and is_dataclass(kind):
            return self.read(kind, value)
        if isinstance(kind, type) and issubclass(kind, (UUID, Enum)):
            return kind(value)
        return value
