"""Use cases of backfills."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from batch_exports.domain.activity import ActivityKind, Actor
from batch_exports.domain.backfills import Backfill, RunCounts
from batch_exports.domain.errors import Conflict, Invalid, LimitReached, NotFound
from batch_exports.domain.exports import Export
from batch_exports.domain.schedules import FIXED_LENGTHS, Interval
from batch_exports.domain.times import local_time, read_aware_time, read_date
from batch_exports.ports import BackfillQuery, Clock, Store, Transaction
from batch_exports.services.exports import require_export
from batch_exports.services.journal import Journal
from batch_exports.services.lifecycle import Lifecycle

OPEN_ENDED_TYPES = frozenset({"HTTP", "NoOp"})
"""Destinations whose backfill may leave out its end, which then is the last boundary before now."""

RETRY_AFTER_SECONDS = 60

_WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")

BackfillWithCounts = tuple[Backfill, RunCounts]


@dataclass(frozen=True, slots=True)
class BackfillService:
    """Lists, shows, creates and cancels backfills."""

    store: Store
    clock: Clock
    lifecycle: Lifecycle
    max_open_per_project: int
    journal: Journal

    async def page(self, project_id: int, query: BackfillQuery) -> Sequence[BackfillWithCounts]:
        """One page of an export's backfills, each with how its runs ended."""
        async with self.store.read() as tx:
            await require_export(tx, project_id, query.export_id)
            backfills = await tx.backfills.page(query)
            counts = await tx.backfills.run_counts([backfill.id for backfill in backfills])
        return [(backfill, counts.get(backfill.id, RunCounts())) for backfill in backfills]

    async def get(self, project_id: int, export_id: UUID, backfill_id: UUID) -> BackfillWithCounts:
        """One backfill and how its runs ended; raises NotFound."""
        async with self.store.read() as tx:
            await require_export(tx, project_id, export_id)
            backfill = await require_backfill(tx, export_id, backfill_id)
            counts = await tx.backfills.run_counts([backfill_id])
        return backfill, counts.get(backfill_id, RunCounts())

    async def create(
        self, tx: Transaction, project_id: int, export_id: UUID, bounds: Mapping[str, str | None], by: Actor
    ) -> Backfill:
        """Export the whole intervals of a past range again; raises Invalid, LimitReached or Conflict."""
        export = await require_export(tx, project_id, export_id, "BatchExport not found.")
        if bounds.get("start_at") is None:
            raise Invalid("Backfilling from the beginning of time is not enabled for this team.")
        await self._check_limit(tx, project_id)
        whole = self._range(export, bounds)
        await _check_not_running(tx, export, whole)
        backfill = await self.lifecycle.start_backfill(tx, export, *whole)
        await self.journal.note(tx, by, ActivityKind.BACKFILL_CREATED, export, backfill_id=backfill.id)
        return backfill

    async def cancel(self, project_id: int, export_id: UUID, backfill_id: UUID, by: Actor) -> Backfill:
        """Stop a backfill and its runs; raises Invalid when it has ended already."""
        async with self.store.write() as tx:
            export = await require_export(tx, project_id, export_id)
            backfill = await require_backfill(tx, export_id, backfill_id, lock=True)
            if not backfill.is_open:
                raise Invalid(f"Cannot cancel a backfill that is in '{backfill.status}' status")
            runs = await self.lifecycle.cancel_backfill(tx, backfill)
            cancelled = await require_backfill(tx, export_id, backfill_id)
            await self.journal.note(tx, by, ActivityKind.BACKFILL_CANCELLED, export, backfill_id=backfill_id)
        await self.lifecycle.stop(runs)
        return cancelled

    async def _check_limit(self, tx: Transaction, project_id: int) -> None:
        # One after the other, or each of two would count before it sees the other's. Exports are locked before.
        await tx.access.project(project_id, lock=True)
        count = await tx.backfills.count_open(project_id)
        if count >= self.max_open_per_project:
            raise LimitReached(
                f"This team already has {count} batch export backfills running. Wait for some to finish or cancel "
                "them before creating more.",
                code="too_many_concurrent_backfills",
                retry_after=RETRY_AFTER_SECONDS,
            )

    def _range(self, export: Export, bounds: Mapping[str, str | None]) -> tuple[datetime, datetime]:
        """The bounds aligned outward to whole intervals, but not into the future."""
        now = self.clock.now()
        start = _read_bound(export, bounds["start_at"] or "")
        end_text = bounds.get("end_at")
        end = None if end_text is None else _read_bound(export, end_text)
        if end is not None and start >= end:
            raise Invalid("The initial backfill datetime 'start_at' must be before 'end_at'")
        if end is not None and end > now:
            raise Invalid(f"The provided 'end_at' ({end.isoformat()}) is in the future")
        if end is None and export.destination.type not in OPEN_ENDED_TYPES:
            raise Invalid("Backfilling a BatchExport with no end date is not allowed")
        last = export.schedule.settled(now)
        aligned_start = export.schedule.floor(start)
        aligned_end = last if end is None else min(export.schedule.ceil(end), last)
        if aligned_start >= aligned_end:
            raise Invalid("The backfill's range has no interval that is over. Its rows are exported by the schedule.")
        return aligned_start, aligned_end


async def require_backfill(tx: Transaction, export_id: UUID, backfill_id: UUID, *, lock: bool = False) -> Backfill:
    """The backfill, or NotFound."""
    backfill = await tx.backfills.get(export_id, backfill_id, lock=lock)
    if backfill is None:
        raise NotFound
    return backfill


async def _check_not_running(tx: Transaction, export: Export, whole: tuple[datetime, datetime]) -> None:
    for other in await tx.backfills.open_backfills(export.id):
        if (other.start_at, other.end_at) == whole:
            raise Conflict(f"Backfill {other.id} of the same range is in progress. Wait for it, or cancel it.")


def _read_bound(export: Export, text: str) -> datetime:
    schedule = export.schedule
    if schedule.interval in FIXED_LENGTHS:
        return read_aware_time(text)
    day = read_date(text)
    weekday = day.isoweekday() % 7
    if schedule.interval is Interval.WEEK and weekday != schedule.offset_day:
        raise Invalid(
            f"Input {text} is not on the correct day of the week for this batch export. {text} is a "
            f"{_WEEKDAYS[weekday]} but this batch export is configured to run weekly on "
            f"{_WEEKDAYS[schedule.offset_day]}."
        )
    return local_time(day, schedule.offset_hour, schedule.timezone)
