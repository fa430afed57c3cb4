"""Programs that bring an export, a backfill of it and a run into each state that they can have."""

from tests.parity.programs import Call, Move, Program, Step
from tests.parity.requests import OPENING

_RUN = {"batch_export_id": "$export-0", "id": "$run-0"}
_CANCEL = Call("cancel_run", _RUN)
_RETRY = Call("retry_run", _RUN)


def _moves(run: int, *statuses: str) -> list[Step]:
    return [Move("$export-0", f"$run-{run}", status) for status in statuses]


_FAILED = ("Failed", "FailedRetryable", "FailedBilling", "Terminated", "TimedOut")
_AFTER: dict[str, list[Step]] = {
    "fresh": [],
    "run and backfill Running": _moves(0, "Running"),
    "run Completed": _moves(0, "Running", "Completed"),
    "run Cancelled": [_CANCEL],
    **{f"run {status}": _moves(0, "Running", status) for status in _FAILED},
    "retry Starting": [*_moves(0, "Running", "Failed"), _RETRY],
    "backfill Completed": _moves(0, "Running", "Completed") + _moves(1, "Running", "Completed"),
    "backfill Cancelled": [Call("cancel_backfill", {"batch_export_id": "$export-0", "id": "$backfill-0"})],
    "export paused": [Call("pause_export", {"id": "$export-0"})],
    "export paused by failures": [
        *_moves(0, "Running", "Failed"),
        *_moves(1, "Running", "TimedOut"),
        _RETRY,
        *_moves(2, "Running", "Failed"),
    ],
    "export deleted": [Call("delete_export", {"id": "$export-0"})],
}
_OF_ALL = ("fresh", "Running", "export")
"""What matters to every operation."""

SEEN = {
    "export": {"active", "paused", "deleted"},
    "backfill": {"Starting", "Running", "Completed", "Cancelled"},
    "run": {"Starting", "Running", "Completed", "Cancelled", *_FAILED},
}
"""The states of each kind that programs lead to."""


def programs_to(kind: str) -> list[Program]:
    """What brings `$export-0`, `$backfill-0` and `$run-0` into the states that matter to operations on one of them."""
    return [[*OPENING[:3], *steps] for name, steps in _AFTER.items() if any(word in name for word in (kind, *_OF_ALL))]
