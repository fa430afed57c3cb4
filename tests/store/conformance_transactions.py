"""What every store has to keep for transactions."""

import asyncio
import time
from contextlib import suppress

import pytest

from batch_exports.domain.runs import OPEN_STATUSES, Run, RunStatus
from batch_exports.ports import LogQuery, RunQuery, Store
from tests.builders import keep_export, keep_project, keep_run, make_backfill, make_export, make_key, make_log, make_run


class _ChangedMindError(Exception):
    pass


async def cancelled_after(seconds: float, task: asyncio.Task[None]) -> None:
    # Not by a timer, whose ticks are longer than most statements.
    deadline = time.perf_counter() + seconds
    while time.perf_counter() < deadline and not task.done():  # noqa: ASYNC110  # the loop has to go round
        await asyncio.sleep(0)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


class TransactionConformance:
    """Claims about transactions."""

    async def test_a_block_that_raises_leaves_nothing_behind(self, store: Store) -> None:
        export = await keep_export(store)
        run = await keep_run(store, export)
        other, backfill, key = make_export(project_id=export.project_id), make_backfill(export), make_key()

        with pytest.raises(_ChangedMindError):
            async with store.write() as tx:
                project_id = await keep_project(tx, "Never")
                await tx.access.add_key(key)
                await tx.exports.add(other)
                await tx.backfills.add(backfill)
                await tx.logs.add([make_log(run)])
                await tx.runs.change(run.id, OPEN_STATUSES, status=RunStatus.FAILED)
                await tx.exports.delete(export.id, export.created_at)
                raise _ChangedMindError

        async with store.read() as tx:
            assert await tx.exports.get(export.project_id, other.id) is None
            assert await tx.exports.get(export.project_id, export.id) == export
            assert await tx.backfills.get(export.id, backfill.id) is None
            assert await tx.runs.get(export.id, run.id) == run
            assert await tx.access.find_keys(key.prefix) == []
            assert await tx.access.project(project_id) is None

    async def test_a_cancelled_writer_leaves_nothing_behind_and_the_store_in_order(self, store: Store) -> None:
        export = await keep_export(store)
        run = make_run(export)
        added = asyncio.Event()

        async def write_and_hang() -> None:
            async with store.write() as tx:
                await tx.runs.add(run)
                added.set()
                await asyncio.Event().wait()

        writer = asyncio.create_task(write_and_hang())
        await added.wait()
        writer.cancel()
        with suppress(asyncio.CancelledError):
            await writer

        async with store.read() as tx:
            assert await tx.runs.get(export.id, run.id) is None
        assert await keep_run(store, export)

    async def test_what_is_cancelled_at_any_moment_is_whole_or_nothing_and_locks_nobody_out(self, store: Store) -> None:
        export = await keep_export(store)
        kept, patience = 0, 0.0

        async def work(run: Run) -> None:
            async with store.write() as tx:
                await tx.runs.add(run)
                await tx.runs.change(run.id, OPEN_STATUSES, attempt=2)
                await tx.logs.add([make_log(run)])
            async with store.read() as tx:
                await tx.runs.find(run.id)

        while kept < 3:
            run = make_run(export)
            await cancelled_after(patience, asyncio.create_task(work(run)))
            async with asyncio.timeout(10), store.write() as tx:
                await tx.exports.save(export)
            async with store.read() as tx:
                found = await tx.runs.find(run.id)
                logs = await tx.logs.page(LogQuery(export_id=export.id, run_id=run.id, limit=10))
            assert (None if found is None else found.attempt, len(logs)) in {(None, 0), (2, 1)}
            kept += found is not None
            patience += 0.00003

    async def test_a_writer_sees_what_it_wrote(self, store: Store) -> None:
        export = await keep_export(store)
        run = make_run(export)

        async with store.write() as tx:
            await tx.runs.add(run)
            assert await tx.runs.get(export.id, run.id) == run
            assert list(await tx.runs.open_runs(export.id)) == [run]

    async def test_a_reader_sees_one_moment_whatever_others_write(self, store: Store) -> None:
        export = await keep_export(store)
        first = await keep_run(store, export)
        query = RunQuery(export_id=export.id, order_by="created_at", descending=True, limit=10)

        async with store.read() as tx:
            assert list(await tx.runs.page(query)) == [first]
            # A store may let the writer wait for the reader, or go on beside it.
            writer = asyncio.create_task(keep_run(store, export))
            await asyncio.wait({writer}, timeout=0.2)
            assert list(await tx.runs.page(query)) == [first]

        second = await writer
        async with store.read() as tx:
            assert {run.id for run in await tx.runs.page(query)} == {first.id, second.id}

    async def test_a_look_sees_what_has_just_been_written(self, store: Store) -> None:
        export = await keep_export(store)
        async with store.look() as tx:
            assert await tx.exports.get(export.project_id, export.id) == export
            second = await keep_run(store, export)
        async with store.look() as tx:
            assert await tx.runs.get(export.id, second.id) == second

    @pytest.mark.parametrize("way", ["read", "look"])
    async def test_nothing_can_be_written_through_a_reader(self, store: Store, way: str) -> None:
        export = await keep_export(store)
        run = make_run(export)

        with suppress(Exception):
            async with getattr(store, way)() as tx:
                await tx.runs.add(run)

        async with store.read() as tx:
            assert await tx.runs.get(export.id, run.id) is None

    async def test_of_many_who_settle_one_run_exactly_one_wins(self, store: Store) -> None:
        export = await keep_export(store)
        run = await keep_run(store, export)

        async def settle(name: str) -> Run | None:
            async with store.write() as tx:
                return await tx.runs.change(run.id, OPEN_STATUSES, status=RunStatus.CANCELLED, latest_error=name)

        outcomes = await asyncio.gather(*(settle(f"writer {number}") for number in range(10)))

        winners = [outcome for outcome in outcomes if outcome is not None]
        assert len(winners) == 1
        async with store.read() as tx:
            assert await tx.runs.get(export.id, run.id) == winners[0]
