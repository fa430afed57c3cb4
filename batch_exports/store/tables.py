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
    Uuid,
    and_,
    false,
    literal_column,
)

from batch_exports.domain.backfills import OPEN_BACKFILL_STATUSES, BackfillStatus
from batch_exports.domain.exports import Model
from batch_exports.domain.logs import LogLevel
from batch_exports.domain.runs import OPEN_STATUSES, RunStatus
from batch_exports.domain.schedules import Interval
from batch_exports.store.columns import BIG_INTEGER, ForeignText, UtcDateTime, enum_column

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
    }
)

projects = Table(
    "projects",
    metadata,
    Column("id", BIG_INTEGER, primary_key=True),
    Column("name", String, nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("project_id", BIG_INTEGER, ForeignKey("projects.id"), nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
    Column("label", String, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

# Plain JSON rather than PostgreSQL's binary one: it keeps the order of keys, and nothing searches inside.
exports = Table(
    "exports",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("project_id", BIG_INTEGER, ForeignKey("projects.id"), nullable=False),
    Column("name", String, nullable=False),
    Column("model", enum_column(Model), nullable=False),
    Column("destination_type", String(32), nullable=False),
    Column("destination_config", JSON, nullable=False),
    Column("destination_secrets", LargeBinary),
    Column("interval", enum_column(Interval), nullable=False),
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
)

backfills = Table(
    "backfills",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("export_id", Uuid, ForeignKey("exports.id"), nullable=False),
    Column("project_id", BIG_INTEGER, ForeignKey("projects.id"), nullable=False),
    Column("status", enum_column(BackfillStatus), nullable=False),
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
    Column("id", Uuid, primary_key=True),
    Column("export_id", Uuid, ForeignKey("exports.id"), nullable=False),
    Column("project_id", BIG_INTEGER, ForeignKey("projects.id"), nullable=False),
    Column("status", enum_column(RunStatus), nullable=False),
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
    Column("backfill_id", Uuid, ForeignKey("backfills.id")),
    Column("retry_of", Uuid, ForeignKey("runs.id")),
)

logs = Table(
    "logs",
    metadata,
    Column("sequence", BIG_INTEGER, primary_key=True),
    Column("export_id", Uuid, ForeignKey("exports.id"), nullable=False),
    Column("run_id", Uuid, ForeignKey("runs.id"), nullable=False),
    Column("level", enum_column(LogLevel), nullable=False),
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
