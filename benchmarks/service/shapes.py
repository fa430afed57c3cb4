"""What the peer takes and answers beside the models of `requests`."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from benchmarks.requests.with_fastapi import Closed, Run
from benchmarks.service import mapped

Status = Literal["Cancelled", "Completed", "ContinuedAsNew", "Failed", "FailedRetryable", "Terminated", "TimedOut",
                 "Running", "Starting"]  # fmt: skip
SECRETS = frozenset({"aws_access_key_id", "aws_secret_access_key", "user", "password"})


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
        "schema": None,
        "filters": export.filters,
        "timezone": export.timezone,
        "offset_day": export.offset_day if weekly else None,
        "offset_hour": export.offset_hour if daily else None,
    }
