"""Fixtures that are recorded from a service, and the worlds that begin with them."""

import re
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import orjson
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batch_exports.contract.schemas import Mode, Schemas
from batch_exports.contract.spec import load_spec
from batch_exports.domain.destinations import SECRET_KEYS
from mock_server.app import Options, create_app
from mock_server.clock import frozen_clock
from mock_server.library import Library
from mock_server.personas import KEYS
from mock_server.scenarios import create_validator
from mock_server.templates import Origin
from mock_server.upstream.neutral import Neutral
from mock_server.upstream.pseudonyms import Pseudonyms
from mock_server.upstream.reader import Reader, RecordError
from mock_server.upstream.rebuilding import rebuild
from mock_server.upstream.recorder import record_fixture
from mock_server.upstream.recording import Recording
from mock_server.upstream.target import UpstreamError
from mock_server.world_fixture import world_fixture
from tests.mock_server.http import EXPORT, EXPORTS, make_app
from tests.mock_server.upstreams import EMPTY_PAGE, answer_of, caller, operations, saying, served
from tests.mock_server.worlds import START
from tests.service import Service, run_command

KEY = KEYS["admin"]
OPTIONS = {
    "key": KEY,
    "project": 1,
    "exports": 1000,
    "runs": 10_000,
    "keep_names": True,
    "new_ids": False,
    "now": START,
}
TIMES = re.compile(rb'"(\d{4}-\d\d-\d\dT[0-9:.]+Z)"')


def recorded(url, out, **options):
    """What a recording says, of a service at a URL."""
    return record_fixture(out, lambda _: None, upstream=url, **{**OPTIONS, **options})


def begun_with(file, now=START):
    """A mock whose worlds begin with a fixture."""
    return create_app(Origin(file.stem), Options(), clock=frozen_clock(now), library=Library([file]))


def everything(client):
    """All lists and details of a project, by their paths."""
    shown = {}

    def follow(path, **query):
        rows, url = [], address(path, query)
        while url:
            page = client.get(url)
            assert page.status_code == 200, page.text
            rows += page.json()["results"]
            url = page.json()["next"]
        shown[path] = rows
        return rows

    for export in follow(EXPORTS, limit=3):
        path = f"{EXPORTS}{export['id']}/"
        answer = client.get(path)
        shown[path] = answer.json() | {"ETag": answer.headers["ETag"]}
        for run in follow(f"{path}runs/", after="all", page_size=1000)[:20]:
            shown[f"{path}runs/{run['id']}/"] = client.get(f"{path}runs/{run['id']}/").json()
        for backfill in follow(f"{path}backfills/"):
            shown[f"{path}backfills/{backfill['id']}/"] = client.get(f"{path}backfills/{backfill['id']}/").json()
        follow(f"{path}logs/", limit=500)
        follow(f"{path}activity/", limit=500)
    return shown


def address(path, query):
    return path + "?" + "&".join(f"{name}={value}" for name, value in query.items())


def seen(url, **headers):
    with caller(url, **headers) as client:
        return everything(client)


def moved(shown, by):
    """The same with all times moved."""

    def other(match):
        at = datetime.fromisoformat(match[1].decode()) + by
        return orjson.dumps(at, option=orjson.OPT_UTC_Z)

    return orjson.loads(TIMES.sub(other, orjson.dumps(shown)))


@contextmanager
def busy(scenario):
    """A mock in which something has happened since its scenario."""
    app = make_app(scenario)
    with served(app) as url, caller(url) as client:
        export = client.get(EXPORTS).json()["results"][-1]
        path = f"{EXPORTS}{export['id']}/"
        client.patch(path, json={"name": "Renamed"})
        client.post(f"{path}pause/")
        client.post(f"{path}unpause/")
        client.post(f"{path}backfills/", json={"start_at": "2026-02-01T00:00:00Z", "end_at": "2026-02-01T05:00:00Z"})
        ended = [run for run in export["latest_runs"] if run["finished_at"]]
        client.post(f"{path}runs/{ended[0]['id']}/retry/")
        yield url


