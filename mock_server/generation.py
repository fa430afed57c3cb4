"""Bodies made from the contract's schemas: valid, plausible, and the same for the same seed and hour."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from batch_exports.contract.body import JSON
from batch_exports.contract.operation_spec import OperationSpec
from batch_exports.contract.spec import Spec

Schema = Mapping[str, Any]

_NULL_SHARE, _ABSENT_SHARE = 0.25, 0.15
_MOST_ITEMS = 3
_WEEK_MINUTES = 7 * 24 * 60
_ALWAYS_NULL = frozenset(
    {"next", "previous", "cursor", "hogql_query", "hogql_modifiers", "primary_key", "version_key", "schema"}
)
_OPEN = ("Starting", "Running")

_TEXTS: Mapping[str, Sequence[str]] = {
    "name": ("Hourly events to the lake", "Persons to the warehouse", "Nightly archive", "Billing events", "Sessions"),
    "description": ("Checks that the host answers.", "Checks that the bucket exists.", "Writes and deletes a file."),
    "message": ("Started: 18204 rows to export.", "Wrote a file of 12 MB.", "Completed: 18204 rows, 1 files."),
    "latest_error": ("The bucket 'acme-lake' does not exist.", "The host did not answer within 30 seconds."),
    "label": ("Front-end team", "Nightly job", "ada@example.com"),
    "field": ("name", "interval", "paused", "destination.config.prefix"),
    "timezone": ("UTC", "Europe/Berlin", "America/New_York"),
    "bucket_name": ("acme-lake", "acme-archive"),
    "region": ("eu-central-1", "us-east-1"),
    "prefix": ("events", "events/{year}/{month}"),
    "host": ("db.example.com", "warehouse.example.com"),
    "key_template": ("{prefix}/{data_interval_start}-{data_interval_end}",),
    "key": ("$browser", "plan", "country"),
    "secrets_set": ("password", "aws_secret_access_key"),
}
_OTHER_TEXTS = ("acme", "analytics", "events", "main", "production")
_NUMBERS: Mapping[str, tuple[int, int]] = {
    "records_total_count": (20_000, 50_000),
    "total_records_count": (20_000, 50_000),
    "records_completed": (500, 20_000),
    "records_failed": (0, 3),
    "bytes_exported": (1_000_000, 40_000_000),
    "total_runs": (12, 48),
    "finished_runs": (1, 12),
    "completed_runs": (1, 11),
    "failed_runs": (0, 1),
    "attempt": (1, 3),
    "team_id": (1, 1),
    "port": (5432, 5439),
}
_MINUTES: Mapping[str, float] = {
    "start_at": -2 * _WEEK_MINUTES,
    "end_at": 2 * _WEEK_MINUTES,
    "adjusted_start_at": -2 * _WEEK_MINUTES + 60,
    "last_paused_at": -90,
    "data_interval_start": -120,
    "data_interval_end": -60,
    "created_at": -59,
    "timestamp": -58,
    "finished_at": -57,
    "last_updated_at": -57,
    "next_attempt_at": 5,
}
"""When things happen, relative to what they belong to."""


def generate_body(operation: OperationSpec, status: int, seed: str, now: datetime) -> Any:
    """A body that the operation may answer with a status, near a moment; None where it has none."""
    content = operation.responses[str(status)].get("content", {}).get(JSON)
    if content is None:
        return None
    return _Generator(operation.document, Random(seed), now).value(content["schema"])  # noqa: S311  # no secret


class _Generator:
    def __init__(self, spec: Spec, random: Random, now: datetime) -> None:
        self._spec = spec
        self._random = random
        # Within an hour of real time, too, a seed means the same.
        self._now = now.replace(minute=0, second=0, microsecond=0)

    def value(self, schema: Schema, name: str = "") -> Any:
        schema = self._spec.resolve(schema)
        if schema.get("nullable") and (name in _ALWAYS_NULL or self._random.random() < _NULL_SHARE):
            return None
        if "enum" in schema:
            return self._random.choice([each for each in schema["enum"] if each is not None] or [None])
        for choice in ("oneOf", "anyOf"):
            if choice in schema:
                return self.value(self._random.choice(schema[choice]), name)
        make = getattr(self, f"_{schema.get('type', 'string')}")
        return make(schema, name)

    def _object(self, schema: Schema, _: str) -> dict[str, Any]:
        required = schema.get("required", ())
        properties = schema.get("properties", {})
        chosen = [name for name in properties if name in required or self._random.random() >= _ABSENT_SHARE]
        shown = self._now
        self._now -= timedelta(hours=self._random.randrange(48))
        made = {name: self.value(properties[name], name) for name in chosen}
        self._now = shown
        return _agreeing(made)

    def _array(self, schema: Schema, name: str) -> list[Any]:
        most = min(_MOST_ITEMS, schema.get("maxItems", _MOST_ITEMS))
        count = max(self._random.randint(1, most), schema.get("minItems", 0))
        return [self.value(schema["items"], name) for _ in range(count)]

    def _string(self, schema: Schema, name: str) -> str:
        match schema.get("format"):
            case "uuid":
                return str(UUID(int=self._random.getrandbits(128), version=4))
            case "date-time":
                return f"{self._now + timedelta(minutes=_MINUTES.get(name, 0)):%Y-%m-%dT%H:%M:%SZ}"
            case "uri":
                return "https://example.com/"
        return self._random.choice(_TEXTS.get(name, _OTHER_TEXTS))

    def _integer(self, schema: Schema, name: str) -> int:
        low, high = _NUMBERS.get(name, (0, 100))
        low = max(low, schema.get("minimum", low))
        return self._random.randint(low, max(low, min(high, schema.get("maximum", high))))

    def _number(self, schema: Schema, _: str) -> float:
        return round(self._random.uniform(schema.get("minimum", 0), min(schema.get("maximum", 1), 1_000)), 2)

    def _boolean(self, _schema: Schema, _: str) -> bool:
        return self._random.random() < 0.5  # noqa: PLR2004  # either way


def _agreeing(made: dict[str, Any]) -> dict[str, Any]:
    """An object whose parts say the same: what goes on has no end, what went well has no error."""
    if "results" in made and "count" in made:
        made["count"] = len(made["results"])
    status = str(made.get("status", ""))
    if status in _OPEN and "finished_at" in made:
        made["finished_at"] = None
    if not status.startswith("Failed") and "latest_error" in made:
        made["latest_error"] = None
    if status != "FailedRetryable" and "next_attempt_at" in made:
        made["next_attempt_at"] = None
    for run in made.get("latest_runs", ()):
        run["batch_export"] = made["id"]
    if made.get("paused") is False and "paused_reason" in made:
        made["paused_reason"] = None
    return made
