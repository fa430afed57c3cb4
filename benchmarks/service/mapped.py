"""The peer's mapped classes, over the tables of the product."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, DateTime, Dialect, ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator


class AwareDateTime(TypeDecorator[datetime]):
    """The recipe of SQLAlchemy's documentation for moments on SQLite, which keeps no zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn a moment to UTC."""
        del dialect
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give a moment its zone back."""
        del dialect
        return None if value is None else value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """All mapped classes."""

    type_annotation_map = {  # noqa: RUF012  # as SQLAlchemy wants it
        datetime: AwareDateTime,
        dict[str, Any]: JSON,
        list[dict[str, Any]]: JSON(none_as_null=True),
        list[str]: JSON,
        list[int]: JSON(none_as_null=True),
    }


class ApiKey(Base):
    """A key, found by its hash."""

    __tablename__ = "api_keys"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    hash: Mapped[str]
    label: Mapped[str]
    scopes: Mapped[list[str]]
    project_ids: Mapped[list[int] | None]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class KeyUsage(Base):
    """What a key has used of its limits."""

    __tablename__ = "key_usage"

    key_id: Mapped[UUID] = mapped_column(ForeignKey("api_keys.id"), primary_key=True)
    last_used_at: Mapped[datetime]
    windows: Mapped[list[dict[str, Any]]]


class Export(Base):
    """An export."""

    __tablename__ = "exports"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[int]
    name: Mapped[str]
    model: Mapped[str]
    destination_type: Mapped[str]
    destination_config: Mapped[dict[str, Any]]
    destination_secrets: Mapped[bytes | None]
    interval: Mapped[str]
    timezone: Mapped[str]
    offset_day: Mapped[int]
    offset_hour: Mapped[int]
    start_at: Mapped[datetime | None]
    end_at: Mapped[datetime | None]
    paused: Mapped[bool]
    created_at: Mapped[datetime]
    last_updated_at: Mapped[datetime]
    last_paused_at: Mapped[datetime | None]
    next_start_at: Mapped[datetime | None]
    next_at: Mapped[datetime | None]
    filters: Mapped[list[dict[str, Any]] | None]
    deleted_at: Mapped[datetime | None]
    paused_reason: Mapped[str | None]
    version: Mapped[int]


class Run(Base):
    """A run."""

    __tablename__ = "runs"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    export_id: Mapped[UUID] = mapped_column(ForeignKey("exports.id"))
    project_id: Mapped[int]
    status: Mapped[str]
    data_interval_start: Mapped[datetime]
    data_interval_end: Mapped[datetime]
    created_at: Mapped[datetime]
    last_updated_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    records_completed: Mapped[int | None]
    records_failed: Mapped[int | None]
    records_total_count: Mapped[int | None]
    bytes_exported: Mapped[int | None]
    latest_error: Mapped[str | None]
    attempt: Mapped[int]
    next_attempt_at: Mapped[datetime | None]
    backfill_id: Mapped[UUID | None]
    retry_of: Mapped[UUID | None]


class Activity(Base):
    """An entry of the audit log."""

    __tablename__ = "activity"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    created_at: Mapped[datetime]
    actor_type: Mapped[str]
    actor_id: Mapped[str | None]
    actor_label: Mapped[str]
    request_id: Mapped[str | None]
    project_id: Mapped[int | None]
    export_id: Mapped[UUID | None] = mapped_column(ForeignKey("exports.id"))
    changes: Mapped[list[dict[str, Any]]]
