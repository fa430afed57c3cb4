"""The rules of exports: what may be saved, how changes are merged, what pausing and deleting mean."""

from datetime import UTC, datetime

import pytest

from tests.rules.worlds import (
    AZURE,
    BIGQUERY,
    COPY_INPUTS,
    HTTP,
    NOBODY,
    REDSHIFT,
    S3,
    SNOWFLAKE,
    RulesWorld,
    answered,
    config,
    new_export,
    refusal,
    without,
)

REQUIRED = "This field is required."


def to(destination):
    return {"destination": destination}


def settings_of(config, path=""):
    """The settings by their paths, those inside of others too."""
    found = {}
    for key, value in config.items():
        found |= settings_of(value, f"{path}{key}__") if isinstance(value, dict) else {f"{path}{key}": value}
    return found


@pytest.mark.parametrize("field", ["name", "destination", "interval"])
def test_name_destination_and_interval_are_required_of_a_whole_export(api: RulesWorld, field):
    body = {key: value for key, value in new_export().items() if key != field}
    assert refusal(api.ask("POST", "/", body)) == (400, "required", REQUIRED, field)
    assert refusal(api.ask("PUT", f"{api.export()}/", body)) == (400, "required", REQUIRED, field)


@pytest.mark.parametrize(
    "destination",
    [
        config(S3, file_format="Parquet", compression="lz4", encryption="aws:kms", kms_key_id="alias/exports"),
        config(S3, compression="brotli", endpoint_url="https://storage.example.com", prefix=""),
        config(without(SNOWFLAKE, "password"), authentication_type="keypair", private_key="example"),
        config(REDSHIFT, mode="COPY", copy_inputs=COPY_INPUTS),
        BIGQUERY,
        HTTP,
    ],
)
def test_every_type_is_accepted_with_its_credentials_which_are_never_shown(api: RulesWorld, destination):
    export = api.export(destination=destination)
    shown = api.get(f"{export}/")["destination"]
    sent, kept = settings_of(destination["config"]), settings_of(shown["config"])
    assert shown["secrets_set"] == sorted(sent.keys() - kept.keys()) != []
    assert {key: sent[key] for key in kept} == kept
    assert shown["integration"] is None


def test_of_what_copying_needs_only_the_keys_are_not_shown(api: RulesWorld):
    export = api.export(destination=config(REDSHIFT, mode="COPY", copy_inputs=COPY_INPUTS))
    shown = api.get(f"{export}/")["destination"]
    assert shown["config"]["copy_inputs"] == {**COPY_INPUTS, "bucket_credentials": {}}
    assert shown["secrets_set"][:2] == [
        "copy_inputs__bucket_credentials__aws_access_key_id",
        "copy_inputs__bucket_credentials__aws_secret_access_key",
    ]
    change = {"copy_inputs": {"authorization": COPY_INPUTS["bucket_credentials"]}}
    shown = answered(api.ask("PATCH", f"{export}/", to({"config": change})))["destination"]["config"]
    assert shown["copy_inputs"] == {**COPY_INPUTS, "authorization": {}, "bucket_credentials": {}}
    changes = api.get(f"{export}/activity/")["results"][0]["changes"]
    assert {each["field"] for each in changes if each["secret"]} == {
        "destination.config.copy_inputs.authorization.aws_access_key_id",
        "destination.config.copy_inputs.authorization.aws_secret_access_key",
    }


@pytest.mark.parametrize("size", [0, None, 1])
def test_a_file_size_of_0_is_taken_as_null_is(api: RulesWorld, size):
    export = api.export(destination=config(S3, max_file_size_mb=size))
    assert api.get(f"{export}/")["destination"]["config"]["max_file_size_mb"] == size


@pytest.mark.parametrize("destination", [S3, AZURE], ids=["S3", "AzureBlob"])
def test_that_files_have_no_old_names_may_be_said(api: RulesWorld, destination):
    export = api.export(destination=config(destination, legacy_parquet_extension=False))
    assert api.get(f"{export}/")["destination"]["config"]["legacy_parquet_extension"] is False