@pytest.mark.parametrize("scenario", ["all-statuses", "typical", "mid-backfill", "long-names", "empty"])
def test_a_mock_that_begins_with_a_recording_shows_what_was_recorded(scenario, tmp_path):
    file = tmp_path / "recorded.yaml"
    with served(make_app(scenario)) as upstream:
        said = recorded(upstream, file)
        there = seen(upstream)
    assert said.startswith(f"{file}: {len(there[EXPORTS])} exports")
    with served(begun_with(file)) as url:
        assert seen(url) == there
    # Weeks begin as they did, and no clock of summer or winter is changed on the way.
    earlier = timedelta(days=-7)
    with served(begun_with(file, START + earlier)) as url:
        assert seen(url) == moved(there, earlier)


@pytest.mark.parametrize("scenario", ["all-statuses", "typical", "mid-backfill"])
def test_what_was_changed_and_has_begun_is_recorded_too(scenario, tmp_path):
    file = tmp_path / "recorded.json"
    with busy(scenario) as upstream:
        recorded(upstream, file)
        there = seen(upstream)
    assert any(there[path] for path in there if path.endswith("/activity/"))
    with served(begun_with(file)) as url:
        assert seen(url) == there


def test_a_recorded_world_goes_on(tmp_path):
    file = tmp_path / "recorded.yaml"
    with served(make_app("mid-backfill")) as upstream:
        recorded(upstream, file)
    app = begun_with(file)
    with served(app) as url:
        before = seen(url)
        app.world.clock.advance(timedelta(days=2))
        after = seen(url)
    statuses = [[row["status"] for path in shown if path.endswith("/backfills/") for row in shown[path]]
                for shown in (before, after)]  # fmt: skip
    assert "Running" in statuses[0]
    assert "Running" not in statuses[1]
    new = [run for path in after if path.endswith("/runs/") for run in after[path] if run not in before[path]]
    assert any(run["backfill"] is None and run["status"] == "Completed" for run in new)


PRIVATE = ("acme", "marketing", "for the warehouse", "utm_source", "signed_up", "postgres.", "archive/")


def test_nothing_tells_whose_it_was_unless_names_are_kept(tmp_path):
    with served(make_app("typical")) as upstream:
        for name, keep in (("kept", True), ("neutral", False), ("again", False)):
            recorded(upstream, tmp_path / f"{name}.yaml", keep_names=keep)
    kept, neutral, again = ((tmp_path / f"{name}.yaml").read_text() for name in ("kept", "neutral", "again"))
    assert [word for word in PRIVATE if word not in kept.lower()] == []
    assert [word for word in PRIVATE if word in neutral.lower()] == []
    assert neutral == again
    assert KEY not in kept + neutral
    assert "$feature_flag_called" in neutral
    before, after = (yaml.load(text, Loader=yaml.CSafeLoader)["rows"] for text in (kept, neutral))
    for kind in ("runs", "backfills", "plans"):
        assert [row["id" if kind != "plans" else "run_id"] for row in before[kind]] == [
            row["id" if kind != "plans" else "run_id"] for row in after[kind]
        ]
    for old, new in zip(before["exports"], after["exports"], strict=True):
        assert len(old["request"]["name"]) == len(new["request"]["name"])
        bucket = new["request"]["destination"]["config"].get("bucket_name")
        errors = [
            run["latest_error"] for run in after["runs"] if run["export_id"] == new["id"] and "latest_error" in run
        ]
        assert all(f"'{bucket}'" in error for error in errors if error.startswith("The bucket '"))


def test_ids_can_be_replaced_and_still_belong_together(tmp_path):
    file = tmp_path / "recorded.yaml"
    with served(make_app("mid-backfill")) as upstream:
        recorded(upstream, file, new_ids=True)
        there = seen(upstream)
    with served(begun_with(file)) as url:
        here = seen(url)
    old = {row["id"] for rows in there.values() if isinstance(rows, list) for row in rows if "id" in row}
    assert len(old) > 100
    assert not any(each in file.read_text() for each in old)
    lists = [[len(rows) for rows in shown.values() if isinstance(rows, list)] for shown in (there, here)]
    assert lists[0] == lists[1]
    assert [row["name"] for row in here[EXPORTS]] == [row["name"] for row in there[EXPORTS]]


def test_the_newest_exports_and_runs_are_recorded_up_to_a_number(tmp_path):
    file = tmp_path / "recorded.yaml"
    with served(make_app("typical")) as upstream:
        assert recorded(upstream, file, exports=3, runs=2).startswith(f"{file}: 3 exports, ")
        there = seen(upstream)
    rows = yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader)["rows"]
    newest = [export["id"] for export in there[EXPORTS][:3]]
    assert sorted(row["id"] for row in rows["exports"]) == sorted(newest)
    for export_id in newest:
        runs = [row["id"] for row in rows["runs"] if row["export_id"] == export_id]
        assert sorted(runs) == sorted(run["id"] for run in there[f"{EXPORTS}{export_id}/runs/"][:2])


