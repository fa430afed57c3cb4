"""The rules of backfills: which ranges are refused and in which order, and what is told of one that goes on."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.rules.worlds import HOUR, HTTP, MAX_OPEN_BACKFILLS, NOBODY, S3, RulesWorld, answered, refusal

PAST = {"start_at": "2024-02-28T00:00:00Z", "end_at": "2024-02-28T03:00:00Z"}
START = datetime(2024, 2, 28, tzinfo=UTC)
CONTRACT = (
    "Enter a date (YYYY-MM-DD) for daily and weekly exports, a time with its offset (YYYY-MM-DDThh:mm:ssZ) for others, "
    "in the years 1980 to 2099."
)
FROM_THE_BEGINNING = "Backfilling from the beginning of time is not enabled for this team."
NOT_BEFORE = "The initial backfill datetime 'start_at' must be before 'end_at'"
NO_END = "Backfilling a BatchExport with no end date is not allowed"
DATES_ONLY = "Daily or weekly batch export backfills expect only the date component, but a time was included."


def claim(text, fields, start, end, detail):
    return pytest.param(fields, {"start_at": start, "end_at": end}, detail, id=text)


DAILY, WEEKLY = {"interval": "day"}, {"interval": "week", "offset_day": 1}
TOMORROW = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0)
RANGES = [
    claim("a start is given", {}, None, "2024-02-28T00:00:00Z", FROM_THE_BEGINNING),
    claim("a start comes before anything else", {}, None, None, FROM_THE_BEGINNING),
    claim("hours are given as times", {}, "2024-02-28", "2024-02-29T00:00:00Z", "Input 2024-02-28 is naive."),
    claim(
        "days are given as dates",
        DAILY,
        "2024-02-28T00:00:00Z",
        "2024-02-29",
        f"Input '2024-02-28T00:00:00Z' is not a valid ISO formatted date. {DATES_ONLY}",
    ),
    claim(
        "the end of days is a date, too",
        DAILY,
        "2024-02-28",
        "2024-02-29T00:00:00Z",
        f"Input '2024-02-29T00:00:00Z' is not a valid ISO formatted date. {DATES_ONLY}",
    ),
    claim(
        "weeks begin on their day",
        WEEKLY,
        "2024-02-25",
        "2024-03-04",
        "Input 2024-02-25 is not on the correct day of the week for this batch export. 2024-02-25 is a Sunday but this "
        "batch export is configured to run weekly on Monday.",
    ),
    claim("a range is not empty", {}, "2024-02-28T00:00:00Z", "2024-02-28T00:00:00Z", NOT_BEFORE),
    claim("a range does not run back", DAILY, "2024-02-29", "2024-02-28", NOT_BEFORE),
    claim(
        "a range is over",
        {},
        "2024-02-28T00:00:00Z",
        TOMORROW.isoformat(),
        f"The provided 'end_at' ({TOMORROW.isoformat()}) is in the future",
    ),
    claim("a range has an end", {"destination": S3}, "2024-02-28T00:00:00Z", None, NO_END),
]


@pytest.mark.parametrize(("fields", "bounds", "detail"), RANGES)
@pytest.mark.parametrize("route", ["backfills", "backfill"])
def test_a_range_is_refused_in_the_words_of_the_compatible_api(api: RulesWorld, route, fields, bounds, detail):
    export = api.export(**fields)
    assert refusal(api.ask("POST", f"{export}/{route}/", bounds)) == (400, "invalid_input", detail, None)
    assert api.get(f"{export}/backfills/")["results"] == []


@pytest.mark.parametrize(
    "text", ["soon", "2024-02-30T00:00:00Z", "2024-02-28T00:00:00", "", "1709078400", "1970-01-01T00:00:00Z"]
)
@pytest.mark.parametrize("bound", ["start_at", "end_at"])
def test_what_is_neither_a_date_nor_a_time_with_its_offset_is_refused_by_the_contract(api: RulesWorld, bound, text):
    refused = refusal(api.ask("POST", f"{api.export()}/backfills/", {**PAST, bound: text}))
    blank = ("blank", "This field may not be blank.")
    assert refused == (400, *(("invalid_input", CONTRACT) if text else blank), bound)


def test_of_an_unknown_export_is_refused_before_all(api: RulesWorld):
    refused = refusal(api.ask("POST", f"/{NOBODY}/backfills/", {}))
    assert refused == (404, "not_found", "BatchExport not found.", None)


def test_of_a_deleted_export_is_refused(api: RulesWorld):
    export = api.export()
    api.ask("DELETE", f"{export}/")
    refused = refusal(api.ask("POST", f"{export}/backfills/", PAST))
    assert refused == (404, "not_found", "BatchExport not found.", None)


def test_a_project_has_so_many_backfills_at_once_and_no_more(api: RulesWorld):
    export = api.export()
    backfills = [api.backfill(export, hours=1 + number) for number in range(MAX_OPEN_BACKFILLS)]
    detail = (
        f"This team already has {MAX_OPEN_BACKFILLS} batch export backfills running. Wait for some to finish or cancel "
        "them before creating more."
    )
    answer = api.ask("POST", f"{api.export()}/backfills/", {**PAST, "end_at": "2024-02-28"})
    # Before the format of the bounds is looked at, as in the compatible API.
    assert refusal(answer) == (429, "too_many_concurrent_backfills", detail, None)
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json()["type"] == "throttled_error"
    refused = refusal(api.ask("POST", f"{export}/backfills/", {"start_at": None}))
    assert refused == (400, "invalid_input", FROM_THE_BEGINNING, None)
    api.post(f"{backfills[0]}/cancel/")
    api.backfill(export, hours=1)


def test_a_range_is_not_exported_twice_at_once(api: RulesWorld):
    export = api.export()
    backfill = api.backfill(export)
    detail = f"Backfill {api.id_of(backfill)} of the same range is in progress. Wait for it, or cancel it."
    for start in ("2024-02-28T00:00:00Z", "2024-02-28T00:59:00Z"):
        answer = api.ask("POST", f"{export}/backfills/", {"start_at": start, "end_at": "2024-02-28T03:00:00Z"})
        assert refusal(answer) == (409, "conflict", detail, None)
    api.backfill(export, hours=2)
    api.backfill(api.export())
    api.post(f"{backfill}/cancel/")
    api.backfill(export)


@pytest.mark.parametrize(("route", "status"), [("backfills", 201), ("backfill", 200)])
def test_a_backfill_is_there_when_its_id_is_answered(api: RulesWorld, route, status):
    export = api.export()
    answer = api.ask("POST", f"{export}/{route}/", PAST)
    assert answer.status_code == status
    shown = api.get(f"{export}/backfills/{answered(answer)['backfill_id']}/")
    expected = {
        "team": 1,
        "batch_export": export[1:],
        "start_at": "2024-02-28T00:00:00Z",
        "end_at": "2024-02-28T03:00:00Z",
        "status": "Starting",
        "finished_at": None,
        "total_records_count": None,
        "adjusted_start_at": None,
        "progress": {"total_runs": 3, "finished_runs": 0, "progress": 0},
        "completed_runs": 0,
        "failed_runs": 0,
    }
    assert {key: shown[key] for key in expected} == expected


@pytest.mark.parametrize(
    ("fields", "start", "end", "expected"),
    [
        ({}, "2024-02-28T00:10:00Z", "2024-02-28T01:50:00Z", ("2024-02-28T00:00:00Z", "2024-02-28T02:00:00Z")),
        ({}, "2024-02-28T02:00:00+02:00", "2024-02-28T01:00:00Z", ("2024-02-28T00:00:00Z", "2024-02-28T01:00:00Z")),
        (
            {"interval": "day", "timezone": "Europe/Berlin", "offset_hour": 3},
            "2024-03-30",
            "2024-04-01",
            ("2024-03-30T02:00:00Z", "2024-04-01T01:00:00Z"),
        ),
        (WEEKLY, "2024-02-26", "2024-03-11", ("2024-02-26T00:00:00Z", "2024-03-11T00:00:00Z")),
    ],
)
def test_a_range_is_widened_to_whole_intervals(api: RulesWorld, fields, start, end, expected):
    export = api.export(**fields)
    made = api.post(f"{export}/backfills/", {"start_at": start, "end_at": end})
    shown = api.get(f"{export}/backfills/{made['backfill_id']}/")
    assert (shown["start_at"], shown["end_at"]) == expected


def test_a_day_that_a_zone_left_out_takes_no_run(api: RulesWorld):
    export = api.export(interval="day", timezone="Pacific/Apia", offset_hour=5)
    made = api.post(f"{export}/backfills/", {"start_at": "2011-12-28", "end_at": "2012-01-02"})
    assert api.get(f"{export}/backfills/{made['backfill_id']}/")["progress"]["total_runs"] == 4


def test_unpausing_an_export_whose_window_ended_on_a_day_that_a_zone_left_out_makes_up_for_nothing(api: RulesWorld):
    window = {"interval": "day", "timezone": "Pacific/Apia", "offset_hour": 5, "end_at": "2011-12-30T12:00:00Z"}
    export = api.export(paused=True, **window)
    assert api.post(f"{export}/unpause/", {"backfill": True}) == {"paused": False, "backfill_id": None}


@pytest.mark.parametrize("fields", [{}, {"destination": HTTP}], ids=["NoOp", "HTTP"])
def test_an_open_end_is_the_last_interval_that_is_over_where_it_is_allowed(api: RulesWorld, fields):
    export = api.export(paused=True, **fields)
    start = (datetime.now(UTC) - timedelta(hours=5)).isoformat()
    made = api.post(f"{export}/backfills/", {"start_at": start, "end_at": None})
    shown = api.get(f"{export}/backfills/{made['backfill_id']}/")
    now = datetime.now(UTC)
    assert now - timedelta(hours=1, minutes=1) <= datetime.fromisoformat(shown["end_at"]) <= now
    assert api.get(f"{export}/")["paused"] is True


def test_a_backfill_tells_what_its_first_run_found_out(api: RulesWorld):
    export = api.export()
    backfill = api.backfill(export, hours=6)
    (first,) = api.runs(export)
    api.open_backfill(first, rows=777, earliest=START + 2 * HOUR + timedelta(minutes=30))
    shown = api.get(f"{backfill}/")
    assert (shown["status"], shown["total_records_count"]) == ("Running", 777)
    assert shown["adjusted_start_at"] == "2024-02-28T02:00:00Z"
    assert shown["progress"] == {"total_runs": 4, "finished_runs": 0, "progress": 0}
    assert api.get(f"{first}/")["data_interval_start"] == "2024-02-28T02:00:00Z"


def test_a_range_without_rows_is_completed_at_once(api: RulesWorld):
    export = api.export()
    backfill = api.backfill(export)
    (first,) = api.runs(export)
    api.open_backfill(first, rows=0)
    shown = api.get(f"{backfill}/")
    assert (shown["status"], shown["total_records_count"]) == ("Completed", 0)
    assert shown["progress"] == {"total_runs": 1, "finished_runs": 1, "progress": 1}
    assert api.get(f"{first}/")["records_completed"] == 0


def test_progress_is_exact_and_the_result_honest(api: RulesWorld):
    export = api.export()
    backfill = api.backfill(export)
    api.complete(api.runs(export)[0])
    shown = api.get(f"{backfill}/")
    assert shown["progress"] == {"total_runs": 3, "finished_runs": 1, "progress": 1 / 3}
    api.fail(api.runs(export)[1])
    api.complete(api.runs(export)[2])
    shown = api.get(f"{backfill}/")
    assert (shown["status"], shown["completed_runs"], shown["failed_runs"]) == ("Completed", 2, 1)
    assert shown["progress"] == {"total_runs": 3, "finished_runs": 3, "progress": 1}
    assert shown["total_records_count"] == 20
    assert shown["finished_at"] is not None


def test_a_cancelled_backfill_takes_its_runs_along_and_keeps_what_they_did(api: RulesWorld):
    export = api.export()
    backfill = api.backfill(export)
    first = api.runs(export)[0]
    api.open_backfill(first, rows=30)
    api.complete(first)
    assert api.post(f"{backfill}/cancel/", {"id": NOBODY}) == {"cancelled": True, "status": "Cancelled"}
    statuses = [api.get(f"{run}/")["status"] for run in api.runs(export)]
    assert statuses == ["Completed", "Cancelled", "Cancelled"]
    shown = api.get(f"{backfill}/")
    assert (shown["status"], shown["progress"], shown["completed_runs"]) == ("Cancelled", None, 1)


@pytest.mark.parametrize("status", ["Cancelled", "Completed"])
def test_a_backfill_that_has_ended_cannot_be_cancelled(api: RulesWorld, status):
    export = api.export()
    backfill = api.backfill(export)
    if status == "Cancelled":
        api.post(f"{backfill}/cancel/")
    else:
        api.open_backfill(api.runs(export)[0], rows=0)
    detail = f"Cannot cancel a backfill that is in '{status}' status"
    assert refusal(api.ask("POST", f"{backfill}/cancel/")) == (400, "invalid_input", detail, None)


def test_three_failures_pause_the_export_and_cancel_its_backfill(api: RulesWorld):
    export = api.export()
    backfill = api.backfill(export, hours=6)
    for number in range(3):
        api.fail(api.runs(export)[number])
    shown = api.get(f"{backfill}/")
    assert (shown["status"], shown["failed_runs"]) == ("Cancelled", 3)
    assert api.get(f"{export}/")["paused_reason"] == "failures"
    assert len(api.runs(export)) == 3


@pytest.mark.parametrize(("ordering", "expected"), [(None, [1, 0]), ("created_at", [0, 1]), ("-start_at", [0, 1])])
def test_backfills_are_listed_newest_first_unless_ordered_otherwise(api: RulesWorld, ordering, expected):
    export = api.export()
    starts = ("2024-02-28T01:00:00Z", "2024-02-28T00:00:00Z")
    made = [api.post(f"{export}/backfills/", {**PAST, "start_at": start})["backfill_id"] for start in starts]
    page = api.get(f"{export}/backfills/", **({"ordering": ordering} if ordering else {}))
    assert [each["id"] for each in page["results"]] == [made[number] for number in expected]


def test_a_backfill_belongs_to_its_export_alone(api: RulesWorld):
    backfill = api.backfill(api.export())
    strange = f"{api.export()}/backfills/{backfill.rpartition('/')[2]}"
    assert refusal(api.ask("GET", f"{strange}/")) == (404, "not_found", "Not found.", None)
    assert refusal(api.ask("POST", f"{strange}/cancel/")) == (404, "not_found", "Not found.", None)
