"""API processes and a worker that share nothing but a PostgreSQL database, through the installed command."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from tests.service import Service, run_command, wait_until

HOURS = 8
EVENTS_PER_HOUR = 3_000
END = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)
START = END - timedelta(hours=HOURS)


@pytest.fixture
def environment(tmp_path, postgres_url):
    return {"BATCH_EXPORTS_DATABASE_URL": postgres_url, "BATCH_EXPORTS_FILE_ROOT": str(tmp_path / "files")}


@pytest.fixture
def told(tmp_path, environment):
    """What a command says in JSON."""

    def told(*arguments):
        done = run_command(*arguments, "--data-dir", str(tmp_path / "data"), "--json", **environment)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return told


@pytest.fixture
def expected(tmp_path, told):
    """The uuids of the events of each hour, which are loaded into the event store."""
    assert told("projects", "create", "--name", "Shop")["id"] == 1
    hours = {START + timedelta(hours=hour): [str(uuid4()) for _ in range(EVENTS_PER_HOUR)] for hour in range(HOURS)}
    with (tmp_path / "events.jsonl").open("w") as file:
        for hour, uuids in hours.items():
            for second, uuid in enumerate(uuids):
                event = {"uuid": uuid, "event": "paid", "distinct_id": "u", "properties": {"text": "x" * 200}}
                event["timestamp"] = (hour + timedelta(seconds=second)).isoformat()
                file.write(json.dumps(event) + "\n")
    assert told("events", "load", "--project", "1", str(tmp_path / "events.jsonl"))["loaded"] == HOURS * EVENTS_PER_HOUR
    return hours


def uuids_by_file(folder):
    files = {}
    for path in folder.rglob("*.jsonl"):
        with path.open() as file:
            files[path.name] = [json.loads(line)["uuid"] for line in file]
    return files


def test_a_worker_that_is_killed_in_a_backfill_loses_and_doubles_nothing(tmp_path, environment, told, expected):
    key = told("keys", "create", "--project", "1", "--scope", "batch_export:write")["key"]
    data_dir = ("--data-dir", str(tmp_path / "data"))
    api = Service("serve", "--workers", "2", "--port", "0", *data_dir, environment=environment)
    with api, Service("worker", *data_dir, environment=environment) as worker, api.client(key) as client:
        destination = {"type": "File", "config": {"path": "shop", "file_format": "JSONLines"}}
        made = client.post("/", json={"name": "Shop", "interval": "hour", "destination": destination})
        assert made.status_code == 201, made.text
        export_id = made.json()["id"]
        bounds = {"start_at": START.isoformat(), "end_at": END.isoformat()}
        started = client.post(f"/{export_id}/backfills/", json=bounds)
        assert started.status_code == 201, started.text
        path = f"/{export_id}/backfills/{started.json()['backfill_id']}/"
        for finished in (2, 5):
            wait_until(lambda: client.get(path).json()["completed_runs"] >= finished)  # noqa: B023  # awaited at once
            worker.kill()
            worker.start()
        done = wait_until(lambda: (found := client.get(path).json())["finished_at"] and found)
        assert (done["status"], done["completed_runs"], done["failed_runs"]) == ("Completed", HOURS, 0)
        runs = client.get(f"/{export_id}/runs/", params={"after": "all"}).json()["results"]
        assert {run["status"] for run in runs} == {"Completed"}
        assert {datetime.fromisoformat(run["data_interval_start"]) for run in runs} == set(expected)
        assert worker.stop() == 0
        assert api.stop() == 0
    files = uuids_by_file(tmp_path / "files" / "shop")
    assert Counter(uuid for uuids in files.values() for uuid in uuids) == Counter(
        uuid for uuids in expected.values() for uuid in uuids
    )
    assert sorted(sorted(uuids) for uuids in files.values()) == sorted(sorted(uuids) for uuids in expected.values())
