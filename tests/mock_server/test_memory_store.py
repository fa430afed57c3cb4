import asyncio

import pytest

from mock_server.memory.session import ReadOnlyTransactionError
from mock_server.memory.store import MemoryStore
from tests.builders import keep_export, make_export, make_run
from tests.store.conformance import StoreConformance


@pytest.fixture
def store():
    return MemoryStore()


class TestMemoryStore(StoreConformance):
    """The memory store keeps what every store has to keep."""


async def test_nothing_can_be_written_through_a_read(store):
    export = await keep_export(store)
    async with store.read() as tx:
        with pytest.raises(ReadOnlyTransactionError):
            await tx.exports.delete(export.id, export.created_at)
        with pytest.raises(ReadOnlyTransactionError):
            await tx.runs.add(make_run(export))


async def test_a_write_inside_a_write_is_refused_instead_of_waiting_for_ever(store):
    async with store.write():
        with pytest.raises(RuntimeError, match="wait for itself"):
            async with store.write():
                pass


async def test_writers_take_turns(store):
    export = await keep_export(store)
    runs = [make_run(export) for _ in range(20)]

    async def add(run):
        async with store.write() as tx:
            await asyncio.sleep(0)
            await tx.runs.add(run)

    await asyncio.gather(*(add(run) for run in runs))
    async with store.read() as tx:
        assert {run.id for run in await tx.runs.all_open(limit=100)} == {run.id for run in runs}


async def test_two_stores_over_the_same_tables_go_apart(store):
    export = await keep_export(store)
    other = MemoryStore(store.tables)
    async with other.write() as tx:
        await tx.exports.delete(export.id, export.created_at)
    async with store.read() as tx:
        assert await tx.exports.get(export.project_id, export.id) == export
        await tx.exports.get(export.project_id, make_export().id)
