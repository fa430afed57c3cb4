"""What the user of an export sets, and what a change makes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from batch_exports.conformance.model.documents import moment

Json = dict[str, Any]

_SECRET = frozenset(
    {"aws_access_key_id", "aws_secret_access_key", "user", "password", "private_key", "private_key_passphrase"}
)
_NO_QUERY = {
    "hogql_query": None,
    "hogql_modifiers": None,
    "primary_key": None,
    "version_key": None,
    "incremental_mode": "APPEND",
    "schema": None,
}
_WITH_HOURS = frozenset({"day", "week"})
_KEPT = ("name", "interval", "filters")


@dataclass(frozen=True, slots=True)
class ExportSettings:
    """An export, without what the service makes of it."""

    name: str
    model: str
    destination_type: str
    config: Mapping[str, Any] = field(repr=False)
    interval: str
    timezone: str = "UTC"
    offset_day: int | None = None
    offset_hour: int | None = None
    start_at: datetime | None = None
    end_at: datetime | None = None
    filters: Any = None

    @classmethod
    def created(cls, body: Mapping[str, Any]) -> "ExportSettings":
        """Those of a new export."""
        sent = body["destination"]
        blank = cls(body["name"], body.get("model") or "events", sent["type"], {}, body["interval"])
        return blank.updated(body)

    def replaced(self, body: Mapping[str, Any]) -> "ExportSettings":
        """Those after a PUT: the offsets that it leaves out go back to their defaults."""
        return self.updated({"offset_day": None, "offset_hour": None, **body})

    def updated(self, body: Mapping[str, Any]) -> "ExportSettings":
        """Those after a PATCH: what is sent changes, and the config is merged key by key."""
        kept = {name: body.get(name, getattr(self, name)) for name in _KEPT}
        interval = kept["interval"]
        config = merged(self.config, body.get("destination", {}).get("config") or {})
        return ExportSettings(
            **kept,
            model=self.model,
            destination_type=self.destination_type,
            config={name: value for name, value in config.items() if name not in _SECRET or value is not None},
            timezone=body.get("timezone", self.timezone) or "UTC",
            offset_day=self._offset(body, "offset_day", applies=interval == "week"),
            offset_hour=self._offset(body, "offset_hour", applies=interval in _WITH_HOURS),
            start_at=self._time(body, "start_at"),
            end_at=self._time(body, "end_at"),
        )

    @property
    def schedule(self) -> tuple[str, str, int | None, int | None]:
        """What decides where intervals begin."""
        return self.interval, self.timezone, self.offset_day, self.offset_hour

    def document(self) -> Json:
        """How an answer shows them: credentials by their names alone."""
        shown = ("name", "model", "interval", "timezone", "offset_day", "offset_hour", "start_at", "end_at", "filters")
        destination = {
            "type": self.destination_type,
            "config": _public(self.config),
            "integration": None,
            "secrets_set": sorted(_secrets(self.config)),
        }
        return {name: getattr(self, name) for name in shown} | {"destination": destination} | _NO_QUERY

    def _offset(self, body: Mapping[str, Any], name: str, *, applies: bool) -> int | None:
        return (body.get(name, getattr(self, name)) or 0) if applies else None

    def _time(self, body: Mapping[str, Any], name: str) -> datetime | None:
        if name not in body:
            kept: datetime | None = getattr(self, name)
            return kept
        return None if body[name] is None else moment(body[name])


def merged(stored: Mapping[str, Any], sent: Mapping[str, Any]) -> Json:
    """Objects are merged into objects; whatever else is sent, null too, takes the place of what was there."""
    result = dict(stored)
    for name, value in sent.items():
        old = result.get(name)
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        result[name] = merged(old, value) if both and old is not None else value
    return result


def _public(config: Mapping[str, Any]) -> Json:
    return {
        name: _public(value) if isinstance(value, Mapping) else value
        for name, value in config.items()
        if name not in _SECRET
    }


def _secrets(config: Mapping[str, Any], above: str = "") -> list[str]:
    found: list[str] = []
    for name, value in config.items():
        if isinstance(value, Mapping):
            found += _secrets(value, f"{above}{name}__")
        elif name in _SECRET:
            found.append(above + name)
    return found
