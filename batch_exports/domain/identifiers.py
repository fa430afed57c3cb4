"""Identifiers that sort by the moment they were made, so that new rows land at the end of every index."""

import os
import threading
import time
from collections.abc import Callable
from uuid import UUID

_VERSION = 0x7 << 76
_VARIANT = 0b10 << 62
_RANDOM_BITS = 74
_HIGH_BITS = 12
_LOW_BITS = 62
_HIGHS = (1 << _HIGH_BITS) - 1
_LOWS = (1 << _LOW_BITS) - 1
_DRAWN_BYTES = 10
# The top bit of the tail starts at zero and leaves room to grow within the millisecond.
_SPARE_BITS = 8 * _DRAWN_BYTES - (_RANDOM_BITS - 1)
_STEPS = (1 << 32) - 1


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
        drawn = int.from_bytes(os.urandom(_DRAWN_BYTES))
        with self._lock:
            milliseconds = self._now_ns() // 1_000_000
            if milliseconds > self._last >> _RANDOM_BITS:
                value = milliseconds << _RANDOM_BITS | drawn >> _SPARE_BITS
            else:
                # Past the last tail of a millisecond the sum carries into the next one, which keeps the order too.
                value = self._last + 1 + (drawn & _STEPS)
            self._last = value
        high, low = value >> _LOW_BITS & _HIGHS, value & _LOWS
        return UUID(int=value >> _RANDOM_BITS << 80 | _VERSION | high << 64 | _VARIANT | low)


uuid7 = Uuid7Factory()
"""The factory of this process: order holds among all who share it."""
