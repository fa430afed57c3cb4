"""What the peer takes and answers beside the models of `requests`."""

import json
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from batch_exports.domain.identifiers import uuid7
from batch_exports.store import Cipher
from benchmarks.requests.with_fastapi import Closed, Creation, Run
from benchmarks.service import mapped

Status = Literal["Cancelled", "Completed", "ContinuedAsNew", "Failed", "FailedRetryable", "Terminated", "TimedOut",
                 "Running", "Starting"]  # fmt: skip
_PERIODS = {"hour": 60, "day": 1440, "week": 10080, "every 5 minutes": 5, "every 15 minutes": 15}
_SECRETS = frozenset({"aws_access_key_id", "aws_secret_access_key", "user", "password"})


class StoredRun(Run):
    """A run, read off its row."""

    model_config = ConfigDict(from_attributes=True)

    cursor: str | None = None
    batch_export: Annotated[UUID, Field(validation_alias="export_id")]
    backfill: Annotated[UUID | None, Field(validation_alias="backfill_id")]


class RunPage(BaseModel):
    """One page of runs."""

    next: str | None
    previous: str | None
    results: list[StoredRun]


class RunFilters(Closed):
    """The query of a list of runs."""

    page_size: Annotated[int, Field(ge=1, le=1000)] = 100
    cursor: str | None = None
    ordering: Literal["created_at", "-created_at"] = "-created_at"
    status: Annotated[list[Status], Field(default_factory=list)]
    after: datetime | None = None
    before: datetime | None = None


def shown(export: mapped.Export, secrets: dict[str, Any], runs: list[StoredRun]) -> dict[str, Any]:
    """An export as it is answered."""
    weekly, daily = export.interval == "week", export.interval in {"day", "week"}
    return {
        "id": export.id,
        "team_id": export.project_id,
        "name": export.name,
        "model": export.model,
        "destination": {
            "type": export.destination_type,
            "config": export.destination_config,
            "integration": None,
            "secrets_set": sorted(secrets),
        },
        "interval": export.interval,
        "paused": export.paused,
        "created_at": export.created_at,
        "last_updated_at": export.last_updated_at,
        "last_paused_at": export.last_paused_at,
        "paused_reason": export.paused_reason,
        "start_at": export.start_at,
        "end_at": export.end_at,
        "latest_runs": runs,
        "hogql_query": None,
        "hogql_modifiers": None,
        "primary_key": None,
        "version_key": None,
        "incremental_mode": "APPEND",
        "schema": None,
        "filters": export.filters,
        "timezone": export.timezone,
        "offset_day": export.offset_day if weekly else None,
        "offset_hour": export.offset_hour if daily else None,
    }


def new_export(project_id: int, body: Creation, cipher: Cipher) -> tuple[mapped.Export, dict[str, Any]]:
    """The row of a new export, and its credentials."""
    now = datetime.now(UTC)
    config = body.destination.config.model_dump(exclude_unset=True, by_alias=True)
    secrets = {name: config.pop(name) for name in _SECRETS & config.keys()}
    period = timedelta(minutes=_PERIODS[body.interval])
    start = now - (now - datetime.min.replace(tzinfo=UTC)) % period
    export_id = uuid7()
    export = mapped.Export(
        id=export_id,
        project_id=project_id,
        name=body.name,
        model=body.model,
        destination_type=body.destination.type,
        destination_config=config,
        destination_secrets=cipher.seal(json.dumps(secrets).encode(), owner=export_id.bytes) if secrets else None,
        interval=body.interval,
        timezone=body.timezone or "UTC",
        offset_day=body.offset_day or 0,
        offset_hour=body.offset_hour or 0,
        start_at=body.start_at,
        end_at=body.end_at,
        paused=body.paused,
        created_at=now,
        last_updated_at=now,
        last_paused_at=now if body.paused else None,
        next_start_at=start,
        next_at=start + period,
        filters=body.filters,
        paused_reason="request" if body.paused else None,
        version=1,
    )
    return export, secrets
