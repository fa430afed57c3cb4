"""What a run does, step by step: plain functions that know nothing of the engine that makes them durable.

Arguments and results are small JSON values, since an engine records them; credentials never are among them, each step
reads them anew by the export's id.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from batch_exports.domain.errors import ExportFailure, RetryableFailure, RunCancelled
from batch_exports.domain.exports import Export
from batch_exports.domain.logs import LogLevel
from batch_exports.domain.runs import Run
from batch_exports.domain.selections import Selection, selection_of
from batch_exports.ports import Destinations, RunContext, Source, Store, WrittenFile
from batch_exports.services.estimates import Estimator
from batch_exports.services.lifecycle import Lifecycle
from batch_exports.services.run_progress import PROGRESS_SECONDS, Progress, ProgressRecorder

PART_ROWS = 1_000_000
"""Rows after which a run that writes several files is cut into parts, each of which is repeated alone after a crash."""

Json = dict[str, Any]


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
        progress = Progress(sum(file["rows"] for file in done), sum(file["bytes"] for file in done))
        async with self._recorder.recording(run, progress):
            files = await asyncio.to_thread(
                self._write_part, export, run, selection, part["number"], len(done), progress, should_stop
            )
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

    @property
    def _recorder(self) -> ProgressRecorder:
        return ProgressRecorder(self.store, self.lifecycle, self.progress_seconds)

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
        progress: Progress,
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
