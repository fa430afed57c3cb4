"""One fault rule: the requests that it is for, how many of them it hits, and what it does to those."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from http import HTTPStatus
from typing import Any

import orjson

from mock_server.faults.effects import Effect, read_effect
from mock_server.traffic import draw

THROTTLED_SECONDS = 1
"""How long a rule throttles that says neither how long nor how often."""

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Hit:
    """What a rule does to a request."""

    rule: str
    effect: Effect
    wait: float
    """Seconds to wait first."""
    retry_after: int | None
    """Seconds of the world's time until the rule lets requests pass."""


@dataclass(slots=True, kw_only=True)
class FaultRule:
    """A rule, and how often it has been looked at."""

    id: str
    match: Json
    do: Json
    times: int | None
    after: int
    probability: float
    seed: int
    effect: Effect = field(repr=False)
    decides: bool = True
    """Whether nothing else becomes of a request that it hits; else it waits, and others decide."""
    matched: int = 0
    applied: int = 0
    began_at: datetime | None = None
    """When it first hit."""

    def fork(self) -> "FaultRule":
        """Another rule that stands where this one does, and counts alone."""
        return replace(self)

    def takes(self, operation: str, method: str, path: str) -> bool:
        """Whether it is for a request."""
        match = self.match
        return (
            match.get("operation", operation) == operation
            and match.get("method", method) == method
            and match.get("path", "") in path
        )

    def try_next(self, now: datetime) -> Hit | None:
        """Count a request that it is for; what it does to it, None when it lets it pass."""
        ordinal = self.matched
        self.matched += 1
        if ordinal < self.after or self._is_over(now) or not self._is_drawn(ordinal):
            return None
        self.applied += 1
        self.began_at = self.began_at or now
        latency = self.effect.latency
        wait = 0.0 if latency is None else latency.seconds(lambda purpose: self._draw(ordinal, purpose))
        return Hit(self.id, self.effect, wait, self._retry_after(now))

    def _is_over(self, now: datetime) -> bool:
        remaining = self._remaining(now)
        return self.applied == self.times or (remaining is not None and remaining <= 0)

    def _is_drawn(self, ordinal: int) -> bool:
        return self.probability >= 1 or self._draw(ordinal, "hit") < self.probability

    def _draw(self, ordinal: int, purpose: str) -> float:
        # The same rule, removed and added again, hits the same requests again: it is known by what it says.
        text = orjson.dumps([self.match, self.do], option=orjson.OPT_SORT_KEYS)
        return draw(self.seed, text, ordinal, purpose)

    def _remaining(self, now: datetime) -> float | None:
        """Seconds until it lets requests pass for good, which a rule that goes by chance never does."""
        if self.effect.retry_after is None or self.began_at is None or self.probability < 1:
            return None
        return self.effect.retry_after - (now - self.began_at).total_seconds()

    def _retry_after(self, now: datetime) -> int | None:
        remaining = self._remaining(now)
        return self.effect.retry_after if remaining is None else max(1, math.ceil(remaining))


def read_rule(rule_id: str, words: Json, seed: int) -> FaultRule:
    """The rule that a request to add one describes; `seed` counts unless it has its own. Raises FaultRuleError."""
    effect = read_effect(words["do"])
    if effect.status == HTTPStatus.TOO_MANY_REQUESTS and effect.retry_after is None and words.get("times") is None:
        # A client that waits as long as it is told has to get through.
        effect = replace(effect, retry_after=THROTTLED_SECONDS)
    return FaultRule(
        id=rule_id,
        match=words.get("match", {}),
        do=words["do"],
        times=words.get("times"),
        after=words.get("after", 0),
        probability=words.get("probability", 1),
        seed=words.get("seed", seed),
        effect=effect,
    )
