"""The gate: whatever Schemathesis sends to a served world, the answers keep the contract."""

import os

import pytest

from tests.contract.elsewhere import ELSEWHERE
from tests.contract.gate import DEEP, pass_gate
from tests.contract.worlds import serve_mock, serve_production
from tests.spec.document import ROOT, implemented

# The mock is asked by the command for consumers, each time: tests/conformance.
WORLDS = {"production": serve_production, **({"mock": serve_mock} if DEEP in os.environ else {})}
DOCUMENTED = {(each.id, int(status)) for each in implemented() for status in each.node["responses"]}


@pytest.fixture(scope="module", params=WORLDS)
def report(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    with WORLDS[request.param](folder / "data") as world:
        return pass_gate(world, folder)


def test_no_answer_breaks_the_contract(report):
    assert report.outcome.exit_code == 0, report.outcome.output
    assert report.failures == []
    assert report.outcome.summary["failures"] == []
    assert report.outcome.summary["errors"] == []


def test_nothing_is_left_to_be_warned_of(report):
    assert {name: found for name, found in report.outcome.summary["warnings"].items() if found} == {}


def test_every_operation_is_tested_in_every_phase(report):
    assert report.outcome.summary["complete"]
    assert {phase["status"] for phase in report.outcome.summary["phases"].values()} == {"success"}
    assert report.outcome.summary["operations"]["tested"] == len(implemented())
    assert report.outcome.summary["test_cases"]["generated"] > 1000


def test_every_operation_succeeds(report):
    reached = {operation for operation, status in report.answers if status < 300}
    assert reached == {each.id for each in implemented()}


def test_every_documented_answer_is_met_here_or_by_a_named_test(report):
    elsewhere = {pair for each in ELSEWHERE for pair in each.pairs()}
    assert sorted(DOCUMENTED - report.answers.keys() - elsewhere) == []


def test_what_is_met_elsewhere_is_documented_and_named_once():
    named = [pair for each in ELSEWHERE for pair in each.pairs()]
    assert len(named) == len(set(named))
    assert set(named) <= DOCUMENTED


@pytest.mark.parametrize("each", ELSEWHERE, ids=lambda each: each.test.rpartition("::")[2])
def test_the_test_that_is_named_exists(each):
    file, _, name = each.test.partition("::")
    assert f"def {name}(" in (ROOT / file).read_text()
    assert list(each.pairs())
