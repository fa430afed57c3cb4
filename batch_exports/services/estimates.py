"""What a backfill is going to export, looked up before its first run reads any rows."""

import asyncio
import logging
from dataclasses import dataclass, replace

from batch_exports.domain.backfills import Backfill, BackfillStatus, Estimate
from batch_exports.domain.errors import ExportFailure
from batch_exports.domain.exports import Export
from batch_exports.domain.runs import Run
from batch_exports.domain.selections import Selection, selection_of
from batch_exports.ports import Source, Store
from batch_exports.services.lifecycle import Lifecycle

logger = logging.getLogger(__name__)

ESTIMATE_SECONDS = 30.0
"""How long each of the questions about a backfill's whole range may take."""


@dataclass(frozen=True, slots=True)
class Estimator:
    """Begins backfills at their first row, and says how many rows they have."""

    store: Store
    source: Source
    lifecycle: Lifecycle
    seconds: float = ESTIMATE_SECONDS

    async def open_backfill(self, export: Export, run: Run) -> Run | None:
        """Begin the backfill of a run, unless it has begun; the run as it is to go on, or None when it has ended."""
        backfill = await self._waiting(run)
        if backfill is None:
            return run
        # A retry exports its one interval whatever it holds, so that the files of the first try are replaced.
        found = Estimate() if run.retry_of else await asyncio.to_thread(self._estimate, _whole(export, run, backfill))
        async with self.store.write() as tx:
            return await self.lifecycle.open_backfill(tx, run, found)

    async def _waiting(self, run: Run) -> Backfill | None:
        if run.backfill_id is None:
            return None
        async with self.store.read() as tx:
            backfill = await tx.backfills.get(run.export_id, run.backfill_id)
        return backfill if backfill is not None and backfill.status is BackfillStatus.STARTING else None

    def _estimate(self, selection: Selection) -> Estimate:
        earliest = None
        try:
            earliest = self.source.earliest(selection, seconds=self.seconds)
            rows = 0 if earliest is None else self.source.count(selection, seconds=self.seconds)
        except ExportFailure as failure:
            # Not for the run to fail on: whatever keeps it from reading, too, it finds out itself.
            logger.info("A backfill is not estimated: %s", failure)
            return Estimate(earliest=earliest)
        return Estimate(rows, earliest)


def _whole(export: Export, run: Run, backfill: Backfill) -> Selection:
    return replace(selection_of(export, run), start=backfill.start_at, end=backfill.end_at)
