"""A pipe that the embedded engine writes a result into, as into a file, while this process reads it."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from threading import Thread
from types import TracebackType
from typing import Self

_PIPE_BYTES = 256 << 10


class ResultPipe:
    """Iterate over it for the bytes; an error of the writer is raised behind them. Leaving the context ends both."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        # A larger pipe saves changes between the two threads, where the system has such pipes.
        if hasattr(fcntl, "F_SETPIPE_SZ"):
            # Refused where too many pipes are large already.
            with suppress(OSError):
                fcntl.fcntl(self._writer, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self._thread: Thread | None = None
        self._error: BaseException | None = None
        self._stop: Callable[[], object] | None = None
        self._ended = False

    @property
    def path(self) -> str:
        """The path under which the writer opens the pipe."""
        return f"/dev/fd/{self._writer}"

    def __enter__(self) -> Self:
        """Begin nothing yet."""
        return self

    def start(self, write: Callable[[], object], *, stop: Callable[[], object]) -> None:
        """Run what opens the path, writes and closes it; `stop` makes it end early."""
        self._stop = stop
        self._thread = Thread(target=self._write, args=(write,), daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[memoryview]:
        """Give the bytes as they come, each piece only until the next one is asked for."""
        buffer = memoryview(bytearray(_PIPE_BYTES))
        while size := os.readv(self._reader, [buffer]):
            yield buffer[:size]
        self._ended = True
        if self._error is not None:
            raise self._error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the writer, if it has not ended, and wait for its end."""
        try:
            if self._thread is None:
                os.close(self._writer)
            else:
                self._wind_up(self._thread)
        finally:
            os.close(self._reader)

    def _wind_up(self, thread: Thread) -> None:
        if not self._ended and self._stop is not None:
            self._stop()
            # The engine does not survive a pipe that nobody reads: what it still writes is thrown away.
            while os.read(self._reader, _PIPE_BYTES):
                pass
        thread.join()

    def _write(self, write: Callable[[], object]) -> None:
        try:
            write()
        except BaseException as error:  # noqa: BLE001  # raised again in the reader's thread
            self._error = error
        finally:
            os.close(self._writer)
