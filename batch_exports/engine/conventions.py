"""What those who hand over runs and the worker that carries them out agree on; most is stored with every run."""

from uuid import UUID

from dbos import DBOS, DBOSPortableJSONSerializer, Serializer

from batch_exports.engine.quiet import quiet_dbos
from batch_exports.ports import Queue

APPLICATION = "batch-exports"

APPLICATION_VERSION = "1"
"""Runs are carried out only by workers of the version they were handed over under; it changes only when the sequence of
steps in `workflow.py` changes so that a run begun by the old code cannot be finished by the new."""

WORKFLOW = "export_run"

PREFIX = "run:"

SCHEMA = "batch_exports_engine"
"""The engine's schema on PostgreSQL, beside the store's tables in the same database; not its default name, which others
who use it in that database would share."""


def workflow_id(run_id: UUID) -> str:
    """The engine's name of a run, which makes handing over the same run twice harmless."""
    return f"{PREFIX}{run_id}"


def queue_name(queue: Queue) -> str:
    """The engine's name of a queue."""
    return f"runs_{queue.value}"


def serializer() -> Serializer:
    """JSON for everything that is recorded: the engine's default would run whatever code is found in the database."""
    return DBOSPortableJSONSerializer()


def engine_url(database_url: str) -> str:
    """The store's database for the engine, which picks its own, synchronous driver."""
    scheme, separator, rest = database_url.partition("://")
    return scheme.partition("+")[0] + separator + rest


def is_supported(python: tuple[int, ...], sqlite: tuple[int, ...]) -> bool:
    """Whether SQLite can keep the engine's tables, which from Python 3.12 on use a function of SQLite 3.42."""
    return python < (3, 12) or sqlite >= (3, 42)


def migrate(database_url: str) -> None:
    """Create or update the engine's tables beside the store's, on PostgreSQL in a schema of their own; blocks.

    A SQLite file must be in WAL mode before.
    """
    with quiet_dbos():
        DBOS.migrate(engine_url(database_url), schema=SCHEMA)
