import pytest

from batch_exports.domain.runs import OPEN_STATUSES
from mock_server.clock import frozen_clock
from mock_server.documents import FixtureError, read_document
from mock_server.scenarios import UnknownScenarioError, build_world, check_form, read_scenario, scenario_names
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
