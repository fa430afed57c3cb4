"""What the API and the scheduler ask most, as they ask it."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from batch_exports.ports import ExportQuery, LogQuery, RunQuery, Transaction
from benchmarks.store.history import BUSY, PROJECT
from tests.builders import NOW

Question = Callable[[Transaction], Awaitable[Any]]

PAGE = 100
LATEST = 10


def questions(runs: int) -> Mapping[str, Question]:
    """The questions to a database with so many runs; the middle pages lie in the middle of its history."""
    middle = NOW - timedelta(minutes=runs // 2)
    return {
        "list_exports": _list_exports,
        "get_export": _get_export,
        "list_runs, page 1": lambda tx: tx.runs.page(_runs()),
        "list_runs, middle": lambda tx: tx.runs.page(_runs(position=(middle, UUID(int=0)))),
        "list_runs, window": lambda tx: tx.runs.page(_runs(created_from=NOW - timedelta(days=700), created_until=NOW)),
        "list_logs, page 1": lambda tx: tx.logs.page(_logs()),
        "list_logs, middle": lambda tx: tx.logs.page(_logs(middle)),
        "due": lambda tx: tx.exports.due(NOW + timedelta(hours=1), PAGE),
    }


async def _list_exports(tx: Transaction) -> Any:
    exports, _ = await tx.exports.page(ExportQuery(project_id=PROJECT, limit=PAGE, offset=0))
    return await tx.runs.latest([export.id for export in exports], LATEST)


async def _get_export(tx: Transaction) -> Any:
    assert await tx.exports.get(PROJECT, BUSY) is not None
    return await tx.runs.latest([BUSY], LATEST)


def _runs(**changes: Any) -> RunQuery:
    return RunQuery(export_id=BUSY, order_by="created_at", descending=True, limit=PAGE, **changes)


def _logs(middle: datetime | None = None) -> LogQuery:
    position = None if middle is None else (middle, 0)
    return LogQuery(export_id=BUSY, run_id=None, limit=PAGE, position=position)