@pytest.mark.parametrize("model", [None, ""], ids=repr)
def test_a_model_of_nothing_is_as_if_it_were_left_out(api: RulesWorld, model):
    export = api.export(model=model)
    assert api.get(f"{export}/")["model"] == "events"
    persons = api.export(model="persons")
    assert answered(api.ask("PATCH", f"{persons}/", {"model": model}))["model"] == "persons"
    assert answered(api.ask("PUT", f"{persons}/", new_export(model=model)))["model"] == "persons"


def test_an_export_can_be_sent_back_as_it_was_shown(api: RulesWorld):
    export = api.export(filters=[], timezone="Europe/Berlin", interval="week")
    shown = api.get(f"{export}/")
    for method in ("PUT", "PATCH"):
        assert answered(api.ask(method, f"{export}/", shown)) == shown
    assert answered(api.ask("POST", "/run_test_step_new/", shown))["result"]["status"] == "Passed"


def test_a_new_export_has_the_defaults_of_the_compatible_api(api: RulesWorld):
    shown = api.get(f"{api.export()}/")
    expected = {
        "model": "events",
        "paused": False,
        "paused_reason": None,
        "last_paused_at": None,
        "start_at": None,
        "end_at": None,
        "latest_runs": [],
        "hogql_query": None,
        "hogql_modifiers": None,
        "primary_key": None,
        "version_key": None,
        "incremental_mode": "APPEND",
        "filters": None,
        "timezone": "UTC",
        "offset_day": None,
        "offset_hour": None,
    }
    assert {key: shown[key] for key in expected} == expected


@pytest.mark.parametrize(
    ("interval", "offsets"), [("hour", (None, None)), ("day", (None, 0)), ("week", (0, 0))], ids=str
)
def test_offsets_read_back_as_0_where_they_have_a_meaning(api: RulesWorld, interval, offsets):
    shown = api.get(f"{api.export(interval=interval)}/")
    assert (shown["offset_day"], shown["offset_hour"]) == offsets


def test_fields_that_nobody_can_set_are_ignored(api: RulesWorld):
    ignored = {"last_paused_at": "2020-01-01T00:00:00Z", "deleted": True, "team_id": 2, "last_modified_by": 1}
    export = api.export(**ignored)
    api.get(f"{export}/")
    answered(api.ask("PATCH", f"{export}/", ignored))
    shown = api.get(f"{export}/")
    assert (shown["last_paused_at"], shown["team_id"]) == (None, 1)


def test_a_time_without_an_offset_is_utc(api: RulesWorld):
    export = api.export(start_at="2026-01-01T00:00:00", end_at="2026-01-02T01:00:00+01:00")
    shown = api.get(f"{export}/")
    assert (shown["start_at"], shown["end_at"]) == ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")


def test_a_time_zone_of_null_is_utc(api: RulesWorld):
    export = api.export(timezone="Europe/Berlin", interval="day")
    assert answered(api.ask("PATCH", f"{export}/", {"timezone": None}))["timezone"] == "UTC"
    assert api.get(f"{api.export(timezone=None)}/")["timezone"] == "UTC"


def test_put_keeps_what_it_leaves_out_but_resets_the_offsets(api: RulesWorld):
    kept = {"end_at": "2099-01-01T00:00:00Z", "timezone": "Europe/Berlin", "filters": []}
    export = api.export(interval="week", offset_day=3, offset_hour=5, **kept)
    shown = answered(api.ask("PUT", f"{export}/", new_export(interval="week")))
    assert {key: shown[key] for key in kept} == kept
    assert (shown["offset_day"], shown["offset_hour"]) == (0, 0)


def test_patch_keeps_the_offsets_as_long_as_the_interval_has_them(api: RulesWorld):
    export = api.export(interval="week", offset_day=3, offset_hour=5, timezone="Europe/Berlin")
    offsets = []
    for change in ({"name": "Renamed"}, {"interval": "day"}, {"interval": "hour"}, {"interval": "day"}):
        shown = answered(api.ask("PATCH", f"{export}/", change))
        offsets.append((shown["offset_day"], shown["offset_hour"]))
        assert shown["timezone"] == "Europe/Berlin"
    assert offsets == [(3, 5), (None, 5), (None, None), (None, 0)]


