"""What a run does, step by step: plain functions that know nothing of the engine that makes them durable.

Arguments and results are small JSON values, since an engine records them; credentials never are among them, each step
reads them anew by the export's id.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from batch_exports.domain.errors import ExportFailure, RetryableFailure, RunCancelled
from batch_exports.domain.exports import Export
from batch_exports.domain.logs import LogLevel
from batch_exports.domain.runs import Run
from batch_exports.domain.selections import Selection, selection_of
from batch_exports.ports import Chunk, Destinations, RunContext, Source, Store, WrittenFile
from batch_exports.services.estimates import Estimator
from batch_exports.services.lifecycle import Lifecycle

logger = logging.getLogger(__name__)

PART_ROWS = 1_000_000
"""Rows after which a run that writes several files is cut into parts, each of which is repeated alone after a crash."""

PROGRESS_SECONDS = 1.0
"""How often a run that is being exported says how far it came."""

Json = dict[str, Any]


@dataclass(slots=True)
class _Progress:
    """What one part has done so far, shared by the working thread and the loop that records it."""

    rows_before: int
    bytes_before: int
    rows: int = 0
    size: int = 0
    stopped: bool = False
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def ends_within(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(self.ended.wait(), seconds)
        return self.ended.is_set()

    def watch(self, chunks: Iterator[Chunk], should_stop: Callable[[], bool]) -> Iterator[Chunk]:
        for chunk in chunks:
            if self.stopped or should_stop():
                raise RunCancelled("The run was cancelled.")
            self.rows += chunk.rows
            yield chunk

    def report(self, size: int) -> None:
        self.size += size


@dataclass(frozen=True, slots=True)
class RunBody:
    """The steps of one run: plan, export each part, commit; or fail."""

    store: Store
    source: Source
    destinations: Destinations
    lifecycle: Lifecycle
    progress_seconds: float = PROGRESS_SECONDS

    async def plan(self, run_id: str) -> Json:
        """Mark the run as running and cut its interval into parts; `skip` is true when it has ended meanwhile."""
        async with self.store.write() as tx:
            run = await self.lifecycle.begin(tx, UUID(run_id))
            export = None if run is None else await tx.exports.get(run.project_id, run.export_id)
        if run is not None and export is not None:
            run = await Estimator(self.store, self.source, self.lifecycle).open_backfill(export, run)
        if run is None or export is None:
            return {"skip": True, "rows": 0, "parts": []}
        # Opened before anything is read, so that refused settings fail the run of an empty interval too.
        await asyncio.to_thread(self.destinations.open, export.destination.type, context_of(export, run))
        rows = await asyncio.to_thread(self.source.count, selection_of(export, run))
        async with self.store.write() as tx:
            await self.lifecycle.progress(tx, run.id, records_total_count=rows, records_completed=0, bytes_exported=0)
            await self.lifecycle.log(tx, run, LogLevel.INFO, f"Started: {rows} rows to export.")
        config = dict(export.destination.config)
        # One file cannot be cut: a part begins a file of its own.
        parts = parts_of(run, rows if config.get("max_file_size_mb") else 0)
        filters = None if export.filters is None else [dict(item) for item in export.filters]
        return {"skip": False, "rows": rows, "parts": parts, "config": config, "filters": filters}

    async def export_part(
        self, run_id: str, plan: Json, part: Json, done: list[Json], should_stop: Callable[[], bool]
    ) -> list[Json]:
        """Write one part behind the files that are `done`; raises RunCancelled, or a failure of either kind."""
        export, run = await self._read(run_id, plan)
        selection = replace(
            selection_of(export, run),
            start=datetime.fromisoformat(part["start"]),
            end=datetime.fromisoformat(part["end"]),
        )
        progress = _Progress(sum(file["rows"] for file in done), sum(file["bytes"] for file in done))
        recorder = asyncio.create_task(self._record(run, progress))
        try:
            files = await asyncio.to_thread(
                self._write_part, export, run, selection, part["number"], len(done), progress, should_stop
            )
        finally:
            # Not cancelled: a write that is broken off may keep the database locked.
            progress.ended.set()
            await recorder
        await self._note_part(run, part, files)
        return [asdict(file) for file in files]

    async def commit(self, run_id: str, plan: Json, files: list[Json]) -> None:
        """Make the files visible as one complete run, then end it as completed."""
        export, run = await self._read(run_id, plan)
        written = [WrittenFile(**file) for file in files]
        await asyncio.to_thread(self._commit, export, run, written)
        rows, size = sum(file.rows for file in written), sum(file.bytes for file in written)
        async with self.store.write() as tx:
            if await self.lifecycle.complete(tx, run.id, rows, size) is not None:
                await self.lifecycle.log(
                    tx, run, LogLevel.INFO, f"Completed: {rows} rows, {size} bytes, {len(written)} files."
                )

    async def note_retry(self, run_id: str, attempt: int, error: str, delay: float) -> None:
        """Show, while the run goes on, that a step failed and will be tried again in `delay` seconds."""
        at = self.lifecycle.clock.now() + timedelta(seconds=delay)
        async with self.store.write() as tx:
            run = await self.lifecycle.progress(
                tx, UUID(run_id), attempt=attempt, next_attempt_at=at, latest_error=error
            )
            if run is not None:
                await self.lifecycle.log(tx, run, LogLevel.WARNING, f"Attempt {attempt - 1} failed: {error}")

    async def fail(self, run_id: str, error: str) -> None:
        """End the run as failed with a cause that its user can read."""
        async with self.store.write() as tx:
            await self.lifecycle.fail(tx, UUID(run_id), error)

    async def _read(self, run_id: str, plan: Json) -> tuple[Export, Run]:
        """The run, and its export with the settings of the plan: a change meanwhile is for the next run."""
        async with self.store.read() as tx:
            run = await tx.runs.find(UUID(run_id))
            export = None if run is None else await tx.exports.get(run.project_id, run.export_id)
        if run is None or export is None or not run.is_open:
            raise RunCancelled("The run has ended.")
        if run.next_attempt_at is not None:
            async with self.store.write() as tx:
                await self.lifecycle.progress(tx, run.id)
        filters = None if plan["filters"] is None else tuple(plan["filters"])
        destination = replace(export.destination, config=plan["config"])
        return replace(export, destination=destination, filters=filters), run

    def _write_part(
        self,
        export: Export,
        run: Run,
        selection: Selection,
        number: int,
        first_file: int,
        progress: _Progress,
        should_stop: Callable[[], bool],
    ) -> Sequence[WrittenFile]:
        writer = self.destinations.open(export.destination.type, context_of(export, run))
        expected = self.source.count(selection)
        query_id = f"{run.id}-{number}-{uuid4()}"
        try:
            with self.source.stream(selection, writer.lane, query_id=query_id) as chunks:
                files = writer.write_part(number, first_file, progress.watch(chunks, should_stop), progress.report)
        except BaseException:
            with suppress(ExportFailure):
                self.source.kill(query_id)
            raise
        written = sum(file.rows for file in files)
        if not progress.rows == written == expected:
            raise RetryableFailure(
                f"The source counted {expected} rows and sent {progress.rows}, of which {written} were written. "
                "Rows may have arrived during the export."
            )
        return files

    def _commit(self, export: Export, run: Run, files: Sequence[WrittenFile]) -> None:
        self.destinations.open(export.destination.type, context_of(export, run)).commit(files)

    async def _record(self, run: Run, progress: _Progress) -> None:
        """Keep the run's row up to date; a row that has ended stops the part at its next chunk."""
        while not await progress.ends_within(self.progress_seconds):
            try:
                async with self.store.write() as tx:
                    current = await self.lifecycle.progress(
                        tx,
                        run.id,
                        records_completed=progress.rows_before + progress.rows,
                        bytes_exported=progress.bytes_before + progress.size,
                    )
            except Exception:
                # The rows matter, not their count on the way: a store that is busy or away must not fail the part.
                logger.warning("Could not record the progress of run %s.", run.id, exc_info=True)
                continue
            if current is None:
                progress.stopped = True
                return

    async def _note_part(self, run: Run, part: Json, files: Sequence[WrittenFile]) -> None:
        rows = sum(file.rows for file in files)
        async with self.store.write() as tx:
            await self.lifecycle.log(
                tx, run, LogLevel.DEBUG, f"Part {part['number']}: {rows} rows in {len(files)} files."
            )


def context_of(export: Export, run: Run) -> RunContext:
    """What the destination of `export` may know of `run`."""
    return RunContext(
        run_id=run.id,
        export_id=export.id,
        project_id=export.project_id,
        model=export.model.value,
        start=run.data_interval_start,
        end=run.data_interval_end,
        config=export.destination.full_config,
    )


def parts_of(run: Run, rows: int) -> list[Json]:
    """The interval of a run in equal slices of time, about one per `PART_ROWS` rows, as JSON."""
    count = max(1, -(-rows // PART_ROWS))
    start, length = run.data_interval_start, run.data_interval_end - run.data_interval_start
    edges = [start + length * number / count for number in range(count)] + [run.data_interval_end]
    return [
        {"number": number, "start": edges[number].isoformat(), "end": edges[number + 1].isoformat()}
        for number in range(count)
    ]
