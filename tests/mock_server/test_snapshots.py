"""Snapshots: kept states that come back, in the same mock or as a file in another."""

import json
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_exports.contract.schemas import Mode, Schemas
from batch_exports.contract.spec import load_spec
from batch_exports.domain.destinations import SECRET_KEYS
from batch_exports.domain.exports import Destination
from mock_server.app import Options, create_app
from mock_server.clock import VirtualClock, frozen_clock
from mock_server.library import Library
from mock_server.snapshots import MOST_SNAPSHOTS, Snapshots, TooManySnapshotsError, take_snapshot
from mock_server.templates import Origin
from mock_server.world_fixture import _destination
from tests.mock_server.http import EXPORT, EXPORTS, advance, client_of, make_app
from tests.mock_server.worlds import S3, START, leap, open_world

CONTROL = {"X-Mock-Admin": "1", "Host": "localhost"}
TIMES = ("created_at", "last_updated_at", "finished_at", "timestamp", "last_paused_at", "data_interval_start",
         "data_interval_end", "start_at", "end_at", "adjusted_start_at", "next_attempt_at")  # fmt: skip

CREATED = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["Mine", "قائمة", "🚀"]),
        "interval": st.sampled_from(["hour", "day", "week", "every 5 minutes"]),
        "timezone": st.sampled_from(["UTC", "Europe/Berlin", None]),
        "destination": st.sampled_from([
            S3,
            {"type": "NoOp", "config": {}},
            {"type": "S3", "config": {**S3["config"], "bucket_name": "missing", "compression": None}},
            {"type": "Postgres", "config": {"host": "db.example.com", "database": "a", "schema": "b", "table_name": "c",
                                            "user": "me", "password": "secret"}},
        ]),
    }
)  # fmt: skip
CHANGED = st.sampled_from([
    {"name": "Other"},
    {"interval": "day", "offset_hour": 5},
    {"interval": "week", "offset_day": 2, "timezone": "Asia/Kathmandu"},
    {"interval": "every 15 minutes"},
    {"start_at": "2026-03-02T20:00:00Z", "end_at": "2026-03-03T01:30:00.123456Z"},
    {"filters": [{"type": "event", "key": "a", "operator": "is_set", "value": None}]},
    {"filters": []},
])  # fmt: skip
NUMBER = st.integers(0, 30)
STEPS = st.one_of(
    st.tuples(st.just("create"), CREATED),
    st.tuples(st.just("change"), NUMBER, CHANGED),
    st.tuples(st.sampled_from(["pause", "unpause"]), NUMBER),
    st.tuples(st.just("delete"), NUMBER),
    st.tuples(st.sampled_from(["retry", "cancel"]), NUMBER, NUMBER),
    st.tuples(st.just("backfill"), NUMBER, st.integers(1, 40)),
    st.tuples(st.just("wait"), st.floats(0.001, 20_000)),
    st.tuples(st.just("progress"), st.sampled_from(["clock", "polls", "manual", "immediate"])),
)


async def take_step(app, client, step):
    """One thing that a client does; whether it may is for the mock to say."""
    kind, *rest = step
    if kind == "wait":
        advance(app, timedelta(seconds=rest[0]))
        return
    if kind == "progress":
        await client.put("/__mock/progression", json={"mode": rest[0]}, headers=CONTROL)
        return
    if kind == "create":
        await client.post(EXPORTS, json=rest[0])
        return
    exports = (await client.get(EXPORTS)).json()["results"]
    if not exports:
        return
    export = exports[rest[0] % len(exports)]
    url = f"{EXPORTS}{export['id']}/"
    if kind == "change":
        await client.patch(url, json=rest[1])
    elif kind == "delete":
        await client.delete(url)
    elif kind == "backfill":
        start = START - timedelta(days=10, hours=rest[1])
        body = {"start_at": start.isoformat(), "end_at": (start + timedelta(hours=rest[1])).isoformat()}
        await client.post(f"{url}backfills/", json=body)
    elif kind in {"pause", "unpause"}:
        await client.post(f"{url}{kind}/", json={"backfill": True} if kind == "unpause" else None)
    elif export["latest_runs"]:
        run = export["latest_runs"][rest[1] % len(export["latest_runs"])]
        await client.post(f"{url}runs/{run['id']}/{kind}/")


async def every(client, url):
    """All rows of a list."""
    rows = []
    while url:
        page = (await client.get(url)).json()
        rows += page["results"]
        url = page["next"]
    return rows


async def everything(app):
    """Everything that the API shows."""
    shown = {}
    async with client_of(app) as client:
        exports = await every(client, EXPORTS)
        shown[EXPORTS] = exports
        for export in exports:
            url = f"{EXPORTS}{export['id']}/"
            shown[url] = (await client.get(url)).json()
            for path in ("logs/", "backfills/", "activity/", "runs/?after=all"):
                shown[url + path] = await every(client, url + path)
            for run in shown[f"{url}runs/?after=all"][:3]:
                shown[run["id"]] = (await client.get(f"{url}runs/{run['id']}/")).json()
            for backfill in shown[f"{url}backfills/"][:3]:
                shown[backfill["id"]] = (await client.get(f"{url}backfills/{backfill['id']}/")).json()
    return shown


