"""The rules of runs: which ones a list shows and in which order, and when one can be cancelled or repeated."""

from datetime import UTC, datetime, timedelta

import pytest

from batch_exports.domain.runs import RunStatus
from tests.rules.worlds import HOUR, NOBODY, RulesWorld, answered, refusal

DAY = timedelta(days=1)
ENDED = [status for status in RunStatus if status not in {RunStatus.STARTING, RunStatus.RUNNING}]
AGES = (HOUR, 2 * DAY, 6 * DAY, 8 * DAY, 40 * DAY)


def listed(api, export, **params):
    """The runs of a list, by their paths."""
    return [f"{export}/runs/{run['id']}" for run in api.get(f"{export}/runs/", **params)["results"]]


@pytest.fixture
def history(api: RulesWorld):
    """An export with runs of different ages, newest first."""
    export = api.export()
    return export, [api.run(export, age=age, status=RunStatus.COMPLETED) for age in AGES]


def test_a_list_shows_the_last_seven_days_newest_first(api: RulesWorld, history):
    export, runs = history
    assert listed(api, export) == runs[:3]


def test_all_opens_a_side_of_the_window(api: RulesWorld, history):
    export, runs = history
    assert listed(api, export, after="all") == runs
    assert listed(api, export, ordering="data_interval_start", start="all") == runs[::-1]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"after": "-3d"}, [0, 1]),
        ({"after": "-72h"}, [0, 1]),
        ({"after": "-2m"}, [0, 1, 2, 3, 4]),
        ({"after": "-2w", "before": "-5d"}, [2, 3]),
        ({"after": "-1y", "before": "-1m"}, [4]),
        ({"after": "90M"}, [0]),
        ({"after": "-3D", "before": "s"}, [0, 1]),
        ({"after": "-5000s"}, [0]),
        ({"before": "-4dStart"}, [2]),
        ({"ordering": "created_at", "after": "-3d"}, [1, 0]),
        ({"ordering": "-data_interval_start", "start": "-3d"}, [0, 1]),
        ({"ordering": "data_interval_start", "start": "-2w", "end": "-5d"}, [3, 2]),
    ],
    ids=str,
)
def test_times_may_be_spans_back_from_now(api: RulesWorld, history, params, expected):
    export, runs = history
    assert listed(api, export, **params) == [runs[number] for number in expected]


def test_a_date_is_its_midnight_in_utc(api: RulesWorld):
    export = api.export()
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    created = [today, today - timedelta(microseconds=1)]
    runs = [api.run(export, created_at=at, status=RunStatus.COMPLETED) for at in created]
    assert listed(api, export, after=f"{today:%Y-%m-%d}") == runs[:1]
    assert listed(api, export, before=f"{today:%Y-%m-%d}") == runs
    assert listed(api, export, after=f"{today - DAY:%Y-%m-%d}", before="dStart") == runs


@pytest.mark.parametrize("ordering", [None, "created_at", "-created_at"])
def test_ordered_by_creation_start_and_end_are_ignored(api: RulesWorld, history, ordering):
    export, runs = history
    params = {"ordering": ordering} if ordering else {}
    found = listed(api, export, start="-1h", end="-30d", **params)
    assert sorted(found) == sorted(runs[:3])


@pytest.mark.parametrize("ordering", ["data_interval_start", "-data_interval_start"])
def test_ordered_by_interval_after_and_before_are_ignored(api: RulesWorld, history, ordering):
    export, runs = history
    assert sorted(listed(api, export, ordering=ordering, after="-1h", before="-30d")) == sorted(runs[:3])


def test_both_ends_of_the_window_of_creation_are_included(api: RulesWorld):
    export = api.export()
    at = datetime.now(UTC) - HOUR
    run = api.run(export, created_at=at)
    exactly, next_tick = at.isoformat(), (at + timedelta(microseconds=1)).isoformat()
    assert listed(api, export, after=exactly, before=exactly) == [run]
    assert listed(api, export, after=next_tick) == []


def test_statuses_are_repeated(api: RulesWorld):
    export = api.export()
    runs = {status: api.run(export, status=status) for status in RunStatus}
    assert set(listed(api, export, status=["Failed", "TimedOut"])) == {
        runs[RunStatus.FAILED],
        runs[RunStatus.TIMED_OUT],
    }


