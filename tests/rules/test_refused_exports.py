"""What no export may be: each rule with the status, code, text and field of its refusal."""

import pytest

from tests.rules.worlds import (
    AZURE,
    BIGQUERY,
    COPY_INPUTS,
    DATABRICKS,
    HTTP,
    NOOP,
    POSTGRES,
    REDSHIFT,
    S3,
    SNOWFLAKE,
    RulesWorld,
    config,
    new_export,
    refusal,
    without,
)

DAILY = {"interval": "day"}
WEEKLY = {"interval": "week"}
TIME = (
    "Datetime has wrong format. Use one of these formats instead: "
    "YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z], in the years 1980 to 2099."
)
REQUIRED = "This field is required."
BLANK = "This field may not be blank."
NO_COPY = "Missing required inputs for 'COPY'"
NO_PASSWORD = "Password is required if authentication type is password"


def choice(value):
    return f'"{value}" is not a valid choice.'


def only_for(field):
    return f"This service takes no queries: leave '{field}' out."


def claim(text, body, code, detail, attr):
    return pytest.param(body, code, detail, attr, id=text)


def to(destination):
    return {"destination": destination}


PLAN = {"type": "event", "key": "plan", "value": "pro"}
NO_NUMBER = "A valid number is required."
NO_PATTERN = "Not a regular expression that RE2 understands: "
FILTERS = [
    (
        "filters hold no expressions",
        {"type": "hogql", "key": "1 = 1"},
        "invalid_input",
        "This service evaluates no expressions: use filters of the types 'event' and 'person'.",
        "type",
    ),
    ("operators are listed", {"operator": "resembles"}, "invalid_choice", choice("resembles"), "operator"),
    ("a filter compares with no null", {"value": None}, "null", "This field may not be null.", "value"),
    ("nor with one among others", {"value": ["a", None]}, "null", "This field may not be null.", "value__1"),
    ("a filter compares with something", {"value": []}, "empty", "This list may not be empty.", "value"),
    ("less is a number", {"operator": "lt", "value": "many"}, "invalid_input", NO_NUMBER, "value"),
    ("more is a finite number", {"operator": "gte", "value": "1e400"}, "invalid_input", NO_NUMBER, "value"),
    ("more is one number", {"operator": "gt", "value": [1]}, "invalid_input", NO_NUMBER, "value"),
    ("before is text", {"operator": "is_date_before", "value": 7}, "invalid_input", "Not a valid string.", "value"),
    (
        "after is a time",
        {"operator": "is_date_after", "value": "-7d"},
        "invalid_input",
        "Input -7d is not a valid ISO formatted datetime.",
        "value",
    ),
    ("a pattern is text", {"operator": "regex", "value": ["a", 5]}, "invalid_input", "Not a valid string.", "value__1"),
    (
        "a pattern can be read",
        {"operator": "regex", "value": "("},
        "invalid_input",
        f"{NO_PATTERN}missing ): (",
        "value",
    ),
    (
        "a pattern looks neither ahead nor back",
        {"operator": "not_regex", "value": ["a", "b(?=c)"]},
        "invalid_input",
        f"{NO_PATTERN}invalid perl operator: (?=",
        "value__1",
    ),
]
FIELDS = [
    claim("a name is not blank", {"name": " "}, "blank", "This field may not be blank.", "name"),
    claim("a name that cannot be seen is blank", {"name": "\u200b \ufeff"}, "blank", BLANK, "name"),
    claim("a name is not null", {"name": None}, "null", "This field may not be null.", "name"),
    claim("an interval is not null", {"interval": None}, "null", "This field may not be null.", "interval"),
    claim("intervals are listed", {"interval": "month"}, "invalid_choice", choice("month"), "interval"),
    claim("there is no query model", {"model": "hogql"}, "invalid_choice", choice("hogql"), "model"),
    claim("time zones are listed", {"timezone": "Mars/Olympus"}, "invalid_choice", choice("Mars/Olympus"), "timezone"),
    claim(
        "a day has 24 hours",
        {**DAILY, "offset_hour": 24},
        "max_value",
        "Ensure this value is less than or equal to 23.",
        "offset_hour",
    ),
    claim(
        "a week has seven days",
        {**WEEKLY, "offset_day": 7},
        "max_value",
        "Ensure this value is less than or equal to 6.",
        "offset_day",
    ),
    claim(
        "a daily export has no offset day",
        {**DAILY, "offset_day": 1},
        "invalid_input",
        "offset_day should not be specified for daily intervals",
        "offset_day",
    ),
    claim(
        "an hourly export has no offset day",
        {"offset_day": 1},
        "invalid_input",
        "offset_day is not applicable for non-weekly intervals",
        "offset_day",
    ),
    claim(
        "an export by minutes has no offset hour",
        {"interval": "every 5 minutes", "offset_hour": 1},
        "invalid_input",
        "offset_hour is not applicable for non-daily/weekly intervals",
        "offset_hour",
    ),
    claim(
        "a window ends after it starts",
        {"start_at": "2026-01-02T00:00:00Z", "end_at": "2026-01-02T00:00:00Z"},
        "invalid_input",
        "The 'end_at' of a batch export must be after its 'start_at'.",
        "end_at",
    ),
    *(
        claim(f"a window lies in the years in reach: {text}", {"start_at": text}, "invalid_input", TIME, "start_at")
        for text in ("1979-12-31T23:59:59Z", "2100-01-01T00:00:00Z")
    ),
    claim(
        "filters are a list",
        {"filters": {}},
        "not_a_list",
        'Expected a list of items but got type "dict".',
        "filters",
    ),
    claim("a filter has a type", {"filters": [{"key": "plan"}]}, "required", REQUIRED, "filters__0__type"),
    claim(
        "filter types are listed",
        {"filters": [{"type": "cohort", "key": "plan"}]},
        "invalid_choice",
        choice("cohort"),
        "filters__0__type",
    ),
    *(
        claim(text, {"filters": [PLAN, {**PLAN, **wrong}]}, code, detail, f"filters__1__{attr}")
        for text, wrong, code, detail, attr in FILTERS
    ),
    claim(
        "a filter names what to compare with",
        {"filters": [{"type": "event", "key": "plan"}]},
        "required",
        REQUIRED,
        "filters__0__value",
    ),
    claim(
        "only events have filters",
        {"model": "persons", "filters": [{"type": "event", "key": "plan"}]},
        "invalid_input",
        "'filters' is only supported for 'events' model not 'persons' model",
        "filters",
    ),
    *(
        claim(f"{field} is refused", {field: value}, "invalid_input", only_for(field), field)
        for field, value in {
            "hogql_query": "SELECT event FROM events",
            "hogql_modifiers": {"debug": True},
            "primary_key": ["uuid"],
            "version_key": ["timestamp"],
        }.items()
    ),
    *(
        claim(
            f"incremental mode {value!r} is none",
            {"incremental_mode": value},
            "invalid_choice",
            choice(shown),
            "incremental_mode",
        )
        for value, shown in (("upsert", "upsert"), ("append", "append"), ("", ""), (5, "5"), ([], "[]"))
    ),
    claim(
        "an incremental mode is not null",
        {"incremental_mode": None},
        "null",
        "This field may not be null.",
        "incremental_mode",
    ),
    claim(
        "merging needs a key",
        {"incremental_mode": "MERGE"},
        "invalid_input",
        "'primary_key' is required when 'incremental_mode' is 'MERGE'",
        "primary_key",
    ),
]

