"""Databases of every kind and age come to the tables of this version, with what is in them."""

import asyncio
import os
import sqlite3
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from batch_exports.domain.keys import hash_key
from batch_exports.ports import LogQuery, RunQuery
from batch_exports.store import Cipher, SqlStore, StoreUnusable, is_current, migrate
from batch_exports.store.engines import open_migration_engine
from batch_exports.store.migrations import versions
from batch_exports.store.schema import VERSION_TABLE, _config
from batch_exports.store.tables import metadata
from tests.builders import NOW, keep_export, make_log
from tests.service import COMMAND
from tests.store.databases import KEY, new_store, url_of

EXPORT, RUN, BACKFILL, ACCESS = (UUID(int=number) for number in range(1, 5))
SECRETS = b'{"aws_secret_access_key": "kept"}'


def first_tables(url: str) -> None:
    """A database as the first version left it, with a row in each table."""
    engine = open_migration_engine(url)
    with engine.begin() as connection:
        command.upgrade(_config(connection), "0001")
    tables = sa.MetaData()
    tables.reflect(engine)
    with engine.begin() as connection:
        for name, row in first_rows():
            # Reflected types know nothing of UUIDs on SQLite.
            connection.execute(sa.insert(tables.tables[name]), fitting(tables.tables[name], row))
    engine.dispose()


def first_rows() -> list[tuple[str, dict[str, Any]]]:
    times = {"created_at": NOW, "last_updated_at": NOW}
    owner = {"export_id": EXPORT, "project_id": 1}
    destination = {
        "destination_type": "S3",
        "destination_config": {"bucket_name": "lake"},
        "destination_secrets": Cipher(KEY).seal(SECRETS, owner=EXPORT.bytes),
    }
    schedule = {"interval": "hour", "timezone": "UTC", "offset_day": 0, "offset_hour": 0, "paused": True}
    interval = {"data_interval_start": NOW - timedelta(hours=1), "data_interval_end": NOW}
    key = {"id": ACCESS, "project_id": 1, "scopes": ["batch_export:read"], "hash": hash_key("phx_first")}
    export = {"id": EXPORT, "project_id": 1, "name": "Old", "model": "events"}
    backfill = {"id": BACKFILL, **owner, "status": "Completed", "start_at": NOW, "end_at": NOW, "total_runs": 1}
    run = {"id": RUN, **owner, "status": "Completed", "attempt": 1, "backfill_id": BACKFILL}
    entry = {"export_id": EXPORT, "run_id": RUN, "level": "INFO", "message": "Done."}
    return [
        ("projects", {"name": "Shop"}),
        ("api_keys", {**key, "label": "old", "created_at": NOW}),
        ("exports", export | destination | schedule | times),
        ("backfills", backfill | times),
        ("runs", run | interval | times),
        ("logs", entry | {"timestamp": NOW}),
    ]


def fitting(table: sa.Table, row: dict[str, Any]) -> dict[str, Any]:
    takes_uuid = [isinstance(table.c[name].type, sa.Uuid) for name in row]
    return {
        name: value.hex if isinstance(value, UUID) and not native else value
        for (name, value), native in zip(row.items(), takes_uuid, strict=True)
    }


async def test_a_database_of_the_first_version_keeps_all_that_is_in_it(url: str) -> None:
    await asyncio.to_thread(first_tables, url)
    assert not is_current(url)

    await asyncio.to_thread(migrate, url)

    assert is_current(url)
    async with SqlStore.open(url, Cipher(KEY)) as store, store.read() as tx:
        export = await tx.exports.get(1, EXPORT)
        assert export is not None
        assert (export.name, export.paused, export.created_at) == ("Old", True, NOW)
        assert export.destination.secrets == {"aws_secret_access_key": "kept"}
        (run,) = await tx.runs.page(RunQuery(export_id=EXPORT, order_by="created_at", descending=True, limit=9))
        assert (run.id, run.backfill_id, run.data_interval_end) == (RUN, BACKFILL, NOW)
        assert await tx.backfills.get(EXPORT, BACKFILL) is not None
        (entry,) = await tx.logs.page(LogQuery(export_id=EXPORT, run_id=None, limit=9))
        assert entry.message == "Done."
        assert [(project.id, project.name) for project in await tx.access.projects()] == [(1, "Shop")]
        assert [key.label for key in await tx.access.keys()] == ["old"]


