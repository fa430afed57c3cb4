"""Brings a database to the tables of this version."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from batch_exports.store.dialects import check_references, lock_schema
from batch_exports.store.engines import open_migration_engine
from batch_exports.store.problems import readable_problems

VERSION_TABLE = "batch_exports_version"
"""Where the revision is noted; not Alembic's default name, since an engine may keep its own in the same database."""

_SCRIPTS = Path(__file__).with_name("migrations")


def migrate(url: str) -> None:
    """Apply the migrations that a database lacks, all or none; blocks, and is harmless when there is nothing to do.

    Raises StoreUnusable.
    """
    with readable_problems(url), opened(url) as engine, engine.begin() as connection:
        lock_schema(connection)
        command.upgrade(_config(connection), "head")
        check_references(connection)


def is_current(url: str) -> bool:
    """Whether a database has the tables of this version, or else of an older one; blocks. Raises StoreUnusable."""
    with readable_problems(url), opened(url) as engine, engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        script = ScriptDirectory.from_config(_config(connection))
        found = script.get_revisions(context.get_current_heads())
        return {each.revision for each in found} == set(script.get_heads())


@cache
def older_revisions() -> frozenset[str]:
    """The revisions of the versions before this one."""
    script = ScriptDirectory(str(_SCRIPTS))
    return frozenset(each.revision for each in script.walk_revisions()) - set(script.get_heads())


@contextmanager
def opened(url: str) -> Iterator[Engine]:
    """An engine for work on the database as a whole, closed at the end of the block."""
    engine = open_migration_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


def _config(connection: Connection) -> Config:
    config = Config(attributes={"connection": connection})
    # A percent sign in the path would be read as an interpolation.
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
