"""The same programs of API calls on both worlds: the same statuses, and the same answers but for ids and times."""

import re
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from mock_server.clock import frozen_clock
from mock_server.personas import KEYS
from tests.contract.right_requests import OWN
from tests.contract.worlds import mock_app, production_app

TIMES = {"created_at", "last_updated_at", "last_paused_at", "finished_at", "timestamp"}
UUIDS = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
CURSOR = re.compile(r"(?<=cursor=)[A-Za-z0-9_-]+")
NOBODY = str(UUID(int=0))

S3_CONFIG = {
    "bucket_name": "acme-lake",
    "region": "eu-central-1",
    "prefix": "events/{year}",
    "aws_access_key_id": "example-key-id",
    "aws_secret_access_key": "example-secret",
}
DESTINATIONS = [
    {"type": "NoOp", "config": {}},
    {"type": "S3", "config": S3_CONFIG},
    {"type": "S3", "config": {**S3_CONFIG, "file_format": "Parquet", "compression": "zstd"}},
    {"type": "S3", "config": {**S3_CONFIG, "compression": "zstd"}},
    {"type": "S3", "config": {"bucket_name": "acme-lake"}},
    {"type": "File", "config": {"path": "archive/persons"}, "integration": 7},
    {"type": "File", "config": {"path": "../persons"}},
    {"type": "HTTP", "config": {"url": "http://10.0.0.1/", "token": "t"}},
    {"type": "HTTP", "config": {"url": "https://capture.acme.example.com/", "token": "t"}},
    {"type": "Tape", "config": {}},
]
INTERVALS = ["hour", "day", "week", "every 5 minutes", "month"]
MOMENTS = [
    None,
    "2024-02-28T22:00:00Z",
    "2024-02-29T01:30:00+01:00",
    "2024-02-29",
    "2024-03-03",
    "2099-01-01T00:00:00Z",
]
MOMENTS += ["2024-02-28T22:00:00", "yesterday"]


FILTERS = [{"type": "event", "key": "utm_source", "value": "mail"}, {"type": "event", "key": "utm_source"}]


def some_of(**fields):
    return st.fixed_dictionaries({}, optional=fields)


GOOD = {"name": "Events", "interval": "hour", "destination": DESTINATIONS[0]}
PAST = {"start_at": MOMENTS[1], "end_at": MOMENTS[2]}

exports = st.just(GOOD) | st.fixed_dictionaries(
    {
        "name": st.sampled_from(["Events", "Ereignisse äöü", " ", "x" * 401]),
        "interval": st.sampled_from(INTERVALS),
        "destination": st.sampled_from(DESTINATIONS),
    },
    optional={
        "model": st.sampled_from(["events", "persons", "rows"]),
        "paused": st.booleans(),
        "timezone": st.sampled_from(["Europe/Berlin", "Mars/Olympus", None]),
        "offset_day": st.sampled_from([None, 0, 6, 7]),
        "offset_hour": st.sampled_from([None, 5, 24]),
        "start_at": st.sampled_from(MOMENTS),
        "end_at": st.sampled_from(MOMENTS),
        "filters": st.sampled_from([None, [], FILTERS, FILTERS[:1], [{"key": "utm_source"}]]),
    },
)
changes = some_of(
    name=st.sampled_from(["Renamed", "", None]),
    interval=st.sampled_from(INTERVALS),
    paused=st.booleans(),
    destination=st.sampled_from([*DESTINATIONS, {"config": {"prefix": "other/"}}, {"config": {"region": None}}]),
    end_at=st.sampled_from(MOMENTS),
    model=st.sampled_from(["events", "persons"]),
)
ranges = st.just(PAST) | some_of(start_at=st.sampled_from(MOMENTS), end_at=st.sampled_from(MOMENTS))
# Not by last_updated_at, for the mock's clock stands still.
listing = some_of(
    limit=st.sampled_from(["1", "2", "0", "many"]),
    offset=st.sampled_from(["0", "1", "-1"]),
    search=st.sampled_from(["event", "EREIGNISSE Ä", "%", ""]),
    paused=st.sampled_from(["true", "false", "1"]),
    model=st.sampled_from(["events", "rows"]),
    interval=st.sampled_from(["hour", "month"]),
    destination_type=st.sampled_from(["NoOp", "S3", "Tape"]),
    ordering=st.sampled_from(["created_at", "-created_at", "name", "-name", "id"]),
    latest_runs=st.sampled_from(["0", "1", "11"]),
)
runs_query = some_of(
    page_size=st.sampled_from(["1", "2", "0"]),
    status=st.sampled_from(["Starting", "Cancelled", "Lost"]),
    ordering=st.sampled_from(["created_at", "-created_at", "data_interval_start", "-data_interval_start", "id"]),
    start=st.sampled_from(["all", "2024-02-28T23:00:00Z", "-7d", "soon"]),
    after=st.sampled_from(["all", "-24h"]),
    cursor=st.sampled_from(["bm9uc2Vuc2U", "%"]),
)
indexes = st.integers(0, 3)
UNKNOWN = 3
nothing = st.none()


keys = some_of(**{"Idempotency-Key": st.sampled_from(["first", "second", "two words"])})
versions = some_of(**{"If-Match": st.sampled_from(['"1"', '"2"', '"3", "2"', "*", 'W/"1"', "1"])})


