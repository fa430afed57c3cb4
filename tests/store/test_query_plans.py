"""Every page, and every question that is asked often, walks an index: its cost does not grow with history."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import event

from batch_exports.store import SqlTransaction
from tests.store.databases import new_store
from tests.store.questions import WALKS


@asynccontextmanager
async def recorded(path: Path) -> AsyncIterator[tuple[SqlTransaction, list[tuple[str, Any]]]]:
    sent: list[tuple[str, Any]] = []
    async with new_store(path) as store, store.write() as tx:

        def record(_connection, _cursor, statement, parameters, _context, _many) -> None:
            if not statement.startswith("BEGIN"):
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
