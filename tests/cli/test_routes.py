import json

import pytest

from batch_exports.cli import run
from batch_exports.contract.operation_spec import describe_operations
from batch_exports.contract.resolver import HandlerResolver
from batch_exports.contract.spec import load_spec
from mock_server.library import Library
from tests.cli.commands import refusal_inside, said_inside
from tests.spec.document import ROOT, operations

COLUMNS = ["method", "path", "operation", "tag", "scopes", "handler", "tests", "examples", "scenarios"]


@pytest.fixture(scope="module")
def listed():
    return {each["operation"]: each for each in json.loads(said_inside("routes", "--json"))}


def test_routes_lists_every_operation_of_the_contract_with_what_answers_it(listed):
    named = [(each["method"].lower(), each["path"], each["operation"]) for each in listed.values()]
    assert sorted(named) == sorted((each.method, each.path, each.id) for each in operations())
    resolve = HandlerResolver("handlers")
    handled = {each.id for each in describe_operations(load_spec(), resolve) if each.implemented}
    for each in listed.values():
        assert list(each) == COLUMNS
        right = f"handlers.{each['tag']}:{each['operation']}" if each["operation"] in handled else "unimplemented"
        assert each["handler"] == right
        assert all(scope.startswith("batch_export:") for scope in each["scopes"])


def test_the_tests_of_an_operation_are_the_files_that_name_it(listed):
    for name, each in listed.items():
        assert all(name in (ROOT / path).read_text() for path in each["tests"])
    assert "tests/rules/test_destinations.py" in listed["run_test_step"]["tests"]
    assert "tests/rules/test_destinations.py" not in listed["list_runs"]["tests"]


def test_the_examples_of_an_operation_are_those_of_its_success(listed):
    assert listed["list_exports"]["examples"] == ["export_page", "last_export_page", "no_exports"]
    assert listed["delete_export"]["examples"] == []


def test_the_scenarios_of_an_operation_have_its_noun(listed):
    names = set(Library().names)
    assert set(listed["list_exports"]["scenarios"]) == names - {"empty"}
    with_backfills = set(listed["list_backfills"]["scenarios"])
    assert {"mid-backfill", "typical"} <= with_backfills < names


def test_routes_is_a_table_of_one_line_each(capsys, listed):
    assert run(["routes"]) == 0
    heading, *lines = capsys.readouterr().out.splitlines()
    assert heading.split() == COLUMNS
    assert [line.split()[2] for line in lines] == list(listed)
    for line in lines:
        *_, name, _tag, _scopes, handler, tests, examples, scenarios = line.split()
        each = listed[name]
        assert handler == each["handler"]
        assert [tests, examples, scenarios] == [str(len(each[key])) for key in ("tests", "examples", "scenarios")]


def test_operations_that_are_named_are_shown_in_full(listed):
    shown = said_inside("routes", "get_run", "list_exports")
    first, second = shown.split("\n\n")
    assert first.splitlines()[:2] == ["GET /{project_id}/batch_exports/", "  operation  list_exports"]
    assert second.splitlines()[4] == "  handler    handlers.runs:get_run"
    assert f"  scenarios  {', '.join(listed['get_run']['scenarios'])}" in second


def test_an_operation_that_does_not_exist_is_refused_with_the_nearest(capsys):
    assert "There is no operation 'list_run'. The nearest are: list_runs" in refusal_inside(
        capsys, "routes", "list_run"
    )
