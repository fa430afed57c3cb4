"""From domain objects to the JSON of the contract."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from batch_exports.domain.activity import Activity
from batch_exports.domain.backfills import Backfill, RunCounts, expected_runs, progress
from batch_exports.domain.destinations import ConnectionCheck
from batch_exports.domain.exports import Destination, Export
from batch_exports.domain.logs import LogEntry
from batch_exports.domain.runs import Run
from batch_exports.domain.schedules import Interval, Schedule

Json = dict[str, Any]


def export_json(export: Export, runs: Sequence[Run]) -> Json:
    """An export with its newest runs."""
    schedule = export.schedule
    return {
        "id": export.id,
        "team_id": export.project_id,
        "name": export.name,
        "model": export.model,
        "destination": _destination_json(export.destination),
        "interval": schedule.interval,
        "paused": export.paused,
        "created_at": export.created_at,
        "last_updated_at": export.last_updated_at,
        "last_paused_at": export.last_paused_at,
        "paused_reason": export.paused_reason,
        "start_at": schedule.start_at,
        "end_at": schedule.end_at,
        "latest_runs": list(map(run_json, runs)),
        "hogql_query": None,
        "hogql_modifiers": None,
        "primary_key": None,
        "version_key": None,
        "incremental_mode": "APPEND",
        "schema": None,
        "filters": export.filters,
        "timezone": schedule.timezone,
        **_offsets(schedule),
    }


def run_json(run: Run) -> Json:
    """A run."""
    return {
        "id": run.id,
        "status": run.status,
        "records_completed": run.records_completed,
        "records_failed": run.records_failed,
        "records_total_count": run.records_total_count,
        "bytes_exported": run.bytes_exported,
        "latest_error": run.latest_error,
        "data_interval_start": run.data_interval_start,
        "data_interval_end": run.data_interval_end,
        "cursor": None,
        "created_at": run.created_at,
        "finished_at": run.finished_at,
        "last_updated_at": run.last_updated_at,
        "batch_export": run.export_id,
        "backfill": run.backfill_id,
        "attempt": run.attempt,
        "next_attempt_at": run.next_attempt_at,
        "retry_of": run.retry_of,
    }


def backfill_json(backfill: Backfill, counts: RunCounts) -> Json:
    """A backfill with its progress."""
    share = progress(backfill, counts)
    return {
        "id": backfill.id,
        "team": backfill.project_id,
        "batch_export": backfill.export_id,
        "start_at": backfill.start_at,
        "end_at": backfill.end_at,
        "status": backfill.status,
        "created_at": backfill.created_at,
        "last_updated_at": backfill.last_updated_at,
        "finished_at": backfill.finished_at,
        "total_records_count": backfill.total_records_count,
        "adjusted_start_at": backfill.adjusted_start_at,
        "progress": None
        if share is None
        else {"total_runs": expected_runs(backfill, counts), "finished_runs": counts.finished, "progress": share},
        "completed_runs": counts.completed,
        "failed_runs": counts.failed,
    }


def log_json(entry: LogEntry) -> Json:
    """A log entry; its run is its instance."""
    return {
        "log_source_id": str(entry.export_id),
        "instance_id": str(entry.run_id),
        "run_id": entry.run_id,
        "timestamp": entry.timestamp,
        "level": entry.level,
        "message": entry.message,
    }


def activity_json(entry: Activity) -> Json:
    """An entry of the audit log."""
    actor = entry.actor
    return {
        "id": entry.id,
        "activity": entry.kind,
        "created_at": entry.created_at,
        "actor": {"type": actor.type, "id": actor.id, "label": actor.label},
        "request_id": actor.request_id,
        "run_id": entry.run_id,
        "backfill_id": entry.backfill_id,
        "changes": [asdict(change) for change in entry.changes],
    }


def check_json(step: ConnectionCheck) -> Json:
    """A connection check; its result is null until it ran."""
    result = None if step.status is None else {"status": step.status, "message": step.message}
    return {"name": step.name, "description": step.description, "result": result}


def _destination_json(destination: Destination) -> Json:
    return {
        "type": destination.type,
        "config": destination.config,
        "integration": None,
        "secrets_set": destination.secret_names,
    }


def _offsets(schedule: Schedule) -> Json:
    return {
        "offset_day": schedule.offset_day if schedule.interval is Interval.WEEK else None,
        "offset_hour": schedule.offset_hour if schedule.interval in (Interval.DAY, Interval.WEEK) else None,
    }
