"""The fault rules of one world, in the order in which they are looked at."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from mock_server.faults.rules import FaultRule, Hit, read_rule

MOST_RULES = 1_000


class TooManyFaultRulesError(Exception):
    """A world has no room for another rule."""

    def __init__(self) -> None:
        super().__init__(f"A world may have {MOST_RULES} fault rules: remove some (DELETE /__mock/faults).")


class FaultBook:
    """Rules that can be added and removed, and count what they are asked."""

    def __init__(self, seed: int = 0) -> None:
        """`seed` is what rules draw from that have none of their own."""
        self._seed = seed
        self._rules: list[FaultRule] = []
        self._added = 0

    @classmethod
    def of(cls, rules: Iterable[Mapping[str, Any]], seed: int = 0) -> "FaultBook":
        """The book of rules in the words of the control API; raises FaultRuleError or TooManyFaultRulesError."""
        book = cls(seed)
        for words in rules:
            book.add(words)
        return book

    def __iter__(self) -> Iterator[FaultRule]:
        """The rules, those that are looked at first before the others."""
        return iter(self._rules)

    def __len__(self) -> int:
        """How many rules there are."""
        return len(self._rules)

    def add(self, words: Mapping[str, Any], *, decides: bool = True) -> FaultRule:
        """Add a rule behind the others; raises FaultRuleError or TooManyFaultRulesError.

        One that does not decide keeps requests waiting, whatever else becomes of them.
        """
        if len(self._rules) >= MOST_RULES:
            raise TooManyFaultRulesError
        rule = read_rule(f"fault-{self._added + 1}", words, self._seed)
        rule.decides = decides
        self._added += 1
        self._rules.append(rule)
        return rule

    def remove(self, rule_id: str) -> bool:
        """Remove a rule; whether there was one."""
        left = [rule for rule in self._rules if rule.id != rule_id]
        found = len(left) < len(self._rules)
        self._rules = left
        return found

    def clear(self) -> None:
        """Remove all rules."""
        self._rules = []

    def fork(self) -> "FaultBook":
        """Another book whose rules stand where these do."""
        other = FaultBook(self._seed)
        other._rules = [rule.fork() for rule in self._rules]
        other._added = self._added
        return other

    def hit(self, operation: str, method: str, path: str, now: datetime) -> Hit | None:
        """What the first rule that applies does to a request; those behind it do not count the request."""
        latency = self.latency(operation, method, path, now)
        hit = self._first(operation, method, path, now, decides=True)
        if hit is None or latency is None:
            return hit or latency
        return replace(hit, wait=hit.wait + latency.wait)

    def latency(self, operation: str, method: str, path: str, now: datetime) -> Hit | None:
        """How a request is kept waiting, whatever else becomes of it."""
        return self._first(operation, method, path, now, decides=False)

    def _first(self, operation: str, method: str, path: str, now: datetime, *, decides: bool) -> Hit | None:
        for rule in self._rules:
            if rule.decides is decides and rule.takes(operation, method, path):
                hit = rule.try_next(now)
                if hit is not None:
                    return hit
        return None
