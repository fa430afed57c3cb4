"""Column types that mean the same in every database."""

from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, DateTime, Dialect, Enum, Integer, Text
from sqlalchemy.types import TypeDecorator

BIG_INTEGER = BigInteger().with_variant(Integer, "sqlite")
"""64 bits everywhere; SQLite numbers the rows of a primary key only when it is declared INTEGER."""


class UtcDateTime(TypeDecorator[datetime]):
    """A moment, kept in UTC with microseconds, so that the order of what is stored is the order in time."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn a moment to UTC; one without a zone is no moment and is refused."""
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"A time without a zone cannot be stored: {value.isoformat()}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The moment in UTC; SQLite gives it back without its zone."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


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


def enum_column(kind: type[StrEnum]) -> Enum:
    """A column for the values (not the names) of an enum, as text, so that a new value needs no migration."""
    return Enum(kind, native_enum=False, length=32, values_callable=lambda members: [each.value for each in members])
