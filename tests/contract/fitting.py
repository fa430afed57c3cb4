"""Makes well-formed bodies fit the rules between their fields, so that more of them get past those rules.

Generated values keep each field's schema and know nothing of the fields beside it, or of what is stored: nearly all
would be refused for one such reason, and say nothing about the rest.
"""

from datetime import date, timedelta
from typing import Any

Json = dict[str, Any]

_WITH_HOUR, _WITH_DAY = ("day", "week"), ("week",)
_COMPRESSIONS = {"JSONLines": ("gzip", "brotli"), "Parquet": ("zstd", "lz4", "snappy", "gzip", "brotli")}
_LAST_CHECK = {"S3": 2}
_SUNDAY = date(2024, 2, 25)


class Exports:
    """The exports that answers have shown, and the destinations with which they were saved."""

    def __init__(self) -> None:
        self._shown: dict[str, Json] = {}
        self._destinations: dict[str, Json] = {}

    def note(self, sent: Any, received: Any) -> None:
        """Remember an export from an answer that shows it."""
        if not isinstance(received, dict) or not {"id", "interval", "destination"} <= received.keys():
            return
        self._shown[received["id"]] = received
        if isinstance(sent, dict) and {"name", "interval", "destination"} <= sent.keys():
            self._destinations[received["id"]] = sent["destination"]

    def fit(self, operation_id: str, export_id: str, body: Json) -> Json:
        """A body that fits, as far as that can be known."""
        if operation_id in {"create_backfill", "backfill_export"}:
            return _fit_backfill(self._shown.get(export_id), body)
        if operation_id == "run_new_test_step":
            return _fit_check({**body, "destination": _fit_destination(body["destination"])})
        if operation_id == "create_export":
            return _fit_export(body | {"destination": _fit_destination(body["destination"])})
        if operation_id in {"replace_export", "update_export"} and export_id in self._destinations:
            return _fit_export(self._as_stored(export_id, body))
        return body

    def _as_stored(self, export_id: str, body: Json) -> Json:
        """The change of an export, with the destination and the model that it cannot change."""
        fixed = {"destination": self._destinations[export_id], "model": self._shown[export_id]["model"]}
        kept = {name: value for name, value in fixed.items() if name in body}
        return {"interval": self._shown[export_id]["interval"], **body, **kept}


def _fit_export(body: Json) -> Json:
    dropped = set()
    if body.get("interval") not in _WITH_DAY:
        dropped.add("offset_day")
    if body.get("interval") not in _WITH_HOUR:
        dropped.add("offset_hour")
    if body.get("model", "events") != "events":
        dropped.add("model" if body.get("destination", {}).get("type") == "HTTP" else "filters")
    if body.get("start_at") and body.get("end_at"):
        dropped.add("end_at")
    return {name: value for name, value in body.items() if name not in dropped}


def _fit_destination(destination: Json) -> Json:
    config = dict(destination.get("config", {}))
    if config.get("compression") not in _COMPRESSIONS[config.get("file_format", "JSONLines")]:
        config.pop("compression", None)
    if destination["type"] == "Snowflake":
        config |= {"authentication_type": "password", "password": config.get("password") or "not-a-real-password"}
    if not config.get("copy_inputs"):
        config.pop("mode", None)
    return {"type": destination["type"], "config": config}


def _fit_check(body: Json) -> Json:
    last = _LAST_CHECK.get(body["destination"]["type"], 0)
    return body | {"step": min(body.get("step", 0), last)}


def _fit_backfill(export: Json | None, body: Json) -> Json:
    """Bounds of few intervals in the past, in place of those that are not null."""
    if export is None or not body.get("start_at") or not body.get("end_at"):
        return body
    if export["interval"] == "day":
        return body | {"start_at": "2024-02-27", "end_at": "2024-02-29"}
    if export["interval"] == "week":
        start = _SUNDAY + timedelta(days=export["offset_day"])
        return body | {"start_at": start.isoformat(), "end_at": (start + timedelta(weeks=1)).isoformat()}
    return body | {"start_at": "2024-02-28T22:00:00Z", "end_at": "2024-02-28T22:20:00Z"}