async def snapshot_of(client, name="kept"):
    """The text of a snapshot that is taken now."""
    taken = await client.put(f"/__mock/snapshots/{name}", headers=CONTROL)
    assert taken.status_code == 200, taken.text
    answer = await client.get(f"/__mock/snapshots/{name}", headers=CONTROL)
    assert answer.status_code == 200, answer.text
    return answer.text


class Bench:
    """A mock whose world begins over and over, also with the text of a snapshot."""

    def __init__(self, folder):
        self._path = folder / "saved.json"
        self._path.write_text("{description: Nothing., projects: [A, B], exports: []}")
        library = Library([self._path])
        self.app = create_app(Origin("empty"), Options(), clock=frozen_clock(START), library=library)

    async def begin(self, client, scenario, at=START):
        await self._put(client, {"name": scenario, "now": at.isoformat()})

    async def begin_with(self, client, text, at=None):
        """Begin with a snapshot; by default at the time at which it was taken."""
        self._path.write_text(text)
        self.app.reload()
        at = at or datetime.fromisoformat(json.loads(text)["rows"]["at"])
        await self._put(client, {"name": "saved", "now": at.isoformat()})

    async def _put(self, client, body):
        answer = await client.put("/__mock/scenario", json=body, headers=CONTROL)
        assert answer.status_code == 200, answer.text


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return Bench(tmp_path_factory.mktemp("fixtures"))


def moved(value, by):
    """JSON with all its times moved."""
    if isinstance(value, dict):
        return {
            key: (
                (datetime.fromisoformat(each) + by).isoformat().replace("+00:00", "Z")
                if key in TIMES and each is not None
                else moved(each, by)
            )
            for key, each in value.items()
        }
    return [moved(each, by) for each in value] if isinstance(value, list) else value


@settings(max_examples=12, deadline=None)
@given(scenario=st.sampled_from(["empty", "failing-destination", "mid-backfill"]), steps=st.lists(STEPS, max_size=12))
async def test_what_begins_with_a_snapshot_shows_the_same_and_goes_on_as_what_it_was_taken_of(bench, scenario, steps):
    app, shown = bench.app, []
    async with client_of(app) as client:
        await bench.begin(client, scenario)
        for step in steps:
            await take_step(app, client, step)
        text = await snapshot_of(client)
        for _ in range(2):
            before = await everything(app)
            advance(app, timedelta(hours=2))
            created = await client.post(EXPORTS, json={"name": "New", "interval": "hour", "destination": S3})
            shown.append((before, created.json(), without_requests(await everything(app))))
            await bench.begin_with(client, text)
    assert shown[0] == shown[1]


def without_requests(shown):
    """What is shown, without the ids of requests, which a mock counts."""
    rows = {url: [{**row, "request_id": None} for row in rows] for url, rows in shown.items() if "activity" in url}
    return shown | rows


@settings(max_examples=10, deadline=None)
@given(steps=st.lists(STEPS, max_size=8), weeks=st.integers(-20, 20))
async def test_everything_in_a_snapshot_moves_to_the_time_at_which_it_is_used(bench, steps, weeks):
    app, by = bench.app, timedelta(weeks=weeks)
    async with client_of(app) as client:
        await bench.begin(client, "failing-destination")
        for step in steps:
            # Where clocks change, weeks differ in length.
            if "Berlin" not in str(step):
                await take_step(app, client, step)
        text = await snapshot_of(client)
        before = await everything(app)
        await bench.begin_with(client, text, app.world.clock.now() + by)
    assert without_changes(await everything(app)) == without_changes(moved(before, by))


def without_changes(shown):
    """What is shown, without the values in the audit log, which are what somebody said then."""
    return {
        url: [{**row, "changes": None} for row in rows] if "activity" in url else rows for url, rows in shown.items()
    }


@settings(max_examples=10, deadline=None)
@given(seconds=st.integers(-10_000_000, 10_000_000))
async def test_intervals_stay_intervals_of_the_schedule_whenever_a_snapshot_is_used(bench, seconds):
    app = bench.app
    async with client_of(app) as client:
        await bench.begin(client, "failing-destination")
        text, before = await snapshot_of(client), await everything(app)
        await bench.begin_with(client, text, START + timedelta(seconds=seconds))
    for url, rows in (await everything(app)).items():
        if "runs" in url:
            assert [(run["id"], run["status"]) for run in rows] == [(run["id"], run["status"]) for run in before[url]]
    tables = app.world.store.tables
    for run in tables.runs.values():
        schedule = tables.exports[run.export_id].schedule
        assert schedule.floor(run.data_interval_start) == run.data_interval_start
        assert schedule.following(run.data_interval_start) == run.data_interval_end


