"""The mock's clock: it runs, freezes and leaps, and shows no moment before everything due until then has happened."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

Monotonic = Callable[[], float]

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""The first moment at which a world may begin: its history reaches back some months."""
LATEST = datetime(2198, 12, 31, tzinfo=UTC)
"""The last moment that a clock shows: requests cannot name much later ones."""


@dataclass(frozen=True, slots=True)
class ClockSetting:
    """Where a clock stood when it was set, and how many of its seconds pass in a real one."""

    instant: datetime
    at: float
    rate: float


class VirtualClock:
    """Two hands: `target` is where time has come to, `now` follows it through `settle` as the world catches up."""

    def __init__(
        self, start: datetime | None = None, *, rate: float = 1.0, monotonic: Monotonic = time.monotonic
    ) -> None:
        self._monotonic = monotonic
        self._now = (datetime.now(UTC) if start is None else start).astimezone(UTC)
        self._setting = ClockSetting(self._now, monotonic(), rate)

    def now(self) -> datetime:
        """The moment up to which the world has caught up."""
        return self._now

    def target(self) -> datetime:
        """The moment that the world has to catch up to."""
        setting = self._setting
        if not setting.rate:
            return setting.instant
        try:
            moment = setting.instant + timedelta(seconds=(self._monotonic() - setting.at) * setting.rate)
        except OverflowError:
            return max(LATEST, setting.instant)
        return LATEST if setting.instant < LATEST < moment else moment

    def settle(self, instant: datetime) -> None:
        """Move the present to `instant`, for everything before it has happened; never back."""
        self._now = max(self._now, instant)

    @property
    def rate(self) -> float:
        """How many of its seconds pass in a real one."""
        return self._setting.rate

    @property
    def is_frozen(self) -> bool:
        """Whether time stands still until somebody moves it."""
        return not self._setting.rate

    def freeze(self) -> None:
        """Let time stand still."""
        self.run(rate=0.0)

    def stop(self) -> None:
        """Let time stand still at the moment up to which the world has caught up."""
        self._setting = ClockSetting(self._now, self._monotonic(), 0.0)

    def run(self, rate: float = 1.0) -> None:
        """Let time pass, `rate` seconds in each real one."""
        if rate < 0:
            raise ValueError("A clock's rate must not be negative: time never runs back.")
        self._setting = ClockSetting(self.target(), self._monotonic(), rate)

    def advance(self, by: timedelta) -> None:
        """Leap ahead."""
        if by < timedelta(0):
            raise ValueError("A clock can only be advanced: time never runs back.")
        self._setting = ClockSetting(self.target() + by, self._monotonic(), self._setting.rate)

    def leap(self, instant: datetime) -> None:
        """Leap ahead to a moment."""
        if instant < self.target():
            raise ValueError("A clock cannot be set to a moment that has passed: time never runs back.")
        self._setting = ClockSetting(instant, self._monotonic(), self._setting.rate)

    def fork(self) -> "VirtualClock":
        """Another clock that shows the same and goes on alone."""
        other = VirtualClock(self._now, monotonic=self._monotonic)
        other._setting = self._setting
        return other


def frozen_clock(start: datetime) -> VirtualClock:
    """A clock that stands still at `start` until it is moved."""
    return VirtualClock(start, rate=0.0)


def read_moment(text: str) -> datetime:
    """The moment at which a clock is to begin; raises ValueError for what is none, or too far away for a history."""
    try:
        moment: datetime | None = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError("A moment is written as 2026-03-02T15:32:00Z.")
    if not EARLIEST <= moment < LATEST:
        raise ValueError(f"A world begins between {EARLIEST:%Y-%m-%d} and {LATEST:%Y-%m-%d}.")
    return moment
