"""The rules of logs: what is listed, newest first, and that no entry is lost between two pages."""

from datetime import UTC, datetime, timedelta

import pytest

from batch_exports.domain.logs import LogLevel
from tests.rules.worlds import NOBODY, RulesWorld, answered, refusal

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def told(api: RulesWorld):
    """An export, and two runs of it that have said something in turn."""
    export = api.export()
    runs = [api.run(export), api.run(export)]
    for number, level in enumerate(LogLevel):
        api.log(runs[number % 2], (AT + number * SECOND, level, f"Message {number}: 100% of Part_A"))
    return export, runs


def messages(page):
    return [int(entry["message"].split()[1].rstrip(":")) for entry in page["results"]]


def test_an_export_s_log_has_the_entries_of_all_its_runs_newest_first(api: RulesWorld, told):
    export, _ = told
    page = api.get(f"{export}/logs/")
    assert messages(page) == [4, 3, 2, 1, 0]
    assert (page["count"], page["next"], page["previous"]) == (5, None, None)


def test_a_run_s_log_has_its_own_entries_alone(api: RulesWorld, told):
    export, (even, odd) = told
    assert messages(api.get(f"{even}/logs/")) == [4, 2, 0]
    assert messages(api.get(f"{odd}/logs/")) == [3, 1]
    run_id = odd.rpartition("/")[2]
    assert api.get(f"{export}/logs/", instance_id=run_id) == api.get(f"{odd}/logs/")
    entry = api.get(f"{odd}/logs/")["results"][0]
    assert entry == {
        "log_source_id": export[1:],
        "instance_id": run_id,
        "run_id": run_id,
        "timestamp": "2026-03-01T12:00:03Z",
        "level": "WARNING",
        "message": "Message 3: 100% of Part_A",
    }


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"level": "ERROR"}, [4]),
        ({"level": "WARNING,ERROR"}, [4, 3]),
        ({"level": ["WARNING", "ERROR"]}, [4, 3]),
        ({"level": "warn,error"}, [4, 3]),
        ({"level": "info"}, [2]),
        ({"level": "LOG,debug"}, [1, 0]),
        ({"search": "message 2"}, [2]),
        ({"search": "PART_A"}, [4, 3, 2, 1, 0]),
        ({"search": "100%"}, [4, 3, 2, 1, 0]),
        ({"search": "Part%A"}, []),
        ({"search": "PartXA"}, []),
        ({"after": "2026-03-01T12:00:02Z"}, [4, 3]),
        ({"before": "2026-03-01T12:00:02Z"}, [1, 0]),
        ({"after": "2026-03-01T12:00:00", "before": "2026-03-01T13:00:02+01:00"}, [1]),
        ({"after": "2026-03-01", "before": "2026-03-02"}, [4, 3, 2, 1, 0]),
        ({"before": "2026-03-01"}, []),
        ({"limit": "2"}, [4, 3]),
    ],
    ids=str,
)
def test_a_log_is_filtered(api: RulesWorld, told, params, expected):
    export, _ = told
    page = api.get(f"{export}/logs/", **params)
    assert messages(page) == expected
    assert page["count"] == (len(expected) if "limit" not in params else 5)


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_a_page_loses_no_entries_that_share_their_time(api: RulesWorld, limit):
    export = api.export()
    run = api.run(export)
    api.log(run, *((AT, LogLevel.INFO, f"Message {number}:") for number in range(5)))
    seen, answer = [], api.ask("GET", f"{run}/logs/", limit=limit)
    while True:
        page = answered(answer)
        assert page["count"] == 5
        seen += messages(page)
        if page["next"] is None:
            break
        answer = api.client.get(page["next"])
    assert seen == [4, 3, 2, 1, 0]


@pytest.mark.parametrize(
    ("params", "code", "detail", "attr"),
    [
        ({"level": "LOUD"}, "invalid_choice", '"LOUD" is not a valid choice.', "level__0"),
        ({"limit": "0"}, "min_value", "Ensure this value is greater than or equal to 1.", "limit"),
        ({"limit": "501"}, "max_value", "Ensure this value is less than or equal to 500.", "limit"),
        ({"instance_id": "some run"}, "invalid_input", "Must be a valid UUID.", "instance_id"),
    ],
    ids=["levels are listed", "a page has entries", "a page has 500 entries at most", "an instance is a run"],
)
def test_a_log_is_not_asked_for_what_does_not_exist(api: RulesWorld, params, code, detail, attr):
    assert refusal(api.ask("GET", f"{api.export()}/logs/", **params)) == (400, code, detail, attr)


def test_a_time_that_is_none_is_refused(api: RulesWorld):
    export = api.export()
    for bound in ("after", "before"):
        status, code, _, attr = refusal(api.ask("GET", f"{export}/logs/", **{bound: "yesterday"}))
        assert (status, code, attr) == (400, "invalid_input", bound)


def test_the_log_of_an_unknown_run_is_not_found_but_its_entries_are_none(api: RulesWorld):
    export = api.export()
    assert refusal(api.ask("GET", f"{export}/runs/{NOBODY}/logs/")) == (404, "not_found", "Not found.", None)
    assert api.get(f"{export}/logs/", instance_id=NOBODY)["results"] == []
