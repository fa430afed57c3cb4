"""Databases for the tests of the SQL store."""

from pathlib import Path

from batch_exports.store import Cipher, SqlStore, migrate

KEY = bytes(range(32))


def url_of(path: Path) -> str:
    """The URL of an SQLite file."""
    return f"sqlite:///{path}"


def new_store(place: Path | str) -> SqlStore:
    """A store over a new SQLite file, or over the empty database at a URL."""
    url = place if isinstance(place, str) else url_of(place)
    migrate(url)
    return SqlStore.open(url, Cipher(KEY))
