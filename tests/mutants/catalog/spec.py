"""Faults of the contract itself."""

from tests.mutants.fault import Fault

_FILE = "openapi/batch_exports.yaml"
_UNIT = ("tests/rules/test_runs.py", "tests/rules/test_backfills.py")


def _fault(fault_id: str, breaks: str, before: str, after: str) -> Fault:
    return Fault(id=fault_id, breaks=breaks, file=_FILE, before=before, after=after, unit=_UNIT)


FAULTS = (
    _fault(
        "spec-pause-with-a-key-to-look",
        "pausing an export asks for the scope to look alone",
        "Pausing a paused export changes nothing.\n      x-required-scopes: [batch_export:write]",
        "Pausing a paused export changes nothing.\n      x-required-scopes: [batch_export:read]",
    ),
    _fault(
        "spec-run-without-timed-out",
        "`TimedOut` is no status of a run",
        "        - Terminated\n        - TimedOut\n        - ContinuedAsNew\n    CancelResult:",
        "        - Terminated\n        - ContinuedAsNew\n    CancelResult:",
    ),
    _fault(
        "spec-export-without-etag",
        "the header `ETag` may be missing",
        "      description: The version of the export's settings.\n      required: true",
        "      description: The version of the export's settings.\n      required: false",
    ),
    _fault(
        "spec-unbounded-search",
        "the text to search for in names has no longest length",
        "        minLength: 1\n        maxLength: 200\n      example: lake",
        "        minLength: 1\n      example: lake",
    ),
    _fault(
        "spec-link-to-nothing",
        "a link leads to an operation that does not exist",
        "    CancelThisRun:\n      operationId: cancel_run",
        "    CancelThisRun:\n      operationId: stop_run",
    ),
    _fault(
        "spec-operation-renamed",
        "an operation has another name than its function",
        "      operationId: list_run_logs\n      tags: [runs]",
        "      operationId: list_logs_of_run\n      tags: [runs]",
    ),
    _fault(
        "spec-finished-at-not-null",
        "`finished_at` of a run is promised never to be null",
        "        finished_at:\n          type: string\n          format: date-time\n          nullable: true\n"
        "        last_updated_at:\n          type: string\n          format: date-time\n        batch_export:\n"
        "          type: string\n          format: uuid\n          description: The export.\n        backfill:",
        "        finished_at:\n          type: string\n          format: date-time\n"
        "        last_updated_at:\n          type: string\n          format: date-time\n        batch_export:\n"
        "          type: string\n          format: uuid\n          description: The export.\n        backfill:",
    ),
)
