"""Every page, and every question that is asked often, walks an index: its cost does not grow with history."""

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import event

from batch_exports.domain.logs import LogLevel
from batch_exports.domain.runs import OPEN_STATUSES, RunStatus
from batch_exports.ports import BackfillQuery, ExportQuery, LogQuery, RunQuery
from batch_exports.store import SqlTransaction
from tests.builders import NOW
from tests.store.databases import new_store

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
    "keys, by hash": (lambda tx: tx.access.find_key("0" * 64), "sqlite_autoindex_api_keys_2"),
}


@asynccontextmanager
async def recorded(path: Path) -> AsyncIterator[tuple[SqlTransaction, list[tuple[str, Any]]]]:
    sent: list[tuple[str, Any]] = []
    async with new_store(path) as store, store.write() as tx:

        def record(_connection, _cursor, statement, parameters, _context, _many) -> None:
            sent.append((statement, parameters))

        event.listen(tx.connection.sync_connection, "before_cursor_execute", record)
        yield tx, sent


def plan_of(path: Path, statement: str, parameters: Any) -> list[str]:
    connection = sqlite3.connect(path)
    try:
        return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)]
    finally:
        connection.close()


@pytest.mark.parametrize("name", WALKS)
async def test_a_question_walks_its_index_and_sorts_nothing(tmp_path: Path, name: str) -> None:
    ask, index = WALKS[name]
    async with recorded(tmp_path / "store.db") as (tx, sent):
        await ask(tx)

    plans = [step for statement, parameters in sent for step in plan_of(tmp_path / "store.db", statement, parameters)]
    assert not [step for step in plans if "TEMP B-TREE" in step]
    assert not [step for step in plans if step.startswith("SCAN") and f" {index}" not in step]
    assert [step for step in plans if f" {index} " in f"{step} "]


async def test_the_latest_runs_of_a_whole_list_take_one_query(tmp_path: Path) -> None:
    async with recorded(tmp_path / "store.db") as (tx, sent):
        await tx.runs.latest([uuid4() for _ in range(100)], 10)

    assert len(sent) == 1


def fill(connection: sqlite3.Connection, history: int) -> None:
    at = [(NOW - timedelta(hours=1 + number)).strftime("%Y-%m-%d %H:%M:%S.%f") for number in range(history)]
    connection.execute("INSERT INTO projects (id, name) VALUES (1, '')")
    connection.execute(
        "INSERT INTO exports (id, project_id, name, model, destination_type, destination_config, interval, timezone,"
        " offset_day, offset_hour, paused, created_at, last_updated_at)"
        " VALUES (?, 1, '', 'events', 'NoOp', '{}', 'hour', 'UTC', 0, 0, 0, '', '')",
        (ID.hex,),
    )
    connection.executemany(
        "INSERT INTO runs (id, export_id, project_id, status, data_interval_start, data_interval_end, created_at,"
        " last_updated_at, attempt) VALUES (?, ?, 1, 'Completed', ?, '', ?, '', 1)",
        ((uuid4().hex, ID.hex, each, each) for each in at),
    )
    connection.executemany(
        "INSERT INTO logs (export_id, run_id, level, message, timestamp) VALUES (?, ?, 'INFO', '', ?)",
        ((ID.hex, OTHER.hex, each) for each in at),
    )


@pytest.mark.parametrize("history", [100, 10_000])
async def test_the_work_for_a_page_does_not_grow_with_history(tmp_path: Path, history: int) -> None:
    first, middle, last = NOW - timedelta(hours=history), NOW - timedelta(hours=history // 2), NOW
    place = {"position": (middle, uuid4()), "limit": 10}
    questions = [
        lambda tx: tx.runs.latest([ID], 10),
        runs(**place, created_from=first, created_until=last),
        runs(**place, created_from=first, created_until=last, backwards=True),
        runs(**place, created_from=first, created_until=last, descending=False),
        runs(**place, order_by=INTERVAL, interval_from=first, interval_until=last),
        logs(position=(middle, 0), limit=10, after=first, before=last),
        logs(position=(middle, 0), limit=10, after=first, before=last, run_id=OTHER),
    ]
    async with recorded(tmp_path / "store.db") as (tx, sent):
        for ask in questions:
            await ask(tx)

    connection = sqlite3.connect(tmp_path / "store.db")
    fill(connection, history)
    ticks = 0

    def tick() -> None:
        nonlocal ticks
        ticks += 1

    work = []
    for statement, parameters in sent:
        ticks = 0
        connection.set_progress_handler(tick, 1)
        found = connection.execute(statement, parameters).fetchall()
        connection.set_progress_handler(None, 0)
        work.append(ticks)
        assert len(found) == 10
    connection.close()

    assert max(work) < 600, work
