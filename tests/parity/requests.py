"""Requests that are right, or nearly: every operation, on objects which may be there, with values at the edges.

What is wrong in them is between fields and in states, which no schema tells; `breakages` holds what a schema does.
"""

from typing import Any

from hypothesis import strategies as st

from tests.parity.programs import Call, Move, Program, Step, Wait
from tests.spec.document import document

Json = dict[str, Any]

EXAMPLES: Json = {name: each["value"] for name, each in document()["components"]["examples"].items()}
HOUR = {"start_at": "2026-03-01T00:00:00Z", "end_at": "2026-03-01T02:00:00Z"}
NOOP = {"name": "Events", "interval": "hour", "destination": {"type": "NoOp", "config": {}}}

OPENING: Program = [
    Call("create_export", body=EXAMPLES["create_s3_export"]),
    Call("create_backfill", {"batch_export_id": "$export-0"}, body=HOUR),
    Call("list_runs", {"batch_export_id": "$export-0"}, query=[["ordering", "created_at"], ["after", "all"]]),
    Call("create_export", body=NOOP),
    Call("create_backfill", {"batch_export_id": "$export-1"}, body=HOUR),
    Call("list_runs", {"batch_export_id": "$export-1"}, query=[["page_size", "1"]]),
    Call("create_export", key="other_project", body=NOOP),
]
"""Two exports with a backfill each, and one that another project has."""

_S3 = EXAMPLES["create_s3_export"]["destination"]["config"]
_DESTINATIONS = [
    *({"type": "S3", "config": _S3 | each} for each in ({"compression": None}, {"compression": "zstd"})),
    {"type": "S3", "config": _S3 | {"file_format": "Parquet", "compression": "zstd"}},
    {"type": "S3", "config": _S3 | {"endpoint_url": "http://10.0.0.1/"}},
    {"type": "NoOp", "config": {}, "integration": 7},
    {"type": "File", "config": {"path": "archive/events"}},
    {"type": "File", "config": {"path": "../events"}},
    {"type": "HTTP", "config": {"url": "https://capture.acme.example.com/", "token": "t"}},
    *(each["destination"] for name, each in EXAMPLES.items() if name.startswith("create_")),
]
_INTERVALS = ["hour", "day", "week", "every 5 minutes"]
_MOMENTS = [None, "2026-03-01T00:00:00Z", "2026-03-01T02:30:00+01:00", "2026-02-28", "2026-03-01", "2026-03-04"]
_MOMENTS += ["2026-03-02T16:00:00Z", "2099-01-01T00:00:00Z", "2026-03-01T00:00:00"]
_FILTERS = [{"type": "event", "key": "utm_source", "value": "mail"}, {"type": "event", "key": "utm_source"}]


def _some(**fields: Any) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in fields.items()})


def _query(**fields: Any) -> st.SearchStrategy[list[list[str]]]:
    return _some(**fields).map(lambda query: [[name, value] for name, value in query.items()])