def test_an_offset_alone_is_judged_by_the_stored_interval(api: RulesWorld):
    daily, hourly = api.export(interval="day"), api.export()
    assert answered(api.ask("PATCH", f"{daily}/", {"offset_hour": 7}))["offset_hour"] == 7
    detail = "offset_hour is not applicable for non-daily/weekly intervals"
    refused = refusal(api.ask("PATCH", f"{hourly}/", {"offset_hour": 7}))
    assert refused == (400, "invalid_input", detail, "offset_hour")


def test_null_clears_an_end_that_may_be_none(api: RulesWorld):
    export = api.export(end_at="2099-01-01T00:00:00Z")
    assert answered(api.ask("PATCH", f"{export}/", {"end_at": None}))["end_at"] is None


def test_a_patch_of_the_destination_is_merged_and_needs_neither_type_nor_secrets(api: RulesWorld):
    export = api.export(destination=config(S3, include_events=["signed_up"]))
    change = {"destination": {"config": {"prefix": "other/", "include_events": None}}}
    shown = answered(api.ask("PATCH", f"{export}/", change))["destination"]
    assert shown["config"] == {
        "bucket_name": "acme-lake",
        "region": "eu-central-1",
        "prefix": "other/",
        "include_events": None,
    }
    assert shown["secrets_set"] == ["aws_access_key_id", "aws_secret_access_key"]


def test_nested_settings_are_merged_and_an_object_replaces_anything_else(api: RulesWorld):
    export = api.export(destination=config(REDSHIFT, mode="COPY", copy_inputs=COPY_INPUTS))
    for inputs in (
        {"s3_bucket": "other-stage"},
        {"authorization": COPY_INPUTS["bucket_credentials"]},
        {"bucket_credentials": {"aws_secret_access_key": "another"}},
    ):
        answered(api.ask("PATCH", f"{export}/", to({"config": {"copy_inputs": inputs}})))
    refused = refusal(api.ask("PATCH", f"{export}/", to({"config": {"copy_inputs": {"s3_bucket": None}}})))
    assert refused[1:] == ("null", "This field may not be null.", "destination__config__copy_inputs__s3_bucket")


