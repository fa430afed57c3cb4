"""The worker as a process: one at a time, watched on a port of its own, and replaced by one that stands by."""

import json
import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from batch_exports.serving import listening, url_of
from tests.service import COMMAND, Service, run_command, wait_until

EXPORT = {"name": "Out", "interval": "hour", "destination": {"type": "NoOp", "config": {}}}
START = datetime(2026, 1, 1, 10, tzinfo=UTC)
BOUNDS = {"start_at": START.isoformat(), "end_at": (START + timedelta(hours=1)).isoformat()}


@pytest.fixture(params=["sqlite", "postgresql"])
def environment(request):
    if request.param == "sqlite":
        return {}
    return {"BATCH_EXPORTS_DATABASE_URL": request.getfixturevalue("postgres_url")}


@pytest.fixture
def where(tmp_path):
    return ("--data-dir", str(tmp_path))


@pytest.fixture
def key(where, environment):
    run_command("projects", "create", "--name", "Shop", *where, **environment)
    made = run_command(
        "keys", "create", "--project", "1", "--scope", "batch_export:write", "--json", *where, **environment
    )
    return json.loads(made.stdout)["key"]


def metric(worker, name):
    """The sum of a metric's values over its labels."""
    text = httpx.get(f"{worker.facts['url']}/metrics", trust_env=False).text
    return sum(map(float, re.findall(rf"^batch_exports_{name}(?:\{{.*\}})? (\S+)$", text, re.MULTILINE)))


def backfill(client):
    """Make an export and export an hour of it; the path of the backfill."""
    export_id = client.post("/", json=EXPORT).json()["id"]
    made = client.post(f"/{export_id}/backfills/", json=BOUNDS)
    assert made.status_code == 201, made.text
    return f"/{export_id}/backfills/{made.json()['backfill_id']}/"


def ended(client, path):
    return wait_until(lambda: client.get(path).json()["finished_at"], seconds=30)


def is_alive(url):
    try:
        return httpx.get(f"{url}/healthz", trust_env=False).json() == {"status": "ok"}
    except httpx.ConnectError:
        return False


@contextmanager
def standing_by(where, environment):
    """A worker that waits for its turn: what it is once it works, as a promise, and its process."""
    with listening("127.0.0.1", 0) as listener:
        url = url_of(listener)
    port = url.rpartition(":")[2]
    worker = Service("worker", "--standby", *where, environment={**environment, "BATCH_EXPORTS_WORKER_PORT": port})
    with ThreadPoolExecutor(1) as starting:
        promise = starting.submit(worker.start)
        try:
            wait_until(lambda: is_alive(url), seconds=30)
            yield worker, promise
        finally:
            if worker.process is not None:
                worker.kill()


def test_a_worker_that_stands_by_takes_over_when_the_first_is_killed(where, environment, key):
    watched = {**environment, "BATCH_EXPORTS_WORKER_PORT": "0"}
    api = Service("serve", "--port", "0", *where, environment=environment)
    first = Service("worker", *where, environment=watched)
    with api, first, api.client(key) as client, standing_by(where, environment) as (second, promise):
        ended(client, backfill(client))
        assert (metric(first, "runs_finished_total"), metric(first, "database_up")) == (1, 1)
        assert not promise.done()
        first.kill()
        ended(client, backfill(client))
        assert metric(promise.result(timeout=30), "runs_finished_total") == 1
        assert second.stop() == 0
        assert api.stop() == 0


def test_a_worker_that_stands_by_says_so_once_and_can_be_told_to_end(where):
    environment = {**os.environ, "BATCH_EXPORTS_LOG_LEVEL": "info", "BATCH_EXPORTS_LOG_FORMAT": "json"}
    with Service("worker", *where) as first:
        with subprocess.Popen(
            [COMMAND, "worker", "--standby", *where], stderr=subprocess.PIPE, text=True, env=environment
        ) as second:
            said = json.loads(second.stderr.readline())
            second.terminate()
            assert second.communicate(timeout=15) == (None, "")
        assert second.returncode == 0
        assert first.stop() == 0
    assert (said["level"], said["logger"]) == ("info", "batch_exports.working")
    assert "stands by" in said["message"]


def test_a_second_worker_is_refused_unless_it_may_wait(where):
    with Service("worker", *where) as first:
        refused = run_command("worker", *where)
        assert (refused.returncode, len(refused.stderr.splitlines())) == (2, 1)
        assert f"process {first.process.pid}" in refused.stderr
        assert first.stop() == 0


def test_a_worker_that_cannot_listen_says_so_and_does_not_work(where):
    with listening("127.0.0.1", 0) as taken:
        port = url_of(taken).rpartition(":")[2]
        refused = run_command("worker", *where, BATCH_EXPORTS_WORKER_PORT=port)
    assert refused.returncode == 2
    assert f"Cannot listen on 127.0.0.1:{port}" in refused.stderr
