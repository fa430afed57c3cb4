"""Identifiers that sort by the moment they were made, so that new rows land at the end of every index."""

import secrets
import threading
import time
from collections.abc import Callable
from uuid import UUID

_VERSION = 0x7 << 76
_VARIANT = 0b10 << 62
_RANDOM_BITS = 74
_HIGH_BITS = 12
_LOW_BITS = 62
_MAX_STEP_BITS = 32


class Uuid7Factory:
    """Makes UUIDs of version 7 (RFC 9562), each greater than all that this factory made before.

    The 74 bits behind the millisecond start at random. Within one millisecond, and while the clock stands behind an
    earlier one, they grow by a random step instead, so that order holds and the next identifier cannot be guessed.
    """

    __slots__ = ("_last", "_lock", "_now_ns")

    def __init__(self, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._now_ns = now_ns
        self._last = 0
        self._lock = threading.Lock()

    def __call__(self) -> UUID:
        """A new identifier, from any thread."""
        with self._lock:
            # The top bit of the tail starts at zero and leaves room to grow within the millisecond.
            fresh = (self._now_ns() // 1_000_000) << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS - 1)
            if fresh <= self._last or fresh >> _RANDOM_BITS == self._last >> _RANDOM_BITS:
                # Past the last tail of a millisecond the sum carries into the next one, which keeps the order too.
                fresh = self._last + 1 + secrets.randbits(_MAX_STEP_BITS)
            self._last = fresh
        return _assemble(fresh)


def _assemble(value: int) -> UUID:
    milliseconds = value >> _RANDOM_BITS
    high = value >> _LOW_BITS & (1 << _HIGH_BITS) - 1
    low = value & (1 << _LOW_BITS) - 1
    return UUID(int=milliseconds << 80 | _VERSION | high << 64 | _VARIANT | low)


uuid7 = Uuid7Factory()
"""The factory of this process: order holds among all who share it."""
