"""What is wrong with a database that cannot be used at all, in words for its operator."""

from collections.abc import Iterator
from contextlib import contextmanager
from sqlite3 import DatabaseError as SqliteError

from alembic.util import CommandError
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError


class CommitUncertain(OperationalError):
    """The connection was lost while a transaction was committed: nobody can say whether it was."""


class StoreUnusable(Exception):
    """The database cannot be used; the text says why and what would help, and holds no password."""


@contextmanager
def readable_problems(url: str) -> Iterator[None]:
    """Turn the errors of a first contact with a database into StoreUnusable."""
    try:
        yield
    except CommandError:
        raise StoreUnusable(
            f"The database {_shown(url)} has the tables of another version of batch-exports, probably a newer one. "
            "Install that version or a later one, or restore a backup from before it."
        ) from None
    except (DBAPIError, SqliteError) as error:
        raise StoreUnusable(f"The database {_shown(url)} cannot be used: {_cause(error)}. {_advice(url)}") from error


def _shown(url: str) -> str:
    target = make_url(url)
    if target.get_backend_name() == "sqlite":
        return str(target.database)
    # The query of a URL may hold a password, too.
    return target.set(query={}).render_as_string(hide_password=True)


def _cause(error: DBAPIError | SqliteError) -> str:
    text = str(error.orig if isinstance(error, DBAPIError) else error).strip()
    return text.splitlines()[0].rstrip(".") if text else type(error).__name__


def _advice(url: str) -> str:
    if make_url(url).get_backend_name() == "sqlite":
        return "Restore it from a backup, or use another data folder."
    return "Check BATCH_EXPORTS_DATABASE_URL, and that the server runs."
