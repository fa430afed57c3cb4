"""What came of a run."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from batch_exports.conformance.coverage import Coverage
from batch_exports.conformance.exchanges import Failure
from batch_exports.conformance.target import Target


@dataclass
class Result:
    """Failures, coverage, and what was left unproven."""

    target: Target
    profile: str
    seed: int
    failures: list[Failure] = field(default_factory=list)
    coverage: Coverage = field(default_factory=Coverage)
    checked: Counter[str] = field(default_factory=Counter)
    """How many claims or requests each part checked."""
    unproven: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    """Exports that the run made and could not delete."""
    seconds: float = 0.0

    @property
    def command(self) -> str:
        """The command that repeats the run."""
        return f"{self.target.command} --profile {self.profile} --seed {self.seed}"

    @property
    def kept(self) -> bool:
        """Whether the contract was kept wherever it was looked at."""
        return not self.failures

    def note(self, part: str, failure: Failure | None) -> None:
        """Count a claim that was checked, and keep its failure; of equal failures the first."""
        self.checked[part] += 1
        if failure is not None:
            self.keep(failure)

    def keep(self, failure: Failure) -> None:
        """Keep a failure, unless an equal one is known."""
        known = {(each.part, each.operation, each.title) for each in self.failures}
        if (failure.part, failure.operation, failure.title) not in known:
            self.failures.append(failure.hiding(self.target.hide_keys))

    def gaps(self) -> list[tuple[str, list[str], list[str]]]:
        """Operations that the run asked, with the statuses and parameters that it did not meet for no known reason."""
        known = {each.partition(":")[0] for each in self.unproven}
        asked = [row for row in self.coverage.rows() if row["statuses"]["met"]]
        rows = [
            (row["operation"], _without(row["statuses"], known), _without(row["parameters"], known)) for row in asked
        ]
        return [row for row in rows if row[1] or row[2]]

    def as_json(self) -> dict[str, Any]:
        """The result as plain data."""
        return {
            "kept": self.kept,
            "profile": self.profile,
            "seed": self.seed,
            "command": self.command,
            "seconds": round(self.seconds, 1),
            "requests": self.coverage.requests,
            "checked": dict(self.checked),
            "failures": [each.as_json() for each in self.failures],
            "unproven": self.unproven,
            "left": self.left,
            "totals": {name: {"met": met, "of": of} for name, (met, of) in self.coverage.totals().items()},
            "coverage": self.coverage.rows(),
        }


def _without(part: dict[str, Any], known: set[str]) -> list[str]:
    return [name for name in part["gaps"] if name not in known]
