import os
import signal
import subprocess
import sys

import httpx

from tests.clients.node import ROOT

SUITE = """
import pytest
from mock_world import MockError

EXPORTS = "/api/projects/1/batch_exports/"


def count(mock_world):
    with mock_world.client() as client:
        return client.get(EXPORTS).json()["count"]


@pytest.mark.parametrize("round", range(3))
def test_each_test_begins_in_a_world_of_its_own(mock_world, round):
    assert count(mock_world) == 10
    mock_world.scenario("empty", seed=round)
    assert count(mock_world) == 0
    mock_world.reset()
    assert count(mock_world) == 0


def test_time_runs_and_a_run_fails_when_they_are_told_to(mock_world):
    mock_world.progression("manual")
    run = next(each for each in mock_world.ask("GET", "runs")["results"] if "Failed" in each["next"])
    assert mock_world.step(run["id"], "Failed", latest_error="No bucket.")["latest_error"] == "No bucket."
    before = mock_world.ask("PUT", "clock", {"action": "freeze"})["now"]
    assert mock_world.advance("2h")["now"] > before


def test_a_fault_strikes_and_is_seen(mock_world):
    mock_world.fault({"status": 503}, match={"operation": "list_exports"}, times=1)
    with mock_world.client("phx_mock_read") as client:
        assert [client.get(EXPORTS).status_code for _ in range(2)] == [503, 200]
    assert [each["status"] for each in mock_world.requests(operation="list_exports")] == [503, 200]
    assert mock_world.verify(operation="list_exports", status=503)["count"] == 1
    with pytest.raises(MockError, match="409"):
        mock_world.verify(operation="create_export")


def test_a_state_that_was_kept_comes_back(mock_world):
    mock_world.snapshot("full")
    mock_world.scenario("empty")
    mock_world.restore("full")
    assert count(mock_world) == 10
"""


def command(folder, *arguments):
    (folder / "test_suite.py").write_text(SUITE)
    plugin = ["-p", "pytest_mock_world", "-p", "no:cacheprovider"]
    return [sys.executable, "-m", "pytest", "-q", *plugin, "--rootdir", folder, *arguments, folder / "test_suite.py"]


def environment(**more):
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "clients" / "pytest"), str(ROOT)]), **more}


def passes(process):
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0, out
    assert "6 passed" in out


def start(folder, *arguments, **more):
    return subprocess.Popen(
        command(folder, *arguments),
        cwd=folder,
        env=environment(**more),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_a_suite_has_a_mock_of_its_own_unless_one_is_named(tmp_path):
    passes(start(tmp_path))


def test_workers_share_the_mock_that_is_named(mock_url, tmp_path):
    # As pytest-xdist names its workers.
    workers = [start(tmp_path, "--mock-url", mock_url, PYTEST_XDIST_WORKER=f"gw{number}") for number in range(2)]
    for worker in workers:
        passes(worker)


def test_a_suite_shows_the_token_that_a_mock_asks_for(guarded, tmp_path):
    passes(start(tmp_path, **guarded))


def test_a_suite_removes_its_worlds(mock_url, tmp_path):
    def worlds():
        answer = httpx.get(f"{mock_url}/__mock/worlds", headers={"X-Mock-Admin": "1"}, trust_env=False)
        return {world["id"] for world in answer.json()["results"]}

    before = worlds()
    passes(start(tmp_path, "--mock-url", mock_url))
    assert worlds() == before


def test_what_a_killed_suite_left_is_not_what_a_test_begins_with(mock_url, tmp_path):
    killing = "def pytest_runtest_teardown():\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    (tmp_path / "conftest.py").write_text(f"import os\nimport signal\n\n\n{killing}")
    killed = start(tmp_path, "--mock-url", mock_url)
    killed.communicate(timeout=120)
    assert killed.returncode == -signal.SIGKILL
    (tmp_path / "conftest.py").unlink()
    passes(start(tmp_path, "--mock-url", mock_url))


def test_a_mock_that_is_not_there_fails_the_suite(tmp_path):
    process = start(tmp_path, "--mock-url", "http://127.0.0.1:9")
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "6 errors" in out
