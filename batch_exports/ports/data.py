"""Where rows come from, and where they go."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from batch_exports.domain.destinations import ConnectionCheck
from batch_exports.domain.selections import Selection


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

    def count(self, selection: Selection, *, seconds: float | None = None) -> int:
        """How many rows the selection has; raises RetryableFailure when counting takes longer than `seconds`."""
        ...

    def earliest(self, selection: Selection, *, seconds: float) -> datetime | None:
        """When the selection's first row arrived, None without rows; raises RetryableFailure as `count` does."""
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
