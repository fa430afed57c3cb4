"""Domain objects with sensible values, of which a test names only those that matter to it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from batch_exports.domain.backfills import Backfill, BackfillStatus
from batch_exports.domain.exports import Destination, Export, Model
from batch_exports.domain.identifiers import uuid7
from batch_exports.domain.keys import READ_SCOPE, WRITE_SCOPE, ApiKey, Organization, hash_key, key_prefix, new_key
from batch_exports.domain.logs import LogEntry, LogLevel
from batch_exports.domain.runs import Run, RunStatus
from batch_exports.domain.schedules import Interval, Schedule
from batch_exports.ports import Store, Transaction

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ORGANIZATION = Organization(UUID("01900000-0000-7000-8000-00000000abcd"), "Tests")


def make_destination(**changes: Any) -> Destination:
    """An S3 destination with credentials."""
    values: dict[str, Any] = {
        "type": "S3",
        "config": {"bucket_name": "exports", "region": "us-east-1", "prefix": "events/", "compression": "gzip"},
        "secrets": {"aws_access_key_id": "example-key-id", "aws_secret_access_key": "example-secret"},
    }
    return Destination(**{**values, **changes})


def make_export(**changes: Any) -> Export:
    """An hourly export of project 1 that is due at `NOW` plus an hour."""
    values: dict[str, Any] = {
        "id": uuid7(),
        "project_id": 1,
        "name": "Hourly events",
        "model": Model.EVENTS,
        "destination": make_destination(),
        "schedule": Schedule(interval=Interval.HOUR),
        "paused": False,
        "created_at": NOW,
        "last_updated_at": NOW,
        "next_at": NOW + HOUR,
    }
    return Export(**{**values, **changes})


def make_run(export: Export, **changes: Any) -> Run:
    """A run of an export that has just been made, for the hour before `NOW`."""
    values: dict[str, Any] = {
        "id": uuid7(),
        "export_id": export.id,
        "project_id": export.project_id,
        "status": RunStatus.STARTING,
        "data_interval_start": NOW - HOUR,
        "data_interval_end": NOW,
        "created_at": NOW,
        "last_updated_at": NOW,
    }
    return Run(**{**values, **changes})


def make_backfill(export: Export, **changes: Any) -> Backfill:
    """A backfill of an export that has just been made, for the day before `NOW`."""
    values: dict[str, Any] = {
        "id": uuid7(),
        "export_id": export.id,
        "project_id": export.project_id,
        "status": BackfillStatus.STARTING,
        "start_at": NOW - 24 * HOUR,
        "end_at": NOW,
        "created_at": NOW,
        "last_updated_at": NOW,
        "total_runs": 24,
        "next_start_at": NOW - 24 * HOUR,
    }
    return Backfill(**{**values, **changes})


def make_log(run: Run, **changes: Any) -> LogEntry:
    """A log entry of a run."""
    values: dict[str, Any] = {
        "export_id": run.export_id,
        "run_id": run.id,
        "level": LogLevel.INFO,
        "message": "Exporting",
        "timestamp": NOW,
    }
    return LogEntry(**{**values, **changes})


def make_key(**changes: Any) -> ApiKey:
    """A fresh key of project 1 that may do all."""
    key = changes.pop("key", None) or new_key()
    values: dict[str, Any] = {
        "id": uuid7(),
        "organization_id": ORGANIZATION.id,
        "project_ids": frozenset({1}),
        "scopes": frozenset({READ_SCOPE, WRITE_SCOPE}),
        "prefix": key_prefix(key),
        "hash": hash_key(key),
        "label": "test",
        "created_at": NOW,
    }
    return ApiKey(**{**values, **changes})


async def keep_project(tx: Transaction, name: str = "Example") -> int:
    """A project kept in a store, of an organization that all tests share; its id."""
    if ORGANIZATION not in await tx.access.organizations():
        await tx.access.add_organization(ORGANIZATION)
    return (await tx.access.add_project(name, ORGANIZATION.id)).id


async def keep_export(store: Store, **changes: Any) -> Export:
    """An export kept in a store, in a project of its own unless one is named."""
    async with store.write() as tx:
        project_id = changes.pop("project_id", None) or await keep_project(tx)
        export = make_export(project_id=project_id, **changes)
        await tx.exports.add(export)
    return export


async def keep_run(store: Store, export: Export, **changes: Any) -> Run:
    """A run kept in a store."""
    run = make_run(export, **changes)
    async with store.write() as tx:
        await tx.runs.add(run)
    return run


async def keep_backfill(store: Store, export: Export, **changes: Any) -> Backfill:
    """A backfill kept in a store."""
    backfill = make_backfill(export, **changes)
    async with store.write() as tx:
        await tx.backfills.add(backfill)
    return backfill
