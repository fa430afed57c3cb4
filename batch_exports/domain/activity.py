"""Who changed what: the entries of the audit log, which name credentials and never hold one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from batch_exports.domain.destinations import leaves
from batch_exports.domain.exports import Export
from batch_exports.domain.keys import ApiKey

_SCHEDULE_FIELDS = ("interval", "timezone", "offset_day", "offset_hour", "start_at", "end_at")
_MISSING = object()


class ActorType(StrEnum):
    """What kind of caller makes a change."""

    API_KEY = "api_key"
    OPERATOR = "operator"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who makes a change; `id` and `label` are those of an API key, `request_id` that of the request."""

    type: ActorType
    id: str | None = None
    label: str = ""
    request_id: str | None = None


SERVICE = Actor(ActorType.SERVICE)
"""The service on its own."""
OPERATOR = Actor(ActorType.OPERATOR)
"""Whoever sits at the command line."""


class ActivityKind(StrEnum):
    """What was done; what concerns organizations, projects, keys and encryption is the operator's to read."""

    CREATED = "created"
    UPDATED = "updated"
    PAUSED = "paused"
    UNPAUSED = "unpaused"
    DELETED = "deleted"
    RUN_CANCELLED = "run_cancelled"
    RUN_RETRIED = "run_retried"
    BACKFILL_CREATED = "backfill_created"
    BACKFILL_CANCELLED = "backfill_cancelled"
    ORGANIZATION_CREATED = "organization_created"
    PROJECT_CREATED = "project_created"
    KEY_CREATED = "key_created"
    KEY_ROTATED = "key_rotated"
    KEY_REVOKED = "key_revoked"
    SECRETS_ROTATED = "secrets_rotated"
    SECRETS_FORGOTTEN = "secrets_forgotten"


@dataclass(frozen=True, slots=True)
class Change:
    """What one field was and is, as JSON values; both are None for a secret."""

    field: str
    before: Any
    after: Any
    secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """One entry of the audit log."""

    id: UUID
    kind: ActivityKind
    created_at: datetime
    actor: Actor
    project_id: int | None = None
    export_id: UUID | None = None
    run_id: UUID | None = None
    backfill_id: UUID | None = None
    key_id: UUID | None = None
    changes: tuple[Change, ...] = ()


def changes_between(before: Export, after: Export) -> tuple[Change, ...]:
    """In what an export differs from what it was."""
    old, old_secrets = _fields(before), _settings(before.destination.secrets)
    new, new_secrets = _fields(after), _settings(after.destination.secrets)
    changes = [Change(name, old.get(name), new.get(name)) for name in _differing(old, new)]
    secrets = [Change(name, None, None, secret=True) for name in _differing(old_secrets, new_secrets)]
    return (*changes, *secrets)


def first_values(**fields: Any) -> tuple[Change, ...]:
    """What is said of something new: its fields, which had no value before."""
    return tuple(Change(name, None, value) for name, value in fields.items())


def key_changes(before: ApiKey | None, after: ApiKey) -> tuple[Change, ...]:
    """In what a key differs from what it was; all that is said of a new one."""
    new = _facts(after)
    old = dict.fromkeys(new) if before is None else _facts(before)
    return tuple(Change(name, old[name], new[name]) for name in _differing(old, new))


def _fields(export: Export) -> dict[str, Any]:
    fields = {"name": export.name, "model": export.model.value, "destination.type": export.destination.type}
    fields |= _settings(export.destination.config)
    fields |= {name: _json(getattr(export.schedule, name)) for name in _SCHEDULE_FIELDS}
    return fields | {"paused": export.paused, "filters": None if export.filters is None else list(export.filters)}


def _facts(key: ApiKey) -> dict[str, Any]:
    return {
        "prefix": key.prefix,
        "label": key.label,
        "organization_id": str(key.organization_id),
        "project_ids": None if key.project_ids is None else sorted(key.project_ids),
        "scopes": sorted(key.scopes),
        "expires_at": _json(key.expires_at),
        "revoked_at": _json(key.revoked_at),
        "replaced_by": None if key.replaced_by is None else str(key.replaced_by),
    }


def _settings(config: Mapping[str, Any]) -> dict[str, Any]:
    return leaves("destination.config.", config, ".")


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    names = [*new, *(name for name in old if name not in new)]
    return [name for name in names if old.get(name, _MISSING) != new.get(name, _MISSING)]


def _json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value.value if isinstance(value, StrEnum) else value
