import unicodedata
from collections import Counter
from datetime import timedelta
from itertools import chain

import pytest

from batch_exports.contract.spec import load_spec
from batch_exports.domain.runs import OPEN_STATUSES, RunStatus
from mock_server.clock import frozen_clock
from mock_server.documents import FixtureError, read_document
from mock_server.form import check_form
from mock_server.library import UnknownScenarioError
from mock_server.scenarios import build_world, read_scenario, scenario_names
from tests.mock_server.http import EXPORTS, advance, client_of, make_app
from tests.mock_server.worlds import START, leap, open_world, requests

HEAD = """description: A test's own.
projects: [One, Two]
exports:
  - id: 019cadd4-5620-7c3e-9a41-5d2f7b6c8e10
    created: -2d
    request:
      name: Events
      interval: hour
      destination:
        type: NoOp
        config: {}
"""


def build(tmp_path, text):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    document = read_document(path)
    check_form(document)
    return build_world(document, requests(), frozen_clock(START), 0)


def test_a_small_scenario_becomes_a_world(tmp_path):
    world = build(tmp_path, HEAD + "    runs: [{repeat: 3}]\n")
    assert len(world.store.tables.runs) == 3


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("description: [", "mine.yaml:2: /: not valid YAML"),
        ("projects: [One, Two]\nexports: []\n", "mine.yaml:1: /: "),
        (HEAD.replace("-2d", "yesterday"), "mine.yaml:5: /exports/0/created: "),
        (HEAD + "    color: red\n", "mine.yaml:4: /exports/0: "),
        (HEAD.replace("type: NoOp", "type: Floppy"), "mine.yaml:10: /exports/0/request/destination/type: "),
        (HEAD.replace("config: {}", "config: {disk: A}"), "mine.yaml:11: /exports/0/request/destination/config: "),
        (
            HEAD.replace("interval: hour", "interval: hour\n      offset_hour: 3"),
            "mine.yaml:9: /exports/0/request/offset_hour: ",
        ),
        (
            HEAD + "    runs:\n      - {repeat: 3}\n      - {repeat: 90}\n",
            "mine.yaml:14: /exports/0/runs/1: this run is older",
        ),
        (
            HEAD
            + "    backfills:\n      - {created: -5s, status: Completed, start: -2d, end: -1d, runs: [{repeat: 24}]}\n",
            "mine.yaml:13: /exports/0/backfills/0/created: too short ago",
        ),
        (
            HEAD
            + "    backfills:\n      - {created: -1h, status: Completed, start: -2h, end: -1h, runs: [{repeat: 2}]}\n",
            "mine.yaml:13: /exports/0/backfills/0/runs/0: there are more runs",
        ),
        (
            HEAD
            + "    backfills:\n      - created: -1h\n        status: Completed\n"
            + "        retry_of: 019caf10-3d38-7b1c-8e57-90a4c2d1f6ab\n        runs: []\n",
            "mine.yaml:15: /exports/0/backfills/0/retry_of: this export has no such run",
        ),
    ],
)
def test_a_mistake_is_named_with_file_line_and_pointer(tmp_path, text, place):
    with pytest.raises(FixtureError) as caught:
        build(tmp_path, text)
    assert place in str(caught.value)


def test_an_unknown_scenario_is_answered_with_the_known_ones():
    with pytest.raises(UnknownScenarioError) as caught:
        read_scenario("../secrets")
    assert all(name in str(caught.value) for name in scenario_names())


@pytest.mark.parametrize("scenario", scenario_names())
async def test_histories_hold_together(scenario):
    tables = open_world(scenario).store.tables
    for run in tables.runs.values():
        export = tables.exports[run.export_id]
        assert export.created_at <= run.created_at <= run.last_updated_at <= START
        assert run.data_interval_end <= run.created_at or run.backfill_id is not None
        assert (run.finished_at is None) == (run.status in OPEN_STATUSES)
        assert run.finished_at in (None, run.last_updated_at)
        assert run.project_id == export.project_id
        assert run.backfill_id is None or run.backfill_id in tables.backfills
    for backfill in tables.backfills.values():
        assert backfill.created_at <= backfill.last_updated_at <= START
        assert (backfill.finished_at is None) == backfill.is_open


@pytest.mark.parametrize("minute", [0, 1, 2, 3, 29, 59])
async def test_a_scenario_fits_any_time_of_the_hour(minute):
    world = open_world("typical", start=START.replace(minute=minute))
    for export in world.store.tables.exports.values():
        assert export.next_at is None or export.paused or export.next_at > export.created_at
    before = len(world.store.tables.runs)
    await leap(world, START.replace(minute=1, second=30) - START.replace(minute=0))
    hourly = sum(1 for export in world.store.tables.exports.values() if not export.paused)
    assert len(world.store.tables.runs) - before <= 4 * hourly


