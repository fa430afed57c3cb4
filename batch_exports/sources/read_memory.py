"""Memory for results that are read and soon given up, used again: each fresh page would cost a fault and a clearing."""

import mmap

_SMALLEST = 64 << 10


class ReadMemory:
    """Lends memory to one reader, and lends it again once nothing is left that looks at it."""

    def __init__(self) -> None:
        self._lent: list[tuple[mmap.mmap, memoryview]] = []
        self._idle: list[mmap.mmap] = []

    def take(self, size: int) -> memoryview:
        """Give `size` bytes of any content, untouched for as long as a buffer upon this very view exists."""
        if size < _SMALLEST:
            return memoryview(bytearray(size))
        self._collect()
        # What is too small now would be so again: results come in pieces of about one size.
        while self._idle and len(self._idle[-1]) < size:
            self._idle.pop()
        block = self._idle.pop() if self._idle else _fresh(size)
        view = memoryview(block)[:size]
        self._lent.append((block, view))
        return view

    def _collect(self) -> None:
        still_lent = []
        for block, view in self._lent:
            try:
                view.release()
            except BufferError:
                still_lent.append((block, view))
            else:
                self._idle.append(block)
        self._lent = still_lent


def _fresh(size: int) -> mmap.mmap:
    # Rounded up, so that a piece that is a little larger fits as well; pages that nobody touches cost nothing.
    return mmap.mmap(-1, 1 << (size - 1).bit_length(), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
