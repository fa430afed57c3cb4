"""The SQL store on PostgreSQL keeps all promises of the store port."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import func, select, text

from batch_exports.contract.errors import ApiError
from batch_exports.server import _translate
from batch_exports.store import CommitUncertain, SqlStore
from batch_exports.store.dialects import by_code_point
from batch_exports.store.tables import exports
from tests.builders import keep_export
from tests.store.conformance import StoreConformance
from tests.store.databases import new_store


class TestPostgresStore(StoreConformance):
    @pytest.fixture
    async def store(self, postgres_url: str) -> AsyncIterator[SqlStore]:
        async with new_store(postgres_url) as store:
            yield store

    async def test_names_are_ordered_by_code_points_whatever_the_language_of_the_database(
        self, store: SqlStore
    ) -> None:
        await keep_export(store)

        async with store.read() as tx:
            ordered = by_code_point(tx.connection, exports.c.name)
            collation = await tx.connection.scalar(select(func.pg_collation_for(ordered)).select_from(exports))

        assert collation == '"C"'

    async def test_nobody_waits_for_ever(self, store: SqlStore) -> None:
        async with store.write() as tx:
            waits = [await tx.connection.scalar(text(f"SHOW {name}")) for name in ("lock_timeout", "statement_timeout")]
        assert waits == ["10s", "30s"]

    async def test_a_connection_that_is_lost_during_the_commit_leaves_it_uncertain_and_says_so(
        self, store: SqlStore
    ) -> None:
        async def change() -> None:
            async with store.write() as tx, store.read() as other:
                number = await tx.connection.scalar(text("SELECT pg_backend_pid()"))
                await other.connection.execute(text(f"SELECT pg_terminate_backend({number}, 5000)"))

        with pytest.raises(CommitUncertain) as caught:
            await change()
        with pytest.raises(ApiError, match="may still have been done") as refusal:
            _translate(caught.value)
        assert (refusal.value.status, refusal.value.code) == (503, "unavailable")