def test_the_production_service_can_be_recorded_and_proxied(tmp_path):
    file = tmp_path / "recorded.yaml"
    body = {"name": "Acme", "interval": "hour", "destination": {"type": "File", "config": {"path": "acme"}}}
    with Service("dev", "--port", "0", "--data-dir", str(tmp_path / "data")) as service:
        url, key = service.facts["url"], service.facts["api_key"]
        with service.client() as client:
            export = client.post("/", json=body).json()["id"]
            client.post(f"/{export}/pause/")
        ended = run_command("mock", "record", "--upstream", url, "--project", "1", "--out", str(file), "--keep-names",
                            MOCK_UPSTREAM_KEY=key)  # fmt: skip
        assert (ended.returncode, key in ended.stderr + ended.stdout) == (0, False), ended.stderr
        there = seen(url, Authorization=f"Bearer {key}")
        proxied = ("--upstream", url, "--proxy", "*")
        with Service("mock", "--port", "0", *proxied, environment={"MOCK_UPSTREAM_KEY": key}) as mock:
            assert seen(mock.facts["url"]) == there
    assert there[EXPORTS]
    at = datetime.fromisoformat(yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader)["rows"]["at"])
    assert datetime.now(UTC) - at < timedelta(minutes=5)
    assert run_command("mock", "check", str(file)).returncode == 0
    with served(begun_with(file, at)) as url:
        here = seen(url)
    paused = f"{EXPORTS}{export}/"
    assert here[paused] == there[paused]
    assert here[f"{paused}activity/"] == there[f"{paused}activity/"]
    assert [row["name"] for row in here[EXPORTS]] == [row["name"] for row in there[EXPORTS]]


def slowed(*answers):
    """A reader of a service that says these bytes, and how long it was told to wait."""
    waits = []
    return waits, lambda url: Reader(url, KEY, 1, operations(), sleep=waits.append), saying(*answers)


JSON = ("Content-Type", "application/json")
BUSY = {"type": "throttled_error", "code": "throttled", "detail": "d", "attr": None}


