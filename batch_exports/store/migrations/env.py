"""Runs migrations inside the transaction that the caller opened."""

from alembic import context

from batch_exports.store.schema import VERSION_TABLE
from batch_exports.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    # Tables of others in the same database are none of ours to compare.
    include_name=lambda name, kind, _parents: kind != "table" or name in metadata.tables,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