_BLANKS = [
    *((S3, key) for key in ("bucket_name", "region", "aws_access_key_id", "aws_secret_access_key")),
    *(
        (kind, key)
        for kind in (POSTGRES, REDSHIFT)
        for key in ("host", "user", "password", "database", "schema", "table_name")
    ),
    *(
        (SNOWFLAKE, key)
        for key in ("account", "user", "password", "database", "warehouse", "schema", "table_name", "role")
    ),
    *((SNOWFLAKE, key) for key in ("private_key", "private_key_passphrase")),
    *((BIGQUERY, key) for key in ("project_id", "dataset_id", "table_id", "private_key", "private_key_id")),
    *((DATABRICKS, key) for key in ("client_id", "client_secret", "catalog", "schema", "table_name", "http_path")),
    *((AZURE, key) for key in ("container_name", "connection_string")),
    (HTTP, "token"),
]
_WRONG_HOSTS = [
    "BlobEndpoint=http://169.254.169.254/;AccountName=a;AccountKey=aGVsbG8=",
    "AccountName=a;AccountKey=aGVsbG8=;BlobEndpoint=http://10.0.0.1",
    "AccountName=a;AccountKey=aGVsbG8=;EndpointSuffix=internal",
]
DESTINATIONS = [
    *(
        claim(
            f"{kind['type']} {key} of blanks alone is none",
            to(config(kind, **{key: " \u2003 "})),
            "blank",
            BLANK,
            f"config__{key}",
        )
        for kind, key in _BLANKS
    ),
    *(
        claim(
            f"a connection string leads to no private network {number}",
            to(config(AZURE, connection_string=text)),
            "invalid_input",
            "Invalid connection_string: its host is not allowed",
            "config__connection_string",
        )
        for number, text in enumerate(_WRONG_HOSTS)
    ),
    claim(
        "files have no negative size",
        to(config(S3, max_file_size_mb=-1)),
        "min_value",
        "Ensure this value is greater than or equal to 0.",
        "config__max_file_size_mb",
    ),
    *(
        claim(
            f"the old names of Parquet files cannot be had in {kind['type']}",
            to(config(kind, legacy_parquet_extension=True)),
            "invalid_choice",
            choice("true"),
            "config__legacy_parquet_extension",
        )
        for kind in (S3, AZURE)
    ),
    *(
        claim(f"{kind} is no type here", to({"type": kind, "config": {}}), "invalid_choice", choice(kind), "type")
        for kind in ("AwsS3", "S3Compatible", "Workflows", "FileDownload", "Tape")
    ),
    claim(
        "there are no integrations",
        to({**S3, "integration": 7}),
        "does_not_exist",
        'Invalid pk "7" - object does not exist.',
        "integration",
    ),
    claim(
        "nor under their other name",
        to({**S3, "integration_id": 8}),
        "does_not_exist",
        'Invalid pk "8" - object does not exist.',
        "integration",
    ),
    claim(
        "unknown settings are named in order",
        to(config(S3, zebra=1, aardvark=2)),
        "invalid_input",
        "Configuration has unknown field/s: 'aardvark', 'zebra'",
        "config",
    ),
    claim(
        "a worker's own fields are no settings",
        to(config(NOOP, team_id=1, data_interval_end="2026-01-01T00:00:00Z", is_backfill=True)),
        "invalid_input",
        "Configuration has unknown field/s: 'data_interval_end', 'is_backfill', 'team_id'",
        "config",
    ),
    claim("a bucket is named", to(without(S3, "bucket_name")), "required", REQUIRED, "config__bucket_name"),
    claim(
        "a bucket's name is not empty",
        to(config(S3, bucket_name="")),
        "blank",
        "This field may not be blank.",
        "config__bucket_name",
    ),
    claim(
        "file formats are listed",
        to(config(S3, file_format="CSV")),
        "invalid_choice",
        choice("CSV"),
        "config__file_format",
    ),
    *(
        claim(
            f"JSONLines are not compressed with {compression}",
            to(config(S3, compression=compression)),
            "invalid_input",
            f"Compression {compression} is not supported for file format JSONLines. "
            "Supported compressions are ['gzip', 'brotli']",
            "config__compression",
        )
        for compression in ("zstd", "lz4", "snappy")
    ),
    claim(
        "optional settings have their type, too",
        to(config(S3, max_file_size_mb="abc")),
        "invalid_input",
        "A valid integer is required.",
        "config__max_file_size_mb",
    ),
    claim(
        "encryptions are listed",
        to(config(S3, encryption="rot13")),
        "invalid_choice",
        choice("rot13"),
        "config__encryption",
    ),
    claim(
        "the name of an event is not empty",
        to(config(S3, include_events=["signed_up", ""])),
        "blank",
        "This field may not be blank.",
        "config__include_events__1",
    ),
    claim(
        "an endpoint is not in a private network",
        to(config(S3, endpoint_url="http://10.0.0.1:9000")),
        "invalid_input",
        "Invalid endpoint_url: 'http://10.0.0.1:9000'",
        "config__endpoint_url",
    ),
    claim(
        "nor is a host",
        to(config(POSTGRES, host="192.168.0.10")),
        "invalid_input",
        "Invalid host: '192.168.0.10'",
        "config__host",
    ),
    claim(
        "a password is needed unless told otherwise",
        to(without(SNOWFLAKE, "password")),
        "invalid_input",
        NO_PASSWORD,
        "",
    ),
    claim(
        "a key pair needs its private key",
        to(config(SNOWFLAKE, authentication_type="keypair")),
        "invalid_input",
        "Private key is required if authentication type is key pair",
        "",
    ),
    claim("copying needs its inputs", to(config(REDSHIFT, mode="COPY")), "invalid_input", NO_COPY, ""),
    claim(
        "empty inputs are none",
        to(config(REDSHIFT, mode="COPY", copy_inputs=None)),
        "invalid_input",
        NO_COPY,
        "",
    ),
    claim(
        "copying needs a bucket",
        to(config(REDSHIFT, mode="COPY", copy_inputs={**COPY_INPUTS, "s3_bucket": ""})),
        "blank",
        "This field may not be blank.",
        "config__copy_inputs__s3_bucket",
    ),
    claim(
        "copying is authorized by a role or a key",
        to(config(REDSHIFT, mode="COPY", copy_inputs={**COPY_INPUTS, "authorization": "admin"})),
        "invalid_input",
        "Enter the ARN of an IAM role, like 'arn:aws:iam::123456789012:role/name'.",
        "config__copy_inputs__authorization",
    ),
    claim(
        "a key file has its fields", to(without(BIGQUERY, "client_email")), "required", REQUIRED, "config__client_email"
    ),
    claim(
        "only events go over HTTP",
        {**to(HTTP), "model": "persons"},
        "invalid_input",
        "HTTP batch exports only support the events model",
        "",
    ),
]


@pytest.mark.parametrize(("body", "code", "detail", "attr"), FIELDS)
def test_an_export_is_refused_whose_fields_break_a_rule(api: RulesWorld, body, code, detail, attr):
    expected = (400, code, detail, attr)
    assert refusal(api.ask("POST", "/", new_export(**body))) == expected
    model = body.get("model")
    if model is None:
        export = api.export()
        assert refusal(api.ask("PUT", f"{export}/", new_export(**body))) == expected
        assert refusal(api.ask("PATCH", f"{export}/", body)) == expected


@pytest.mark.parametrize(("body", "code", "detail", "attr"), DESTINATIONS)
def test_an_export_is_refused_whose_destination_breaks_a_rule(api: RulesWorld, body, code, detail, attr):
    field = f"destination__{attr}" if attr else "destination"
    assert refusal(api.ask("POST", "/", new_export(**body))) == (400, code, detail, field)