def step(method, path, query=nothing, body=nothing, headers=nothing):
    return st.tuples(st.just(method), st.just(path), indexes, indexes, query, body, headers)


steps = st.one_of(
    step("POST", "/", body=exports, headers=keys),
    step("GET", "/", query=listing),
    step("GET", "/{export}/", query=some_of(latest_runs=st.sampled_from(["0", "1", "11"]))),
    step("PUT", "/{export}/", body=exports, headers=versions),
    step("PATCH", "/{export}/", body=changes, headers=versions),
    step("DELETE", "/{export}/", headers=versions),
    step("POST", "/{export}/pause/"),
    step("POST", "/{export}/unpause/", body=some_of(backfill=st.sampled_from([True, False, "yes"]))),
    step("POST", "/{export}/backfill/", body=ranges, headers=keys),
    step("POST", "/{export}/backfills/", body=ranges, headers=keys),
    step("GET", "/{export}/backfills/", query=some_of(ordering=st.sampled_from(["start_at", "-start_at", "id"]))),
    step("GET", "/{export}/backfills/{part}/"),
    step("POST", "/{export}/backfills/{part}/cancel/"),
    step("GET", "/{export}/runs/", query=runs_query),
    step("GET", "/{export}/runs/{part}/"),
    step("POST", "/{export}/runs/{part}/cancel/"),
    step("POST", "/{export}/runs/{part}/retry/", headers=keys),
    step("GET", "/{export}/activity/", query=some_of(limit=st.sampled_from(["1", "2", "0"]))),
    step("GET", "/{export}/logs/", query=some_of(level=st.sampled_from(["WARNING", "LOUD"]))),
    step("GET", "/test/", query=some_of(destination=st.sampled_from(["S3", "File", "Tape"]))),
)


class Player:
    """Plays programs on one world; ids are named by the order in which they come up."""

    def __init__(self, client, program_id):
        self._client = client
        self._program_id = program_id
        self._names = {}
        self._exports = []
        self._parts = {"runs": {}, "backfills": {}}

    def play(self, method, path, export, part, query, body, headers):
        owner = _chosen(self._exports, export)
        parts = self._parts["runs" if "/runs/" in path else "backfills"].get(owner, [])
        filled = path.format(export=owner, part=_chosen(parts, part))
        sent = dict(headers or {})
        if "Idempotency-Key" in sent:
            # Programs share a world, and no keys.
            sent["Idempotency-Key"] += self._program_id
        answer = self._client.request(method, OWN + filled, params=query, json=body, headers=sent)
        content = answer.json() if answer.content else None
        self._remember(owner, content or {})
        shown = {name: name in answer.headers for name in ("Location", "Retry-After", "WWW-Authenticate", "Allow")}
        shown |= {name: answer.headers.get(name) for name in ("ETag", "Idempotent-Replayed")}
        return method, path, query, body, headers, answer.status_code, shown, self._plain(content)

    def clear(self):
        for export in self._exports:
            self._client.delete(f"{OWN}/{export}/")

    def _remember(self, owner, content):
        for each in [content, *content.get("results", [])]:
            if "destination" in each and each["id"] not in self._exports:
                self._exports.append(each["id"])
            elif "batch_export" in each:
                self._note("runs" if "retry_of" in each else "backfills", each["batch_export"], each["id"])
            self._note("backfills", owner, each.get("backfill_id"))

    def _note(self, kind, owner, part):
        parts = self._parts[kind].setdefault(owner, [])
        if part is not None and part not in parts:
            parts.append(part)

    def _plain(self, content, key=None):
        if isinstance(content, dict):
            return {name: self._plain(each, name) for name, each in content.items()}
        if isinstance(content, list):
            return [self._plain(each) for each in content]
        if key in TIMES and content is not None:
            return datetime.fromisoformat(content) and "a time"
        if key == "request_id":
            return "a request"
        if isinstance(content, str):
            named = UUIDS.sub(lambda found: self._names.setdefault(found[0], f"id-{len(self._names)}"), content)
            return CURSOR.sub("a-cursor", named)
        return content


def _chosen(known, index):
    return NOBODY if index == UNKNOWN or not known else known[index % len(known)]


@pytest.fixture(scope="module")
def clients(tmp_path_factory):
    # Stands still, for production has no worker here: in neither world does a run go on by itself.
    clock = frozen_clock(datetime.now(UTC))
    headers = {"Authorization": f"Bearer {KEYS['admin']}"}
    worlds = [mock_app(tmp_path_factory.mktemp("mock"), clock), production_app(tmp_path_factory.mktemp("production"))]
    with TestClient(worlds[0], headers=headers) as mock, TestClient(worlds[1], headers=headers) as production:
        yield mock, production


@settings(max_examples=60)
@given(first=exports, program=st.lists(steps, min_size=5, max_size=25))
def test_both_worlds_answer_a_program_alike(clients, first, program):
    program_id = uuid4().hex
    mock, production = (Player(client, program_id) for client in clients)
    opening = [
        ("POST", "/", 0, 0, None, GOOD, None),
        ("POST", "/{export}/backfills/", 0, 0, None, PAST, None),
        ("GET", "/{export}/runs/", 0, 0, {"after": "all"}, None, None),
        ("POST", "/", 0, 0, None, first, None),
    ]
    try:
        for call in [*opening, *program]:
            assert mock.play(*call) == production.play(*call)
    finally:
        mock.clear()
        production.clear()
