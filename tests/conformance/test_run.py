"""Whole runs, short ones, against the mock and against a mock that breaks the contract in three ways."""

import json
import os
import subprocess

import httpx
import pytest

from batch_exports.conformance.caller_rows import Claim
from batch_exports.conformance.profiles import Profile
from batch_exports.conformance.reports.har import HarFile
from batch_exports.conformance.reports.junit import junit
from batch_exports.conformance.reports.page import page
from batch_exports.conformance.run import run_contract
from mock_server.personas import KEYS
from tests.conformance.conftest import target_of
from tests.conformance.served import mock_app, rewriting, served

ASKED = ("list_test_steps", "pause_export", "list_exports")
SHORT = Profile("quick", examples=2, scenarios=1, programs=1, steps=4, only=ASKED, unswept=("list_exports",))
ADMIN = f"Bearer {KEYS['admin']}".encode()
OTHER = f"Bearer {KEYS['other_project']}".encode()


def breaking(app):
    """Drops a field, answers 500, and shows one project's objects to the other."""

    def change(scope, status, body):
        path = scope["path"].rstrip("/")
        if path.endswith("/test") and status == 200:
            return status, b"{}"
        return (500, body) if path.endswith("/pause") and status == 200 else (status, body)

    broken = rewriting(app, change)

    async def leaking(scope, receive, send):
        if scope.get("method") == "GET" and "/runs" not in scope["path"]:
            headers = [(name, ADMIN if value == OTHER else value) for name, value in scope["headers"]]
            scope = {**scope, "headers": headers}
        await broken(scope, receive, send)

    return leaking


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """The result of a run, with its reports, and the address that it asked."""
    har = tmp_path_factory.mktemp("reports") / "requests.har"
    with served(breaking(mock_app())) as url:
        target = target_of(url)
        with HarFile(har, target.hide_keys) as archive:
            result = run_contract(target, SHORT, seed=1, note=archive.note, keep=True)
        yield result, har.read_text(), url


def test_a_service_that_keeps_the_contract_passes_and_finds_nothing_left_behind(target, mock_url):
    result = run_contract(target, SHORT, seed=1)
    assert result.failures == []
    assert {"authorization", "coverage", "fuzzing", "model"} <= result.checked.keys()
    for persona in ("admin", "other_project"):
        headers = {"Authorization": f"Bearer {KEYS[persona]}"}
        answer = httpx.get(f"{mock_url}/api/projects/@current/batch_exports/", headers=headers)
        assert answer.json()["results"] == []


@pytest.mark.parametrize(
    ("operation", "title"),
    [
        ("list_test_steps", "Response violates schema (ST108)"),
        ("pause_export", "Server error (ST101)"),
        ("get_export", Claim.OTHER_OBJECT),
        ("list_exports", Claim.OTHER_LIST),
    ],
)
def test_what_breaks_the_contract_is_told(broken, operation, title):
    result, _, _ = broken
    assert (operation, title) in {(each.operation, each.title) for each in result.failures}


def test_the_model_sees_what_is_broken(broken):
    result, _, _ = broken
    assert [each for each in result.failures if each.part == "model"]


def test_every_failure_of_a_request_has_a_line_that_sends_it_again(broken):
    result, _, url = broken
    for each in result.failures:
        if each.part != "model":
            assert each.curl.startswith("curl ")
            assert url in each.curl
    assert f'--url {url} --key "$KEY" --other-key "$OTHER_KEY" --read-key "$READ_KEY"' in result.command


def test_such_a_line_shows_the_failure_again(broken):
    result, _, _ = broken
    [leak] = [each for each in result.failures if (each.operation, each.title) == ("get_export", Claim.OTHER_OBJECT)]
    assert answer(leak.curl).startswith("HTTP/1.1 200")
    errors = [each for each in result.failures if each.title == "Server error (ST101)"]
    assert answer(errors[0].curl).startswith("HTTP/1.1 500")


def answer(line):
    keys = {"KEY": KEYS["admin"], "OTHER_KEY": KEYS["other_project"], "PATH": os.environ["PATH"]}
    return subprocess.run(["bash", "-c", line], env=keys, capture_output=True, check=True, text=True).stdout


def test_no_report_holds_a_key(broken):
    result, har, _ = broken
    for text in (json.dumps(result.as_json()), junit(result), page(result), har, repr(result)):
        assert not [name for name in ("admin", "other_project", "read") if KEYS[name] in text]


def test_the_archive_holds_every_request(broken):
    result, har, _ = broken
    assert len(json.loads(har)["log"]["entries"]) >= result.coverage.requests > 100
