"""Faults that a mock is started with."""

import subprocess
import time

import pytest

from tests.service import COMMAND, Service

SECONDS = 60


def test_every_answer_waits_where_the_command_says_so():
    with Service("mock", "--port", "0", "--latency", "150..200") as service, service.client() as client:
        begin = time.monotonic()
        answer = client.get("/")
        assert time.monotonic() - begin >= 0.15
    assert (answer.status_code, answer.headers["X-Mock-Fault"]) == (200, "fault-1")


def test_the_rules_of_a_scenario_trouble_the_data_of_another():
    with Service("mock", "--port", "0", "--scenario", "empty", "--chaos", "slow", "--latency", "0") as service:
        headers = {"X-Mock-Admin": "1"}
        with service.client() as client:
            rules = client.get(f"{service.facts['control']}/faults", headers=headers).json()["results"]
            assert client.get(f"{service.facts['control']}/scenario", headers=headers).json()["name"] == "empty"
    assert [set(rule["do"]) for rule in rules] == [{"latency_ms"}, {"latency"}, {"latency_ms"}]
    assert rules[-1]["do"] == {"latency_ms": 0}


@pytest.mark.parametrize(
    ("arguments", "cause"),
    [
        (["--latency", "soon"], "80..400"),
        (["--latency", "400..80"], "lower one first"),
        (["--latency", "600001"], "600000"),
        (["--chaos", "nonsense"], "flaky"),
        (["--strict", "--chaos", "flaky"], "leave out --strict"),
        (["--strict", "--latency", "5"], "leave out --strict"),
    ],
)
def test_a_wrong_use_ends_with_one_clear_message(arguments, cause):
    command = [COMMAND, "mock", "--port", "0", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert cause in " ".join(ended.stderr.split())
    assert "Traceback" not in ended.stderr
