"""The last exchanges of a world."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from mock_server.journal.exchange import Exchange
from mock_server.journal.followers import Follower

KEPT = 1_000
"""Exchanges that are kept."""
MOST_BYTES = 16 * 1024 * 1024
"""How much the bodies may have together that are kept."""


class Journal:
    """The exchanges of one world, in the order in which they ended; it forgets the oldest ones."""

    def __init__(self, kept: int = KEPT, most_bytes: int = MOST_BYTES) -> None:
        self._exchanges: deque[Exchange] = deque(maxlen=kept)
        self._with_bodies: deque[Exchange] = deque()
        self._bytes = 0
        self._most_bytes = most_bytes
        self._kept = kept
        self._followers: list[Follower] = []

    def __iter__(self) -> Iterator[Exchange]:
        """The exchanges, oldest first."""
        return iter(list(self._exchanges))

    def add(self, exchange: Exchange) -> None:
        """Keep an exchange that has ended."""
        self._exchanges.append(exchange)
        self._with_bodies.append(exchange)
        self._bytes += exchange.size
        while self._bytes > self._most_bytes or len(self._with_bodies) > len(self._exchanges):
            oldest = self._with_bodies.popleft()
            self._bytes -= oldest.size
            oldest.forget_bodies()
        for follower in self._followers:
            follower.tell(exchange)

    def after(self, number: int) -> list[Exchange]:
        """The exchanges that ended after the one of a number; if that is gone, those with higher numbers."""
        later: list[Exchange] = []
        for exchange in reversed(self._exchanges):
            if exchange.number == number:
                return later[::-1]
            later.append(exchange)
        return [exchange for exchange in self._exchanges if exchange.number > number]

    def clear(self) -> None:
        """Forget all."""
        self._exchanges.clear()
        self._with_bodies.clear()
        self._bytes = 0

    @contextmanager
    def followed(self, since: int | None = None) -> Iterator[Follower]:
        """A follower for the time of a block, who is told at once of what ended `since` that number."""
        follower = Follower([] if since is None else self.after(since), self._kept)
        self._followers.append(follower)
        try:
            yield follower
        finally:
            self._followers.remove(follower)

    def close(self) -> None:
        """Let all followers go."""
        for follower in self._followers:
            follower.close()
