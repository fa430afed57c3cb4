"""Domain objects to rows and back."""

import json
from dataclasses import fields
from typing import Any

from sqlalchemy import RowMapping

from batch_exports.domain.backfills import Backfill
from batch_exports.domain.exports import Destination, Export
from batch_exports.domain.keys import ApiKey
from batch_exports.domain.runs import Run
from batch_exports.domain.schedules import Schedule
from batch_exports.store.cipher import Cipher

_RUN_FIELDS = tuple(field.name for field in fields(Run))
_BACKFILL_FIELDS = tuple(field.name for field in fields(Backfill))
_SCHEDULE_FIELDS = tuple(field.name for field in fields(Schedule))
_EXPORT_FIELDS = tuple(
    field.name for field in fields(Export) if field.name not in {"destination", "schedule", "filters"}
)


def run_row(run: Run) -> dict[str, Any]:
    """The columns of a run."""
    return {name: getattr(run, name) for name in _RUN_FIELDS}


def backfill_row(backfill: Backfill) -> dict[str, Any]:
    """The columns of a backfill."""
    return {name: getattr(backfill, name) for name in _BACKFILL_FIELDS}


def export_row(export: Export, cipher: Cipher) -> dict[str, Any]:
    """The columns of an export, its credentials encrypted."""
    row = {name: getattr(export, name) for name in _EXPORT_FIELDS}
    row.update((name, getattr(export.schedule, name)) for name in _SCHEDULE_FIELDS)
    row["destination_type"] = export.destination.type
    row["destination_config"] = dict(export.destination.config)
    row["destination_secrets"] = _seal(export, cipher)
    row["filters"] = None if export.filters is None else [dict(each) for each in export.filters]
    return row


def export_of(row: RowMapping, cipher: Cipher) -> Export:
    """The export of a row, its credentials decrypted; raises SecretsUnreadable."""
    sealed = row["destination_secrets"]
    secrets = {} if sealed is None else json.loads(cipher.open(sealed, owner=row["id"].bytes))
    filters = row["filters"]
    return Export(
        destination=Destination(row["destination_type"], row["destination_config"], secrets),
        schedule=Schedule(**_pick(row, _SCHEDULE_FIELDS)),
        filters=None if filters is None else tuple(filters),
        **_pick(row, _EXPORT_FIELDS),
    )


def key_row(key: ApiKey) -> dict[str, Any]:
    """The columns of an API key."""
    return {
        "id": key.id,
        "project_id": key.project_id,
        "scopes": sorted(key.scopes),
        "hash": key.hash,
        "label": key.label,
        "created_at": key.created_at,
    }


def key_of(row: RowMapping) -> ApiKey:
    """The API key of a row."""
    return ApiKey(**{**row, "scopes": frozenset(row["scopes"])})


def _seal(export: Export, cipher: Cipher) -> bytes | None:
    secrets = export.destination.secrets
    return cipher.seal(json.dumps(dict(secrets)).encode(), owner=export.id.bytes) if secrets else None


def _pick(row: RowMapping, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: row[name] for name in names}
