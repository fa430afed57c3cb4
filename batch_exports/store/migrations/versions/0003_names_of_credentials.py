"""Add the names of the credentials that an export has, which can be told without decrypting them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change; exports that are there get theirs when they are next saved."""
    op.add_column("exports", sa.Column("destination_secret_names", sa.JSON()))


def downgrade() -> None:
    """Take the change back."""
    with op.batch_alter_table("exports") as exports:
        exports.drop_column("destination_secret_names")