def test_a_reader_waits_as_long_as_it_is_asked_to():
    until = (datetime.now(UTC) + timedelta(seconds=300)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    waits, read, service = slowed(
        answer_of(BUSY, 429, [JSON, ("Retry-After", "7")]),
        answer_of(BUSY, 503, [JSON, ("Retry-After", until)]),
        answer_of(BUSY, 503, [JSON]),
        answer_of(EMPTY_PAGE, headers=[JSON, ("RateLimit-Remaining", "0"), ("RateLimit-Reset", "11")]),
    )
    with service as upstream, read(upstream.url) as reader:
        assert list(reader.rows("list_exports", 10)) == []
        assert upstream.lines[0].startswith(f"GET {EXPORTS} ")
        assert upstream.headers["authorization"] == f"bearer {KEY}"
    assert [waits[0], *waits[2:]] == [7, 1, 11]
    assert 290 < waits[1] <= 300


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (answer_of(BUSY, 429, [JSON, ("Retry-After", "3600")]), "3600 seconds"),
        (answer_of(BUSY, 429, [JSON, ("Retry-After", "1")]), "too busy"),
        (answer_of(BUSY, 401, [JSON]), "--key"),
        (answer_of(BUSY, 404, [JSON]), "--project"),
        (answer_of(b"", 302, [("Location", "http://elsewhere.example")]), "302"),
        (answer_of({**EMPTY_PAGE, "results": [{}]}), "/results/0"),
        (answer_of(EMPTY_PAGE)[:-9], "cannot be read"),
        (b"", "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_an_error_that_says_why(answer, cause, tmp_path):
    _, read, service = slowed(answer)
    with service as upstream, read(upstream.url) as reader, pytest.raises(RecordError, match=re.escape(cause)) as error:
        list(reader.rows("list_exports", 10))
    assert KEY not in str(error.value)


def test_the_key_goes_nowhere_but_to_the_service_that_was_named():
    page = {**EMPTY_PAGE, "count": 2, "next": "http://elsewhere.example/steal?offset=1&limit=1"}
    with served(make_app("typical")) as url, caller(url) as client:
        row = client.get(f"{EXPORTS}?limit=1").json()["results"][0]
    _, read, service = slowed(answer_of({**page, "results": [row]}), answer_of(EMPTY_PAGE))
    with service as upstream, read(upstream.url) as reader:
        assert len(list(reader.rows("list_exports", 10))) == 1
        assert len(upstream.heard) == 2
        assert upstream.lines[0] == f"GET {EXPORTS}?offset=1&limit=1 HTTP/1.1"


@pytest.mark.parametrize("name", ["fixture.txt", "with space.yaml", "none/there.yaml"])
def test_a_file_that_no_scenario_could_be_read_from_is_refused_before_anything_is_asked(name, tmp_path):
    with saying(answer_of(EMPTY_PAGE)) as upstream:
        with pytest.raises(UpstreamError):
            recorded(upstream.url, tmp_path / name)
        assert upstream.heard == []


def test_a_file_stays_as_it_was_when_nothing_can_be_recorded(tmp_path):
    file = tmp_path / "fixture.yaml"
    file.write_text("as it was")
    with saying(answer_of(BUSY, 401, [JSON])) as upstream:
        ended = run_command("mock", "record", "--upstream", upstream.url, "--project", "1", "--key", "phx_secret",
                            "--out", str(file))  # fmt: skip
    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 1
    assert "phx_secret" not in ended.stderr
    assert file.read_text() == "as it was"
    assert list(tmp_path.iterdir()) == [file]


NAMES = st.text("abcXYZ019-_./ éقЖ🚀{}", min_size=1, max_size=20)


@given(st.lists(NAMES, max_size=8), NAMES)
def test_a_name_has_always_the_same_other_name_of_the_same_form(names, name):
    pseudonyms, others = Pseudonyms(KEY), Pseudonyms(KEY)
    for each in (name, *names):
        made = pseudonyms.name(each)
        assert pseudonyms.name(each) == made
        form = [(char.isupper(), char.isalpha(), char.isdigit(), char if not char.isalnum() else "") for char in each]
        assert [(c.isupper(), c.isalpha(), c.isdigit(), c if not c.isalnum() else "") for c in made] == form
    assert others.name(name) == pseudonyms.name(name)


@given(st.lists(st.text("abcdefgh-", min_size=6, max_size=12), unique=True, max_size=30))
def test_two_names_stay_two_names(names):
    pseudonyms = Pseudonyms(KEY)
    assert len({pseudonyms.name(name) for name in names if name.strip("-")}) == len([n for n in names if n.strip("-")])


@given(st.uuids())
def test_other_ids_are_ids_of_the_same_kind_and_time(known):
    other = Pseudonyms(KEY).ids(f"run {known}.")
    assert re.fullmatch(r"run [0-9a-f-]{36}\.", other)
    assert str(known) not in other
    assert other[4 + 14] == str(known)[14]
    if known.version == 7:
        assert other[4:16] == str(known)[:12]


@pytest.mark.parametrize(
    ("text", "kept", "gone"),
    [
        ("Cannot reach db.acme.example.com:5432 within 5 seconds.", [":5432", "within 5 seconds"], ["acme"]),
        ("Connect to https://minio.acme.internal:9000/lake failed", ["https://", ":9000/"], ["acme", "minio", "lake"]),
        ("Wrote s3://acme-lake/a/b.jsonl", ["s3://"], ["acme", "lake"]),
        ("Ask jane.doe@acme.example, or call 10.1.2.3", ["Ask", "192.0.2."], ["jane", "doe", "acme", "10.1.2.3"]),
        (
            "arn:aws:iam::123456789012:role/acme is refused",
            ["arn:aws:iam::", ":role/", "is refused"],
            ["acme", "12345"],
        ),
        ("The bucket \"acme\" and 'lake' and `x9y`", ["The bucket"], ["acme", "lake", "x9y"]),
        ("s3.eu-central-1.amazonaws.com answered 503", [".amazonaws.com answered 503"], []),
        ("Run 019cadd4-5620-7c3e-9a41-5d2f7b6c8e10 of 12 rows", ["019cadd4-5620-7c3e-9a41-5d2f7b6c8e10 of 12"], []),
    ],
)
def test_names_within_sentences_are_replaced_and_the_rest_stays(text, kept, gone):
    made = Pseudonyms(KEY).text(text)
    assert [each for each in kept if each not in made] == []
    assert [each for each in gone if each in made] == []
    assert made != text or not gone


def test_hosts_stay_hosts_and_addresses_addresses_of_nobody():
    pseudonyms = Pseudonyms(KEY)
    assert re.fullmatch(r"[a-z]{2}\.[a-z]{4}\.com:80", pseudonyms.host("db.acme.com:80"))
    assert re.fullmatch(r"192\.0\.2\.\d+", pseudonyms.host("10.0.0.1"))
    assert re.fullmatch(r"\[2001:db8::[0-9a-f]+\]:1", pseudonyms.host("[fd00::1]:1"))
    assert pseudonyms.host("localhost:9000") == "localhost:9000"


def texts_of_destinations():
    """All settings of destinations that are texts of a certain form: what they are called, and what they may be."""
    spec = load_spec()
    schemas = Schemas(spec, Mode.REQUEST)
    for kind in SECRET_KEYS:
        for name, each in spec.document["components"]["schemas"][f"{kind}Config"]["properties"].items():
            schema = spec.resolve(each)
            if "pattern" in schema and name not in SECRET_KEYS[kind]:
                validator = schemas.validator(schema)
                yield pytest.param(kind, name, schema["pattern"], validator, id=f"{kind}.{name}")


@pytest.mark.parametrize(("kind", "name", "pattern", "validator"), list(texts_of_destinations()))
@settings(max_examples=20, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(data=st.data())
def test_whatever_a_setting_may_be_its_neutral_form_may_be_too(kind, name, pattern, validator, data):
    value = data.draw(st.from_regex(re.compile(pattern, re.ASCII)).filter(validator.is_valid))
    row = {"name": "Mine", "filters": None, "destination": {"type": kind, "config": {name: value}}}
    made = Neutral(Pseudonyms(KEY)).export(row)["destination"]["config"][name]
    assert validator.is_valid(made), (value, made)


WITHOUT_SECRETS = {
    "S3": {"bucket_name": "acme-lake", "region": "eu-central-1", "prefix": ""},
    "Snowflake": {"account": "a", "database": "b", "warehouse": "c", "schema": "d", "authentication_type": "keypair"},
    "Postgres": {"host": "db.example.com", "database": "b"},
    "Redshift": {
        "host": "db.example.com",
        "database": "b",
        "mode": "COPY",
        "copy_inputs": {
            "s3_bucket": "lake",
            "region_name": "eu-central-1",
            "authorization": {},
            "bucket_credentials": {},
        },
    },
    "BigQuery": {"project_id": "ab", "dataset_id": "c"},
    "Databricks": {
        "server_hostname": "a.example.com",
        "http_path": "/b",
        "catalog": "c",
        "schema": "d",
        "table_name": "e",
    },
    "AzureBlob": {"container_name": "abc"},
    "HTTP": {"url": "https://example.com"},
    "NoOp": {},
    "File": {"path": "acme"},
}


@pytest.mark.parametrize("kind", sorted(SECRET_KEYS))
async def test_credentials_of_which_a_service_does_not_tell_are_those_that_the_contract_asks_for(kind):
    with served(make_app("typical")) as url, caller(url) as client:
        row = client.get(f"{EXPORTS}?limit=1&latest_runs=0").json()["results"][0]
    row |= {"model": "events", "destination": {"type": kind, "config": WITHOUT_SECRETS[kind], "integration": None}}
    world = await rebuild(Recording(START, exports=[row]))
    fixture = orjson.loads(orjson.dumps(world_fixture(world, "Recorded.")))
    (export,) = fixture["rows"]["exports"]
    assert create_validator(load_spec()).is_valid(export["request"]), export["request"]


async def test_a_run_of_which_less_is_told_begins_where_its_interval_has_to():
    with served(make_app("typical")) as url, caller(url) as client:
        row = client.get(EXPORT).json()
    (run, *_) = row["latest_runs"]
    optional = ("attempt", "next_attempt_at", "retry_of", "records_failed")
    bare = {name: value for name, value in run.items() if name not in optional}
    bare |= {"data_interval_start": None, "backfill": row["id"]}
    world = await rebuild(Recording(START, exports=[row], runs=[bare]))
    (made,) = world.store.tables.runs.values()
    assert made.data_interval_start == datetime.fromisoformat(run["data_interval_start"])
    assert (made.attempt, made.backfill_id) == (1, None)
