"""A backfill: a range of past intervals, exported run by run."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from batch_exports.domain.schedules import Schedule


class BackfillStatus(StrEnum):
    """Where a backfill stands: a run's statuses, without the one that billing sets."""

    STARTING = "Starting"
    RUNNING = "Running"
    COMPLETED = "Completed"
    CANCELLED = "Cancelled"
    FAILED = "Failed"
    FAILED_RETRYABLE = "FailedRetryable"
    TERMINATED = "Terminated"
    TIMED_OUT = "TimedOut"
    CONTINUED_AS_NEW = "ContinuedAsNew"


OPEN_BACKFILL_STATUSES = frozenset({BackfillStatus.STARTING, BackfillStatus.RUNNING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfill:
    """The range `[start_at, end_at)`, how many runs it takes, and the start of the next run not yet made."""

    id: UUID
    export_id: UUID
    project_id: int
    status: BackfillStatus
    start_at: datetime
    end_at: datetime
    created_at: datetime
    last_updated_at: datetime
    total_runs: int
    next_start_at: datetime | None
    finished_at: datetime | None = None
    total_records_count: int | None = None
    adjusted_start_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether the backfill may still make runs."""
        return self.status in OPEN_BACKFILL_STATUSES


@dataclass(frozen=True, slots=True)
class Estimate:
    """What is known of a range before it is exported: how many rows it has, and when the first of them arrived."""

    rows: int | None = None
    earliest: datetime | None = None


@dataclass(frozen=True, slots=True)
class RunCounts:
    """How many runs of one backfill ended how."""

    completed: int = 0
    failed: int = 0
    cancelled: int = 0
    open: int = 0

    @property
    def finished(self) -> int:
        """Runs that the backfill need not wait for."""
        return self.completed + self.failed + self.cancelled


def interval_of(backfill: Backfill, schedule: Schedule, start: datetime) -> tuple[datetime, datetime | None]:
    """Where the run of a backfill that begins at `start` ends, and where the next one begins; None after the last."""
    # The schedule may have changed since the backfill was made: never past its end.
    end = min(schedule.following(start), backfill.end_at)
    return end, end if end < backfill.end_at else None


def first_worth(found: Estimate, exported: datetime | None) -> datetime | None:
    """The first moment with something to export, or to replace since it was `exported`; None for unknown or nowhere."""
    if found.rows == 0:
        return exported
    return found.earliest if found.earliest is None or exported is None else min(found.earliest, exported)


def expected_runs(backfill: Backfill, counts: RunCounts) -> int:
    """How many runs a backfill takes; more than planned when the schedule's interval has become shorter meanwhile."""
    return max(backfill.total_runs, counts.finished + counts.open)


def progress(backfill: Backfill, counts: RunCounts) -> float | None:
    """The finished share of a backfill's runs, from 0 to 1; None once it ended without completing."""
    if backfill.status is BackfillStatus.COMPLETED:
        return 1.0
    expected = expected_runs(backfill, counts)
    if not backfill.is_open or expected == 0:
        return None
    return counts.finished / expected
