"""Mock and production answer the same programs alike: statuses, headers and bodies, but for what each names itself."""

import json
import os

import pytest

from batch_exports.domain.throttles import RateLimits
from tests.parity.breakages import bases, breakages
from tests.parity.figure import Figure
from tests.parity.generator import search
from tests.parity.playing import OPERATIONS, is_apart
from tests.parity.programs import REGRESSIONS, Call, Step, Wait, as_json, from_json
from tests.parity.requests import OPENING
from tests.parity.stage import open_stage
from tests.parity.states import SEEN, programs_to
from tests.spec.document import implemented

DEEP = "BATCH_EXPORTS_CONTRACT_EXAMPLES"
EXAMPLES = int(os.environ.get(DEEP, "12"))
EVERY = 1 if DEEP in os.environ else 16

NOT_BY_ONE_BREAKAGE = {"409", "429", "500"}
"""Statuses that take a state, many requests, or a fault of the service."""

READY = {
    "retry_run": [Call("cancel_run", {"batch_export_id": "$export-0", "id": "$run-0"})],
    "backfill_export": [Call("cancel_backfill", {"batch_export_id": "$export-0", "id": "$backfill-0"})],
    "create_backfill": [Call("cancel_backfill", {"batch_export_id": "$export-0", "id": "$backfill-0"})],
}
"""What has to come before a right request."""

SHARE = 6
READS = [bases(each)[0] for each in implemented() if each.method == "get"]
CHANGING = [each for each in implemented() if each.method != "get" and "id}" in each.path.replace("project_id", "")]


@pytest.mark.parametrize("operation", implemented(), ids=lambda each: each.id)
def test_whatever_is_broken_in_a_request_it_is_answered_alike(stage, operation):
    program = [*OPENING, *READY.get(operation.id, ()), *breakages(operation, every=EVERY), *bases(operation), *READS]
    compared = stage.require_alike(program, closely=False)
    met = {str(each.answer.status) for each in compared if each.call.operation == operation.id}
    assert met >= operation.node["responses"].keys() - NOT_BY_ONE_BREAKAGE


@pytest.mark.parametrize("operation", CHANGING, ids=lambda each: each.id)
def test_in_whatever_state_something_is_its_change_is_answered_alike(stage, operation):
    figure, change = Figure(), bases(operation)[0]
    kinds = [symbol[1:].partition("-")[0] for symbol in change.path.values()]
    for before in programs_to(kinds[-1]):
        figure.add(stage.require_alike([*before, change]))
    met = {(kind, state) for kind, state, changed_by, _ in figure.transitions if changed_by == operation.id}
    assert met >= {(kind, state) for kind in kinds for state in SEEN[kind]}


def test_programs_that_are_drawn_are_answered_alike(stage):
    figure = Figure()
    program = search(lambda drawn: is_apart(figure.added(stage.play(drawn))), EXAMPLES)
    assert program is None, stage.report(program)
    assert {operation for operation, _ in figure.statuses} == OPERATIONS.keys()
    assert len(figure.statuses) >= 50
    assert len(figure.transitions) >= 20


@pytest.mark.parametrize("path", REGRESSIONS, ids=lambda path: path.stem)
def test_a_program_that_was_kept_is_answered_alike(stage, path):
    kept = json.loads(path.read_text())
    program = from_json(kept["steps"])
    assert kept["claim"]
    assert as_json(program) == kept["steps"]
    stage.require_alike(program)


def test_requests_that_are_too_many_are_answered_alike(tmp_path):
    with open_stage(tmp_path, limits=RateLimits(per_minute=2, per_hour=1_000)) as stage:
        program: list[Step] = []
        for operation in implemented():
            program += [*bases(operation)[:1] * 3, Wait(60)]
        compared = stage.require_alike(program, closely=False)
    throttled = {each.call.operation for each in compared if each.answer.status == 429}
    assert throttled == OPERATIONS.keys()


def test_production_on_postgresql_answers_as_the_mock_does(tmp_path, postgres_url):
    with open_stage(tmp_path, database_url=postgres_url) as stage:
        for number, before in enumerate(programs_to("run")):
            # Each state with its share of the operations that change something.
            changes = [bases(each)[0] for each in CHANGING[number % SHARE :: SHARE]]
            stage.require_alike([*before, *changes, *READS], closely=False)
        program = search(stage.differs, max(2, EXAMPLES // 10))
        assert program is None, stage.report(program)
