"""Makes DBOS speak through the service's own log, and only when something is wrong."""

import logging
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from time import monotonic

from dbos import error as dbos_errors

_EXPECTED = (
    "Asyncio task cancelled for workflow or step",
    "was cancelled during execution",
    # Whoever may use one database alone cannot look at the list of all.
    "Could not connect to postgres database to verify existence",
)
_REPEAT_SECONDS = 60.0
_TRACEBACK = "Traceback (most recent call last):"
_CAUSE = re.compile(r"^[\w.]+(?:: .*)?$", re.MULTILINE)

_LOG = logging.getLogger(__name__)


class Seldom(logging.Filter):
    """Lets the same message through once a minute, with its traceback only where the log is for debugging."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._lock = threading.Lock()
        self._told: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is told; what follows a colon, such as the cause, makes it no other message."""
        now = self._clock()
        message = record.getMessage()
        subject = message.partition(": ")[0]
        with self._lock:
            self._told = {told: at for told, at in self._told.items() if now - at < _REPEAT_SECONDS}
            if subject in self._told:
                return False
            self._told[subject] = now
        if not _LOG.isEnabledFor(logging.DEBUG):
            _shorten(record, message)
        return True


def _shorten(record: logging.LogRecord, message: str) -> None:
    """Leave the cause of a traceback, which some messages hold as text."""
    text, traceback, lines = message.partition(_TRACEBACK)
    if record.exc_info:
        record.msg, record.args = f"{message} {record.exc_info[1]!r}", ()
        record.exc_info = record.exc_text = None
    elif traceback:
        record.msg, record.args = text + "".join(_CAUSE.findall(lines)[-1:]), ()


def _is_news(record: logging.LogRecord) -> bool:
    """Whether a record is more than the announcement of a cancel or a shutdown, which were asked for."""
    if record.exc_info and isinstance(record.exc_info[1], dbos_errors.DBOSAwaitedWorkflowCancelledError):
        return False
    message = record.getMessage()
    return not any(expected in message for expected in _EXPECTED)


@contextmanager
def quiet_dbos() -> Iterator[None]:
    """Route DBOS's log records to the root logger while the block lasts, without those expected or just told."""
    dbos_logger = logging.getLogger("dbos")
    # DBOS writes to the console by itself unless it finds a handler.
    handler = logging.NullHandler()
    # One of this block's own: blocks lie inside one another.
    filters = (partial(_is_news), Seldom())
    dbos_logger.addHandler(handler)
    for each in filters:
        dbos_logger.addFilter(each)
    try:
        yield
    finally:
        for each in filters:
            dbos_logger.removeFilter(each)
        dbos_logger.removeHandler(handler)
