"""Brings a database to the tables of this version."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, select

from batch_exports.store.cipher import Cipher
from batch_exports.store.dialects import lock_schema, open_migration_engine
from batch_exports.store.problems import readable_problems
from batch_exports.store.tables import exports

VERSION_TABLE = "batch_exports_version"
"""Where the revision is noted; not Alembic's default name, since an engine may keep its own in the same database."""

_SCRIPTS = Path(__file__).with_name("migrations")


def migrate(url: str) -> None:
    """Apply the migrations that a database lacks, all or none; blocks, and is harmless when there is nothing to do.

    Raises StoreUnusable.
    """
    with readable_problems(url), _opened(url) as engine, engine.begin() as connection:
        lock_schema(connection)
        command.upgrade(_config(connection), "head")


def is_current(url: str) -> bool:
    """Whether a database has exactly the tables of this version; blocks. Raises StoreUnusable."""
    with readable_problems(url), _opened(url) as engine, engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        script = ScriptDirectory.from_config(_config(connection))
        return set(context.get_current_heads()) == set(script.get_heads())


def check_key(url: str, cipher: Cipher) -> None:
    """Open some stored credentials, if there are any, to see that the key fits; raises SecretsUnreadable. Blocks."""
    newest = select(exports.c.id, exports.c.destination_secrets).where(exports.c.destination_secrets.is_not(None))
    with readable_problems(url), _opened(url) as engine, engine.connect() as connection:
        row = connection.execute(newest.order_by(exports.c.last_updated_at.desc()).limit(1)).first()
    if row is not None:
        cipher.open(row.destination_secrets, owner=row.id.bytes)


@contextmanager
def _opened(url: str) -> Iterator[Engine]:
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
