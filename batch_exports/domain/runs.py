"""A run: one interval of one export."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class RunStatus(StrEnum):
    """Where a run stands; the values are the contract's."""

    STARTING = "Starting"
    RUNNING = "Running"
    COMPLETED = "Completed"
    CANCELLED = "Cancelled"
    FAILED = "Failed"
    FAILED_RETRYABLE = "FailedRetryable"
    FAILED_BILLING = "FailedBilling"
    TERMINATED = "Terminated"
    TIMED_OUT = "TimedOut"
    CONTINUED_AS_NEW = "ContinuedAsNew"


OPEN_STATUSES = frozenset({RunStatus.STARTING, RunStatus.RUNNING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One interval `[data_interval_start, data_interval_end)` of one export, and how far it came."""

    id: UUID
    export_id: UUID
    project_id: int
    status: RunStatus
    data_interval_start: datetime
    data_interval_end: datetime
    created_at: datetime
    last_updated_at: datetime
    finished_at: datetime | None = None
    records_completed: int | None = None
    records_failed: int | None = None
    records_total_count: int | None = None
    bytes_exported: int | None = None
    latest_error: str | None = None
    attempt: int = 1
    next_attempt_at: datetime | None = None
    """When a step that failed is tried again; None while nothing waits."""
    backfill_id: UUID | None = None
    retry_of: UUID | None = None

    @property
    def is_open(self) -> bool:
        """Whether the run may still change."""
        return self.status in OPEN_STATUSES
