"""Brings a database to the tables of this version."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from batch_exports.store.dialects import lock_schema, open_migration_engine

VERSION_TABLE = "batch_exports_version"
"""Where the revision is noted; not Alembic's default name, since an engine may keep its own in the same database."""

_SCRIPTS = Path(__file__).with_name("migrations")


def migrate(url: str) -> None:
    """Apply the migrations that a database lacks, all or none; blocks, and is harmless when there is nothing to do."""
    engine = open_migration_engine(url)
    try:
        with engine.begin() as connection:
            lock_schema(connection)
            command.upgrade(_config(connection), "head")
    finally:
        engine.dispose()


def is_current(url: str) -> bool:
    """Whether a database has exactly the tables of this version; blocks."""
    engine = open_migration_engine(url)
    try:
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
            script = ScriptDirectory.from_config(_config(connection))
            return set(context.get_current_heads()) == set(script.get_heads())
    finally:
        engine.dispose()


def _config(connection: Connection) -> Config:
    config = Config(attributes={"connection": connection})
    # A percent sign in the path would be read as an interpolation.
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
