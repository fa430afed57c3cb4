"""The rules of connection checks: every type answers, those that can be written to with what there is to fix."""

import pytest

from batch_exports.domain.destinations import CONNECTION_CHECKS, SECRET_KEYS
from tests.rules.worlds import (
    AZURE,
    BIGQUERY,
    DATABRICKS,
    HTTP,
    NOBODY,
    NOOP,
    POSTGRES,
    REDSHIFT,
    S3,
    SNOWFLAKE,
    RulesWorld,
    config,
    new_export,
    refusal,
)

WITHOUT_WRITER = sorted(set(SECRET_KEYS) - set(CONNECTION_CHECKS))
FILE = {"type": "File", "config": {"path": "archive/events"}}
NEAR = config(S3, endpoint_url="http://127.0.0.1:9")
SETTINGS = {
    each["type"]: each for each in (S3, SNOWFLAKE, POSTGRES, REDSHIFT, BIGQUERY, DATABRICKS, AZURE, HTTP, NOOP, FILE)
}


def check_new(api, destination, step=0):
    body = {"name": "Events", "interval": "hour", "destination": destination, "step": step}
    return api.post("/run_test_step_new/", body)


@pytest.mark.parametrize("kind", sorted(SECRET_KEYS))
def test_every_type_lists_its_checks_none_of_them_run(api: RulesWorld, kind):
    steps = api.get("/test/", destination=kind)["steps"]
    assert len(steps) == len(CONNECTION_CHECKS.get(kind, ("skipped",)))
    assert all(step["name"] and step["description"] and step["result"] is None for step in steps)


@pytest.mark.parametrize("kind", WITHOUT_WRITER)
def test_a_type_without_a_writer_answers_one_step_skipped_that_says_why(api: RulesWorld, kind):
    result = check_new(api, SETTINGS[kind])["result"]
    assert result["status"] == "Skipped"
    assert result["message"].startswith(f"This service cannot write to {kind} destinations yet")
    assert "exported" not in result["message"]
    export = api.export(destination=SETTINGS[kind])
    assert api.post(f"{export}/run_test_step/")["result"] == result


def test_a_check_that_passes_says_what_works(api: RulesWorld):
    assert check_new(api, FILE)["result"] == {"status": "Passed", "message": "The folder can be written to."}


@pytest.mark.parametrize(
    ("wrong", "code", "detail", "attr"),
    [
        pytest.param({"name": 5}, "invalid_input", "Not a valid string.", "name", id="names are text"),
        pytest.param({"name": " "}, "blank", "This field may not be blank.", "name", id="names are not blank"),
        pytest.param(
            {"interval": "month"},
            "invalid_choice",
            '"month" is not a valid choice.',
            "interval",
            id="intervals are listed",
        ),
        pytest.param({"model": 7}, "invalid_choice", '"7" is not a valid choice.', "model", id="models are listed"),
        pytest.param(
            {"offset_hour": 3},
            "invalid_input",
            "offset_hour is not applicable for non-daily/weekly intervals",
            "offset_hour",
            id="offsets fit the interval",
        ),
        pytest.param(
            {"filters": [{"type": "event", "key": "plan"}]},
            "required",
            "This field is required.",
            "filters__0__value",
            id="filters can be carried out",
        ),
        pytest.param(
            {"destination": HTTP, "model": "persons"},
            "invalid_input",
            "HTTP batch exports only support the events model",
            "destination",
            id="only events go over HTTP",
        ),
        pytest.param(
            {"destination": config(REDSHIFT, mode="COPY")},
            "invalid_input",
            "Missing required inputs for 'COPY'",
            "destination",
            id="settings fit one another",
        ),
    ],
)
def test_what_is_sent_beside_new_settings_is_validated_as_that_of_an_export(api: RulesWorld, wrong, code, detail, attr):
    body = new_export(step=0, **wrong)
    assert refusal(api.ask("POST", "/run_test_step_new/", body)) == (400, code, detail, attr)
    assert refusal(api.ask("POST", "/", body)) == (400, code, detail, attr)


def test_settings_alone_are_enough_for_a_check(api: RulesWorld):
    assert api.post("/run_test_step_new/", {"destination": NOOP})["result"]["status"] == "Passed"


@pytest.mark.parametrize("destination", [FILE, NOOP], ids=["File", "NoOp"])
def test_what_works_passes_saved_or_not(api: RulesWorld, destination):
    assert check_new(api, destination)["result"]["status"] == "Passed"
    export = api.export(destination=destination)
    assert api.post(f"{export}/run_test_step/", {"step": 0})["result"]["status"] == "Passed"