async def shown(scenario, by=timedelta(0)):
    """The exports of a scenario, its runs, and its backfills, as the API shows them after some time."""
    app = make_app(scenario, strict=True)
    advance(app, by)
    async with client_of(app) as client:
        exports = (await client.get(EXPORTS)).json()["results"]
        urls = [f"{EXPORTS}{export['id']}/" for export in exports]
        runs = [(await client.get(f"{url}runs/?after=all&page_size=100")).json()["results"] for url in urls]
        backfills = [(await client.get(f"{url}backfills/")).json()["results"] for url in urls]
    return exports, list(chain(*runs)), list(chain(*backfills))


@pytest.mark.parametrize("by", [timedelta(0), timedelta(hours=2)])
async def test_all_statuses_has_one_run_in_each_status(by):
    _, runs, _ = await shown("all-statuses", by)
    assert Counter(run["status"] for run in runs) == Counter(RunStatus)


async def test_failing_destination_has_runs_that_failed_and_others_that_will():
    exports, runs, backfills = await shown("failing-destination")
    assert {run["status"] for run in runs} >= {"Failed", "FailedRetryable", "Running", "Completed"}
    assert all(run["latest_error"] for run in runs if run["status"].startswith("Failed"))
    assert "failures" in {export["paused_reason"] for export in exports}
    assert "Failed" in {backfill["status"] for backfill in backfills}
    running = {run["id"] for run in runs if run["status"] == "Running"}
    _, later, _ = await shown("failing-destination", timedelta(minutes=1))
    assert {run["status"] for run in later if run["id"] in running} == {"Failed"}


async def test_paused_has_no_export_that_is_not():
    exports, runs, _ = await shown("paused")
    assert {export["paused"] for export in exports} == {True}
    assert {export["paused_reason"] for export in exports} == {"request", "failures"}
    assert "Running" in {run["status"] for run in runs}
    assert [] in [export["latest_runs"] for export in exports]


async def test_mid_backfill_has_backfills_at_every_stage():
    _, _, backfills = await shown("mid-backfill")
    shares = sorted(each["progress"]["progress"] for each in backfills if each["status"] in {"Starting", "Running"})
    assert shares[0] == 0
    assert any(0.2 < share < 0.6 for share in shares)
    assert any(0.9 < share < 1 for share in shares)
    assert {each["status"] for each in backfills} == {"Starting", "Running", "Completed", "Cancelled", "Failed"}


async def test_billing_limited_has_runs_refused_for_billing_and_new_ones_are_too():
    _, before, _ = await shown("billing-limited")
    _, after, _ = await shown("billing-limited", timedelta(hours=3))
    new = {run["id"] for run in after} - {run["id"] for run in before}
    assert before[0]["status"] == "FailedBilling"
    assert {run["status"] for run in after if run["id"] in new} == {"FailedBilling"}


async def test_a_read_only_key_may_read_and_change_nothing():
    async with client_of(make_app("read-only-key")) as client:
        assert (await client.get(EXPORTS)).status_code == 200
        assert (await client.post(EXPORTS, json={})).status_code == 403


async def test_long_names_has_the_longest_and_the_strangest_texts_and_nulls():
    exports, runs, _ = await shown("long-names")
    names = [export["name"] for export in exports]
    assert max(map(len, names)) == load_spec().document["components"]["schemas"]["ExportName"]["maxLength"]
    assert min(map(len, names)) == 1
    assert any(unicodedata.bidirectional(letter) in {"R", "AL"} for name in names for letter in name)
    assert any(unicodedata.category(letter) == "So" for name in names for letter in name)
    assert any(run["records_completed"] is None and run["latest_error"] is None for run in runs if run["finished_at"])
    assert max(len(run["latest_error"] or "") for run in runs) > 1_500


@pytest.mark.parametrize(
    ("scenario", "share", "is_hit"),
    [
        ("slow", 1.0, lambda hit: hit.wait > 0.05 and hit.effect.cut is None),
        ("flaky", 0.25, lambda hit: hit.effect.cut is not None or hit.wait or hit.effect.status in {500, 503}),
        ("offline", 1.0, lambda hit: hit.effect.cut == "reset"),
    ],
)
async def test_faults_hit_as_many_requests_as_the_scenario_says(scenario, share, is_hit):
    faults = open_world(scenario).faults
    hits = [faults.hit("list_exports", "GET", EXPORTS, START) for _ in range(400)]
    assert all(is_hit(hit) for hit in hits if hit is not None)
    assert abs(sum(hit is not None for hit in hits) / len(hits) - share) < 0.12


async def test_large_has_ten_thousand_runs_and_its_last_pages_are_like_its_first():
    async with client_of(make_app("large")) as client:
        url = f"{EXPORTS}019cb4f5-7a00-7b55-8e96-8cad5f6a7b01/runs/?after=all&page_size=100"
        seen, sizes = set(), []
        while url:
            page = (await client.get(url)).json()
            seen |= {run["id"] for run in page["results"]}
            sizes.append(len(page["results"]))
            url = page["next"]
    assert sizes == [100] * 100
    assert len(seen) == 10_000
