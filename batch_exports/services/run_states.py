"""The states of a single run, before anything follows from its end."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from batch_exports.domain.backfills import BackfillStatus
from batch_exports.domain.exports import Export
from batch_exports.domain.logs import LogEntry, LogLevel
from batch_exports.domain.runs import OPEN_STATUSES, Run, RunStatus
from batch_exports.ports import Clock, IdFactory, Queue, RunEngine, Transaction

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RunStates:
    """Starts runs and moves them on, always inside the caller's transaction."""

    clock: Clock
    new_id: IdFactory
    engine: RunEngine

    async def start_run(
        self,
        tx: Transaction,
        export: Export,
        start: datetime,
        end: datetime,
        *,
        backfill_id: UUID | None = None,
        retry_of: UUID | None = None,
    ) -> Run:
        """Make the run of one interval and hand it to the engine."""
        now = self.clock.now()
        run = Run(
            id=self.new_id(),
            export_id=export.id,
            project_id=export.project_id,
            status=RunStatus.STARTING,
            data_interval_start=start,
            data_interval_end=end,
            created_at=now,
            last_updated_at=now,
            backfill_id=backfill_id,
            retry_of=retry_of,
        )
        await tx.runs.add(run)
        await self.engine.start(tx, run, Queue.LIVE if backfill_id is None else Queue.BACKFILL)
        return run

    async def begin(self, tx: Transaction, run_id: UUID) -> Run | None:
        """Mark a run as running; None when it has ended meanwhile."""
        await self._lock_export(tx, run_id)
        return await self._change(tx, run_id, status=RunStatus.RUNNING)

    async def progress(self, tx: Transaction, run_id: UUID, **counts: Any) -> Run | None:
        """Record how far a run came (`records_completed`, `bytes_exported`, ...); None when it has ended meanwhile."""
        return await self._change(tx, run_id, **counts)

    async def stop(self, runs: Iterable[Run]) -> None:
        """Tell the engine of cancelled runs, after the commit; one that it cannot be told of stops at its next step."""
        for run in runs:
            try:
                await self.engine.cancel(run.id)
            except Exception:
                logger.warning("Run %s is cancelled, but the engine could not be told.", run.id, exc_info=True)

    async def log(self, tx: Transaction, run: Run, level: LogLevel, message: str) -> None:
        """Append one log entry of a run."""
        entry = LogEntry(
            export_id=run.export_id, run_id=run.id, level=level, message=message, timestamp=self.clock.now()
        )
        await tx.logs.add([entry])

    async def _change(self, tx: Transaction, run_id: UUID, **changes: Any) -> Run | None:
        # Whatever happens to a run, it does not wait for its next attempt any more.
        values = {"next_attempt_at": None, "last_updated_at": self.clock.now(), **changes}
        return await tx.runs.change(run_id, OPEN_STATUSES, **values)

    def _ended(self, status: RunStatus | BackfillStatus) -> dict[str, Any]:
        now = self.clock.now()
        return {"status": status, "finished_at": now, "last_updated_at": now}

    async def _lock_export(self, tx: Transaction, run_id: UUID) -> Export | None:
        """The export of a run, which nobody else changes until the transaction ends; None when it is deleted."""
        run = await tx.runs.find(run_id)
        return None if run is None else await tx.exports.get(run.project_id, run.export_id)
