"""From events in a file to objects in a bucket, through the installed command, a real S3 server, and a power cut."""

import gzip
import io
import itertools
import json
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import obstore
import pyarrow.parquet as pq
import pytest
from obstore.store import S3Store

from tests.seaweed import FULL, REGION, SeaweedServer
from tests.service import Service, run_command, wait_until

EVENTS = 100_000
HOURS = 24
END = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)
START = END - timedelta(hours=HOURS)


@pytest.fixture(scope="module")
def events_file(tmp_path_factory):
    """Events spread over a day, most of them in its evening; one line each, with awkward texts among them."""
    path = tmp_path_factory.mktemp("events") / "events.jsonl"
    source = random.Random(20261123)  # noqa: S311  # no secrets are drawn
    texts = ["plain", "ünïcödé ✓", 'quotes " and \\ slashes', "line\nbreak", "tab\t", "", "{not json}", "\u2028"]
    with path.open("w") as file:
        for number in range(EVENTS):
            seconds = min(source.betavariate(3, 1.5), 0.999999) * HOURS * 3600
            event = {
                "uuid": str(UUID(int=source.getrandbits(128), version=4)),
                "event": source.choice(["$pageview", "$autocapture", "signed up", "paid"]),
                "distinct_id": f"user-{source.randrange(5000)}",
                "timestamp": (START + timedelta(seconds=seconds)).isoformat(),
                "properties": {"number": number, "text": source.choice(texts), "nested": {"list": [1, None, True]}},
            }
            file.write(json.dumps(event) + "\n")
    return path


@pytest.fixture(scope="module")
def expected(events_file):
    """Hour of the interval's start -> uuids."""
    hours: dict[datetime, set[str]] = {START + timedelta(hours=hour): set() for hour in range(HOURS)}
    with events_file.open() as file:
        for event in map(json.loads, file):
            moment = datetime.fromisoformat(event["timestamp"])
            hours[moment.replace(minute=0, second=0, microsecond=0)].add(event["uuid"])
    return hours


@pytest.fixture(scope="module")
def bucket(tmp_path_factory):
    with SeaweedServer(tmp_path_factory.mktemp("seaweed")) as server:
        server.create_bucket("lake")
        yield server


@pytest.fixture(scope="module")
def store(bucket):
    return S3Store(
        "lake",
        endpoint=bucket.endpoint_url,
        region=REGION,
        access_key_id=FULL.access_key,
        secret_access_key=FULL.secret_key,
        client_options={"allow_http": True},
    )


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory, events_file):
    """A data folder with project 2 and its events, loaded while the service is stopped."""
    folder = tmp_path_factory.mktemp("data")
    with Service("dev", "--port", "0", "--data-dir", str(folder)) as service:
        assert service.stop() == 0
    made = run_command("projects", "create", "--name", "Shop", "--data-dir", str(folder), "--json")
    assert json.loads(made.stdout)["id"] == 2, made.stderr
    loaded = run_command("events", "load", "--project", "2", "--data-dir", str(folder), "--json", str(events_file))
    assert loaded.returncode == 0, loaded.stderr
    assert json.loads(loaded.stdout)["loaded"] == EVENTS
    return folder


@pytest.fixture(scope="module")
def key(data_dir):
    made = run_command(
        "keys", "create", "--project", "2", "--scope", "batch_export:write", "--data-dir", str(data_dir), "--json"
    )
    return json.loads(made.stdout)["key"]


def exports_of(service, key):
    client = service.client(key)
    client.base_url = httpx.URL(f"{service.facts['url']}/api/projects/2/batch_exports")
    return client


def create_export(client, bucket, prefix, file_format, compression):
    config = {
        "bucket_name": "lake",
        "region": REGION,
        "prefix": prefix,
        "endpoint_url": bucket.endpoint_url,
        "aws_access_key_id": FULL.access_key,
        "aws_secret_access_key": FULL.secret_key,
        "file_format": file_format,
        "compression": compression,
    }
    body = {"name": prefix, "interval": "hour", "destination": {"type": "S3", "config": config}}
    answer = client.post("/", json=body)
    assert answer.status_code == 201, answer.text
    assert FULL.secret_key not in answer.text
    return answer.json()["id"]