_EXPORTS = st.just(NOOP) | st.tuples(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from(["Events", "Ereignisse äöü \U0001f4e6", "events", " "]),
            "interval": st.sampled_from(_INTERVALS),
            "destination": st.sampled_from(_DESTINATIONS),
        }
    ),
    _some(
        model=["events", "persons", "sessions"],
        paused=[True, False],
        timezone=["Europe/Berlin", "Pacific/Apia", "Mars/Olympus", None],
        offset_day=[None, 0, 6],
        offset_hour=[None, 5, 23],
        start_at=_MOMENTS,
        end_at=_MOMENTS,
        filters=[None, [], _FILTERS, _FILTERS[:1], [_FILTERS[0] | {"operator": "regex", "value": "("}]],
        hogql_query=[None, "select 1"],
        incremental_mode=["APPEND", "MERGE"],
    ),
).map(lambda parts: parts[0] | parts[1])
_CHANGES = _some(
    name=["Renamed", "Ereignisse"],
    interval=_INTERVALS,
    paused=[True, False],
    destination=[*_DESTINATIONS, {"config": {"prefix": "other/"}}, {"config": {"region": None}}, {"type": "S3"}],
    start_at=_MOMENTS,
    end_at=_MOMENTS,
    model=["events", "persons"],
    timezone=["Europe/Berlin", None],
    offset_hour=[None, 5],
    filters=[None, _FILTERS[:1]],
)
_RANGES = st.just(HOUR) | _some(start_at=_MOMENTS, end_at=_MOMENTS)
_REPEATED = _some(**{"Idempotency-Key": ["first", "second"]})
_VERSIONS = _some(**{"If-Match": ['"1"', '"2"', '"3", "2"', "*", 'W/"1"', '"x"']})
_CURSORS = ["$cursor-0", "$cursor-1", "$cursor-2", "bm9uc2Vuc2U"]
_RELATIVE = ["all", "2026-03-01T00:00:00Z", "-1h", "-7d", "2026-03-02T16:00:30Z"]
_LOG = {
    "limit": ["1", "2"],
    "cursor": _CURSORS,
    "after": ["2026-03-02T16:00:30Z", "2026-03-02T17:00:00Z"],
    "before": ["2026-03-02T16:00:30Z", "2026-03-02T17:00:00Z"],
    "level": ["ERROR", "info,warning", "LOG"],
    "search": ["cancel", "ROWS", "%"],
}
_QUERIES = {
    "list_exports": _query(
        limit=["1", "2"],
        offset=["0", "1", "5"],
        search=["event", "EREIGNISSE Ä", "%", "_"],
        paused=["true", "false"],
        model=["events", "persons"],
        interval=["hour", "day"],
        destination_type=["NoOp", "S3"],
        ordering=["created_at", "-created_at", "last_updated_at", "-last_updated_at", "name", "-name"],
        latest_runs=["0", "1"],
    ),
    "get_export": _query(latest_runs=["0", "1"]),
    "list_export_logs": _query(**_LOG, instance_id=["$run-0", "$run-1"]),
    "list_run_logs": _query(**_LOG),
    "list_export_activity": _query(limit=["1", "2", "3"], cursor=_CURSORS),
    "list_runs": _query(
        cursor=_CURSORS,
        ordering=["created_at", "-created_at", "data_interval_start", "-data_interval_start"],
        status=["Starting", "Running", "Cancelled", "Failed", "Completed"],
        after=_RELATIVE,
        before=_RELATIVE,
        start=_RELATIVE,
        end=_RELATIVE,
        page_size=["1", "2"],
    ),
    "list_backfills": _query(cursor=_CURSORS, ordering=["created_at", "-created_at", "start_at", "-start_at"]),
    "list_test_steps": _query(destination=["S3", "File", "NoOp", "Snowflake"]),
}
_BODIES: dict[str, st.SearchStrategy[Any]] = {
    "create_export": _EXPORTS,
    "replace_export": st.just(EXAMPLES["replace_s3_export"]) | _EXPORTS,
    "update_export": _CHANGES,
    "unpause_export": _some(backfill=[True, False]),
    "backfill_export": _RANGES,
    "create_backfill": _RANGES,
    "run_new_test_step": st.sampled_from([EXAMPLES["check_new_file_settings"], {"destination": _DESTINATIONS[0]}]),
    "run_test_step": _some(step=[0, 1, 9], destination=[{"type": "S3", "config": {"region": "eu-west-1"}}]),
}
_HEADERS = {
    **dict.fromkeys(("create_export", "create_backfill", "backfill_export", "retry_run"), _REPEATED),
    **dict.fromkeys(("replace_export", "update_export", "delete_export"), _VERSIONS),
}
_EXPORT = st.sampled_from(["$export-0", "$export-0", "$export-0", "$export-1", "$export-1", "$export-3", "$export-2"])
_KEYS = st.sampled_from([*["admin"] * 30, "read", "none", "other_project", "expired", "Bearer phx_false", None])


def _known(kind: str) -> st.SearchStrategy[dict[str, str]]:
    """An export of the opening, and the part of it that the opening shows."""
    return st.integers(0, 1).map(lambda number: {"batch_export_id": f"$export-{number}", "id": f"${kind}-{number}"})


def _part(kind: str) -> st.SearchStrategy[dict[str, str]]:
    """An export and a part of it, or one of which nobody knows to whom it belongs."""
    any_part = st.integers(2, 6).map(lambda number: f"${kind}-{number}")
    elsewhere = st.builds(lambda export, part: {"batch_export_id": export, "id": part}, _EXPORT, any_part)
    return _known(kind) | elsewhere


_RUN, _BACKFILL = _part("run"), _part("backfill")


def _objects(operation: str) -> st.SearchStrategy[dict[str, str]]:
    if operation in {"get_run", "cancel_run", "retry_run", "list_run_logs"}:
        return _RUN
    if operation in {"get_backfill", "cancel_backfill"}:
        return _BACKFILL
    if operation in {"list_runs", "list_backfills", "create_backfill"}:
        return st.builds(lambda export: {"batch_export_id": export}, _EXPORT)
    if operation in {"list_exports", "create_export", "list_test_steps", "run_new_test_step"}:
        return st.just({})
    return st.builds(lambda export: {"id": export}, _EXPORT)


def calls(operation: str) -> st.SearchStrategy[Call]:
    """Requests of one operation."""
    return st.builds(
        Call,
        st.just(operation),
        _objects(operation),
        _KEYS,
        _QUERIES.get(operation, st.just([])),
        _HEADERS.get(operation, st.just({})),
        **({"body": _BODIES[operation]} if operation in _BODIES else {}),
    )


_STATUSES = ["Running", "Completed", "Failed", "FailedRetryable", "FailedBilling", "Terminated", "TimedOut"]
MOVES: st.SearchStrategy[Step] = st.builds(
    lambda part, to: Move(part["batch_export_id"], part["id"], to),
    _known("run"),
    st.sampled_from(["Running"] * 3 + _STATUSES),
)
WAITS: st.SearchStrategy[Step] = st.builds(Wait, st.sampled_from([1, 60, 3600]))
