"""Those who are told of exchanges as they end."""

import asyncio
from collections import deque
from collections.abc import Iterable

from mock_server.journal.exchange import Exchange


class Follower:
    """One who is told of exchanges, and loses the oldest ones when it is slow to take them."""

    def __init__(self, missed: Iterable[Exchange], most: int) -> None:
        """Begins with those that it `missed`; at most so many wait for it."""
        self._waiting = deque(missed, most)
        self._lost = 0
        self._changed = asyncio.Event()
        self._closed = False

    def tell(self, exchange: Exchange) -> None:
        """Let an exchange wait to be taken."""
        self._lost += len(self._waiting) == self._waiting.maxlen
        self._waiting.append(exchange)
        self._changed.set()

    def close(self) -> None:
        """Let nothing follow."""
        self._closed = True
        self._changed.set()

    async def has_next(self) -> bool:
        """Whether something waits to be taken, once that is so; no if nothing will follow."""
        while not self._waiting and not self._closed:
            self._changed.clear()
            await self._changed.wait()
        return not self._closed

    def take(self) -> tuple[int, Exchange]:
        """How many have been lost since the last was taken, and the oldest that waits."""
        lost, self._lost = self._lost, 0
        return lost, self._waiting.popleft()
