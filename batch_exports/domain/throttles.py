"""How many requests an API key may make: two fixed windows, a minute against bursts and an hour against their sum."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)

LARGEST_LEASE = 25
"""How many requests one process takes at once."""
_SMALLEST_SHARE = 16
"""A lease is no more than this part of what is left, so that little is lost when a process never comes to use it."""
_COUNTLESS = sys.maxsize


@dataclass(frozen=True, slots=True)
class RateLimits:
    """Requests of one key in a minute and in an hour; zero for no limit."""

    per_minute: int = 480
    per_hour: int = 4800

    @property
    def windows(self) -> tuple[tuple[timedelta, int], ...]:
        """The length and the limit of each window that counts, shortest first."""
        return tuple((length, limit) for length, limit in ((MINUTE, self.per_minute), (HOUR, self.per_hour)) if limit)


NO_LIMITS = RateLimits(0, 0)


@dataclass(frozen=True, slots=True)
class Window:
    """How many requests were granted in the window that began at `start`."""

    start: datetime
    used: int


Usage = Mapping[timedelta, Window]
"""What a key has used of its windows, by their length."""


@dataclass(frozen=True, slots=True)
class Quota:
    """How it stands with the window that will be used up first: its limit, what is left of it, when it ends."""

    limit: int
    remaining: int
    ends_at: datetime


def take(usage: Usage, limits: RateLimits, now: datetime, wanted: int) -> tuple[Usage, int, Quota | None]:
    """Grant up to `wanted` requests: the usage then, how many were granted, and the tightest quota after them.

    Without limits everything is granted, and there is no quota.
    """
    current = {length: _current(usage.get(length), length, now) for length, _ in limits.windows}
    room = min((limit - current[length].used for length, limit in limits.windows), default=wanted)
    granted = max(0, min(wanted, room))
    after = {length: Window(window.start, window.used + granted) for length, window in current.items()}
    quotas = [
        Quota(limit, max(0, limit - after[length].used), after[length].start + length)
        for length, limit in limits.windows
    ]
    # Of two windows that are used up, the one that ends last decides.
    return after, granted, min(quotas, key=lambda quota: (quota.remaining, -quota.ends_at.timestamp()), default=None)


def take_lease(usage: Usage, limits: RateLimits, now: datetime) -> tuple[Usage, int, Quota | None]:
    """Grant some requests at once, as `take` does: the fewer, the less is left."""
    _, _, quota = take(usage, limits, now, 0)
    wanted = _COUNTLESS if quota is None else max(1, min(LARGEST_LEASE, quota.remaining // _SMALLEST_SHARE))
    return take(usage, limits, now, wanted)


def give_back(usage: Usage, charged: Usage, unused: int) -> Usage:
    """The usage without granted requests that were not made; `charged` is the usage right after they were granted."""
    return {
        length: Window(window.start, max(0, window.used - unused)) if _is_same(window, charged.get(length)) else window
        for length, window in usage.items()
    }


def _current(window: Window | None, length: timedelta, now: datetime) -> Window:
    """The window that `now` is in: the one that is known, unless it has ended."""
    # The clocks of several machines differ, and one that is behind must not begin a window anew. A start that is
    # further ahead than that comes from a clock that was wrong, and would lock the key out until then.
    if window is not None and window.start - length <= now < window.start + length:
        return window
    return Window(now, 0)


def _is_same(window: Window, other: Window | None) -> bool:
    return other is not None and other.start == window.start
