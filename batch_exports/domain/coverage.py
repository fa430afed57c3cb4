"""How far an export's schedule has come, and where its next run begins."""

from dataclasses import replace
from datetime import datetime

from batch_exports.domain.exports import Export


def carried_on(export: Export, covered: datetime) -> Export:
    """The export, whose schedule has exported or passed over everything up to `covered`."""
    return replace(export, next_start_at=covered, next_at=export.schedule.next_due(covered))


def rescheduled(stored: Export, changed: Export, at: datetime) -> Export:
    """A changed export, whose schedule goes on from where that of the stored one had come to.

    What the stored one's window had left out by then stays left out.
    """
    present = changed.schedule.floor(at)
    opens_at = stored.schedule.opens_at
    covered = stored.next_start_at or present
    if opens_at is not None:
        covered = max(covered, min(opens_at, present))
    if _is_over(stored, at):
        covered = max(covered, present)
    return carried_on(changed, covered)


def next_interval(export: Export, next_at: datetime) -> tuple[datetime, datetime]:
    """The interval of the run that is due at `next_at`, which is longer or shorter where a schedule has changed."""
    end = export.schedule.floor(next_at)
    covered = export.next_start_at or export.schedule.preceding(end)
    return max(covered, export.schedule.opens_at or covered), end


def _is_over(export: Export, at: datetime) -> bool:
    # As long as a run is due, the schedule is late with what its window admits.
    return export.next_at is None and export.schedule.end_at is not None and export.schedule.end_at <= at