@pytest.mark.parametrize(
    ("params", "code", "detail", "attr"),
    [
        ({"status": "Lost"}, "invalid_choice", '"Lost" is not a valid choice.', "status__0"),
        ({"ordering": "id"}, "invalid_choice", '"id" is not a valid choice.', "ordering"),
        (
            {"ordering": "data_interval_start,created_at"},
            "invalid_choice",
            '"data_interval_start,created_at" is not a valid choice.',
            "ordering",
        ),
        (
            {"after": "yesterday"},
            "invalid_input",
            "Enter a date or a time of the years 1980 to 2099, a span back from now like '-7d', or 'all'.",
            "after",
        ),
        ({"page_size": "0"}, "min_value", "Ensure this value is greater than or equal to 1.", "page_size"),
    ],
    ids=["statuses are listed", "orderings are listed", "there is one ordering", "dates are dates", "pages have runs"],
)
def test_a_list_is_not_asked_for_what_does_not_exist(api: RulesWorld, params, code, detail, attr):
    assert refusal(api.ask("GET", f"{api.export()}/runs/", **params)) == (400, code, detail, attr)


@pytest.mark.parametrize("cursor", ["bm9uc2Vuc2U", "W10", "bnVsbA"])
def test_a_cursor_that_was_not_issued_here_is_not_found(api: RulesWorld, cursor):
    refused = refusal(api.ask("GET", f"{api.export()}/runs/", cursor=cursor))
    assert refused == (404, "not_found", "Invalid cursor", None)


def test_pages_have_a_hundred_runs_and_lead_on_to_every_run_once(api: RulesWorld, history):
    export, runs = history
    seen, answer = [], api.ask("GET", f"{export}/runs/", after="all", page_size=2)
    while True:
        page = answered(answer)
        seen += [f"{export}/runs/{run['id']}" for run in page["results"]]
        assert len(page["results"]) <= 2
        if page["next"] is None:
            break
        assert page["next"].startswith(str(api.client.base_url))
        answer = api.client.get(page["next"])
    assert seen == runs


def test_a_run_is_found_however_old_it_is(api: RulesWorld, history):
    export, runs = history
    oldest = runs[-1]
    assert oldest not in listed(api, export)
    assert oldest.endswith(api.get(f"{oldest}/")["id"])
    assert api.get(f"{oldest}/logs/")["count"] == 0
    assert api.post(f"{oldest}/retry/")["run_id"]
    stuck = api.run(export, age=timedelta(days=40), status=RunStatus.RUNNING)
    assert api.post(f"{stuck}/cancel/")["status"] == "Cancelled"


def test_what_narrows_the_list_changes_nothing_for_a_single_run(api: RulesWorld):
    run = api.run(api.export(), age=timedelta(days=40), status=RunStatus.COMPLETED)
    habits = "after=-1d&before=-1d&start=x&end=&ordering=created_at&status=Running"
    assert api.get(f"{run}/?{habits}") == api.get(f"{run}/")
    assert api.get(f"{run}/logs/?instance_id=x") == api.get(f"{run}/logs/")
    assert api.post(f"{run}/retry/?after=-90d")["run_id"]
    stuck = api.run(api.export(), age=timedelta(days=40), status=RunStatus.RUNNING)
    assert api.post(f"{stuck}/cancel/?after=-90d")["status"] == "Cancelled"


def test_a_run_belongs_to_its_export_alone(api: RulesWorld):
    run = api.run(api.export())
    strange = f"{api.export()}/runs/{run.rpartition('/')[2]}"
    for method, path in (("GET", "/"), ("GET", "/logs/"), ("POST", "/cancel/"), ("POST", "/retry/")):
        assert refusal(api.ask(method, f"{strange}{path}")) == (404, "not_found", "Not found.", None)


