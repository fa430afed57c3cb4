"""Identifiers that look random and are not: the same seed, times and order give the same ones."""

from datetime import datetime
from hashlib import blake2b
from typing import NamedTuple
from uuid import UUID

from batch_exports.ports import Clock

_COUNTER_LIMIT = 1 << 12
_VERSION_AND_VARIANT = (0x7 << 76) | (0b10 << 62)


class IdPosition(NamedTuple):
    """How far a factory has come."""

    drawn: int
    milliseconds: int
    counter: int


class SeededIds:
    """Version 7 UUIDs: milliseconds of the clock, a counter within one millisecond, and 62 bits drawn from the seed."""

    def __init__(self, clock: Clock, seed: int = 0, name: str = "") -> None:
        self._clock = clock
        self._seed = seed
        self._name = name
        self._drawn = 0
        self._last = (0, 0)

    def __call__(self) -> UUID:
        """A new identifier, later than all before it."""
        milliseconds, counter = _milliseconds(self._clock.now()), 0
        if milliseconds <= self._last[0]:
            milliseconds, counter = self._last[0], self._last[1] + 1
        if counter == _COUNTER_LIMIT:
            milliseconds, counter = milliseconds + 1, 0
        self._last = (milliseconds, counter)
        return self._make(milliseconds, counter)

    def at(self, instant: datetime) -> UUID:
        """An identifier as it would have been made at a moment in the past."""
        return self._make(_milliseconds(instant), 0)

    @property
    def position(self) -> IdPosition:
        """How far it has come."""
        return IdPosition(self._drawn, *self._last)

    def go_to(self, position: IdPosition) -> None:
        """Go on from where another factory has come to."""
        self._drawn, self._last = position.drawn, (position.milliseconds, position.counter)

    def fork(self, clock: Clock, name: str = "") -> "SeededIds":
        """Another factory that goes on from the same point, alone; a name makes it draw others."""
        other = SeededIds(clock, self._seed, name or self._name)
        other.go_to(self.position)
        return other

    def _make(self, milliseconds: int, counter: int) -> UUID:
        self._drawn += 1
        digest = blake2b(f"{self._seed}:{self._name}:{self._drawn}".encode(), digest_size=8).digest()
        tail = int.from_bytes(digest) >> 2
        return UUID(int=(milliseconds << 80) | (counter << 64) | _VERSION_AND_VARIANT | tail)


def _milliseconds(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)
