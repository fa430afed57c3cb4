"""How far a world's clock may leap at once: as far as the runs on the way can be made while somebody waits."""

from datetime import datetime, timedelta

from batch_exports.domain.exports import Export
from batch_exports.domain.schedules import FIXED_LENGTHS, Interval
from mock_server.clock import LATEST
from mock_server.durations import format_duration
from mock_server.memory.tables import Tables

MOST_RUNS = 120_000
"""Runs that one leap may make: those of an export every five minutes in a good year."""

_LENGTHS = {**FIXED_LENGTHS, Interval.DAY: timedelta(days=1), Interval.WEEK: timedelta(weeks=1)}
_STEP = timedelta(minutes=1)


def require_reachable(tables: Tables, now: datetime, instant: datetime) -> None:
    """Raise ValueError for a leap that takes too long, or leads too far."""
    if instant > LATEST:
        raise ValueError(f"The clock ends at {LATEST.isoformat()}, and {_advice(now, farthest(tables, now))}")
    runs = scheduled_runs(tables, instant)
    if runs > MOST_RUNS:
        raise ValueError(
            f"On the way lie about {runs} runs, and one leap may make {MOST_RUNS} of them: "
            f"{_advice(now, farthest(tables, now))} Leap several times, or pause exports before."
        )


def scheduled_runs(tables: Tables, until: datetime) -> int:
    """About how many runs the schedules of all exports make until a moment."""
    total = 0
    for due_at, export_id in tables.exports_due.ascending():
        if due_at > until:
            break
        total += _runs_of(tables.exports[export_id], due_at, until)
    return total


def farthest(tables: Tables, now: datetime) -> datetime:
    """The last moment, to the minute, that a clock can leap to at once."""
    low, high = 0, (LATEST - now) // _STEP
    while low < high:
        middle = (low + high + 1) // 2
        if scheduled_runs(tables, now + middle * _STEP) <= MOST_RUNS:
            low = middle
        else:
            high = middle - 1
    return now + low * _STEP


def _runs_of(export: Export, due_at: datetime, until: datetime) -> int:
    end = until if export.schedule.end_at is None else min(until, export.schedule.end_at)
    return 1 + max(timedelta(0), end - due_at) // _LENGTHS[export.schedule.interval]


def _advice(now: datetime, reachable: datetime) -> str:
    return f"from now it can leap by {format_duration(reachable - now)} at most, to {reachable.isoformat()}."
