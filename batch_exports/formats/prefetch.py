"""Runs one stage of a pipeline ahead of the next, in its own thread, bounded by bytes.

So that reading, encoding and uploading overlap, while none of them can fill the memory.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Generic, Self, TypeVar

T = TypeVar("T")


class StoppedError(RuntimeError):
    """The consumer went away; ends a producer that reads from another stage."""


class Prefetch(Generic[T]):
    """Iterates over `items` in a thread of its own; iterate over this object to take them.

    At most `budget` bytes wait (one item that is larger waits alone). An error of the producer is raised where items
    are taken, after those before it. Leaving the context ends the thread, whether or not all items were taken.
    """

    def __init__(self, items: Iterator[T], *, size: Callable[[T], int], budget: int, name: str) -> None:
        self._items = items
        self._size = size
        self._budget = budget
        self._waiting: deque[tuple[T, int]] = deque()
        self._bytes = 0
        self._changed = threading.Condition()
        self._ended = False
        self._stopped = False
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._produce, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._thread.join()

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._ended or self._stopped)
            if self._stopped:
                raise StoppedError("This stage was stopped.")
            if self._waiting:
                item, size = self._waiting.popleft()
                self._bytes -= size
                self._changed.notify_all()
                return item
            if self._error is not None:
                raise self._error
            raise StopIteration

    def stop(self) -> None:
        """Let the producer end at its next item, and whoever waits for an item fail; returns at once."""
        with self._changed:
            self._stopped = True
            self._waiting.clear()
            self._changed.notify_all()

    def _produce(self) -> None:
        error: BaseException | None = None
        try:
            for item in self._items:
                if not self._put(item):
                    break
        except BaseException as caught:  # noqa: BLE001 - raised again in the consumer's thread
            error = caught
        with self._changed:
            self._error = error
            self._ended = True
            self._changed.notify_all()

    def _put(self, item: T) -> bool:
        size = self._size(item)
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or not self._waiting or self._bytes + size <= self._budget)
            if self._stopped:
                return False
            self._waiting.append((item, size))
            self._bytes += size
            self._changed.notify_all()
            return True
