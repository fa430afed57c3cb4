"""Requests that must be refused, each for one reason, and the field that the refusal has to name."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from batch_exports.conformance.model.documents import Json


@dataclass(frozen=True, slots=True)
class Flaw:
    """What makes a right request wrong."""

    attr: str | None
    """The field that the refusal names."""
    sent: Mapping[str, Any]
    without: str | None = None
    """The field that is left out."""

    def of(self, body: Mapping[str, Any]) -> Json:
        """A right body with this flaw."""
        return {name: value for name, value in body.items() if name != self.without} | dict(self.sent)


def _noop(**beside: Any) -> Json:
    return {"destination": {"type": "NoOp", "config": {}, **beside}}


_NOTHING: Mapping[str, Any] = MappingProxyType({})
_TOO_LONG = 401

FLAWS_OF_CHANGES = (
    Flaw("name", {"name": ""}),
    Flaw("name", {"name": None}),
    Flaw("name", {"name": "x" * _TOO_LONG}),
    Flaw("name", {"name": 7}),
    Flaw("interval", {"interval": "month"}),
    Flaw("interval", {"interval": None}),
    Flaw("paused", {"paused": "yes"}),
    Flaw("timezone", {"timezone": "Mars/Olympus"}),
    Flaw("offset_hour", {"interval": "hour", "offset_hour": 5, "offset_day": None}),
    Flaw("offset_hour", {"interval": "day", "offset_hour": 24, "offset_day": None}),
    Flaw("offset_day", {"interval": "day", "offset_day": 1, "offset_hour": None}),
    Flaw("start_at", {"start_at": "yesterday"}),
    Flaw("end_at", {"start_at": "2024-01-02T00:00:00Z", "end_at": "2024-01-02T00:00:00Z"}),
    Flaw("filters__0__type", {"model": None, "filters": [{"type": "cohort", "key": "a", "value": 1}]}),
    Flaw("hogql_query", {"hogql_query": "SELECT event FROM events"}),
    Flaw("incremental_mode", {"incremental_mode": "UPSERT"}),
)
"""Wrong in what is new and in what changes."""

FLAWS_OF_EXPORTS = (
    *FLAWS_OF_CHANGES,
    Flaw("name", _NOTHING, without="name"),
    Flaw("interval", _NOTHING, without="interval"),
    Flaw("destination", _NOTHING, without="destination"),
    Flaw("model", {"model": "rows"}),
    Flaw("filters", {"model": "persons", "filters": [{"type": "event", "key": "a", "value": 1}]}),
    Flaw("destination__type", {"destination": {"type": "Tape", "config": {}}}),
    Flaw("destination__integration", _noop(integration=7)),
    Flaw("destination__config", {"destination": {"type": "NoOp", "config": {"speed": 9}}}),
    Flaw("destination__config__path", {"destination": {"type": "File", "config": {}}}),
    Flaw("destination__config__path", {"destination": {"type": "File", "config": {"path": "../out"}}}),
    Flaw(
        "destination__config__compression",
        {"destination": {"type": "File", "config": {"path": "a", "compression": "zstd"}}},
    ),
)
"""Wrong in a new export."""

WRONG_RANGES: tuple[tuple[Json, str | None], ...] = (
    ({}, None),
    ({"start_at": None, "end_at": None}, None),
    ({"start_at": "soon", "end_at": "later"}, "start_at"),
    ({"start_at": "2024-03-03T00:00:00", "end_at": "2024-03-04T00:00:00"}, "start_at"),
)
"""Wrong in a backfill of whatever export, and the field that the refusal names."""
