"""Where exports, runs, backfills and logs are kept."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from batch_exports.domain.backfills import Backfill, BackfillStatus, RunCounts
from batch_exports.domain.exports import Export
from batch_exports.domain.logs import LogEntry
from batch_exports.domain.runs import Run, RunStatus
from batch_exports.ports.queries import BackfillQuery, ExportQuery, LogQuery, RunQuery


class ExportRepository(Protocol):
    """Exports that are not deleted; a deleted one is as if it never was."""

    async def get(self, project_id: int, export_id: UUID) -> Export | None:
        """One export of a project."""
        ...

    async def page(self, query: ExportQuery) -> tuple[Sequence[Export], int]:
        """The exports of one page, and how many there are in all."""
        ...

    async def add(self, export: Export) -> None:
        """Keep a new export."""
        ...

    async def save(self, export: Export) -> None:
        """Replace an export that exists."""
        ...

    async def delete(self, export_id: UUID, at: datetime) -> None:
        """Mark an export deleted."""
        ...

    async def due(self, now: datetime, limit: int) -> Sequence[tuple[int, UUID]]:
        """Project and id of unpaused exports whose `next_at` is not after `now`, longest due first."""
        ...


class RunRepository(Protocol):
    """Runs of exports that are not deleted."""

    async def get(self, export_id: UUID, run_id: UUID) -> Run | None:
        """One run of an export."""
        ...

    async def find(self, run_id: UUID) -> Run | None:
        """One run, whatever its export, for the engine."""
        ...

    async def page(self, query: RunQuery) -> Sequence[Run]:
        """The runs of one page, in the query's order (reversed when it reads backwards)."""
        ...

    async def latest(self, export_ids: Iterable[UUID], per_export: int) -> Mapping[UUID, Sequence[Run]]:
        """The newest runs of each export by `created_at`, in one query."""
        ...

    async def add(self, run: Run) -> None:
        """Keep a new run."""
        ...

    async def change(self, run_id: UUID, from_statuses: frozenset[RunStatus], **changes: Any) -> Run | None:
        """Change fields of a run if its status is one of `from_statuses`, atomically; the changed run, or None."""
        ...

    async def open_runs(self, export_id: UUID, *, backfill_id: UUID | None = None) -> Sequence[Run]:
        """Runs of an export (of one backfill, if given) that have not ended."""
        ...

    async def all_open(self, limit: int) -> Sequence[Run]:
        """Runs of any export that have not ended, oldest first, for reconciliation with the engine."""
        ...


class BackfillRepository(Protocol):
    """Backfills of exports that are not deleted."""

    async def get(self, export_id: UUID, backfill_id: UUID, *, lock: bool = False) -> Backfill | None:
        """One backfill of an export; with `lock`, nobody else may change it until this transaction ends."""
        ...

    async def page(self, query: BackfillQuery) -> Sequence[Backfill]:
        """The backfills of one page, in the query's order (reversed when it reads backwards)."""
        ...

    async def add(self, backfill: Backfill) -> None:
        """Keep a new backfill."""
        ...

    async def change(
        self, backfill_id: UUID, from_statuses: frozenset[BackfillStatus], **changes: Any
    ) -> Backfill | None:
        """Change fields of a backfill if its status is one of `from_statuses`, atomically; the result, or None."""
        ...

    async def open_backfills(self, export_id: UUID) -> Sequence[Backfill]:
        """Backfills of an export that have not ended."""
        ...

    async def count_open(self, project_id: int) -> int:
        """How many backfills of a project have not ended."""
        ...

    async def records(self, backfill_id: UUID) -> int:
        """How many rows the completed runs of a backfill exported."""
        ...

    async def run_counts(self, backfill_ids: Iterable[UUID]) -> Mapping[UUID, RunCounts]:
        """How the runs of each backfill ended, in one query."""
        ...


class LogRepository(Protocol):
    """Log entries of runs; append only."""

    async def add(self, entries: Iterable[LogEntry]) -> None:
        """Append entries; the store numbers them."""
        ...

    async def page(self, query: LogQuery) -> Sequence[LogEntry]:
        """The entries of one page, newest first."""
        ...

    async def count(self, query: LogQuery) -> int:
        """How many entries match, whatever the page."""
        ...
