"""Runs and backfills as a program knows them, which may go on by themselves, and which steps of theirs are legal."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from batch_exports.conformance.model.documents import Json, check_equal, check_order
from batch_exports.conformance.model.intervals import Interval
from batch_exports.conformance.model.transcript import require

OPEN = ("Starting", "Running")
"""What has not ended, in its order."""

ENDED = frozenset(
    {
        "Completed",
        "Cancelled",
        "Failed",
        "FailedRetryable",
        "FailedBilling",
        "Terminated",
        "TimedOut",
        "ContinuedAsNew",
    }
)

_RUN_FIELDS = frozenset(
    {
        "id",
        "status",
        "records_completed",
        "records_failed",
        "records_total_count",
        "bytes_exported",
        "latest_error",
        "data_interval_start",
        "data_interval_end",
        "cursor",
        "created_at",
        "finished_at",
        "last_updated_at",
        "batch_export",
        "backfill",
        "attempt",
        "next_attempt_at",
        "retry_of",
    }
)
_BACKFILL_FIELDS = frozenset(
    {
        "id",
        "team",
        "batch_export",
        "start_at",
        "end_at",
        "status",
        "created_at",
        "last_updated_at",
        "finished_at",
        "total_records_count",
        "adjusted_start_at",
        "progress",
        "completed_runs",
        "failed_runs",
    }
)
_ROUNDING = 0.05


@dataclass(slots=True)
class KnownBackfill:
    """A backfill that a program made."""

    id: str
    intervals: list[Interval] | None
    """Those that it exports; None where only the service knows since when an export was paused."""
    schedule: int
    """Which of its export's schedules it was made by."""
    retry_of: str | None = None
    document: Json = field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        """Whether the program has seen it ended."""
        return self.document.get("status") in ENDED


def check_run(old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Raise Mismatch unless a run may have come from what it was, `{}` for unseen, to what it is."""
    what = f"run {new.get('id')}"
    _check_fields(what, _RUN_FIELDS, new)
    _check_life(what, old, new)
    check_equal(what, {"cursor": None, **({"next_attempt_at": None} if new["status"] in ENDED else {})}, new)
    check_order(what, new["data_interval_start"], new["data_interval_end"], new["created_at"])
    if old:
        constant = ("id", "created_at", "batch_export", "backfill", "retry_of")
        check_equal(what, {name: old[name] for name in constant}, new)
        _check_interval(what, old, new)
    # What a failed attempt had written does not count.
    if old and new["latest_error"] is None:
        counters = ("records_completed", "records_failed", "bytes_exported", "attempt")
        _check_growth(what, counters, old, new)


def check_backfill(old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Raise Mismatch unless a backfill may have come from what it was, `{}` for unseen, to what it is."""
    what = f"backfill {new.get('id')}"
    _check_fields(what, _BACKFILL_FIELDS, new)
    _check_life(what, old, new)
    adjusted = new["adjusted_start_at"] or new["start_at"]
    check_order(what, new["start_at"], adjusted, new["end_at"], new["created_at"])
    if old:
        constant = ("id", "team", "batch_export", "created_at", "start_at", "end_at")
        check_equal(what, {name: old[name] for name in constant}, new)
        _check_growth(what, ("completed_runs", "failed_runs"), old, new)
    _check_progress(what, new)


def _check_fields(what: str, fields: Collection[str], new: Mapping[str, Any]) -> None:
    missing = sorted(set(fields) - new.keys())
    require(not missing, f"{what}: without {', '.join(missing)}.")


def _check_life(what: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    status, before = new["status"], old.get("status", OPEN[0])
    require(status in OPEN or status in ENDED, f"{what}: {status!r} is no status.")
    if before in ENDED:
        check_equal(f"{what}, which had ended", old, new)
    later = status in ENDED or OPEN.index(status) >= OPEN.index(before)
    require(later, f"{what}: went back from {before} to {status}.")
    ends = "one" if status in ENDED else "none"
    require((new["finished_at"] is not None) == (status in ENDED), f"{what}: {status} has {ends} in finished_at.")
    check_order(what, new["created_at"], new["finished_at"], new["last_updated_at"])
    check_order(what, old.get("last_updated_at"), new["last_updated_at"])


def _check_interval(what: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    # The first run of a backfill moves to where the rows begin, as it begins.
    if old["status"] != OPEN[0] or old["backfill"] is None:
        bounds = ("data_interval_start", "data_interval_end")
        check_equal(what, {name: old[name] for name in bounds}, new)
    check_order(what, old["data_interval_start"], new["data_interval_start"])


def _check_growth(what: str, counters: Collection[str], old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    for name in counters:
        fell = old[name] is not None and (new[name] is None or new[name] < old[name])
        require(not fell, f"{what}: {name} fell from {old[name]} to {new[name]}.")


def _check_progress(what: str, new: Mapping[str, Any]) -> None:
    progress = new["progress"]
    shows = new["status"] in (*OPEN, "Completed")
    require((progress is not None) == shows, f"{what}: progress is {progress} while it is {new['status']}.")
    if progress is None:
        return
    total, finished, share = (progress[name] for name in ("total_runs", "finished_runs", "progress"))
    if new["status"] == "Completed":
        require(share == 1, f"{what}: the progress of a completed backfill is {share}; it must be 1.")
    elif total:
        expected = finished / total
        require(abs(share - expected) <= _ROUNDING, f"{what}: {finished} of {total} runs are no progress of {share}.")
        ended = new["completed_runs"] + new["failed_runs"]
        require(ended <= finished <= total, f"{what}: {ended} runs ended, {finished} are finished of {total}.")


def has_ended(work: Mapping[str, Any]) -> bool:
    """Whether a run or a backfill has ended."""
    return work.get("status") in ENDED
