"""An edit of the contract, carried by one command from the document to both worlds."""

import json

import pytest

from tests.cli.commands import one_line
from tests.spec.document import ROOT
from tests.stubs.checkout import add_operations, copy_checkout, in_checkout, sources, stubs

EXPORT = "019cadd4-5620-7c3e-9a41-5d2f7b6c8e10"
UP_TO_DATE = "The handlers are as the contract has them.\n"


@pytest.fixture(scope="module")
def edited(tmp_path_factory):
    """A checkout whose contract has two operations more, and what a check and the command said of it."""
    folder = copy_checkout(tmp_path_factory.mktemp("checkout"))
    add_operations(folder)
    before = sources(folder)
    checked = stubs(folder, "--check", "--json")
    assert sources(folder) == before, "a check writes nothing"
    return folder, checked, stubs(folder)


@pytest.fixture(scope="module")
def checkout(edited):
    return edited[0]


@pytest.fixture(scope="module")
def answers(checkout, tmp_path_factory):
    requests = [
        ["GET", "/alerts/", None],
        ["POST", f"/{EXPORT}/preview/", {"rows": 2}],
        ["GET", "/alerts/?most=0", None],
        ["POST", f"/{EXPORT}/preview/", {}],
    ]
    program = (ROOT / "tests" / "stubs" / "answers.py").read_text()
    done = in_checkout(checkout, "-W", "ignore", "-c", program, tmp_path_factory.mktemp("data"), json.dumps(requests))
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)
    assert answers["handlers"].startswith(str(checkout))
    return answers


def test_the_handlers_of_this_checkout_are_as_its_contract_has_them():
    done = stubs(ROOT, "--check")
    assert (done.returncode, done.stdout) == (0, UP_TO_DATE), "to renew them: batch-exports stubs"


def test_a_check_tells_what_there_is_to_do(edited):
    _, checked, _ = edited
    assert checked.returncode == 1
    assert json.loads(checked.stdout) == {
        "to_write": {
            "handlers/alerts.py": ["list_alerts"],
            "handlers/exports.py": ["preview_export"],
            "handlers/_bodies.py": [],
        },
        "drift": [],
    }


def test_the_command_says_what_it_wrote(edited):
    _, _, done = edited
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "wrote: handlers/alerts.py: list_alerts",
        "wrote: handlers/exports.py: preview_export",
        "wrote: handlers/_bodies.py: types of request bodies",
    ]


def test_the_stubs_and_their_types_please_the_type_checker(checkout, tmp_path):
    done = in_checkout(checkout, "-m", "mypy", "--cache-dir", tmp_path, "handlers")
    assert done.returncode == 0, done.stdout


def test_what_is_written_pleases_the_linter_and_the_formatter(checkout):
    for arguments in (["check"], ["format", "--check"]):
        done = in_checkout(checkout, "-m", "ruff", *arguments, "handlers")
        assert done.returncode == 0, done.stdout


def test_production_says_of_a_stub_that_it_is_not_implemented(answers):
    for status, body in answers["production"][:2]:
        assert (status, body["code"]) == (501, "not_implemented")


def test_the_mock_shows_the_example_of_a_stub(answers):
    assert answers["mock"][:2] == [[200, {"rows": ["failed"]}], [200, {"rows": ["a", "b"]}]]


def test_both_worlds_hold_requests_of_stubs_to_the_contract(answers):
    assert answers["mock"][2:] == answers["production"][2:]
    assert [(status, body["attr"]) for status, body in answers["mock"][2:]] == [(400, "most"), (400, "rows")]


def test_a_second_run_changes_nothing(checkout):
    before = sources(checkout)
    done = stubs(checkout)
    assert (done.returncode, done.stdout) == (0, UP_TO_DATE)
    assert sources(checkout) == before


def test_drift_that_only_a_person_can_mend_fails_the_command(tmp_path):
    handlers = copy_checkout(tmp_path) / "handlers" / "runs.py"
    handlers.write_text(handlers.read_text().replace("page_size: int", "page_size: str"))
    done = stubs(tmp_path)
    assert done.returncode == 1
    assert "drift: handlers/runs.py:" in done.stdout
    assert "list_runs says that page_size is str, it is int\n" in done.stdout


def test_a_contract_that_cannot_be_read_is_one_line(tmp_path):
    (copy_checkout(tmp_path) / "openapi" / "batch_exports.yaml").write_text("openapi: 3.0.3\n")
    done = stubs(tmp_path, "--check")
    assert (done.returncode, done.stdout) == (2, "")
    assert "`paths` is missing" in one_line(done.stderr)


def test_the_types_of_bodies_are_loaded_by_no_world(answers):
    assert not answers["loads_bodies"]