@pytest.mark.parametrize("status", ["Starting", "Running"])
@pytest.mark.parametrize("body", [None, {}, {"id": NOBODY, "status": "Running"}], ids=["none", "empty", "whole"])
def test_a_run_that_goes_on_can_be_cancelled_once_whatever_the_body(api: RulesWorld, status, body):
    run = api.run(api.export(), status=RunStatus(status))
    assert api.post(f"{run}/cancel/", body) == {"cancelled": True, "status": "Cancelled"}
    shown = api.get(f"{run}/")
    assert (shown["status"], shown["finished_at"]) == ("Cancelled", shown["last_updated_at"])
    detail = "Cannot cancel a run that is in 'Cancelled' status"
    assert refusal(api.ask("POST", f"{run}/cancel/", body)) == (400, "invalid_input", detail, None)


@pytest.mark.parametrize("status", ENDED)
def test_a_run_that_has_ended_cannot_be_cancelled(api: RulesWorld, status):
    run = api.run(api.export(), status=status)
    detail = f"Cannot cancel a run that is in '{status}' status"
    assert refusal(api.ask("POST", f"{run}/cancel/")) == (400, "invalid_input", detail, None)


@pytest.mark.parametrize("status", ENDED)
def test_a_run_that_has_ended_can_be_repeated_as_a_backfill_of_its_interval(api: RulesWorld, status):
    export = api.export()
    run = api.run(export, status=status)
    before = api.get(f"{run}/")
    answer = api.ask("POST", f"{run}/retry/")
    made = answered(answer)
    assert answer.status_code == 201
    assert answer.headers["Location"].endswith(f"{export}/runs/{made['run_id']}/")
    retry = api.get(f"{export}/runs/{made['run_id']}/")
    assert (retry["retry_of"], retry["backfill"]) == (before["id"], made["backfill_id"])
    for bound in ("data_interval_start", "data_interval_end"):
        assert retry[bound] == before[bound]
    backfill = api.get(f"{export}/backfills/{made['backfill_id']}/")
    assert (backfill["start_at"], backfill["end_at"]) == (before["data_interval_start"], before["data_interval_end"])
    assert api.get(f"{run}/") == before


def test_an_interval_is_not_repeated_while_it_runs(api: RulesWorld):
    export = api.export()
    run = api.run(export, status=RunStatus.FAILED)
    retry = api.post(f"{run}/retry/")["run_id"]
    detail = f"Cannot retry the run: run {retry} of the same interval is in progress."
    assert refusal(api.ask("POST", f"{run}/retry/")) == (409, "conflict", detail, None)
    api.complete(f"{export}/runs/{retry}")
    assert api.post(f"{run}/retry/")["run_id"] != retry


def test_a_run_shows_how_far_it_is_and_what_it_recovers_from(api: RulesWorld):
    run = api.run(api.export(), status=RunStatus.RUNNING)
    next_attempt = datetime.now(UTC) + timedelta(seconds=18)
    told = {"records_completed": 5, "bytes_exported": 500, "records_total_count": 9, "attempt": 2}
    waiting = {"next_attempt_at": next_attempt, "latest_error": "The endpoint does not answer."}
    api.change(lambda tx, lifecycle: lifecycle.progress(tx, api.id_of(run), **told, **waiting))
    shown = api.get(f"{run}/")
    assert {key: shown[key] for key in told} == told
    assert datetime.fromisoformat(shown["next_attempt_at"]) == next_attempt
    assert (shown["status"], shown["latest_error"]) == ("Running", "The endpoint does not answer.")
    api.complete(run, rows=9)
    done = api.get(f"{run}/")
    assert (done["next_attempt_at"], done["latest_error"], done["records_completed"]) == (None, None, 9)


def test_a_run_tells_when_it_finished_not_before_it_has(api: RulesWorld):
    run = api.run(api.export())
    assert api.get(f"{run}/")["finished_at"] is None
    api.complete(run)
    shown = api.get(f"{run}/")
    assert shown["finished_at"] == shown["last_updated_at"]


def test_the_fields_of_the_compatible_api_are_there_though_they_stay_null(api: RulesWorld):
    shown = api.get(f"{api.run(api.export())}/")
    assert {key: shown[key] for key in ("cursor", "backfill", "records_failed", "retry_of")} == {
        "cursor": None,
        "backfill": None,
        "records_failed": None,
        "retry_of": None,
    }
