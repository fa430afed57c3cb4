"""What waits to be done, over all projects."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from batch_exports.domain.runs import RunStatus


@dataclass(frozen=True, slots=True)
class Backlog:
    """What has not ended, and how late the schedule is."""

    open_runs: Mapping[RunStatus, int]
    open_backfills: int
    lag: timedelta
    """For how long the longest due run has been due; zero when none is."""
