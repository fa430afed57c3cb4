"""Makes DBOS speak through the service's own log, and only when something is wrong."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from dbos import error as dbos_errors

_EXPECTED = (
    "Asyncio task cancelled for workflow or step",
    "was cancelled during execution",
    # Whoever may use one database alone cannot look at the list of all.
    "Could not connect to postgres database to verify existence",
)


def _is_news(record: logging.LogRecord) -> bool:
    """Whether a record is more than the announcement of a cancel or a shutdown, which were asked for."""
    if record.exc_info and isinstance(record.exc_info[1], dbos_errors.DBOSAwaitedWorkflowCancelledError):
        return False
    message = record.getMessage()
    return not any(expected in message for expected in _EXPECTED)


@contextmanager
def quiet_dbos() -> Iterator[None]:
    """Route DBOS's log records to the root logger and leave out the expected ones while the block lasts."""
    dbos_logger = logging.getLogger("dbos")
    # DBOS writes to the console by itself unless it finds a handler.
    handler = logging.NullHandler()
    # One of this block's own: blocks lie inside one another.
    only_news = partial(_is_news)
    dbos_logger.addHandler(handler)
    dbos_logger.addFilter(only_news)
    try:
        yield
    finally:
        dbos_logger.removeFilter(only_news)
        dbos_logger.removeHandler(handler)
