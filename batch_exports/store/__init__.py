"""Keeps exports, runs, backfills, logs and keys in SQLite or PostgreSQL."""

from batch_exports.store.cipher import Cipher, SecretsUnreadable, load_or_create_key
from batch_exports.store.dialects import prepare_sqlite
from batch_exports.store.schema import is_current, migrate
from batch_exports.store.unit_of_work import SqlStore, SqlTransaction

__all__ = [
    "Cipher",
    "SecretsUnreadable",
    "SqlStore",
    "SqlTransaction",
    "is_current",
    "load_or_create_key",
    "migrate",
    "prepare_sqlite",
]