async def test_new_rows_are_numbered_after_those_that_were_there(url: str) -> None:
    await asyncio.to_thread(first_tables, url)
    await asyncio.to_thread(migrate, url)
    async with SqlStore.open(url, Cipher(KEY)) as store:
        async with store.read() as tx:
            (run,) = await tx.runs.page(RunQuery(export_id=EXPORT, order_by="created_at", descending=True, limit=9))
        async with store.write() as tx:
            await tx.logs.add([make_log(run, message="New.")])
        async with store.read() as tx:
            entries = await tx.logs.page(LogQuery(export_id=EXPORT, run_id=None, limit=9))
    assert [entry.message for entry in entries] == ["New.", "Done."]


def test_a_comparison_of_metadata_and_database_finds_nothing_to_migrate(url: str) -> None:
    migrate(url)
    engine = open_migration_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": VERSION_TABLE, "include_schemas": False}
        )
        assert compare_metadata(context, metadata) == []
    engine.dispose()


async def test_migrating_again_keeps_what_is_there(url: str) -> None:
    async with new_store(url) as store:
        export = await keep_export(store)

        await asyncio.to_thread(migrate, url)

        async with store.read() as tx:
            assert await tx.exports.get(export.project_id, export.id) == export
    assert is_current(url)


def test_many_may_migrate_one_database_at_once(url: str) -> None:
    first_tables(url)

    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(migrate, url) for _ in range(4)]:
            done.result()

    assert is_current(url)


def test_the_command_migrates_twice_at_once_and_once_more(url: str, tmp_path) -> None:
    environment = {**os.environ, "BATCH_EXPORTS_DATABASE_URL": url}
    command_line = [COMMAND, "migrate", "--data-dir", str(tmp_path / "data")]
    for count in (2, 1):
        started = [
            subprocess.Popen(command_line, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for _ in range(count)
        ]
        said = [process.communicate(timeout=100) for process in started]
        assert said == [("The database is up to date.\n", "")] * count
    assert is_current(url)


def test_a_file_whose_rows_refer_to_nothing_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    url = url_of(tmp_path / "store.db")
    first_tables(url)
    with closing(sqlite3.connect(tmp_path / "store.db")) as connection, connection:
        connection.execute("DELETE FROM runs")

    with pytest.raises(StoreUnusable, match="Rows of logs refer to rows that are not there"):
        migrate(url)
    with closing(sqlite3.connect(tmp_path / "store.db")) as connection:
        assert connection.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchall() == [("0001",)]


def test_a_database_of_a_later_version_is_refused_in_words(url: str) -> None:
    migrate(url)
    engine = open_migration_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    engine.dispose()

    for use in (migrate, is_current):
        with pytest.raises(StoreUnusable, match=r"newer one\. Install that version or a later one"):
            use(url)


@pytest.mark.parametrize("place", ["127.0.0.1:1/exports", "127.0.0.1:1/exports?password=canary"])
def test_a_server_that_is_away_is_named_without_its_password(place: str) -> None:
    with pytest.raises(StoreUnusable, match=r"127\.0\.0\.1:1/exports cannot be used.*that the server runs") as refusal:
        migrate(f"postgresql://user:canary@{place}")
    assert "canary" not in str(refusal.value)


# What a database has gone through is never changed; whatever comes later is a migration of its own.
APPLIED = {
    "0001_first_tables.py": "778f13b8125748ae",
    "0002_access_and_audit.py": "a452b1d4602d6dd5",
    "0003_names_of_credentials.py": "74adc2122371fbaf",
}


def test_no_migration_is_changed_once_databases_may_have_gone_through_it():
    files = sorted(Path(versions.__file__).parent.glob("0*.py"))
    assert {file.name: sha256(file.read_bytes()).hexdigest()[:16] for file in files} == APPLIED
