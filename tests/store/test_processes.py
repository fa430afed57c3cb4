"""Several processes share one SQLite file: each waits for its turn, and none is turned away."""

import asyncio
import multiprocessing
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy.exc import OperationalError

from batch_exports.domain.runs import OPEN_STATUSES, RunStatus
from batch_exports.store import Cipher, SqlStore, migrate
from tests.builders import keep_export, keep_project, keep_run, make_log
from tests.store.databases import KEY, new_store, url_of

BESIDE = f"INSERT INTO organizations (id, name) VALUES ('{7:032x}', 'beside')"
PASS_BY = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT 1 FROM projects'); c.close()"
PROCESSES = 3
ROUNDS = 40


async def _settle(path: Path, run_ids: list[UUID], name: str) -> int:
    won = 0
    async with SqlStore.open(url_of(path), Cipher(KEY)) as store:

        async def settle(run_id: UUID) -> bool:
            async with store.write() as tx:
                found = await tx.runs.find(run_id)
                assert found is not None
                changed = await tx.runs.change(run_id, OPEN_STATUSES, status=RunStatus.COMPLETED, latest_error=name)
                if changed:
                    await tx.logs.add([make_log(found, message=name)])
                return changed is not None

        won += sum(await asyncio.gather(*(settle(run_id) for run_id in run_ids)))
    return won


def settle_in_process(path: Path, run_ids: list[UUID], name: str, start, results) -> None:
    start.wait(30)
    try:
        results.put(asyncio.run(_settle(path, run_ids, name)))
    except Exception as error:  # noqa: BLE001  # the parent has to hear of it
        results.put(repr(error))


async def test_of_several_processes_that_settle_the_same_runs_each_run_has_one_winner(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    async with new_store(path) as store:
        export = await keep_export(store)
        run_ids = [(await keep_run(store, export)).id for _ in range(ROUNDS)]

        context = multiprocessing.get_context("spawn")
        start, results = context.Barrier(PROCESSES), context.Queue()
        workers = [
            context.Process(target=settle_in_process, args=(path, run_ids, f"process {number}", start, results))
            for number in range(PROCESSES)
        ]
        for worker in workers:
            worker.start()
        outcomes = [await asyncio.to_thread(results.get, True, 60) for _ in workers]
        for worker in workers:
            await asyncio.to_thread(worker.join, 30)
        results.close()

        assert all(isinstance(outcome, int) for outcome in outcomes), outcomes
        assert sum(outcomes) == ROUNDS
        async with store.read() as tx:
            assert not await tx.runs.open_runs(export.id)


async def test_two_stores_on_one_file_write_at_once_without_being_turned_away(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    async with new_store(path) as service, SqlStore.open(url_of(path), Cipher(KEY)) as command_line:

        async def add(store: SqlStore) -> int:
            async with store.write() as tx:
                return await keep_project(tx)

        made = await asyncio.gather(*(add(store) for store in (service, command_line) for _ in range(ROUNDS)))

    assert len(set(made)) == 2 * ROUNDS


def test_migrating_again_beside_open_connections_keeps_their_locks(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    migrate(url_of(path))
    with closing(sqlite3.connect(path)) as service:
        service.execute("INSERT INTO organizations (id, name) VALUES ('0', 'kept in the log')")
        service.commit()
        migrate(url_of(path))
        # The last one to leave a database removes its log; somebody who passes by is not the last one here.
        subprocess.run([sys.executable, "-c", PASS_BY, path], check=True)
        assert path.with_name("store.db-wal").exists()


async def test_the_database_itself_refuses_writes_through_a_reader(tmp_path: Path) -> None:
    async with new_store(tmp_path / "store.db") as store, store.read() as tx:
        with pytest.raises(OperationalError, match="readonly"):
            await keep_project(tx)


async def test_readers_go_on_while_a_writer_holds_its_transaction(tmp_path: Path) -> None:
    async with new_store(tmp_path / "store.db") as store:
        export = await keep_export(store)
        async with store.write() as writing:
            await keep_project(writing, "Not yet")
            async with asyncio.timeout(5), store.read() as tx:
                assert await tx.exports.get(export.project_id, export.id) == export


async def test_an_engine_on_the_same_connection_commits_and_rolls_back_with_the_transaction(tmp_path: Path) -> None:
    async with new_store(tmp_path / "store.db") as store:

        async def insert_beside(*, fail: bool) -> None:
            async with store.write() as tx:
                await tx.connection.run_sync(lambda connection: connection.exec_driver_sql(BESIDE))
                if fail:
                    raise InterruptedError

        with pytest.raises(InterruptedError):
            await insert_beside(fail=True)
        async with store.read() as tx:
            assert "beside" not in [each.name for each in await tx.access.organizations()]

        await insert_beside(fail=False)
        async with store.read() as tx:
            assert "beside" in [each.name for each in await tx.access.organizations()]
