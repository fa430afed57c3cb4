"""Valid requests: exports, changes of them, ranges of backfills."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from batch_exports.conformance.model.documents import Json
from batch_exports.conformance.model.exchange import SECRET_MARK
from batch_exports.conformance.model.export_settings import ExportSettings
from batch_exports.conformance.model.intervals import LENGTHS, weekday
from batch_exports.conformance.model.known_export import KnownExport

Draw = Callable[[st.SearchStrategy[Any]], Any]

TAILS = ("", "Lake", "lake house", "100%", "a_b", "Ämter", "数据")
"""What names end with: what a search has to tell apart."""
MODELS = ("events", "persons", "sessions")
INTERVALS = ("hour", "day", "week", "every 5 minutes", "every 15 minutes")

_ZONES = ("UTC", "Europe/Berlin", "Asia/Kolkata", "America/New_York")
# No hour that a change of clocks leaves out or repeats.
_HOURS = (0, 5, 23)
_STARTS = ("2020-02-29T23:00:00Z", "2021-01-01T01:30:00.25+01:00", "2022-05-05 10:00")
_ENDS = ("2090-01-01T00:00:00Z", "2091-06-30T12:00:00-05:30")
_FILTERS: tuple[list[Json], ...] = (
    [],
    [{"type": "event", "key": "utm_source", "value": "mail"}],
    [
        {"type": "person", "key": "plan", "operator": "is_set"},
        {"type": "event", "key": "n", "operator": "gt", "value": 3},
    ],
)
_SECRETS = st.sampled_from([f"{SECRET_MARK}-1", f"{SECRET_MARK}-2", f"{SECRET_MARK} ÿ"])
_EVENTS = st.sampled_from([None, [], ["$pageview"], ["signed up", "$identify"]])
_KEYS = st.fixed_dictionaries({"aws_access_key_id": _SECRETS, "aws_secret_access_key": _SECRETS})
_ROLE = "arn:aws:iam::123456789012:role/reader"
_COPY = st.none() | st.fixed_dictionaries(
    {
        "s3_bucket": st.sampled_from(["acme-stage", "acme-stage-2"]),
        "region_name": st.just("eu-central-1"),
        "authorization": st.just(_ROLE) | _KEYS,
        "bucket_credentials": _KEYS,
    },
    optional={"s3_key_prefix": st.sampled_from(["/", "stage/"])},
)
_REQUIRED: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "NoOp": {},
    "File": {"path": st.sampled_from(["model-check", "model-check/deep"])},
    "S3": {
        "bucket_name": st.sampled_from(["acme-lake", "acme.lake-2"]),
        "region": st.sampled_from(["eu-central-1", "us-east-1"]),
        "prefix": st.sampled_from(["", "events/{year}"]),
        "aws_access_key_id": _SECRETS,
        "aws_secret_access_key": _SECRETS,
    },
    "Snowflake": {
        "account": st.just("acme-main"),
        "user": _SECRETS,
        "password": _SECRETS,
        "database": st.sampled_from(["ANALYTICS", "RAW"]),
        "warehouse": st.just("LOAD"),
        "schema": st.just("PUBLIC"),
    },
    "Redshift": {
        "host": st.just("warehouse.example.com"),
        "user": _SECRETS,
        "password": _SECRETS,
        "database": st.sampled_from(["analytics", "raw"]),
    },
}
_OPTIONAL: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "NoOp": {"arg": st.sampled_from(["", "text"])},
    "File": {"compression": st.sampled_from([None, "gzip"]), "max_file_size_mb": st.sampled_from([None, 10])},
    "S3": {"compression": st.sampled_from([None, "gzip", "brotli"]), "encryption": st.sampled_from([None, "AES256"])},
    "Snowflake": {"role": st.sampled_from([None, "LOADER"]), "private_key_passphrase": st.none() | _SECRETS},
    "Redshift": {"copy_inputs": _COPY, "port": st.sampled_from([5439, 5440])},
}
_PARTS_OF_COPY = st.fixed_dictionaries(
    {}, optional={"s3_bucket": st.just("acme-stage-3"), "authorization": st.just(_ROLE) | _KEYS}
)


def new_exports(draw: Draw, program: str) -> Json:
    """A new export, whose name begins with that of the program."""
    kind = draw(st.sampled_from(["NoOp", *_REQUIRED]))
    model = draw(st.sampled_from([None, "events", *MODELS]))
    body = {
        "name": f"{program}{draw(st.sampled_from(TAILS))}",
        "interval": draw(st.sampled_from(INTERVALS)),
        "destination": {"type": kind, "config": draw(st.fixed_dictionaries(_REQUIRED[kind], optional=_options(kind)))},
    }
    body |= {} if model is None else {"model": model}
    common: Json = draw(_common(body["interval"], model or "events"))
    return body | common


def changes(draw: Draw, export: ExportSettings, program: str) -> Json:
    """What a PATCH sends."""
    sent = draw(st.fixed_dictionaries({}, optional=_naming(program)))
    sent |= draw(_common(sent.get("interval", export.interval), export.model))
    if draw(st.booleans()):
        kind = export.destination_type
        some = st.fixed_dictionaries({}, optional=_REQUIRED[kind] | _options(kind))
        nested = export.config.get("copy_inputs") is not None and draw(st.booleans())
        config = {"copy_inputs": draw(_PARTS_OF_COPY)} if nested else draw(some)
        sent["destination"] = draw(st.sampled_from([{"config": config}, {"type": kind, "config": config}]))
    return dict(sent)


def replacements(draw: Draw, export: ExportSettings, program: str) -> Json:
    """What a PUT sends."""
    kind = export.destination_type
    config = draw(st.fixed_dictionaries(_REQUIRED[kind], optional=_options(kind)))
    sent = draw(st.fixed_dictionaries(_naming(program)))
    sent |= draw(_common(sent["interval"], export.model))
    return {**sent, "destination": {"type": kind, "config": config}}


def ranges(draw: Draw, export: KnownExport) -> tuple[str, str]:
    """A range of intervals that are over, by the clock of the service, as it made the export."""
    now: datetime = export.document["created_at"]
    first, number = draw(st.integers(0, 3)), draw(st.integers(1, 3))
    length = LENGTHS.get(export.settings.interval)
    if length is not None:
        begin = now.replace(minute=0, second=0, microsecond=0) - timedelta(days=2) + first * length
        inside = draw(st.sampled_from([timedelta(0), timedelta(minutes=1)]))
        written = f"%Y-%m-%dT%H:%M:%S{draw(st.sampled_from(['Z', '+00:00']))}"
        return (begin + inside).strftime(written), (begin + number * length).strftime(written)
    step = 7 if export.settings.interval == "week" else 1
    day: date = now.date() - timedelta(days=3 + (first + 5) * step)
    if step > 1:
        day -= timedelta(days=(weekday(day) - (export.settings.offset_day or 0)) % 7)
    return day.isoformat(), (day + timedelta(days=number * step)).isoformat()


def _options(kind: str) -> dict[str, st.SearchStrategy[Any]]:
    return _OPTIONAL[kind] | {"include_events": _EVENTS, "exclude_events": _EVENTS}


def _naming(program: str) -> dict[str, st.SearchStrategy[Any]]:
    names = st.sampled_from(TAILS).map(lambda tail: f"{program}{tail}")
    return {"name": names, "interval": st.sampled_from(INTERVALS)}


def _common(interval: str, model: str) -> st.SearchStrategy[Json]:
    fields: dict[str, st.SearchStrategy[Any]] = {
        "paused": st.booleans(),
        "timezone": st.sampled_from([None, *_ZONES]),
        "start_at": st.sampled_from([None, *_STARTS]),
        "end_at": st.sampled_from([None, *_ENDS]),
        "filters": st.sampled_from([None, *(_FILTERS if model == "events" else ([],))]),
        "offset_hour": st.sampled_from([None, *_HOURS] if interval in {"day", "week"} else [None]),
        "offset_day": st.sampled_from([None, 0, 3, 6] if interval == "week" else [None]),
    }
    return st.fixed_dictionaries({}, optional=fields)
