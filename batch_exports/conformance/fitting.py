"""Makes well-formed bodies fit the rules between their fields, so that more of them get past those rules.

Generated values keep each field's schema and know nothing of the fields beside it, or of what is stored: nearly all
would be refused for one such reason, and say nothing about the rest.
"""

from datetime import date, timedelta
from typing import Any

from batch_exports.conformance.issued import Issued
from batch_exports.domain.egress import PUBLIC, host_of

Json = dict[str, Any]

_WITH_HOUR, _WITH_DAY = ("day", "week"), ("week",)
_COMPRESSIONS = {"JSONLines": ("gzip", "brotli"), "Parquet": ("zstd", "lz4", "snappy", "gzip", "brotli")}
_IGNORING = {"pause_export", "unpause_export", "cancel_run", "retry_run", "cancel_backfill"}
_LAST_CHECK = {"S3": 2}
_PUBLIC_HOSTS = {
    "endpoint_url": "https://s3.example.com",
    "host": "db.example.com",
    "url": "https://example.com/batch/",
    "server_hostname": "dbc.example.com",
}
_COMPARED_WITH = {
    **dict.fromkeys(("gt", "gte", "lt", "lte"), 7),
    **dict.fromkeys(("is_date_before", "is_date_after"), "2024-02-29"),
    **dict.fromkeys(("regex", "not_regex"), "^pro"),
}
_SUNDAY = date(2024, 2, 25)


def fit(operation_id: str, export_id: str, body: Json, issued: Issued) -> Json:
    """A body that fits the export with this id, as far as that can be known."""
    if operation_id in {"create_backfill", "backfill_export"} and export_id in issued.exports:
        return body | _past_range(issued.exports[export_id])
    if operation_id == "run_new_test_step":
        return _fit_check(_fit_export(body | {"destination": _fit_destination(body["destination"])}))
    if operation_id == "create_export":
        return _fit_export(body | {"destination": _open_ended(_fit_destination(body["destination"]), issued)})
    if operation_id in {"replace_export", "update_export"} and export_id in issued.destinations:
        return _fit_export(_as_stored(issued, export_id, body))
    if operation_id in _IGNORING and r"\x00" in repr(body):
        return {}
    return body


def _as_stored(issued: Issued, export_id: str, body: Json) -> Json:
    """The change of an export, with the destination and the model that it cannot change."""
    shown = issued.exports.get(export_id, body)
    fixed = {"destination": issued.destinations[export_id], "model": shown.get("model")}
    kept = {name: value for name, value in fixed.items() if name in body}
    return {"interval": shown.get("interval"), **body, **kept}


def _fit_export(body: Json) -> Json:
    dropped = set()
    if body.get("interval") not in _WITH_DAY:
        dropped.add("offset_day")
    if body.get("interval") not in _WITH_HOUR:
        dropped.add("offset_hour")
    if body.get("incremental_mode") == "MERGE":
        dropped.add("incremental_mode")
    if (body.get("model") or "events") != "events":
        dropped.add("model" if body.get("destination", {}).get("type") == "HTTP" else "filters")
    # Either time alone is right, whatever is stored.
    times = {"end_at": None} if body.get("start_at") else {"start_at": None} if body.get("end_at") else {}
    filters = {"filters": [_fit_filter(each) for each in body["filters"]]} if body.get("filters") else {}
    return {name: value for name, value in (body | filters).items() if name not in dropped} | times


def _fit_filter(each: Json) -> Json:
    value = _COMPARED_WITH.get(each.get("operator", "exact"), each.get("value"))
    if value in (None, []) or (isinstance(value, list) and None in value):
        value = "pro"
    return each | {"type": "event" if each["type"] == "hogql" else each["type"], "value": value}


def _fit_destination(destination: Json) -> Json:
    config = dict(destination.get("config", {}))
    if config.get("compression") not in _COMPRESSIONS[config.get("file_format", "JSONLines")]:
        config.pop("compression", None)
    if destination["type"] == "Snowflake":
        config |= {"authentication_type": "password", "password": config.get("password") or "not-a-real-password"}
    if config.get("encryption") != "aws:kms":
        config.pop("kms_key_id", None)
    if not config.get("copy_inputs"):
        config.pop("mode", None)
    for key, fitting_value in _PUBLIC_HOSTS.items():
        if config.get(key) and not PUBLIC.permits_host(host_of(config[key]) or ""):
            config[key] = fitting_value
    return {"type": destination["type"], "config": config}


def _open_ended(destination: Json, issued: Issued) -> Json:
    """The destination, as a bucket where nobody answers unless a server is named: its runs go on for a while."""
    if destination["type"] != "S3" or destination["config"].get("endpoint_url"):
        return destination
    return destination | {"config": destination["config"] | {"endpoint_url": issued.silent_endpoint}}


def _fit_check(body: Json) -> Json:
    last = _LAST_CHECK.get(body["destination"]["type"], 0)
    return body | {"step": min(body.get("step", 0), last)}


def _past_range(export: Json) -> Json:
    """Few intervals of an export's past."""
    if export["interval"] == "day":
        return {"start_at": "2024-02-27", "end_at": "2024-02-29"}
    if export["interval"] == "week":
        start = _SUNDAY + timedelta(days=export["offset_day"])
        return {"start_at": start.isoformat(), "end_at": (start + timedelta(weeks=1)).isoformat()}
    return {"start_at": "2024-02-28T22:00:00Z", "end_at": "2024-02-28T22:20:00Z"}
