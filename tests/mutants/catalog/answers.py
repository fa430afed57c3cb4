"""Faults of answers: fields, types, nulls, statuses, headers, secrets."""

from tests.mutants.fault import Fault

_SHAPES = "handlers/_shapes.py"


def _shape(fault_id: str, breaks: str, before: str, after: str, *unit: str) -> Fault:
    return Fault(id=fault_id, breaks=breaks, file=_SHAPES, before=before, after=after, unit=unit)


def _fault(fault_id: str, breaks: str, file: str, before: str, after: str, *unit: str) -> Fault:
    return Fault(id=fault_id, breaks=breaks, file=file, before=before, after=after, unit=unit)


FAULTS = (
    _shape(
        "run-without-attempt",
        "a run does not tell its `attempt`",
        '        "attempt": run.attempt,\n',
        "",
        "tests/rules/test_runs.py",
    ),
    _shape(
        "run-records-failed-renamed",
        "`records_failed` of a run is called `failed_records`",
        '"records_failed": run.records_failed',
        '"failed_records": run.records_failed',
        "tests/rules/test_runs.py",
    ),
    _shape(
        "run-without-created-at",
        "a run lacks a field that is required",
        '        "created_at": run.created_at,\n',
        "",
        "tests/rules/test_runs.py",
    ),
    _shape(
        "run-status-in-capitals",
        "the status of a run is no value of its enum",
        '"status": run.status',
        '"status": run.status.upper()',
        "tests/rules/test_runs.py",
    ),
    _shape(
        "run-finished-while-open",
        "a run that goes on tells when it finished",
        '"finished_at": run.finished_at',
        '"finished_at": run.last_updated_at',
        "tests/rules/test_runs.py",
    ),
    _shape(
        "export-team-as-text",
        "`team_id` is a text",
        '"team_id": export.project_id',
        '"team_id": str(export.project_id)',
        "tests/rules/test_exports.py",
    ),
    _shape(
        "export-shows-its-version",
        "an export has a field that is not documented",
        '        "name": export.name,\n',
        '        "name": export.name,\n        "version": export.version,\n',
        "tests/handlers/test_shapes.py",
    ),
    _shape(
        "backfill-never-updated",
        "`last_updated_at` of a backfill is null",
        '"last_updated_at": backfill.last_updated_at',
        '"last_updated_at": None',
        "tests/rules/test_backfills.py",
    ),
    _shape(
        "hourly-export-with-offset",
        "an hourly export has the `offset_hour` 0, not null",
        "if schedule.interval in (Interval.DAY, Interval.WEEK) else None",
        "if schedule.interval in (Interval.DAY, Interval.WEEK) else 0",
        "tests/rules/test_exports.py",
    ),
    _shape(
        "secrets-in-answers",
        "the credentials of a destination are in its config",
        '"config": destination.config',
        '"config": destination.full_config',
        "tests/rules/test_exports.py",
        "tests/rules/test_destinations.py",
    ),
    _shape(
        "secrets-set-empty",
        "`secrets_set` names no credential",
        '"secrets_set": destination.secret_names',
        '"secrets_set": []',
        "tests/rules/test_exports.py",
        "tests/rules/test_destinations.py",
    ),
    _shape(
        "log-names-another-instance",
        "`instance_id` of a log entry is its export, not its run",
        '"instance_id": str(entry.run_id)',
        '"instance_id": str(entry.export_id)',
        "tests/rules/test_logs.py",
    ),
    _shape(
        "progress-leaves-out-failures",
        "runs that failed do not count as finished",
        '"finished_runs": counts.finished',
        '"finished_runs": counts.completed',
        "tests/handlers/test_shapes.py",
    ),
    _shape(
        "activity-without-request-id",
        "an entry of the audit log does not tell its request",
        '"request_id": actor.request_id',
        '"request_id": None',
        "tests/rules/test_activity.py",
    ),
    _fault(
        "create-answers-200",
        "a new export is answered with 200",
        "handlers/exports.py",
        "return export_json(export, ()), 201, {",
        "return export_json(export, ()), 200, {",
        "tests/rules/test_exports.py",
    ),
    _fault(
        "backfill-without-location",
        "a new backfill comes without `Location`",
        "handlers/backfills.py",
        '201, {"Location": location}',
        "201, {}",
        "tests/rules/test_backfills.py",
    ),
    _fault(
        "retry-leads-to-the-old-run",
        "`Location` of a retry is the run that is repeated",
        "handlers/runs.py",
        "/runs/{run.id}/",
        "/runs/{id}/",
        "tests/rules/test_runs.py",
    ),
    _fault(
        "export-without-etag",
        "an export that is read comes without `ETag`",
        "handlers/exports.py",
        '200, {"ETag": etag(export)}',
        "200, {}",
        "tests/rules/test_versions.py",
    ),
    _fault(
        "conflict-answers-400",
        "what conflicts is answered with 400",
        "handlers/_problems.py",
        "Conflict: 409",
        "Conflict: 400",
        "tests/rules/test_runs.py",
        "tests/rules/test_idempotency.py",
    ),
    _fault(
        "changed-answers-409",
        "a change of another version is answered with 409",
        "handlers/_problems.py",
        "Changed: 412",
        "Changed: 409",
        "tests/rules/test_versions.py",
    ),
    _fault(
        "refusal-without-field",
        "a refusal does not name its field",
        "handlers/_problems.py",
        "error.detail, error.attr, headers",
        "error.detail, None, headers",
        "tests/rules/test_refused_exports.py",
    ),
    _fault(
        "limit-without-retry-after",
        "one backfill too many is refused without `Retry-After`",
        "handlers/_problems.py",
        '{"Retry-After": str(error.retry_after)} if isinstance(error, LimitReached) else {}',
        "{}",
        "tests/rules/test_backfills.py",
    ),
)