async def test_a_restored_world_shows_what_it_showed_then_and_goes_on_the_same_way():
    app = make_app()
    async with client_of(app) as client:
        await client.put("/__mock/snapshots/one", headers=CONTROL)
        answers = []
        for _ in range(2):
            created = await client.post(EXPORTS, json={"name": "New", "interval": "hour", "destination": S3})
            await client.delete(EXPORT)
            advance(app, timedelta(hours=3))
            answers.append((created.json(), await everything(app)))
            restored = await client.post("/__mock/snapshots/one/restore", headers=CONTROL)
            assert restored.status_code == 200
            assert (await client.get(EXPORT)).status_code == 200
            assert app.world.clock.target() == START
    assert answers[0][0] == answers[1][0]
    without_activity = [{url: rows for url, rows in shown.items() if "activity" not in url} for _, shown in answers]
    assert without_activity[0] == without_activity[1]


async def test_time_goes_on_from_a_snapshot_s_moment_at_its_rate():
    seconds = 0.0
    world = open_world("typical")
    world.clock = VirtualClock(START, rate=60, monotonic=lambda: seconds)
    snapshot = await take_snapshot(world, Origin("typical"))
    seconds = 100.0
    assert snapshot.at == START
    awake = snapshot.awake()
    seconds = 101.0
    assert awake.clock.target() == START + timedelta(minutes=1)


async def test_snapshots_are_listed_oldest_first_and_can_be_forgotten():
    app = make_app()
    async with client_of(app) as client:
        for name in ("a", "b", "a"):
            await client.put(f"/__mock/snapshots/{name}", headers=CONTROL)
        rows = (await client.get("/__mock/snapshots", headers=CONTROL)).json()["results"]
        assert [row["name"] for row in rows] == ["b", "a"]
        assert {row["scenario"] for row in rows} == {"typical"}
        assert rows[0]["exports"] == 11
        assert (await client.delete("/__mock/snapshots/b", headers=CONTROL)).status_code == 204
        for method, path in (("DELETE", "b"), ("GET", "b"), ("POST", "b/restore")):
            assert (await client.request(method, f"/__mock/snapshots/{path}", headers=CONTROL)).status_code == 404


async def test_a_world_has_room_for_so_many_snapshots_and_no_more():
    app = make_app("empty")
    async with client_of(app) as client:
        statuses = [
            (await client.put(f"/__mock/snapshots/s{number}", headers=CONTROL)).status_code
            for number in range(MOST_SNAPSHOTS + 1)
        ]
        assert statuses == [200] * MOST_SNAPSHOTS + [409]
        assert (await client.put("/__mock/snapshots/s0", headers=CONTROL)).status_code == 200


async def test_what_is_kept_is_not_what_goes_on():
    world = open_world("typical")
    kept = Snapshots()
    kept.keep("one", await take_snapshot(world, Origin("typical")))
    before = kept.get("one").world.store.tables
    await leap(world, timedelta(hours=2))
    await leap(kept.get("one").awake(), timedelta(hours=1))
    assert kept.get("one").world.store.tables is before
    assert kept.get("one").at == START
    for number in range(MOST_SNAPSHOTS - 1):
        kept.keep(str(number), kept.get("one"))
    with pytest.raises(TooManySnapshotsError):
        kept.keep("more", kept.get("one"))


async def test_what_goes_wrong_who_may_do_what_and_how_runs_move_are_part_of_a_fixture(bench):
    async with client_of(bench.app) as client:
        await bench.begin(client, "read-only-key")
        await client.post("/__mock/faults", json={"do": {"status": 503}, "times": 2}, headers=CONTROL)
        await client.put("/__mock/progression", json={"mode": "polls", "outcome": "Failed"}, headers=CONTROL)
        text = await snapshot_of(client)
        said = [(await client.get(f"/__mock/{what}", headers=CONTROL)).json() for what in ("faults", "progression")]
        await bench.begin(client, "empty")
        await bench.begin_with(client, text)
        again = [(await client.get(f"/__mock/{what}", headers=CONTROL)).json() for what in ("faults", "progression")]
    assert again == said
    assert json.loads(text)["personas"] == bench.app.world.personas == {"admin": "read"}


async def test_no_credential_is_in_a_fixture():
    app = make_app("empty")
    async with client_of(app) as client:
        await client.post(EXPORTS, json={"name": "New", "interval": "hour", "destination": S3})
        text = await snapshot_of(client)
    assert S3["config"]["aws_secret_access_key"] not in text
    assert S3["config"]["aws_access_key_id"] not in text
    assert '"***"' in text


def test_what_stands_for_a_credential_is_one_to_the_contract():
    spec = load_spec()
    schemas = Schemas(spec, Mode.REQUEST)
    for kind, names in SECRET_KEYS.items():
        properties = spec.document["components"]["schemas"][f"{kind}Config"]["properties"]
        config = _destination(Destination(kind, {}, dict.fromkeys(names, "x")))["config"]
        for name in names:
            assert schemas.validator(properties[name]).is_valid(config[name]), (kind, name)
