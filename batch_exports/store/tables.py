"""The tables and their indexes; the migrations create them, and a test holds both together."""

from enum import StrEnum

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    and_,
    false,
    literal_column,
)

from batch_exports.domain.activity import ActivityKind, ActorType
from batch_exports.domain.backfills import OPEN_BACKFILL_STATUSES, BackfillStatus
from batch_exports.domain.exports import Model, PausedReason
from batch_exports.domain.logs import LogLevel
from batch_exports.domain.runs import OPEN_STATUSES, RunStatus
from batch_exports.domain.schedules import Interval
from batch_exports.store.columns import BIG_INTEGER, EnumText, ForeignText, Id, UtcDateTime

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
    }
)

organizations = Table(
    "organizations",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String, nullable=False),
)

projects = Table(
    "projects",
    metadata,
    Column("id", BIG_INTEGER, primary_key=True),
    Column("name", String, nullable=False),
    Column("organization_id", Id, ForeignKey("organizations.id"), nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Id, primary_key=True),
    Column("scopes", JSON, nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
    Column("label", String, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("organization_id", Id, ForeignKey("organizations.id"), nullable=False),
    Column("project_ids", JSON(none_as_null=True)),
    Column("prefix", String(16), nullable=False),
    Column("expires_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
    Column("replaced_by", Id),
)

key_usage = Table(
    "key_usage",
    metadata,
    Column("key_id", Id, ForeignKey("api_keys.id"), primary_key=True),
    Column("last_used_at", UtcDateTime, nullable=False),
    Column("windows", JSON, nullable=False),
)

# No foreign keys: the audit log outlives what it tells of.
activity = Table(
    "activity",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", EnumText(ActivityKind), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("actor_type", EnumText(ActorType), nullable=False),
    Column("actor_id", String(64)),
    Column("actor_label", String, nullable=False),
    Column("request_id", String(200)),
    Column("project_id", BIG_INTEGER),
    Column("export_id", Id),
    Column("run_id", Id),
    Column("backfill_id", Id),
    Column("key_id", Id),
    Column("changes", JSON, nullable=False),
)

answers = Table(
    "answers",
    metadata,
    Column("principal_id", String(64), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("answer", Text, nullable=False),
)

# Plain JSON rather than PostgreSQL's binary one: it keeps the order of keys, and nothing searches inside.
exports = Table(
    "exports",
    metadata,
    Column("id", Id, primary_key=True),
    Column("project_id", BIG_INTEGER, ForeignKey("projects.id"), nullable=False),
    Column("name", String, nullable=False),
    Column("model", EnumText(Model), nullable=False),
    Column("destination_type", String(32), nullable=False),
    Column("destination_config", JSON, nullable=False),
    Column("destination_secrets", LargeBinary),
    Column("interval", EnumText(Interval), nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("offset_day", Integer, nullable=False),
    Column("offset_hour", Integer, nullable=False),
    Column("start_at", UtcDateTime),
    Column("end_at", UtcDateTime),
    Column("paused", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_updated_at", UtcDateTime, nullable=False),
    Column("last_paused_at", UtcDateTime),
    Column("next_start_at", UtcDateTime),
    Column("next_at", UtcDateTime),
    Column("filters", JSON(none_as_null=True)),
    Column("deleted_at", UtcDateTime),
    Column("paused_reason", EnumText(PausedReason)),
    Column("version", Integer, nullable=False),
    Column("last_unpaused_at", UtcDateTime),
    Column("destination_secret_names", JSON(none_as_null=True)),
)

backfills = Table(
    "backfills",
    metadata,
    Column("id", Id, primary_key=True),
    Column("export_id", Id, ForeignKey("exports.id"), nullable=False),
    Column("project_id", BIG_INTEGER, ForeignKey("projects.id"), nullable=False),
    Column("status", EnumText(BackfillStatus), nullable=False),
    Column("start_at", UtcDateTime, nullable=False),
    Column("end_at", UtcDateTime, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_updated_at", UtcDateTime, nullable=False),
    Column("total_runs", BIG_INTEGER, nullable=False),
    Column("next_start_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("total_records_count", BIG_INTEGER),
    Column("adjusted_start_at", UtcDateTime),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Id, primary_key=True),
    Column("export_id", Id, ForeignKey("exports.id"), nullable=False),
    Column("project_id", BIG_INTEGER, ForeignKey("projects.id"), nullable=False),
    Column("status", EnumText(RunStatus), nullable=False),
    Column("data_interval_start", UtcDateTime, nullable=False),
    Column("data_interval_end", UtcDateTime, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_updated_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("records_completed", BIG_INTEGER),
    Column("records_failed", BIG_INTEGER),
    Column("records_total_count", BIG_INTEGER),
    Column("bytes_exported", BIG_INTEGER),
    Column("latest_error", ForeignText),
    Column("attempt", Integer, nullable=False),
    Column("backfill_id", Id, ForeignKey("backfills.id")),
    Column("retry_of", Id, ForeignKey("runs.id")),
    Column("next_attempt_at", UtcDateTime),
)

logs = Table(
    "logs",
    metadata,
    Column("sequence", BIG_INTEGER, primary_key=True),
    Column("export_id", Id, ForeignKey("exports.id"), nullable=False),
    Column("run_id", Id, ForeignKey("runs.id"), nullable=False),
    Column("level", EnumText(LogLevel), nullable=False),
    Column("message", ForeignText, nullable=False),
    Column("timestamp", UtcDateTime, nullable=False),
)


def _any_of(column: Column[str], values: frozenset[StrEnum]) -> ColumnElement[bool]:
    # Written into the statement, not bound: only then can a planner prove that a partial index covers the query.
    return column.in_([literal_column(f"'{value}'") for value in sorted(values)])


RUN_IS_OPEN = _any_of(runs.c.status, frozenset(OPEN_STATUSES))
"""The run may still change."""
BACKFILL_IS_OPEN = _any_of(backfills.c.status, frozenset(OPEN_BACKFILL_STATUSES))
"""The backfill may still make runs."""
EXPORT_IS_VISIBLE = exports.c.deleted_at.is_(None)
"""The export is not deleted."""
EXPORT_IS_ACTIVE = and_(EXPORT_IS_VISIBLE, exports.c.paused.is_(false()))
"""The export is neither deleted nor paused."""


def _index(name: str, *columns: Column[str], where: ColumnElement[bool] | None = None) -> None:
    Index(name, *columns, sqlite_where=where, postgresql_where=where)


_index("ix_exports_created", exports.c.project_id, exports.c.created_at, exports.c.id, where=EXPORT_IS_VISIBLE)
_index("ix_exports_due", exports.c.next_at, exports.c.id, where=EXPORT_IS_ACTIVE)

_index("ix_backfills_created", backfills.c.export_id, backfills.c.created_at, backfills.c.id)
_index("ix_backfills_start", backfills.c.export_id, backfills.c.start_at, backfills.c.id)
_index("ix_backfills_open", backfills.c.project_id, backfills.c.export_id, where=BACKFILL_IS_OPEN)

_index("ix_runs_created", runs.c.export_id, runs.c.created_at, runs.c.id)
_index("ix_runs_interval", runs.c.export_id, runs.c.data_interval_start, runs.c.id)
_index("ix_runs_open", runs.c.created_at, runs.c.id, where=RUN_IS_OPEN)
_index("ix_runs_open_of_export", runs.c.export_id, runs.c.created_at, runs.c.id, where=RUN_IS_OPEN)
_index("ix_runs_backfill", runs.c.backfill_id, runs.c.status, where=runs.c.backfill_id.is_not(None))

_index("ix_logs_export", logs.c.export_id, logs.c.timestamp, logs.c.sequence)
_index("ix_logs_run", logs.c.run_id, logs.c.timestamp, logs.c.sequence)

_index("ix_api_keys_prefix", api_keys.c.prefix)
_index("ix_activity_export", activity.c.export_id, activity.c.created_at, activity.c.id)
_index("ix_activity_project", activity.c.project_id, activity.c.created_at, activity.c.id)
_index("ix_activity_created", activity.c.created_at, activity.c.id)
_index("ix_answers_created", answers.c.created_at)
