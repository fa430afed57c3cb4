"""What is logged while a test looks, one object a line."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any

from batch_exports.observability.logs import JsonFormatter


@contextmanager
def logged(level: int = logging.DEBUG, name: str = "batch_exports") -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Gives what returns the lines so far."""
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    logger = logging.getLogger(name)
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(level)
    try:
        yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    finally:
        logger.setLevel(before)
        logger.removeHandler(handler)
