"""Databases for the tests of the SQL store."""

from pathlib import Path

from batch_exports.store import Cipher, SqlStore, migrate

KEY = bytes(range(32))


def url_of(path: Path) -> str:
    """The URL of an SQLite file."""
    return f"sqlite:///{path}"


def new_store(path: Path) -> SqlStore:
    """A store over a new SQLite file."""
    migrate(url_of(path))
    return SqlStore.open(url_of(path), Cipher(KEY))
