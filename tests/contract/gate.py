"""A run of Schemathesis against a served world."""

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from batch_exports.conformance.exchanges import Failure
from batch_exports.conformance.operations import operation_of
from batch_exports.conformance.profiles import Profile
from batch_exports.conformance.schemathesis_run import Outcome, SchemathesisRun
from batch_exports.conformance.target import Target
from tests.spec.document import implemented

DEEP = "BATCH_EXPORTS_CONTRACT_EXAMPLES"
"""With it so many examples are tried, every boundary of every operation, and each of the six hundred time zones."""

_EXAMPLES, _SCENARIOS = 6, 60
_SEED = 20261123
_OF_ONE_SCHEMA = ("create_export", "replace_export", "run_new_test_step")
"""Nine tenths of all boundaries are theirs."""


@dataclass(frozen=True)
class Report:
    """How a run ended, and how often each operation answered each status."""

    outcome: Outcome
    failures: list[Failure]
    answers: Mapping[tuple[str, int], int]


def pass_gate(world: Target, folder: Path) -> Report:
    """Run all phases and all checks."""
    run = SchemathesisRun(world, _profile(), _SEED, folder)
    steps = list(run.steps())
    assert run.outcome is not None
    assert run.outcome.summary, run.outcome.output
    asked = [(operation_of(each.method, each.url), each.status) for step in steps for each in step.exchanges]
    # Methods that a path does not have belong to no operation.
    answers = Counter((operation.id, status) for operation, status in asked if operation is not None)
    return Report(run.outcome, [failure for step in steps for failure in step.failures], answers)


def _profile() -> Profile:
    examples = int(os.environ.get(DEEP, _EXAMPLES))
    return Profile(
        "gate",
        examples,
        scenarios=max(_SCENARIOS, examples),
        all_time_zones=DEEP in os.environ,
        sampled=() if DEEP in os.environ else _OF_ONE_SCHEMA,
        only=tuple(each.id for each in implemented()),
    )
