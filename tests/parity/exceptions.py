"""Where mock and production may differ: each with the operations, what differs, and why. Nothing else may."""

import re
from dataclasses import dataclass
from typing import Any

EVERY = None
"""Of an exception that is about all operations."""


@dataclass(frozen=True)
class Difference:
    """A part of an answer, such as `status`, `headers/etag` or `body/results/0/name`, in which the worlds differ."""

    operation: str
    part: str
    mock: Any
    production: Any


@dataclass(frozen=True)
class ReviewedException:
    """One difference that is meant."""

    operations: frozenset[str] | None
    part: str
    """A regular expression."""
    reason: str

    def covers(self, difference: Difference) -> bool:
        if self.operations is not None and difference.operation not in self.operations:
            return False
        return re.fullmatch(self.part, difference.part) is not None


REVIEWED = (
    ReviewedException(
        EVERY,
        "headers/x-mock-(world|source)",
        "the mock tells which of its worlds has answered, and what part of it; production has neither",
    ),
    ReviewedException(
        EVERY,
        "headers/vary",
        "the mock lets pages of every origin read its answers; production of none unless its operator names them",
    ),
    ReviewedException(
        frozenset({"run_new_test_step", "run_test_step"}),
        "body/result/(status|message)",
        "production tries the connection; the mock connects to nothing and tells from the settings how it would end",
    ),
)


def is_reviewed(difference: Difference) -> bool:
    """Whether an exception explains a difference."""
    return any(each.covers(difference) for each in REVIEWED)
