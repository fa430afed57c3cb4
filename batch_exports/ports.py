"""What the services ask of the world; each world (production, mock) brings its own answers."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from batch_exports.domain.backfills import Backfill, BackfillStatus, RunCounts
from batch_exports.domain.destinations import ConnectionCheck
from batch_exports.domain.exports import Export
from batch_exports.domain.keys import ApiKey
from batch_exports.domain.logs import LogEntry, LogLevel
from batch_exports.domain.runs import Run, RunStatus
from batch_exports.domain.selections import Selection


class Clock(Protocol):
    """Tells the time, aware and in UTC."""

    def now(self) -> datetime:
        """The present moment."""
        ...


class IdFactory(Protocol):
    """Makes identifiers."""

    def __call__(self) -> UUID:
        """A new identifier, later than all before it (UUID version 7)."""
        ...


# -- store ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportQuery:
    """Which exports of a project to list: newest first, `limit` rows after the first `offset`."""

    project_id: int
    limit: int
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunQuery:
    """Which runs of an export to list, by position instead of offset so that new rows shift nothing.

    `order_by` is `created_at` or `data_interval_start`, ties broken by `id` in the same direction. Rows start strictly
    behind `position` (value of the order column, id), read against the order when `backwards`. All windows include both
    ends: `created_*` bound `created_at`; `interval_from` <= `data_interval_start` and `data_interval_end` <=
    `interval_until`.
    """

    export_id: UUID
    order_by: str
    descending: bool
    limit: int
    position: tuple[datetime, UUID] | None = None
    backwards: bool = False
    statuses: frozenset[RunStatus] = frozenset()
    created_from: datetime | None = None
    created_until: datetime | None = None
    interval_from: datetime | None = None
    interval_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillQuery:
    """Which backfills of an export to list; `order_by` is `created_at` or `start_at`, else as in RunQuery."""

    export_id: UUID
    order_by: str
    descending: bool
    limit: int
    position: tuple[datetime, UUID] | None = None
    backwards: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LogQuery:
    """Which log entries to list, newest first, behind `position` (timestamp, sequence); both bounds are exclusive."""

    export_id: UUID
    run_id: UUID | None
    limit: int
    levels: frozenset[LogLevel] = frozenset()
    search: str | None = None
    after: datetime | None = None
    before: datetime | None = None
    position: tuple[datetime, int] | None = None


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


class AccessRepository(Protocol):
    """Projects and the keys that open them."""

    async def add_project(self, name: str) -> int:
        """Make a project; its id."""
        ...

    async def has_project(self, project_id: int) -> bool:
        """Whether a project exists."""
        ...

    async def add_key(self, key: ApiKey) -> None:
        """Keep a key (its hash)."""
        ...

    async def find_key(self, key_hash: str) -> ApiKey | None:
        """The key with this hash."""
        ...


class Transaction(Protocol):
    """All repositories in one transaction."""

    @property
    def exports(self) -> ExportRepository:
        """Exports."""
        ...

    @property
    def runs(self) -> RunRepository:
        """Runs."""
        ...

    @property
    def backfills(self) -> BackfillRepository:
        """Backfills."""
        ...

    @property
    def logs(self) -> LogRepository:
        """Log entries."""
        ...

    @property
    def access(self) -> AccessRepository:
        """Projects and keys."""
        ...

    @property
    def connection(self) -> Any:
        """The store's own connection, so that an engine on the same database can write in the same transaction."""
        ...


class Store(Protocol):
    """Keeps everything the API shows."""

    def read(self) -> AbstractAsyncContextManager[Transaction]:
        """A consistent view; nothing may be written through it."""
        ...

    def write(self) -> AbstractAsyncContextManager[Transaction]:
        """A transaction that commits when its block ends and rolls back when the block raises."""
        ...


# -- engine -----------------------------------------------------------------------------------------------------------


class Queue(StrEnum):
    """Two queues, so that backfills never starve scheduled runs."""

    LIVE = "live"
    BACKFILL = "backfill"


class EngineState(StrEnum):
    """What the engine says of a run that it was given."""

    OPEN = "open"
    DONE = "done"
    CANCELLED = "cancelled"
    LOST = "lost"
    """Given up after too many crashes, or failed outside the run body."""
    UNKNOWN = "unknown"


class RunEngine(Protocol):
    """Executes runs durably: a run once given is carried out in spite of crashes."""

    async def start(self, tx: Transaction, run: Run, queue: Queue) -> None:
        """Hand over a run inside the transaction that inserts its row; the run id is the idempotency key."""
        ...

    async def cancel(self, run_id: UUID) -> None:
        """Stop a run at its next chunk; a run that ended or is unknown is left alone."""
        ...

    async def states(self, run_ids: Iterable[UUID]) -> Mapping[UUID, EngineState]:
        """What became of runs."""
        ...


# -- data -------------------------------------------------------------------------------------------------------------


class Lane(StrEnum):
    """The two forms in which rows flow; never as Python objects."""

    ARROW = "arrow"
    """`pyarrow.RecordBatch` per chunk."""
    LINES = "lines"
    """Bytes of whole JSON lines per chunk, rendered by the source."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some whole rows: a `pyarrow.RecordBatch` or bytes, by lane."""

    rows: int
    nbytes: int
    payload: Any


class Source(Protocol):
    """An event store; its methods block and belong in a thread."""

    def count(self, selection: Selection) -> int:
        """How many rows the selection has."""
        ...

    def stream(self, selection: Selection, lane: Lane, *, query_id: str) -> AbstractContextManager[Iterator[Chunk]]:
        """The rows of the selection, in no order; raises RetryableFailure when the stream breaks, never ends early."""
        ...

    def kill(self, query_id: str) -> None:
        """End a query from another thread; one that has ended is left alone."""
        ...


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """One finished file of a part: where it lies, and what is in it."""

    key: str
    rows: int
    bytes: int
    sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """What a destination may know of the run it writes."""

    run_id: UUID
    export_id: UUID
    project_id: int
    model: str
    start: datetime
    end: datetime
    config: Mapping[str, Any] = field(repr=False)


class Writer(Protocol):
    """Writes one run to one destination; its methods block and belong in a thread."""

    @property
    def lane(self) -> Lane:
        """The form in which it wants rows."""
        ...

    def write_part(
        self, number: int, first_file: int, chunks: Iterator[Chunk], report: Callable[[int], None]
    ) -> Sequence[WrittenFile]:
        """Write part `number`, its files numbered from `first_file`; `report` takes each count of bytes written.

        Writing a part again replaces it. An exception out of `chunks` leaves nothing that could be taken for whole.
        """
        ...

    def commit(self, files: Sequence[WrittenFile]) -> None:
        """Make the run visible as complete (a manifest, a ledger row); doing it again changes nothing."""
        ...


class DestinationChecks(Protocol):
    """Connection checks of destinations; they block and belong in a thread."""

    def run_step(self, kind: str, config: Mapping[str, Any], step: int) -> ConnectionCheck:
        """Run check number `step` of a type, assuming that those before it passed; never raises."""
        ...


class Destinations(DestinationChecks, Protocol):
    """All destination types; its methods block and belong in a thread."""

    def open(self, kind: str, context: RunContext) -> Writer:
        """A writer for one run; raises PermanentFailure for a type without writer, or settings or hosts refused."""
        ...
