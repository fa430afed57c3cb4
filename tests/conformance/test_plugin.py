"""The plugin in a pytest run of its own, as a consumer has it."""

import subprocess
import sys

from mock_server.personas import KEYS

TESTS = """
import httpx
import pytest

def test_an_answer(contract, pytestconfig):
    url = pytestconfig.getoption("--contract-url") + "/api/projects/1/batch_exports/"
    contract.check(httpx.get(url, headers={"Authorization": "Bearer " + pytestconfig.getoption("--contract-key")}))

def test_another(contract):
    request = httpx.Request("GET", "http://127.0.0.1/api/projects/1/batch_exports/")
    contract.check(httpx.Response(200, json={}, request=request))

def test_the_deployment(contract_run):
    assert contract_run.failures == []
"""
UNUSED = """
import sys

def test_nothing_is_loaded():
    assert not [name for name in sys.modules if name.startswith(("schemathesis", "batch_exports.contract"))]
"""


def pytest_run(folder, text, *options, **environment):
    (folder / "test_mine.py").write_text(text)
    # The plugin itself comes as it does to every consumer, by its entry point.
    others = [f"-pno:{name}" for name in ("schemathesis", "cacheprovider", "hypothesispytest")]
    command = [sys.executable, "-m", "pytest", "-q", *others]
    return subprocess.run(
        [*command, *options, str(folder)],
        cwd=folder,
        env=environment,
        capture_output=True,
        check=False,
        text=True,
        timeout=200,
    )


def test_answers_and_a_deployment_are_held_against_the_contract(tmp_path, mock_url):
    options = ("--contract-url", mock_url, "--contract-profile", "read-only")
    done = pytest_run(tmp_path, TESTS, *options, BATCH_EXPORTS_CONTRACT_KEY=KEYS["admin"])
    assert "1 failed, 2 passed" in done.stdout, done.stdout + done.stderr
    assert "ContractBrokenError: list_exports 200" in done.stdout
    assert KEYS["admin"] not in done.stdout


def test_unused_it_loads_nothing(tmp_path):
    done = pytest_run(tmp_path, UNUSED)
    assert "1 passed" in done.stdout, done.stdout + done.stderr
