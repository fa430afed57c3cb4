"""Which rows a list asks for."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from batch_exports.domain.exports import Model
from batch_exports.domain.logs import LogLevel
from batch_exports.domain.runs import RunStatus
from batch_exports.domain.schedules import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportQuery:
    """Which exports of a project to list: `limit` rows after the first `offset`.

    `order_by` is `created_at`, `last_updated_at` or `name`, ties broken by `id` in the same direction. Conditions that
    are None are none; `search` is a part of the name, whatever the case of its ASCII letters.
    """

    project_id: int
    limit: int
    offset: int
    order_by: str = "created_at"
    descending: bool = True
    search: str | None = None
    paused: bool | None = None
    model: Model | None = None
    interval: Interval | None = None
    destination_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunQuery:
    """Which runs of an export to list, by position instead of offset so that new rows shift nothing.

    `order_by` is `created_at` or `data_interval_start`, ties broken by `id` in the same direction. Rows start strictly
    behind `position` (value of the order column, id), read against the order when `backwards`. All windows include both
    ends: `created_*` bound `created_at`; `interval_from` <= `data_interval_start` and `data_interval_end` <=
    `interval_until`.
    """

    export_id: UUID
    order_by: str
    descending: bool
    limit: int
    position: tuple[datetime, UUID] | None = None
    backwards: bool = False
    statuses: frozenset[RunStatus] = frozenset()
    created_from: datetime | None = None
    created_until: datetime | None = None
    interval_from: datetime | None = None
    interval_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillQuery:
    """Which backfills of an export to list; `order_by` is `created_at` or `start_at`, else as in RunQuery."""

    export_id: UUID
    order_by: str
    descending: bool
    limit: int
    position: tuple[datetime, UUID] | None = None
    backwards: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LogQuery:
    """Which log entries to list, newest first, behind `position` (timestamp, sequence); both bounds are exclusive."""

    export_id: UUID
    run_id: UUID | None
    limit: int
    levels: frozenset[LogLevel] = frozenset()
    search: str | None = None
    after: datetime | None = None
    before: datetime | None = None
    position: tuple[datetime, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityQuery:
    """Which entries of the audit log to list, newest first, strictly behind `position` (`created_at`, id).

    None stands for any project, or any export.
    """

    limit: int
    project_id: int | None = None
    export_id: UUID | None = None
    position: tuple[datetime, UUID] | None = None
    backwards: bool = False
