"""What pausing an export means, and after how many failures it pauses by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from batch_exports.domain.coverage import carried_on
from batch_exports.domain.exports import Export, PausedReason
from batch_exports.domain.runs import Run, RunStatus
from batch_exports.domain.schedules import Interval

FAILURE_WINDOWS: Mapping[Interval, int] = {
    Interval.EVERY_5_MINUTES: 12,
    Interval.EVERY_15_MINUTES: 4,
    Interval.HOUR: 24,
    Interval.DAY: 7,
    Interval.WEEK: 4,
}
"""Among how many of an export's latest runs the failed ones are counted."""


def failures_among(export: Export, latest: Sequence[Run]) -> int:
    """How many of the latest runs failed, without those that were made before somebody last unpaused the export."""
    since = export.last_unpaused_at
    counted = (run for run in latest if since is None or run.created_at >= since)
    return sum(run.status is RunStatus.FAILED for run in counted)


def paused(export: Export, at: datetime, reason: PausedReason = PausedReason.REQUEST) -> Export:
    """The export, paused at a moment; one that is paused already stays as it is."""
    return export if export.paused else replace(export, paused=True, last_paused_at=at, paused_reason=reason)


def unpaused(export: Export, at: datetime) -> Export:
    """The export, scheduled again from the last boundary before `at` whose rows have arrived; nothing comes twice."""
    settled = export.schedule.settled(at)
    going = replace(export, paused=False, paused_reason=None, last_unpaused_at=at)
    return carried_on(going, max(settled, export.next_start_at or settled))


def missed_while_paused(export: Export, at: datetime) -> tuple[datetime, datetime] | None:
    """The whole intervals `[start, end)` that a paused export's schedule would have exported by `at`; None for none."""
    schedule = export.schedule
    start = schedule.floor(export.next_start_at or export.last_paused_at or at)
    start = max(start, schedule.opens_at or start)
    end = schedule.settled(at)
    if schedule.end_at is not None:
        end = min(end, schedule.floor(schedule.end_at))
    return (start, end) if start < end else None
