"""How the runs of a world move: by its clock, by being looked at, at once, or by hand; and how they end."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Self

from batch_exports.domain.runs import RunStatus

FAILURES: Mapping[RunStatus, str] = MappingProxyType(
    {
        RunStatus.FAILED: "The destination refused the rows. Check its credentials and rights, then retry the run.",
        RunStatus.FAILED_RETRYABLE: "The destination did not answer, however often it was tried. Retry the run later.",
        RunStatus.FAILED_BILLING: "The organization is over its billing limit. Raise the limit, then retry the run.",
        RunStatus.TERMINATED: "The run was ended by an operator. Ask them why, then retry the run.",
        RunStatus.TIMED_OUT: "The run took longer than it may. Export less at a time, by filters, then retry the run.",
    }
)
"""The statuses in which a run ends without success, and the cause that is shown when nobody names one."""

ENDS = (RunStatus.COMPLETED, RunStatus.CANCELLED, *FAILURES)
"""The statuses in which a run can end here."""

NEXT: Mapping[RunStatus, tuple[RunStatus, ...]] = MappingProxyType(
    {RunStatus.STARTING: (RunStatus.RUNNING, *ENDS), RunStatus.RUNNING: ENDS}
)
"""Where a run may go from each status; nowhere from any other."""


class Mode(StrEnum):
    """What moves runs."""

    CLOCK = "clock"
    POLLS = "polls"
    IMMEDIATE = "immediate"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ends, and why if it is without success."""

    status: RunStatus
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progression:
    """How runs move, and how they end; raises ValueError for what contradicts itself."""

    mode: Mode = Mode.CLOCK
    polls: int = 3
    """The look at a run that shows it ended, when looks move runs."""
    outcome: RunStatus | None = None
    """How runs end; None for what their settings lead to."""
    latest_error: str | None = None

    def __post_init__(self) -> None:
        if self.polls < 1:
            raise ValueError("'polls' counts the looks that a run takes: at least 1.")
        if self.outcome is not None and self.outcome not in ENDS:
            raise ValueError(f"No run ends as {self.outcome}. The outcome is one of: {', '.join(ENDS)}.")
        if self.latest_error is not None and self.outcome not in FAILURES:
            raise ValueError(f"'latest_error' goes with an outcome without success: {', '.join(FAILURES)}.")

    @classmethod
    def of(cls, settings: Mapping[str, Any] | None) -> Self:
        """The progression that settings describe; raises ValueError."""
        given = dict(settings or {})
        if "mode" in given:
            given["mode"] = Mode(given["mode"])
        if given.get("outcome") is not None:
            given["outcome"] = RunStatus(given["outcome"])
        return cls(**given)

    @property
    def counts_looks(self) -> bool:
        """Whether it matters that somebody looks at a run."""
        return self.mode is Mode.POLLS

    @property
    def ends_unseen(self) -> bool:
        """Whether even the first look at a run shows it ended."""
        return self.mode is Mode.IMMEDIATE or (self.mode is Mode.POLLS and self.polls == 1)

    def share(self, looks: int) -> float:
        """How much of its work a run has done after so many looks, from 0 to 1."""
        return 1.0 if looks >= self.polls - 1 else looks / (self.polls - 1)

    def ending(self, error: str | None) -> Ending:
        """How a run ends that would fail with this error, or complete if there is none."""
        if self.outcome is not None:
            return Ending(self.outcome, self.latest_error or FAILURES.get(self.outcome))
        return Ending(RunStatus.COMPLETED) if error is None else Ending(RunStatus.FAILED, error)


BY_CLOCK = Progression()
"""Runs take their time, and end as their settings lead to."""
