"""Walks a service at random, and tells of the shortest program in which it is not what the model says."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import ClassVar

import httpx
from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from batch_exports.conformance.model.export_rules import ExportRules
from batch_exports.conformance.model.keys import ModelKeys, Role
from batch_exports.conformance.model.list_rules import ListRules
from batch_exports.conformance.model.refusal_rules import RefusalRules
from batch_exports.conformance.model.reports import Reports, ShrunkEnough
from batch_exports.conformance.model.steps import Chosen, steps_of
from batch_exports.conformance.model.work_rules import WorkRules

MakeClient = Callable[[str], httpx.Client]
"""Makes a client that knows where the service is and sends this API key."""

SHRINKING_TRIES = 100
"""So many programs at most are tried in search of a shorter one that goes wrong, unless said otherwise."""
_SHORT = 4
"""Steps of the programs that are tried first: what goes wrong in them need not be searched for in long ones."""
_SHARE_OF_SHORT = 4


class _Walk(ExportRules, WorkRules, ListRules, RefusalRules):
    steps: ClassVar[st.SearchStrategy[Chosen]]

    @rule(data=st.data())
    def go_on(self, data: st.DataObject) -> None:
        name, arguments = data.draw(self.steps)
        getattr(self, name)(**arguments)


def check_model(
    make_client: MakeClient,
    keys: ModelKeys,
    examples: int,
    steps: int,
    seed: int,
    *,
    shrinking_tries: int = SHRINKING_TRIES,
) -> None:
    """Raise AssertionError, with the shortest program that shows it, unless the service is what the model says.

    So many `examples` of programs of so many `steps` are tried, after a quarter as many short ones: the same for the
    same `seed`. What they make they delete.
    """
    reports = Reports(shrinking_tries)
    with ExitStack() as stack:
        clients = {role: stack.enter_context(make_client(key)) for role, key in keys.by_role().items()}
        try:
            for number, length in ((1 + examples // _SHARE_OF_SHORT, min(_SHORT, steps)), (examples, steps)):
                run_state_machine_as_test(_machine(clients, reports, seed), settings=_settings(number, length))
        except (Exception, ShrunkEnough) as failure:
            if not reports.programs:
                raise
            raise AssertionError(f"{reports.shortest}\nSeed: {seed}") from failure


def _machine(clients: Mapping[Role, httpx.Client], reports: Reports, number: int) -> type[RuleBasedStateMachine]:
    machine = type("Walk", (_Walk,), {"clients": clients, "reports": reports, "steps": steps_of(_Walk)})
    return seed(number)(machine)


def _settings(examples: int, steps: int) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        derandomize=False,
        report_multiple_bugs=False,
        phases=(Phase.generate, Phase.shrink),
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )
