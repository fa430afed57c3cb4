"""Domain objects to rows and back."""

import json
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import RowMapping

from batch_exports.domain.activity import Activity, Actor, Change
from batch_exports.domain.backfills import Backfill
from batch_exports.domain.destinations import SECRET_KEYS
from batch_exports.domain.exports import Destination, Export
from batch_exports.domain.keys import ApiKey
from batch_exports.domain.runs import Run
from batch_exports.domain.schedules import Schedule
from batch_exports.domain.throttles import Usage, Window
from batch_exports.store.cipher import Cipher, SecretsUnreadable

Record = TypeVar("Record")
Row = RowMapping | Mapping[str, Any]

_RUN_FIELDS = tuple(field.name for field in fields(Run))
_BACKFILL_FIELDS = tuple(field.name for field in fields(Backfill))
_KEY_FIELDS = tuple(field.name for field in fields(ApiKey))
_ACTIVITY_FIELDS = tuple(field.name for field in fields(Activity) if field.name not in {"actor", "changes"})
_SCHEDULE_FIELDS = tuple(field.name for field in fields(Schedule))
_EXPORT_FIELDS = tuple(
    field.name for field in fields(Export) if field.name not in {"destination", "schedule", "filters"}
)


def records(kind: type[Record], names: Iterable[str], rows: Sequence[Iterable[Any]]) -> list[Record]:
    """Objects of a dataclass out of rows that have a column for each of its fields.

    Its own constructor would take as long as all else that is done for a page of rows: frozen, it sets field by field.
    """
    made = [kind.__new__(kind) for _ in rows]
    for name, column in zip(names, zip(*rows, strict=True), strict=False):
        # Only for what is done on the way.
        deque(map(getattr(kind, name).__set__, made, column), maxlen=0)
    return made


def run_row(run: Run) -> dict[str, Any]:
    """The columns of a run."""
    return {name: getattr(run, name) for name in _RUN_FIELDS}


def backfill_row(backfill: Backfill) -> dict[str, Any]:
    """The columns of a backfill."""
    return {name: getattr(backfill, name) for name in _BACKFILL_FIELDS}


def export_row(export: Export, cipher: Cipher) -> dict[str, Any]:
    """The columns of an export, its credentials encrypted; those that cannot be read are left as they are."""
    row = {name: getattr(export, name) for name in _EXPORT_FIELDS}
    row.update((name, getattr(export.schedule, name)) for name in _SCHEDULE_FIELDS)
    row["destination_type"] = export.destination.type
    row["destination_config"] = dict(export.destination.config)
    row["destination_secret_names"] = export.destination.secret_names
    if not export.destination.unreadable:
        row["destination_secrets"] = _seal(export, cipher)
    row["filters"] = None if export.filters is None else [dict(each) for each in export.filters]
    return row


def export_of(row: Row, cipher: Cipher) -> Export:
    """The export of a row, its credentials decrypted."""
    filters = row["filters"]
    return Export(
        destination=_destination_of(row, cipher),
        schedule=Schedule(**_pick(row, _SCHEDULE_FIELDS)),
        filters=None if filters is None else tuple(filters),
        **_pick(row, _EXPORT_FIELDS),
    )


def key_row(key: ApiKey) -> dict[str, Any]:
    """The columns of an API key."""
    row = {name: getattr(key, name) for name in _KEY_FIELDS}
    project_ids = None if key.project_ids is None else sorted(key.project_ids)
    return row | {"scopes": sorted(key.scopes), "project_ids": project_ids}


def key_of(row: Row) -> ApiKey:
    """The API key of a row."""
    project_ids = None if row["project_ids"] is None else frozenset(row["project_ids"])
    return ApiKey(**{**row, "scopes": frozenset(row["scopes"]), "project_ids": project_ids})


def activity_row(activity: Activity) -> dict[str, Any]:
    """The columns of an entry of the audit log."""
    row = {name: getattr(activity, name) for name in _ACTIVITY_FIELDS}
    actor = activity.actor
    row |= {"actor_type": actor.type, "actor_id": actor.id, "actor_label": actor.label, "request_id": actor.request_id}
    return row | {"changes": [asdict(change) for change in activity.changes]}


def activity_of(row: Row) -> Activity:
    """The entry of the audit log of a row."""
    return Activity(
        actor=Actor(row["actor_type"], row["actor_id"], row["actor_label"], row["request_id"]),
        changes=tuple(Change(**change) for change in row["changes"]),
        **_pick(row, _ACTIVITY_FIELDS),
    )


def usage_json(usage: Usage) -> list[dict[str, Any]]:
    """What a key has used, as JSON."""
    return [
        {"seconds": length.total_seconds(), "start": window.start.isoformat(), "used": window.used}
        for length, window in usage.items()
    ]


def usage_of(windows: list[dict[str, Any]]) -> Usage:
    """What a key has used, out of its JSON."""
    return {
        timedelta(seconds=each["seconds"]): Window(datetime.fromisoformat(each["start"]), each["used"])
        for each in windows
    }


def _destination_of(row: Row, cipher: Cipher) -> Destination:
    kind, config, sealed = row["destination_type"], row["destination_config"], row["destination_secrets"]
    if sealed is None:
        return Destination(kind, config)
    try:
        return Destination(kind, config, json.loads(cipher.open(sealed, owner=row["id"].bytes)))
    except SecretsUnreadable:
        # Rows that were made before names were kept may have any credential of their type.
        names = row["destination_secret_names"] or sorted(SECRET_KEYS[kind])
        return Destination(kind, config, unreadable=tuple(names))


def _seal(export: Export, cipher: Cipher) -> bytes | None:
    secrets = export.destination.secrets
    return cipher.seal(json.dumps(dict(secrets)).encode(), owner=export.id.bytes) if secrets else None


def _pick(row: Row, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: row[name] for name in names}