def backfill(client, export_id):
    answer = client.post(f"/{export_id}/backfills/", json={"start_at": START.isoformat(), "end_at": END.isoformat()})
    assert answer.status_code == 201, answer.text
    return f"/{export_id}/backfills/{answer.json()['backfill_id']}/"


def ended(client, path):
    found = client.get(path).json()
    return found if found["finished_at"] else None


def runs_of(client, export_id):
    page = client.get(f"/{export_id}/runs/", params={"after": "all"}).json()
    assert page["next"] is None
    return page["results"]


def rows_of(store, prefix):
    """Key -> uuids, for every data file under a prefix."""
    rows = {}
    for entry in itertools.chain.from_iterable(obstore.list(store, prefix=f"{prefix}/")):
        key = entry["path"]
        if key.endswith("_manifest.json"):
            continue
        content = bytes(obstore.get(store, key).bytes())
        if key.endswith(".parquet"):
            rows[key] = pq.read_table(io.BytesIO(content)).column("uuid").to_pylist()
        else:
            rows[key] = [json.loads(line)["uuid"] for line in gzip.decompress(content).splitlines()]
    return rows


def assert_every_event_once(store, prefix, expected):
    rows = rows_of(store, prefix)
    counted = Counter(itertools.chain.from_iterable(rows.values()))
    assert len(counted) == EVENTS
    assert set(counted.values()) == {1}
    for start, uuids in expected.items():
        key = next((key for key in rows if f"/{start.isoformat()}-" in key), None)
        assert set(rows.get(key, ())) == uuids


@pytest.mark.parametrize(
    ("prefix", "file_format", "compression"), [("lines", "JSONLines", "gzip"), ("parquet", "Parquet", "zstd")]
)
def test_a_backfill_writes_every_event_of_its_day_once(
    data_dir, key, bucket, store, expected, prefix, file_format, compression
):
    with Service("dev", "--port", "0", "--data-dir", str(data_dir)) as service, exports_of(service, key) as client:
        export_id = create_export(client, bucket, prefix, file_format, compression)
        path = backfill(client, export_id)
        done = wait_until(lambda: ended(client, path))
        assert (done["status"], done["completed_runs"], done["failed_runs"]) == ("Completed", HOURS, 0)
        runs = runs_of(client, export_id)
        assert {run["status"] for run in runs} == {"Completed"}
        counts = {run["data_interval_start"]: run["records_completed"] for run in runs}
        assert {datetime.fromisoformat(start): rows for start, rows in counts.items()} == {
            start: len(uuids) for start, uuids in expected.items()
        }
        assert service.stop() == 0
    assert_every_event_once(store, prefix, expected)


def test_a_power_cut_in_the_middle_of_a_backfill_loses_and_doubles_nothing(data_dir, key, bucket, store, expected):
    with Service("dev", "--port", "0", "--data-dir", str(data_dir)) as service, exports_of(service, key) as client:
        export_id = create_export(client, bucket, "killed", "JSONLines", "gzip")
        path = backfill(client, export_id)
        for finished in (3, 9, 15):
            wait_until(lambda: client.get(path).json()["completed_runs"] >= finished)  # noqa: B023  # awaited at once
            service.kill()
            service.start()
            client.base_url = httpx.URL(f"{service.facts['url']}/api/projects/2/batch_exports")
        done = wait_until(lambda: ended(client, path))
        assert (done["status"], done["completed_runs"], done["failed_runs"]) == ("Completed", HOURS, 0)
        assert len(runs_of(client, export_id)) == HOURS
        assert service.stop() == 0
    assert_every_event_once(store, "killed", expected)