@pytest.mark.parametrize(
    ("change", "code", "detail", "attr"),
    [
        pytest.param(
            {"type": "File", "config": {"path": "events"}},
            "invalid_input",
            "Cannot change destination type from 'S3' to 'File'. Delete this batch export and create a new one with "
            "the new destination type.",
            "destination",
            id="the type is fixed",
        ),
        pytest.param(
            {"config": {"colour": "red"}},
            "invalid_input",
            "Configuration has unknown field/s: 'colour'",
            "destination__config",
            id="settings are those of the stored type",
        ),
        pytest.param(
            {"config": {"compression": "zstd"}},
            "invalid_input",
            "Compression zstd is not supported for file format JSONLines. Supported compressions are "
            "['gzip', 'brotli']",
            "destination__config__compression",
            id="rules hold for what was merged",
        ),
        pytest.param(
            {"config": {"aws_secret_access_key": None}},
            "null",
            "This field may not be null.",
            "destination__config__aws_secret_access_key",
            id="a secret that is required cannot be taken away",
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
def test_a_change_of_the_destination_is_refused(api: RulesWorld, change, code, detail, attr):
    export = api.export(destination=S3)
    before = api.get(f"{export}/")
    assert refusal(api.ask("PATCH", f"{export}/", to(change))) == (400, code, detail, attr)
    assert api.get(f"{export}/") == before


def test_the_model_is_fixed(api: RulesWorld):
    detail = "Changing models is not supported. Create a new batch export instead."
    refused = refusal(api.ask("PATCH", f"{api.export()}/", {"model": "persons"}))
    assert refused == (400, "invalid_input", detail, "model")


def test_the_column_type_of_json_is_fixed(api: RulesWorld):
    export = api.export(destination=BIGQUERY)
    answered(api.ask("PATCH", f"{export}/", to({"config": {"use_json_type": False}})))
    detail = "Changing 'use_json_type' is not supported. Create a new batch export instead."
    refused = refusal(api.ask("PATCH", f"{export}/", to({"config": {"use_json_type": True}})))
    assert refused == (400, "invalid_input", detail, "destination__config__use_json_type")


@pytest.mark.parametrize("by_patch", [False, True])
def test_pausing_twice_and_unpausing_twice_change_nothing(api: RulesWorld, by_patch):
    export = api.export()

    def switch(paused):
        if by_patch:
            answered(api.ask("PATCH", f"{export}/", {"paused": paused}))
        else:
            assert api.post(f"{export}/{'pause' if paused else 'unpause'}/")["paused"] is paused
        return api.get(f"{export}/")

    paused = switch(True)
    assert (paused["paused"], paused["paused_reason"]) == (True, "request")
    assert datetime.fromisoformat(paused["last_paused_at"]) <= datetime.now(UTC)
    assert switch(True) == paused
    unpaused = switch(False)
    assert (unpaused["paused"], unpaused["paused_reason"]) == (False, None)
    assert unpaused["last_paused_at"] == paused["last_paused_at"]
    assert switch(False) == unpaused


def test_an_export_can_be_created_paused(api: RulesWorld):
    shown = api.get(f"{api.export(paused=True)}/")
    assert (shown["paused"], shown["paused_reason"]) == (True, "request")
    assert shown["last_paused_at"] is not None


def test_unpausing_makes_the_missed_runs_only_if_there_are_any_and_it_was_paused(api: RulesWorld):
    export = api.export()
    assert api.post(f"{export}/unpause/", {"backfill": True})["backfill_id"] is None
    api.post(f"{export}/pause/")
    assert api.post(f"{export}/unpause/", {"backfill": True})["backfill_id"] is None


def test_an_export_that_fails_three_times_is_paused_for_it(api: RulesWorld):
    export = api.export()
    failing = [api.run(export) for _ in range(3)]
    for run in failing:
        assert api.get(f"{export}/")["paused"] is False
        api.fail(run)
    shown = api.get(f"{export}/")
    assert (shown["paused"], shown["paused_reason"]) == (True, "failures")
    entry = api.get(f"{export}/activity/")["results"][0]
    assert (entry["activity"], entry["actor"]["type"]) == ("paused", "service")
    assert failing[-1].endswith(entry["run_id"])
    assert api.post(f"{export}/unpause/")["paused"] is False
    assert api.get(f"{export}/")["paused_reason"] is None


def test_a_deleted_export_is_gone_everywhere(api: RulesWorld):
    export = api.export()
    run, backfill = api.run(export), api.backfill(export)
    assert api.ask("DELETE", f"{export}/").status_code == 204
    calls = [("GET", f"{export}{path}") for path in ("/", "/runs/", "/backfills/", "/logs/", "/activity/")]
    calls += [("GET", f"{run}/"), ("GET", f"{run}/logs/"), ("GET", f"{backfill}/"), ("DELETE", f"{export}/")]
    calls += [("POST", f"{run}/{action}/") for action in ("cancel", "retry")]
    calls += [("POST", f"{backfill}/cancel/"), ("POST", f"{export}/run_test_step/")]
    for method, path in calls:
        assert refusal(api.ask(method, path)) == (404, "not_found", "Not found.", None), path
    assert refusal(api.ask("PATCH", f"{export}/", {"name": "x"})) == (404, "not_found", "Not found.", None)
    for action in ("pause", "unpause"):
        detail = f"BatchExport ID '{export.strip('/')}' not found."
        assert refusal(api.ask("POST", f"{export}/{action}/")) == (404, "not_found", detail, None)
    assert api.get("/")["count"] == 0
    assert run.rpartition("/")[2] not in {str(each.id) for each in api.open_runs()}


def test_what_never_was_is_answered_like_what_is_gone(api: RulesWorld):
    for path in (f"/{NOBODY}/", f"/{NOBODY}/runs/", f"/{NOBODY}/backfills/"):
        assert refusal(api.ask("GET", path)) == (404, "not_found", "Not found.", None)
