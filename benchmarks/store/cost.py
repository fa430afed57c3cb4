"""What a question costs by count: the same on any machine, however busy."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import event

from batch_exports.store import SqlStore, SqlTransaction
from benchmarks.store.questions import Question

UNITS = {"sqlite": "steps of its virtual machine", "postgresql": "pages of 8 kB"}


@dataclass(slots=True)
class Cost:
    """How much a database did for a question, and by which plan."""

    work: int = 0
    plan: list[str] = field(default_factory=list)


async def cost_of(store: SqlStore, ask: Question) -> Cost:
    """The cost of all statements of a question."""
    cost = Cost()
    async with store.read() as tx:
        for statement, parameters in await _statements(tx, ask):
            if tx.connection.dialect.name == "sqlite":
                _run_on_sqlite(str(tx.connection.engine.url.database), statement, parameters, cost)
            else:
                await _explain_on_postgres(tx, statement, parameters, cost)
    return cost


async def _statements(tx: SqlTransaction, ask: Question) -> list[tuple[str, Any]]:
    sent: list[tuple[str, Any]] = []

    def record(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:  # noqa: FBT001  # as called
        sent.append((statement, parameters))

    connection = tx.connection.sync_connection
    event.listen(connection, "before_cursor_execute", record)
    await ask(tx)
    event.remove(connection, "before_cursor_execute", record)
    return sent


def _run_on_sqlite(path: str, statement: str, parameters: Any, cost: Cost) -> None:
    def step() -> None:
        cost.work += 1

    with closing(sqlite3.connect(path)) as connection:
        cost.plan += [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)]
        connection.set_progress_handler(step, 1)
        connection.execute(statement, parameters).fetchall()
        connection.set_progress_handler(None, 0)


async def _explain_on_postgres(tx: SqlTransaction, statement: str, parameters: Any, cost: Cost) -> None:
    explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}"
    result = (await tx.connection.exec_driver_sql(explain, parameters)).scalar_one()
    plan = result[0]["Plan"]
    cost.work += plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    cost.plan += _nodes(plan)


def _nodes(plan: dict[str, Any], depth: int = 0) -> list[str]:
    names = [plan.get(key, "") for key in ("Node Type", "Index Name", "Relation Name")]
    line = "  " * depth + f"{' '.join(filter(None, names))} ({plan['Actual Loops']} x {plan['Actual Rows']:g} rows)"
    return [line, *(each for child in plan.get("Plans", []) for each in _nodes(child, depth + 1))]
