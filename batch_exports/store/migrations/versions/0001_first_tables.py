"""Make the tables of the first version."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_BIG_INTEGER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_TIME = sa.DateTime(timezone=True)
_CODE = sa.String(32)
_OPEN = "status IN ('Running', 'Starting')"


def upgrade() -> None:
    """Apply the change."""
    _create_access()
    _create_exports()
    _create_backfills()
    _create_runs()
    _create_logs()


def downgrade() -> None:
    """Take the change back."""
    for table in ("logs", "runs", "backfills", "exports", "api_keys", "projects"):
        op.drop_table(table)


def _create_access() -> None:
    op.create_table(
        "projects",
        sa.Column("id", _BIG_INTEGER, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_projects"),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", _BIG_INTEGER, nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        _foreign_key("api_keys", "project_id", "projects"),
        sa.UniqueConstraint("hash", name="uq_api_keys_hash"),
    )


def _create_exports() -> None:
    op.create_table(
        "exports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", _BIG_INTEGER, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("model", _CODE, nullable=False),
        sa.Column("destination_type", _CODE, nullable=False),
        sa.Column("destination_config", sa.JSON(), nullable=False),
        sa.Column("destination_secrets", sa.LargeBinary()),
        sa.Column("interval", _CODE, nullable=False),
        sa.Column("timezone", sa.String(64), nullable=False),
        sa.Column("offset_day", sa.Integer(), nullable=False),
        sa.Column("offset_hour", sa.Integer(), nullable=False),
        sa.Column("start_at", _TIME),
        sa.Column("end_at", _TIME),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("last_updated_at", _TIME, nullable=False),
        sa.Column("last_paused_at", _TIME),
        sa.Column("next_start_at", _TIME),
        sa.Column("next_at", _TIME),
        sa.Column("filters", sa.JSON()),
        sa.Column("deleted_at", _TIME),
        sa.PrimaryKeyConstraint("id", name="pk_exports"),
        _foreign_key("exports", "project_id", "projects"),
    )
    _create_index("ix_exports_created", "exports", "project_id", "created_at", "id", where="deleted_at IS NULL")
    op.create_index(
        "ix_exports_due",
        "exports",
        ["next_at", "id"],
        sqlite_where=sa.text("deleted_at IS NULL AND paused IS 0"),
        postgresql_where=sa.text("deleted_at IS NULL AND paused IS false"),
    )


def _create_backfills() -> None:
    op.create_table(
        "backfills",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("export_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", _BIG_INTEGER, nullable=False),
        sa.Column("status", _CODE, nullable=False),
        sa.Column("start_at", _TIME, nullable=False),
        sa.Column("end_at", _TIME, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("last_updated_at", _TIME, nullable=False),
        sa.Column("total_runs", _BIG_INTEGER, nullable=False),
        sa.Column("next_start_at", _TIME),
        sa.Column("finished_at", _TIME),
        sa.Column("total_records_count", _BIG_INTEGER),
        sa.Column("adjusted_start_at", _TIME),
        sa.PrimaryKeyConstraint("id", name="pk_backfills"),
        _foreign_key("backfills", "export_id", "exports"),
        _foreign_key("backfills", "project_id", "projects"),
    )
    _create_index("ix_backfills_created", "backfills", "export_id", "created_at", "id")
    _create_index("ix_backfills_start", "backfills", "export_id", "start_at", "id")
    _create_index("ix_backfills_open", "backfills", "project_id", "export_id", where=_OPEN)


def _create_runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("export_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", _BIG_INTEGER, nullable=False),
        sa.Column("status", _CODE, nullable=False),
        sa.Column("data_interval_start", _TIME, nullable=False),
        sa.Column("data_interval_end", _TIME, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("last_updated_at", _TIME, nullable=False),
        sa.Column("finished_at", _TIME),
        sa.Column("records_completed", _BIG_INTEGER),
        sa.Column("records_failed", _BIG_INTEGER),
        sa.Column("records_total_count", _BIG_INTEGER),
        sa.Column("bytes_exported", _BIG_INTEGER),
        sa.Column("latest_error", sa.Text()),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("backfill_id", sa.Uuid()),
        sa.Column("retry_of", sa.Uuid()),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
        _foreign_key("runs", "export_id", "exports"),
        _foreign_key("runs", "project_id", "projects"),
        _foreign_key("runs", "backfill_id", "backfills"),
        _foreign_key("runs", "retry_of", "runs"),
    )
    _create_index("ix_runs_created", "runs", "export_id", "created_at", "id")
    _create_index("ix_runs_interval", "runs", "export_id", "data_interval_start", "id")
    _create_index("ix_runs_open", "runs", "created_at", "id", where=_OPEN)
    _create_index("ix_runs_open_of_export", "runs", "export_id", "created_at", "id", where=_OPEN)
    _create_index("ix_runs_backfill", "runs", "backfill_id", "status", where="backfill_id IS NOT NULL")


def _create_logs() -> None:
    op.create_table(
        "logs",
        sa.Column("sequence", _BIG_INTEGER, nullable=False),
        sa.Column("export_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("level", _CODE, nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("timestamp", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_logs"),
        _foreign_key("logs", "export_id", "exports"),
        _foreign_key("logs", "run_id", "runs"),
    )
    _create_index("ix_logs_export", "logs", "export_id", "timestamp", "sequence")
    _create_index("ix_logs_run", "logs", "run_id", "timestamp", "sequence")


def _foreign_key(table: str, column: str, parent: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{parent}.id"], name=f"fk_{table}_{column}")


def _create_index(name: str, table: str, *columns: str, where: str | None = None) -> None:
    options: dict[str, Any] = {}
    if where is not None:
        options = {"sqlite_where": sa.text(where), "postgresql_where": sa.text(where)}
    op.create_index(name, table, list(columns), **options)
