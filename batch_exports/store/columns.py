"""Column types that mean the same in every database."""

from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, String, Text, Uuid
from sqlalchemy.types import TypeDecorator

BIG_INTEGER = BigInteger().with_variant(Integer, "sqlite")
"""64 bits everywhere; SQLite numbers the rows of a primary key only when it is declared INTEGER."""


class UtcDateTime(TypeDecorator[datetime]):
    """A moment, kept in UTC with microseconds, so that the order of what is stored is the order in time."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        """What turns a moment into a value of the driver, for SQLite at one go."""
        return _text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: Dialect, coltype: Any) -> Callable[[Any], datetime | None] | None:
        """What turns a value of the driver into the moment, at one go: a page of rows holds hundreds."""
        del coltype
        return _moment if dialect.name == "sqlite" else _shown_in_utc

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn a moment to UTC; one without a zone is no moment and is refused."""
        del dialect
        return None if value is None else _in_utc(value)


class Id(TypeDecorator[UUID]):
    """An identifier."""

    impl = Uuid
    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: Any) -> Callable[[Any], UUID | None] | None:
        """What turns a value of the driver into the identifier, for SQLite at one go: a page of rows holds hundreds."""
        return _identifier if dialect.name == "sqlite" else super().result_processor(dialect, coltype)


class ForeignText(TypeDecorator[str]):
    """Text that others wrote (errors, logs); NUL and lone surrogates, which no database takes, are spelled out."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Spell out what cannot be stored."""
        del dialect
        if value is None:
            return None
        return value.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


class EnumText(TypeDecorator[StrEnum]):
    """A value of an enum, as text, so that a new value needs no migration."""

    impl = String
    cache_ok = True

    def __init__(self, kind: type[StrEnum]) -> None:
        super().__init__(32)
        self.kind = kind

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], str | None]:
        """What turns a value of the enum into its text, and refuses others."""
        del dialect
        texts: dict[StrEnum | None, str | None] = {None: None, **{each: each.value for each in self.kind}}
        return texts.__getitem__

    def result_processor(self, dialect: Dialect, coltype: Any) -> Callable[[Any], StrEnum | None]:
        """What turns a text into the enum's value."""
        del dialect, coltype
        members: dict[str | None, StrEnum | None] = {None: None, **{each.value: each for each in self.kind}}
        return members.__getitem__


def _in_utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError(f"A time without a zone cannot be stored: {value.isoformat()}")
    return value.astimezone(UTC)


def _text(value: datetime | None) -> str | None:
    return None if value is None else _in_utc(value).replace(tzinfo=None).isoformat(" ", "microseconds")


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(f"{text}+00:00")


def _shown_in_utc(value: datetime | None) -> datetime | None:
    return None if value is None else value.astimezone(UTC)


def _identifier(digits: str | None) -> UUID | None:
    # Digits that the database keeps need none of the cleaning that `UUID` does with texts.
    return None if digits is None else UUID(int=int(digits, 16))
