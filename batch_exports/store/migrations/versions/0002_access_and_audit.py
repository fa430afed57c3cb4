"""Add organizations, limits and use of keys, versions of exports, the audit log and kept answers."""

from uuid import UUID

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_BIG_INTEGER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_TIME = sa.DateTime(timezone=True)
_CODE = sa.String(32)

_FIRST_ORGANIZATION = UUID("01900000-0000-7000-8000-000000000001")
"""Whose projects those are that were made before there were organizations."""


def upgrade() -> None:
    """Apply the change."""
    _create_organizations()
    _limit_keys()
    with op.batch_alter_table("exports") as exports:
        exports.add_column(sa.Column("paused_reason", _CODE))
        exports.add_column(sa.Column("version", sa.Integer()))
    op.execute("UPDATE exports SET version = 1")
    op.execute("UPDATE exports SET paused_reason = 'request' WHERE paused")
    with op.batch_alter_table("exports") as exports:
        exports.alter_column("version", existing_type=sa.Integer(), nullable=False)
    op.add_column("exports", sa.Column("last_unpaused_at", _TIME))
    op.add_column("runs", sa.Column("next_attempt_at", _TIME))
    _create_activity()
    _create_answers()
    _create_key_usage()


def downgrade() -> None:
    """Take the change back; keys that open several projects then open none."""
    for table in ("key_usage", "answers", "activity"):
        op.drop_table(table)
    with op.batch_alter_table("exports") as exports:
        exports.drop_column("last_unpaused_at")
        exports.drop_column("version")
        exports.drop_column("paused_reason")
    op.drop_column("runs", "next_attempt_at")
    _bind_keys()
    with op.batch_alter_table("projects") as projects:
        projects.drop_constraint("fk_projects_organization_id", type_="foreignkey")
        projects.drop_column("organization_id")
    op.drop_table("organizations")


def _create_organizations() -> None:
    organizations = op.create_table(
        "organizations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_organizations"),
    )
    connection = op.get_bind()
    connection.execute(sa.insert(organizations).values(id=_FIRST_ORGANIZATION, name="Default"))
    with op.batch_alter_table("projects") as projects:
        projects.add_column(sa.Column("organization_id", sa.Uuid()))
    connection.execute(sa.update(_table("projects", "organization_id")).values(organization_id=_FIRST_ORGANIZATION))
    with op.batch_alter_table("projects") as projects:
        projects.alter_column("organization_id", existing_type=sa.Uuid(), nullable=False)
        projects.create_foreign_key("fk_projects_organization_id", "organizations", ["organization_id"], ["id"])


def _limit_keys() -> None:
    with op.batch_alter_table("api_keys") as api_keys:
        api_keys.add_column(sa.Column("organization_id", sa.Uuid()))
        api_keys.add_column(sa.Column("project_ids", sa.JSON()))
        api_keys.add_column(sa.Column("prefix", sa.String(16)))
        api_keys.add_column(sa.Column("expires_at", _TIME))
        api_keys.add_column(sa.Column("revoked_at", _TIME))
        api_keys.add_column(sa.Column("replaced_by", sa.Uuid()))
    connection = op.get_bind()
    keys = sa.table("api_keys", *map(sa.column, ("id", "project_id", "project_ids", "organization_id", "prefix")))
    keys.c.id.type, keys.c.project_ids.type, keys.c.organization_id.type = sa.Uuid(), sa.JSON(), sa.Uuid()
    for key_id, project_id in connection.execute(sa.select(keys.c.id, keys.c.project_id)).all():
        # What a key began with is not known of those that were made before: they are found among all of them.
        limits = {"project_ids": [project_id], "organization_id": _FIRST_ORGANIZATION, "prefix": ""}
        connection.execute(sa.update(keys).where(keys.c.id == key_id).values(**limits))
    with op.batch_alter_table("api_keys") as api_keys:
        api_keys.alter_column("organization_id", existing_type=sa.Uuid(), nullable=False)
        api_keys.alter_column("prefix", existing_type=sa.String(16), nullable=False)
        api_keys.create_foreign_key("fk_api_keys_organization_id", "organizations", ["organization_id"], ["id"])
        api_keys.drop_constraint("fk_api_keys_project_id", type_="foreignkey")
        api_keys.drop_column("project_id")
    op.create_index("ix_api_keys_prefix", "api_keys", ["prefix"])


def _bind_keys() -> None:
    op.drop_index("ix_api_keys_prefix", "api_keys")
    with op.batch_alter_table("api_keys") as api_keys:
        api_keys.add_column(sa.Column("project_id", _BIG_INTEGER))
    connection = op.get_bind()
    keys = sa.table("api_keys", *map(sa.column, ("id", "project_id", "project_ids")))
    keys.c.id.type, keys.c.project_ids.type = sa.Uuid(), sa.JSON()
    for key_id, project_ids in connection.execute(sa.select(keys.c.id, keys.c.project_ids)).all():
        bound = keys.c.id == key_id
        if project_ids and len(project_ids) == 1:
            connection.execute(sa.update(keys).where(bound).values(project_id=project_ids[0]))
        else:
            connection.execute(sa.delete(keys).where(bound))
    with op.batch_alter_table("api_keys") as api_keys:
        api_keys.alter_column("project_id", existing_type=_BIG_INTEGER, nullable=False)
        api_keys.create_foreign_key("fk_api_keys_project_id", "projects", ["project_id"], ["id"])
        api_keys.drop_constraint("fk_api_keys_organization_id", type_="foreignkey")
        for column in ("organization_id", "project_ids", "prefix", "expires_at", "revoked_at", "replaced_by"):
            api_keys.drop_column(column)


def _create_activity() -> None:
    op.create_table(
        "activity",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", _CODE, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("actor_type", _CODE, nullable=False),
        sa.Column("actor_id", sa.String(64)),
        sa.Column("actor_label", sa.String(), nullable=False),
        sa.Column("request_id", sa.String(200)),
        sa.Column("project_id", _BIG_INTEGER),
        sa.Column("export_id", sa.Uuid()),
        sa.Column("run_id", sa.Uuid()),
        sa.Column("backfill_id", sa.Uuid()),
        sa.Column("key_id", sa.Uuid()),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_activity"),
    )
    op.create_index("ix_activity_export", "activity", ["export_id", "created_at", "id"])
    op.create_index("ix_activity_project", "activity", ["project_id", "created_at", "id"])
    op.create_index("ix_activity_created", "activity", ["created_at", "id"])


def _create_answers() -> None:
    op.create_table(
        "answers",
        sa.Column("principal_id", sa.String(64), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("principal_id", "key", name="pk_answers"),
    )
    op.create_index("ix_answers_created", "answers", ["created_at"])


def _create_key_usage() -> None:
    op.create_table(
        "key_usage",
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("last_used_at", _TIME, nullable=False),
        sa.Column("windows", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("key_id", name="pk_key_usage"),
        sa.ForeignKeyConstraint(["key_id"], ["api_keys.id"], name="fk_key_usage_key_id"),
    )


def _table(name: str, column: str) -> sa.TableClause:
    return sa.table(name, sa.column(column, sa.Uuid()))
