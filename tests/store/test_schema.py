"""The schema is what the migrations make, and they can be applied by anyone at any time."""

import asyncio
import sqlite3
import stat
from dataclasses import fields
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from batch_exports.domain.backfills import Backfill
from batch_exports.domain.logs import LogEntry
from batch_exports.domain.runs import Run
from batch_exports.store import SqlStore, is_current, migrate, prepare_sqlite
from batch_exports.store.schema import VERSION_TABLE
from batch_exports.store.tables import backfills, logs, metadata, runs
from tests.builders import keep_export
from tests.store.databases import new_store, url_of


def statements(path: Path) -> dict[str, str]:
    connection = sqlite3.connect(path)
    try:
        found = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    finally:
        connection.close()
    # Changing a table makes it anew, with its name in quotes.
    return {name: " ".join(sql.replace('"', "").split()) for name, sql in found if name != VERSION_TABLE}


def test_migrations_make_the_tables_and_indexes_that_the_code_uses(tmp_path: Path) -> None:
    migrate(url_of(tmp_path / "migrated.db"))
    engine = create_engine(url_of(tmp_path / "declared.db"))
    metadata.create_all(engine)
    engine.dispose()

    assert statements(tmp_path / "migrated.db") == statements(tmp_path / "declared.db")


@pytest.mark.parametrize(("table", "record"), [(runs, Run), (backfills, Backfill), (logs, LogEntry)])
def test_a_table_has_a_column_for_each_field_of_its_record(table, record) -> None:
    assert {column.name for column in table.c} == {field.name for field in fields(record)}


def test_a_database_is_current_once_migrated(tmp_path: Path) -> None:
    url = url_of(tmp_path / "100% new folder" / "store.db")
    assert not is_current(url)

    migrate(url)

    assert is_current(url)


async def test_migrating_again_keeps_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    async with new_store(path) as store:
        export = await keep_export(store)
        before = statements(path)

        await asyncio.to_thread(migrate, url_of(path))

        async with store.read() as tx:
            assert await tx.exports.get(export.project_id, export.id) == export
    assert statements(path) == before


def test_a_prepared_file_logs_ahead_and_is_private_to_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    prepare_sqlite(path)
    prepare_sqlite(path)

    connection = sqlite3.connect(path)
    try:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        connection.execute("CREATE TABLE anything (id)")
        files = sorted(each.name for each in tmp_path.iterdir())
        assert files == ["store.db", "store.db-shm", "store.db-wal"]
        assert {stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()} == {0o600}
    finally:
        connection.close()


async def test_connections_are_durable_and_check_foreign_keys(tmp_path: Path) -> None:
    async with new_store(tmp_path / "store.db") as store, store.write() as tx:
        pragmas = [
            (await tx.connection.exec_driver_sql(f"PRAGMA {name}")).scalar()
            for name in ("synchronous", "foreign_keys", "busy_timeout")
        ]

    full, on = 2, 1
    assert pragmas == [full, on, 30_000]


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://localhost/exports"])
def test_a_url_that_cannot_hold_a_store_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"SQLite file|not supported"):
        SqlStore.open(url, None)  # type: ignore[arg-type]  # never reached
