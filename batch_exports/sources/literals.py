"""Values as ClickHouse literals, so that nothing a user wrote can end a string and become SQL.

Literals travel in the request body: parameters would travel in the URL, whose length servers limit.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from batch_exports.domain.errors import PermanentFailure

_ESCAPES = str.maketrans({"\\": "\\\\", "'": "\\'", "\0": "\\0"})


def string(value: str) -> str:
    """Render a string literal."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise PermanentFailure(f"The text {value!a} is no valid Unicode; correct the export's settings.") from None
    return f"'{value.translate(_ESCAPES)}'"


def strings(values: Iterable[str]) -> str:
    """Render a list of strings as the right side of `IN`."""
    return f"({', '.join(string(value) for value in values)})"


def instant(value: datetime) -> str:
    """Render a moment with its microseconds."""
    return f"toDateTime64('{value.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}', 6, 'UTC')"
