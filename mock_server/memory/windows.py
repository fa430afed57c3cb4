"""Reading a page out of a sorted index: a direction, a position to start behind, and a window of time."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from mock_server.memory.sorted_index import KeyT, SortedIndex

Bound = tuple[Any, ...]
_TICK = timedelta(microseconds=1)
"""The smallest step between two times."""


def scan(
    index: SortedIndex[KeyT] | None,
    *,
    descending: bool,
    position: Bound | None = None,
    low: datetime | None = None,
    high: datetime | None = None,
) -> Iterator[KeyT]:
    """The keys strictly behind `position` whose time lies in `[low, high]`."""
    if index is None:
        return
    if descending:
        start: Bound | None = None if high is None else (high + _TICK,)
        if position is not None and (start is None or position < start):
            start = position
        for key in index.descending(start):
            if low is not None and key[0] < low:
                return
            yield key
    else:
        start = None if low is None else (low,)
        if position is not None and (start is None or position > start):
            start = position
        for key in index.ascending(start):
            if high is not None and key[0] > high:
                return
            yield key
