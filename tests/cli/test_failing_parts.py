"""Parts of a running service that end by themselves: what can be started anew is, and what cannot ends the service."""

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from batch_exports.dev import SAMPLE_EVENTS_PER_HOUR
from tests.cli.test_processes import STOP_SECONDS, others_of
from tests.service import Service, wait_until

# The command, with a way to end its worker from outside: the worker is a thread, which no signal can reach alone.
MORTAL = """
import sys
import threading
from batch_exports.cli import main

def end_worker():
    sys.stdin.readline()
    (thread,) = [each for each in threading.enumerate() if each.name == "batch-exports-worker"]
    loop, _ = thread._target.__self__._started.result()
    loop.call_soon_threadsafe(sys.exit, "for the test")

threading.Thread(target=end_worker, daemon=True).start()
main(sys.argv[1:])
"""
FOLDER = {"type": "File", "config": {"path": "hours"}}


@pytest.mark.parametrize("command", [("dev", "--port", "0"), ("worker",)], ids=lambda command: command[0])
def test_a_service_whose_worker_ends_by_itself_ends_with_one_line_that_says_so(tmp_path, command):
    process = subprocess.Popen(
        [sys.executable, "-c", MORTAL, *command, "--data-dir", str(tmp_path), "--json"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert json.loads(process.stdout.readline())
        _, said = process.communicate("now\n", timeout=STOP_SECONDS)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 1
    (line,) = [each for each in said.splitlines() if each.startswith("batch-exports: ")]
    assert line.startswith("batch-exports: The worker ended by an error (SystemExit: for the test)")
    assert said.endswith(f"{line}\n")
    assert said.count("Traceback") == 1
    assert others_of(tmp_path) == []


def test_an_event_store_that_is_killed_is_started_anew_by_the_run_that_needs_it(tmp_path):
    with Service("dev", "--port", "0", "--data-dir", str(tmp_path)) as service, service.client() as client:
        export = client.post("/", json={"name": "Hours", "interval": "hour", "destination": FOLDER}).json()["id"]
        hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=3)
        assert_exported(client, export, hour)
        first = store_of(service, tmp_path)
        os.kill(first, signal.SIGKILL)
        assert_exported(client, export, hour + timedelta(hours=1))
        assert store_of(service, tmp_path) != first
        assert service.stop() == 0
    assert others_of(tmp_path) == []


def assert_exported(client, export, hour):
    """Every sample event of an hour reaches the destination."""
    bounds = {"start_at": hour.isoformat(), "end_at": (hour + timedelta(hours=1)).isoformat()}
    made = client.post(f"/{export}/backfills/", json=bounds).json()
    wait_until(lambda: client.get(f"/{export}/backfills/{made['backfill_id']}/").json()["finished_at"], 60)
    run = client.get(f"/{export}/runs/", params={"after": "all"}).json()["results"][0]
    assert (run["data_interval_start"], run["status"]) == (bounds["start_at"].replace("+00:00", "Z"), "Completed"), run
    assert run["records_completed"] == SAMPLE_EVENTS_PER_HOUR


def store_of(service, folder):
    """The process of the event store, a child of the service's."""
    pid = json.loads((folder / "event_store.json").read_text())["pid"]
    assert int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]) == service.process.pid
    return pid
