"""Prepared statements do what SQLAlchemy would do with them, and fail as its own do."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import event, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from batch_exports.store import TRANSIENT_ERRORS, SqlStore
from batch_exports.store.prepared import Prepared
from batch_exports.store.records import run_row
from batch_exports.store.tables import organizations, runs
from tests.builders import HOUR, NOW, keep_export, keep_run, make_run
from tests.store.databases import new_store

RUNS = select(runs).order_by(runs.c.id)


@pytest.fixture
async def store(url: str) -> AsyncIterator[SqlStore]:
    async with new_store(url) as store:
        yield store


async def test_a_prepared_statement_returns_what_sqlalchemy_returns(store: SqlStore) -> None:
    export = await keep_export(store)
    for number in range(3):
        await keep_run(store, export, created_at=NOW + number * HOUR, finished_at=NOW, latest_error="\0")

    async with store.read() as tx:
        expected = [tuple(row) for row in await tx.connection.execute(RUNS)]
        found = await Prepared(RUNS).rows(tx.connection, {})
        first = await Prepared(RUNS).first(tx.connection, {})

    assert found == expected
    assert first == dict(zip(runs.c.keys(), expected[0], strict=True))


async def test_a_prepared_statement_that_finds_nothing_returns_nothing(store: SqlStore) -> None:
    async with store.read() as tx:
        assert await Prepared(RUNS).rows(tx.connection, {}) == []
        assert await Prepared(RUNS).first(tx.connection, {}) is None


async def test_what_a_prepared_statement_writes_is_undone_with_its_transaction(store: SqlStore) -> None:
    run = make_run(await keep_export(store))

    with pytest.raises(LookupError):
        async with store.write() as tx:
            await Prepared(insert(runs)).rows(tx.connection, run_row(run))
            raise LookupError

    async with store.read() as tx:
        assert await tx.runs.find(run.id) is None


async def test_a_prepared_statement_that_fails_says_so_in_sqlalchemys_way_and_tells_no_values(store: SqlStore) -> None:
    export = await keep_export(store)
    run = make_run(export, latest_error="told to nobody")

    with pytest.raises(IntegrityError) as caught:
        async with store.write() as tx:
            await tx.runs.add(run)
            await tx.runs.add(run)

    assert "told to nobody" not in str(caught.value)
    assert await keep_run(store, export), "the connection is of no use any more"


async def test_who_listens_to_statements_hears_of_prepared_ones(store: SqlStore) -> None:
    heard: list[str] = []
    async with store.read() as tx:
        event.listen(tx.connection.sync_connection, "before_cursor_execute", lambda *about: heard.append(about[2]))
        await Prepared(select(organizations.c.name)).rows(tx.connection, {})
    assert heard == ["SELECT organizations.name \nFROM organizations"]


class TestLostConnections:
    """What the server of PostgreSQL ends without being asked."""

    @pytest.fixture
    async def store(self, postgres_url: str) -> AsyncIterator[SqlStore]:
        async with new_store(postgres_url) as store:
            yield store

    async def test_connections_that_were_lost_while_nobody_used_them_are_not_noticed(self, store: SqlStore) -> None:
        export = await keep_export(store)
        async with store.read() as tx:
            await tx.exports.get(export.project_id, export.id)

        async with store.write() as tx:
            await tx.connection.execute(_end("pid <> pg_backend_pid()"))

        await keep_run(store, export)
        async with store.read() as tx:
            assert await tx.exports.get(export.project_id, export.id) == export

    async def test_a_connection_that_is_lost_in_use_is_a_passing_trouble(
        self, store: SqlStore, caplog: pytest.LogCaptureFixture
    ) -> None:
        export = await keep_export(store)

        with pytest.raises(TRANSIENT_ERRORS) as caught:
            async with store.read() as tx, store.write() as other:
                number = await tx.connection.scalar(text("SELECT pg_backend_pid()"))
                await other.connection.execute(_end(f"pid = {number}"))
                await tx.exports.get(export.project_id, export.id)

        assert isinstance(caught.value, DBAPIError)
        assert not caplog.records, "the pool wondered about the connection"
        async with store.read() as tx:
            assert await tx.exports.get(export.project_id, export.id) == export


def _end(which: str):
    # Waits until they have ended.
    return text(
        f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND {which}"
    )
