"""A persistent sorted set of keys, so that pages start by bisection and every older version stays readable for free."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import chain
from operator import itemgetter
from typing import Any, Generic, TypeVar

KeyT = TypeVar("KeyT", bound=tuple[Any, ...])

_CHUNK = 256
_head = itemgetter(0)


class SortedIndex(Generic[KeyT]):
    """Immutable; `add` and `discard` give a new index that shares all but one chunk with the old one.

    Bounds are exclusive and may be a prefix of a key: a prefix sorts just before all keys that begin with it.
    """

    __slots__ = ("_chunks", "_size")

    def __init__(self, chunks: tuple[tuple[KeyT, ...], ...] = (), size: int = 0) -> None:
        self._chunks = chunks
        self._size = size

    def __len__(self) -> int:
        """How many keys there are."""
        return self._size

    def add(self, key: KeyT) -> "SortedIndex[KeyT]":
        """The index with `key`."""
        if not self._chunks:
            return SortedIndex(((key,),), 1)
        number = self._chunk_of(key)
        chunk = self._chunks[number]
        at = bisect_left(chunk, key)
        if at < len(chunk) and chunk[at] == key:
            return self
        grown = (*chunk[:at], key, *chunk[at:])
        half = len(grown) // 2
        parts = (grown,) if len(grown) <= _CHUNK else (grown[:half], grown[half:])
        return SortedIndex((*self._chunks[:number], *parts, *self._chunks[number + 1 :]), self._size + 1)

    def discard(self, key: KeyT) -> "SortedIndex[KeyT]":
        """The index without `key`."""
        if not self._chunks:
            return self
        number = self._chunk_of(key)
        chunk = self._chunks[number]
        at = bisect_left(chunk, key)
        if at == len(chunk) or chunk[at] != key:
            return self
        shrunk = (*chunk[:at], *chunk[at + 1 :])
        parts = (shrunk,) if shrunk else ()
        return SortedIndex((*self._chunks[:number], *parts, *self._chunks[number + 1 :]), self._size - 1)

    def ascending(self, above: tuple[Any, ...] | None = None) -> Iterator[KeyT]:
        """The keys greater than `above`, smallest first."""
        if above is None or not self._chunks:
            return chain.from_iterable(self._chunks)
        number = self._chunk_of(above)
        chunk = self._chunks[number]
        rest = chunk[bisect_right(chunk, above) :]
        return chain(rest, chain.from_iterable(self._chunks[number + 1 :]))

    def descending(self, below: tuple[Any, ...] | None = None) -> Iterator[KeyT]:
        """The keys smaller than `below`, greatest first."""
        if below is None or not self._chunks:
            return chain.from_iterable(map(reversed, reversed(self._chunks)))
        number = self._chunk_of(below)
        chunk = self._chunks[number]
        rest = chunk[: bisect_left(chunk, below)]
        return chain(reversed(rest), chain.from_iterable(map(reversed, reversed(self._chunks[:number]))))

    def first(self) -> KeyT | None:
        """The smallest key."""
        return self._chunks[0][0] if self._chunks else None

    def _chunk_of(self, key: tuple[Any, ...]) -> int:
        return max(0, bisect_right(self._chunks, key, key=_head) - 1)
