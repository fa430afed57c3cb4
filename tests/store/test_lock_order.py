"""Whatever is done to one export at once, nobody waits in a circle, and it ends in a state that the rules allow."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_exports.domain.backfills import BackfillStatus
from batch_exports.domain.exports import Export
from batch_exports.domain.identifiers import uuid7
from batch_exports.domain.runs import Run, RunStatus
from batch_exports.engine import DbosEngine
from batch_exports.engine import migrate as migrate_engine
from batch_exports.ports import BackfillQuery, RunQuery, Transaction
from batch_exports.services.lifecycle import Lifecycle
from batch_exports.store import SqlStore
from tests.builders import HOUR, NOW, keep_export
from tests.store.databases import new_store, url_of


class Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class World:
    store: SqlStore
    lifecycle: Lifecycle


@dataclass
class Scene:
    """One export with runs and backfills, as it was before everything happened to it at once."""

    world: World
    export: Export
    runs: Sequence[Run]

    async def require(self, tx: Transaction) -> Export | None:
        return await tx.exports.get(self.export.project_id, self.export.id)


Action = Callable[[Scene, Transaction, Run], Awaitable[Any]]


async def begin(scene: Scene, tx: Transaction, run: Run) -> None:
    await scene.world.lifecycle.begin(tx, run.id)
    await scene.require(tx)


async def report(scene: Scene, tx: Transaction, run: Run) -> None:
    if await scene.world.lifecycle.progress(tx, run.id, records_completed=1) is not None:
        await scene.world.lifecycle.log(tx, run, "INFO", "Going on.")


async def complete(scene: Scene, tx: Transaction, run: Run) -> None:
    if await scene.world.lifecycle.complete(tx, run.id, 1, 1) is not None:
        await scene.world.lifecycle.log(tx, run, "INFO", "Completed.")


async def fail(scene: Scene, tx: Transaction, run: Run) -> None:
    await scene.world.lifecycle.fail(tx, run.id, "The bucket does not exist.")


async def cancel(scene: Scene, tx: Transaction, run: Run) -> None:
    if await scene.require(tx) is not None:
        await scene.world.lifecycle.cancel(tx, run)


async def cancel_backfill(scene: Scene, tx: Transaction, run: Run) -> None:
    if await scene.require(tx) is None or run.backfill_id is None:
        return
    backfill = await tx.backfills.get(scene.export.id, run.backfill_id, lock=True)
    if backfill is not None:
        await scene.world.lifecycle.cancel_backfill(tx, backfill)


async def start_backfill(scene: Scene, tx: Transaction, run: Run) -> None:
    export = await scene.require(tx)
    if export is not None:
        await scene.world.lifecycle.start_backfill(tx, export, NOW - 2 * HOUR, NOW)


async def retry(scene: Scene, tx: Transaction, run: Run) -> None:
    export = await scene.require(tx)
    if export is not None:
        await scene.world.lifecycle.start_retry(tx, export, run)


async def rename(scene: Scene, tx: Transaction, run: Run) -> None:
    export = await scene.require(tx)
    if export is not None:
        await tx.exports.save(replace(export, name="Renamed"))


async def delete(scene: Scene, tx: Transaction, run: Run) -> None:
    if await scene.require(tx) is None:
        return
    for backfill in await tx.backfills.open_backfills(scene.export.id):
        await scene.world.lifecycle.cancel_backfill(tx, backfill)
    for each in await tx.runs.open_runs(scene.export.id):
        await scene.world.lifecycle.cancel(tx, each)
    await tx.exports.delete(scene.export.id, NOW)


ACTIONS: dict[str, Action] = {
    action.__name__: action
    for action in (begin, report, complete, fail, cancel, cancel_backfill, start_backfill, retry, rename, delete)
}
# A deletion comes at the end if at all: before, it would hide what the others do to each other.
plans = st.lists(
    st.tuples(st.sampled_from(sorted({*ACTIONS} - {"delete"})), st.integers(0, 9)), min_size=4, max_size=16
)


async def set_scene(world: World) -> Scene:
    """Two backfills of four intervals, with two runs each, and a scheduled run."""
    export = await keep_export(world.store)
    async with world.store.write() as tx:
        await world.lifecycle.start_run(tx, export, NOW - HOUR, NOW)
        for _ in range(2):
            await world.lifecycle.start_backfill(tx, export, NOW - 4 * HOUR, NOW)
        runs = await tx.runs.open_runs(export.id)
    return Scene(world, export, runs)


async def carry_out(scene: Scene, name: str, which: int) -> None:
    action = ACTIONS[name]
    async with scene.world.store.write() as tx:
        await action(scene, tx, scene.runs[which % len(scene.runs)])


async def assert_legal(scene: Scene, *, deleted: bool) -> None:
    export_id = scene.export.id
    async with scene.world.store.read() as tx:
        runs = await tx.runs.page(RunQuery(export_id=export_id, order_by="created_at", descending=True, limit=1000))
        backfills = await tx.backfills.page(
            BackfillQuery(export_id=export_id, order_by="created_at", descending=True, limit=100)
        )
        left = [run for run in await tx.runs.all_open(100_000) if run.export_id == export_id]
    if deleted:
        assert (runs, backfills, left) == ([], [], [])
    assert all((run.finished_at is None) == run.is_open for run in runs)
    for backfill in backfills:
        own = [run for run in runs if run.backfill_id == backfill.id]
        starts = [run.data_interval_start for run in own]
        assert len(set(starts)) == len(starts) <= backfill.total_runs
        # An open one would wait for ever for a run that is not there.
        assert backfill.is_open == any(run.is_open for run in own)
        if backfill.status is BackfillStatus.COMPLETED:
            assert len(own) == backfill.total_runs
        if backfill.status is BackfillStatus.CANCELLED:
            assert {run.status for run in own} & {RunStatus.CANCELLED, RunStatus.COMPLETED, RunStatus.FAILED}


@pytest.fixture(params=["sqlite", "postgresql"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    on_postgres = request.param == "postgresql"
    url = request.getfixturevalue("postgres_url") if on_postgres else url_of(tmp_path / "store.db")
    async with new_store(url) as store:
        await asyncio.to_thread(migrate_engine, url)
        engine = DbosEngine(url)
        yield World(store, Lifecycle(Clock(), uuid7, engine))
        engine.close()


class TestLockOrder:
    @settings(max_examples=15)
    @given(plans, st.booleans())
    async def test_whatever_happens_to_an_export_at_once_ends_in_a_legal_state_without_a_deadlock(
        self, world: World, plan: list[tuple[str, int]], deleted: bool
    ) -> None:
        scene = await set_scene(world)
        steps = [*plan, ("delete", 0)] if deleted else plan

        async with asyncio.timeout(30):
            await asyncio.gather(*(carry_out(scene, *step) for step in steps))

        await assert_legal(scene, deleted=deleted)
