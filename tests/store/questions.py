"""What the API, the scheduler and the engine ask a store, and the index that each question walks on SQLite."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

from batch_exports.domain.logs import LogLevel
from batch_exports.domain.runs import OPEN_STATUSES, RunStatus
from batch_exports.ports import ActivityQuery, BackfillQuery, ExportQuery, KeptAnswer, LogQuery, RunQuery
from batch_exports.store import SqlTransaction
from tests.builders import NOW

ID, OTHER = uuid4(), uuid4()
POSITION = (NOW, uuid4())

Question = Callable[[SqlTransaction], Awaitable[Any]]


def runs(**changes: Any) -> Question:
    values = {"export_id": ID, "order_by": "created_at", "descending": True, "limit": 100}
    return lambda tx: tx.runs.page(RunQuery(**{**values, **changes}))


def backfills(**changes: Any) -> Question:
    values = {"export_id": ID, "order_by": "created_at", "descending": True, "limit": 100}
    return lambda tx: tx.backfills.page(BackfillQuery(**{**values, **changes}))


def logs(**changes: Any) -> Question:
    values = {"export_id": ID, "run_id": None, "limit": 100}
    return lambda tx: tx.logs.page(LogQuery(**{**values, **changes}))


INTERVAL = "data_interval_start"
ANSWER = KeptAnswer(principal_id="p", key="k", fingerprint="f", created_at=NOW)
WALKS: dict[str, tuple[Question, str]] = {
    "exports, newest first": (
        lambda tx: tx.exports.page(ExportQuery(project_id=1, limit=100, offset=0)),
        "ix_exports_created",
    ),
    "exports, due": (lambda tx: tx.exports.due(NOW, 100), "ix_exports_due"),
    "runs, first page": (runs(), "ix_runs_created"),
    "runs, next page": (runs(position=POSITION), "ix_runs_created"),
    "runs, page before": (runs(position=POSITION, backwards=True), "ix_runs_created"),
    "runs, window": (runs(position=POSITION, created_from=NOW, created_until=NOW), "ix_runs_created"),
    "runs, statuses": (runs(position=POSITION, statuses=frozenset({RunStatus.FAILED})), "ix_runs_created"),
    "runs, by interval": (runs(order_by=INTERVAL, descending=False), "ix_runs_interval"),
    "runs, by interval, next page": (runs(order_by=INTERVAL, position=POSITION), "ix_runs_interval"),
    "runs, by interval, window": (runs(order_by=INTERVAL, interval_from=NOW, interval_until=NOW), "ix_runs_interval"),
    "runs, latest of exports": (lambda tx: tx.runs.latest([ID, OTHER], 10), "ix_runs_created"),
    "runs, open of an export": (lambda tx: tx.runs.open_runs(ID), "ix_runs_open_of_export"),
    "runs, open of a backfill": (lambda tx: tx.runs.open_runs(ID, backfill_id=OTHER), "ix_runs_open_of_export"),
    "runs, all open": (lambda tx: tx.runs.all_open(100), "ix_runs_open"),
    "runs, one": (lambda tx: tx.runs.get(ID, OTHER), "sqlite_autoindex_runs_1"),
    "runs, change": (lambda tx: tx.runs.change(ID, OPEN_STATUSES, attempt=2), "sqlite_autoindex_runs_1"),
    "backfills, next page": (backfills(position=POSITION), "ix_backfills_created"),
    "backfills, by start": (backfills(order_by="start_at", position=POSITION), "ix_backfills_start"),
    "backfills, open of a project": (lambda tx: tx.backfills.count_open(1), "ix_backfills_open"),
    "backfills, open of an export": (lambda tx: tx.backfills.open_backfills(ID), "ix_backfills_created"),
    "backfills, runs by status": (lambda tx: tx.backfills.run_counts([ID, OTHER]), "ix_runs_backfill"),
    "logs of an export": (logs(), "ix_logs_export"),
    "logs of an export, next page": (logs(position=(NOW, 7), before=NOW), "ix_logs_export"),
    "logs of a run": (logs(run_id=OTHER), "ix_logs_run"),
    "logs of a run, next page": (logs(run_id=OTHER, position=(NOW, 7), levels=frozenset(LogLevel)), "ix_logs_run"),
    "keys, by prefix": (lambda tx: tx.access.find_keys("phx_12345678"), "ix_api_keys_prefix"),
    "activity of an export": (
        lambda tx: tx.activity.page(ActivityQuery(export_id=ID, limit=50, position=POSITION)),
        "ix_activity_export",
    ),
    "activity of a project": (
        lambda tx: tx.activity.page(ActivityQuery(project_id=1, limit=50)),
        "ix_activity_project",
    ),
    "activity of all": (lambda tx: tx.activity.page(ActivityQuery(limit=50)), "ix_activity_created"),
    "answers, by key": (lambda tx: tx.answers.keep(ANSWER), "sqlite_autoindex_answers_1"),
    "answers, old": (lambda tx: tx.answers.forget(NOW), "ix_answers_created"),
}
