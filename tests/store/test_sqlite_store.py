"""The SQL store on SQLite keeps all promises of the store port."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from batch_exports.store import SqlStore
from tests.store.conformance import StoreConformance
from tests.store.databases import new_store


class TestSqliteStore(StoreConformance):
    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncIterator[SqlStore]:
        async with new_store(tmp_path / "store.db") as store:
            yield store
