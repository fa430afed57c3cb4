"""Databases with a history: twenty exports, of which one has half of all runs, and a log entry per run."""

import asyncio
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text

from batch_exports.store import SqlStore
from batch_exports.store.engines import open_migration_engine
from tests.builders import NOW, keep_export

PROJECT = 1
EXPORTS = 20
BUSY = UUID(int=1)
"""The export with the long history; its runs are a minute apart, the newest a minute before `NOW`."""

_NUMBERS = {
    "sqlite": "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :runs)",
    "postgresql": "WITH numbers AS (SELECT generate_series(1, :runs) AS n)",
}
_RUN_VALUES = {
    "sqlite": (
        "SELECT lower(hex(randomblob(16))), printf('%032x', CASE WHEN n % 2 > 0 THEN 1 ELSE n / 2 % 19 + 2 END), at"
        " FROM (SELECT n, strftime('%Y-%m-%d %H:%M:%S', :now, '-' || n || ' minutes') || '.000000' AS at FROM numbers)"
    ),
    "postgresql": (
        "SELECT gen_random_uuid(),"
        " lpad(to_hex(CASE WHEN n % 2 > 0 THEN 1 ELSE n / 2 % 19 + 2 END), 32, '0')::uuid,"
        " CAST(:now AS timestamptz) - n * interval '1 minute' FROM numbers"
    ),
}
_RUNS = (
    "INSERT INTO runs (id, export_id, project_id, status, data_interval_start, data_interval_end, created_at,"
    " last_updated_at, attempt)"
    " {numbers}, made (id, export_id, at) AS ({values})"
    " SELECT id, export_id, 1, 'Completed', at, at, at, at, 1 FROM made"
)
_LOGS = (
    "INSERT INTO logs (export_id, run_id, level, message, timestamp)"
    " SELECT export_id, id, 'INFO', 'Completed: 1000 rows, 123456 bytes, 1 files.', created_at FROM runs"
)


async def fill(store: SqlStore, url: str, runs: int) -> None:
    """Put a history into a database without one."""
    first = await keep_export(store, id=BUSY)
    assert first.project_id == PROJECT
    for number in range(1, EXPORTS):
        created_at = NOW + timedelta(seconds=number)
        await keep_export(store, id=UUID(int=number + 1), project_id=PROJECT, created_at=created_at)
    await asyncio.to_thread(_insert, url, runs)


def _insert(url: str, runs: int) -> None:
    engine = open_migration_engine(url)
    kind = engine.dialect.name
    with engine.begin() as connection:
        statement = text(_RUNS.format(numbers=_NUMBERS[kind], values=_RUN_VALUES[kind]))
        connection.execute(statement, {"runs": runs, "now": NOW.strftime("%Y-%m-%d %H:%M:%S+00:00")})
        connection.execute(text(_LOGS))
    if kind == "postgresql":
        # What its own housekeeping does soon after.
        with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text("VACUUM ANALYZE"))
    engine.dispose()