def test_settings_that_are_sent_are_tried_over_the_stored_ones_and_not_kept(api: RulesWorld):
    export = api.export(destination=FILE)
    before = api.get(f"{export}/")
    body = {"destination": {"config": {"path": "elsewhere"}}, "step": 0}
    assert api.post(f"{export}/run_test_step/", body)["result"]["status"] == "Passed"
    assert api.get(f"{export}/") == before


@pytest.mark.parametrize("kind", sorted(SECRET_KEYS))
def test_there_are_no_more_steps_than_are_listed(api: RulesWorld, kind):
    last = len(CONNECTION_CHECKS.get(kind, ("skipped",))) - 1
    expected = (400, "max_value", f"Ensure this value is less than or equal to {last}.", "step")
    body = {"destination": SETTINGS[kind], "step": last + 1}
    assert refusal(api.ask("POST", "/run_test_step_new/", body)) == expected
    export = api.export(destination=SETTINGS[kind])
    assert refusal(api.ask("POST", f"{export}/run_test_step/", {"step": last + 1})) == expected


@pytest.mark.parametrize(
    ("step", "code", "detail"),
    [
        (-1, "min_value", "Ensure this value is greater than or equal to 0."),
        (10, "max_value", "Ensure this value is less than or equal to 9."),
        (1.5, "invalid_input", "A valid integer is required."),
        ("first", "invalid_input", "A valid integer is required."),
        (None, "null", "This field may not be null."),
    ],
)
def test_a_step_is_a_number(api: RulesWorld, step, code, detail):
    body = {"destination": NOOP, "step": step}
    assert refusal(api.ask("POST", "/run_test_step_new/", body)) == (400, code, detail, "step")
    refused = refusal(api.ask("POST", f"{api.export()}/run_test_step/", {"step": step}))
    assert refused == (400, code, detail, "step")


@pytest.mark.parametrize("kind", ["Tape", "AwsS3", "s3", ""])
def test_types_are_listed(api: RulesWorld, kind):
    expected = (400, "invalid_choice", f'"{kind}" is not a valid choice.')
    assert refusal(api.ask("GET", "/test/", destination=kind)) == (*expected, "destination")
    body = {"destination": {"type": kind, "config": {}}}
    assert refusal(api.ask("POST", "/run_test_step_new/", body)) == (*expected, "destination__type")


def test_a_type_is_named(api: RulesWorld):
    assert refusal(api.ask("GET", "/test/")) == (400, "required", "This field is required.", "destination")


@pytest.mark.parametrize(
    ("change", "code", "detail", "attr"),
    [
        pytest.param(
            {"type": "NoOp", "config": {}},
            "invalid_input",
            "Cannot change destination type from 'File' to 'NoOp'. Delete this batch export and create a new one with "
            "the new destination type.",
            "destination",
            id="the type is fixed",
        ),
        pytest.param(
            {"config": {"colour": "red"}},
            "invalid_input",
            "Configuration has unknown field/s: 'colour'",
            "destination__config",
            id="settings are those of the type",
        ),
        pytest.param(
            {"config": {"path": None}},
            "null",
            "This field may not be null.",
            "destination__config__path",
            id="what is required stays",
        ),
        pytest.param(
            {"integration": 7},
            "does_not_exist",
            'Invalid pk "7" - object does not exist.',
            "destination__integration",
            id="there are no integrations",
        ),
    ],
)
def test_a_check_of_a_saved_export_is_refused_as_the_change_would_be(api: RulesWorld, change, code, detail, attr):
    export = api.export(destination=FILE)
    refused = refusal(api.ask("POST", f"{export}/run_test_step/", {"destination": change}))
    assert refused == (400, code, detail, attr)


@pytest.mark.parametrize("body", [None, {}, {"destination": {}}, {"destination": {"config": {}}}, {"name": 1}], ids=str)
def test_a_check_of_a_saved_export_needs_no_body(api: RulesWorld, body):
    assert api.post(f"{api.export()}/run_test_step/", body)["result"]["status"] == "Passed"


def test_a_check_of_an_unknown_export_is_not_found(api: RulesWorld):
    refused = refusal(api.ask("POST", f"/{NOBODY}/run_test_step/", {"step": 0}))
    assert refused == (404, "not_found", "Not found.", None)
