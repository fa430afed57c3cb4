"""What a fault does: how long it waits, what it answers, how it breaks the connection."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

MOST_MILLISECONDS = 600_000
"""The longest wait."""

_RANGE = re.compile(r"([0-9]{1,6})\.\.([0-9]{1,6})", re.ASCII)
_MAY_RETRY_AFTER = (429, 503)

Json = Mapping[str, Any]
Draw = Callable[[str], float]
"""A number in [0, 1) for each purpose, the same whenever it is asked for."""


class FaultRuleError(ValueError):
    """A rule makes no sense; `attr` names the part of it that does not."""

    def __init__(self, attr: str, detail: str) -> None:
        super().__init__(detail)
        self.attr = attr
        self.detail = detail


class Cut(StrEnum):
    """The ways to break a connection, or to strain it."""

    RESET = "reset"
    EMPTY = "empty"
    STALL = "stall"
    TRUNCATE = "truncate"
    DRIBBLE = "dribble"

    @property
    def needs_body(self) -> bool:
        """Whether it is done to the body of an answer."""
        return self in (Cut.TRUNCATE, Cut.DRIBBLE)


@dataclass(frozen=True, slots=True)
class Between:
    """Waits of any length in a range of milliseconds, each as likely as the other."""

    low: float
    high: float

    def seconds(self, draw: Draw) -> float:
        """How long to wait."""
        return (self.low + (self.high - self.low) * draw("latency")) / 1000


@dataclass(frozen=True, slots=True)
class LogNormal:
    """Waits as networks have them: half of them shorter than the median, some much longer."""

    median: float
    sigma: float

    def seconds(self, draw: Draw) -> float:
        """How long to wait."""
        # Box and Muller's transform of two uniform numbers to a normal one.
        radius = math.sqrt(-2 * math.log(1 - draw("radius")))
        normal = radius * math.cos(math.tau * draw("angle"))
        return min(self.median * math.exp(self.sigma * normal), MOST_MILLISECONDS) / 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """A wait, then an answer, or a cut, or what production's code answers."""

    status: int | None = None
    retry_after: int | None = None
    latency: Between | LogNormal | None = None
    cut: Cut | None = None


def read_effect(words: Json) -> Effect:
    """What a rule's `do` says; raises FaultRuleError for what makes no sense."""
    if not words.keys() & {"status", "latency_ms", "latency", "cut"}:
        raise FaultRuleError("do", "Say what to do: status, latency_ms, latency or cut.")
    status, retry_after = words.get("status"), words.get("retry_after")
    if status is not None and "cut" in words:
        raise FaultRuleError("do__cut", "A request is answered with a status, or cut, not both.")
    if retry_after is not None and status not in _MAY_RETRY_AFTER:
        raise FaultRuleError("do__retry_after", "Only the statuses 429 and 503 have a retry_after.")
    cut = None if "cut" not in words else Cut(words["cut"])
    return Effect(status=status, retry_after=retry_after, latency=_read_latency(words), cut=cut)


def read_between(given: float | str, attr: str) -> Between:
    """Milliseconds, or a range of them as `80..400`; raises FaultRuleError."""
    low = high = -1.0
    if not isinstance(given, str):
        low = high = given
    elif match := _RANGE.fullmatch(given):
        low, high = map(float, match.groups())
    if not 0 <= low <= high <= MOST_MILLISECONDS:
        raise FaultRuleError(
            attr, f"Give milliseconds up to {MOST_MILLISECONDS}: a number, or a range as 80..400, the lower one first."
        )
    return Between(low, high)


def _read_latency(words: Json) -> Between | LogNormal | None:
    if "latency_ms" in words and "latency" in words:
        raise FaultRuleError("do__latency", "Give latency_ms or latency, not both.")
    if "latency" in words:
        return LogNormal(words["latency"]["median_ms"], words["latency"]["sigma"])
    return read_between(words["latency_ms"], "do__latency_ms") if "latency_ms" in words else None
