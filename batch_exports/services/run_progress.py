"""How far a part has come: counted by the thread that writes it, recorded in the run's row."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from batch_exports.domain.errors import RunCancelled
from batch_exports.domain.runs import Run
from batch_exports.ports import Chunk, Store
from batch_exports.services.lifecycle import Lifecycle

logger = logging.getLogger(__name__)

PROGRESS_SECONDS = 1.0
"""How often a run that is being exported says how far it came."""


@dataclass(slots=True)
class Progress:
    """What one part has done so far, after the rows and bytes of those before it."""

    rows_before: int
    bytes_before: int
    rows: int = 0
    size: int = 0
    stopped: bool = False
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def ends_within(self, seconds: float) -> bool:
        """Wait for the part's end, so long at most; whether it has come."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.ended.wait(), seconds)
        return self.ended.is_set()

    def watch(self, chunks: Iterator[Chunk], should_stop: Callable[[], bool]) -> Iterator[Chunk]:
        """The chunks, counted; raises RunCancelled at the next one once the run is to stop."""
        for chunk in chunks:
            if self.stopped or should_stop():
                raise RunCancelled("The run was cancelled.")
            self.rows += chunk.rows
            yield chunk

    def report(self, size: int) -> None:
        """So many bytes more have been written."""
        self.size += size


@dataclass(frozen=True, slots=True)
class ProgressRecorder:
    """Keeps the rows of runs up to date while their parts are written."""

    store: Store
    lifecycle: Lifecycle
    seconds: float

    @asynccontextmanager
    async def recording(self, run: Run, progress: Progress) -> AsyncIterator[None]:
        """Record the progress of a part for the time of a block; what an attempt that fails has sent does not count."""
        try:
            recorder = asyncio.create_task(self._keep_recording(run, progress))
            try:
                yield
            finally:
                # Not cancelled: a write that is broken off may keep the database locked.
                progress.ended.set()
                await recorder
        except Exception:
            progress.rows = progress.size = 0
            await self._record(run, progress)
            raise

    async def _keep_recording(self, run: Run, progress: Progress) -> None:
        while not progress.stopped and not await progress.ends_within(self.seconds):
            await self._record(run, progress)

    async def _record(self, run: Run, progress: Progress) -> None:
        """A row that has ended stops the part at its next chunk."""
        rows, size = progress.rows_before + progress.rows, progress.bytes_before + progress.size
        try:
            async with self.store.write() as tx:
                current = await self.lifecycle.progress(tx, run.id, records_completed=rows, bytes_exported=size)
        except Exception:
            # The rows matter, not their count on the way: a store that is busy or away must not fail the part.
            logger.warning("Could not record the progress of run %s.", run.id, exc_info=True)
        else:
            progress.stopped = current is None
