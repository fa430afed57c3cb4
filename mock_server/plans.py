"""What the simulator means to do with a run: fixed when the run starts, so that looking more often changes nothing."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from batch_exports.domain.backfills import Backfill, Estimate, interval_of
from batch_exports.domain.errors import PermanentFailure
from batch_exports.domain.exports import Export
from batch_exports.domain.runs import Run, RunStatus
from batch_exports.domain.selections import require_events
from mock_server.checks import refusal
from mock_server.traffic import bytes_of, draw, recorded_since, rows_between

PROGRESS_EVERY = timedelta(seconds=2)
"""How often a run tells how far it is."""

RUN_FAILS = "mock:run-fails"
"""All runs of an export with this in its name fail."""

_FAILS_BY_NAME = f"The destination refused the rows, since the export has '{RUN_FAILS}' in its name. Rename the export."

_BEGINS_AFTER = timedelta(seconds=2)
_SHORTEST, _LONGEST = timedelta(seconds=10), timedelta(seconds=30)
_REFUSED_AFTER = timedelta(seconds=3)
_COUNTABLE = 2_000
"""Intervals of a backfill beyond which its rows are not counted, as in a store that takes too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """When a run begins and ends, and with what."""

    begins_at: datetime
    ends_at: datetime
    rows: int
    size: int
    error: str | None = None
    """The cause with which the run fails; None when it completes."""
    looks: int = 0
    """How often somebody looked at the run, since looks move it."""
    due_at: datetime | None = None
    """When the agenda has the run; None while it waits for a look, or for a step."""

    def share(self, at: datetime) -> float:
        """How much of the work is done at a moment, from 0 to 1."""
        return min(1.0, max(0.0, (at - self.begins_at) / (self.ends_at - self.begins_at)))

    def next_look(self, at: datetime, until: datetime) -> datetime:
        """When to look at the run next: at its end, or when it last tells of its progress before `until`."""
        steps = max(1 + (at - self.begins_at) // PROGRESS_EVERY, (until - self.begins_at) // PROGRESS_EVERY)
        return min(self.ends_at, self.begins_at + steps * PROGRESS_EVERY)

    def resumed(self, run: Run, at: datetime) -> "Plan":
        """The plan by which a run goes on from where it is at a moment, however it came there."""
        length = self.ends_at - self.begins_at
        if run.status is RunStatus.STARTING:
            begins_at = at + _BEGINS_AFTER
        else:
            done = run.records_completed or 0
            begins_at = at - length * (done / run.records_total_count if run.records_total_count else 0.0)
        return replace(self, begins_at=begins_at, ends_at=begins_at + length)


def make_plan(export: Export, run: Run, *, heeds_names: bool = True) -> Plan:
    """The plan of a run that starts now."""
    rows = rows_between(export, run.data_interval_start, run.data_interval_end)
    error = _FAILS_BY_NAME if heeds_names and RUN_FAILS in export.name else _refusal(export)
    length = _SHORTEST + (_LONGEST - _SHORTEST) * draw(run.id, "length") if error is None else _REFUSED_AFTER
    begins_at = run.created_at + _BEGINS_AFTER
    return Plan(begins_at=begins_at, ends_at=begins_at + length, rows=rows, size=bytes_of(export, rows), error=error)


def estimate(export: Export, backfill: Backfill) -> Estimate:
    """What is known of a backfill when the first of its runs begins."""
    earliest = max(recorded_since(export), backfill.start_at)
    if earliest >= backfill.end_at:
        return Estimate(rows=0)
    first = max(export.schedule.floor(earliest), backfill.start_at)
    if export.schedule.count(first, backfill.end_at) > _COUNTABLE:
        return Estimate(earliest=earliest)
    rows, start = 0, first
    while start < backfill.end_at:
        end, _ = interval_of(backfill, export.schedule, start)
        rows, start = rows + rows_between(export, start, end), end
    return Estimate(rows, earliest)


def _refusal(export: Export) -> str | None:
    try:
        require_events(export.model)
    except PermanentFailure as failure:
        return str(failure)
    return refusal(export.destination.type, export.destination.config)
