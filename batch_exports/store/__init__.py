"""Keeps exports, runs, backfills, logs and keys in SQLite or PostgreSQL."""

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from batch_exports.store.cipher import Cipher, SecretsUnreadable, load_or_create_key
from batch_exports.store.credentials import check_key, forget_unreadable, seal_anew, survey
from batch_exports.store.engines import prepare_sqlite
from batch_exports.store.problems import CommitUncertain, StoreUnusable
from batch_exports.store.schema import is_current, migrate
from batch_exports.store.standing import is_migrated, read_backlog
from batch_exports.store.unit_of_work import SqlStore, SqlTransaction

TRANSIENT_ERRORS: tuple[type[Exception], ...] = (OperationalError, InterfaceError, PoolTimeout)
"""Errors of a database that is busy or away for a while."""

__all__ = [
    "TRANSIENT_ERRORS",
    "Cipher",
    "CommitUncertain",
    "SecretsUnreadable",
    "SqlStore",
    "SqlTransaction",
    "StoreUnusable",
    "check_key",
    "forget_unreadable",
    "is_current",
    "is_migrated",
    "load_or_create_key",
    "migrate",
    "prepare_sqlite",
    "read_backlog",
    "seal_anew",
    "survey",
]
