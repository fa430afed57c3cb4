"""What makes runs happen."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from batch_exports.domain.runs import Run
from batch_exports.ports.store import Transaction


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
