"""What every store has to keep for backfills."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_exports.domain.backfills import OPEN_BACKFILL_STATUSES, Backfill, BackfillStatus, RunCounts
from batch_exports.domain.runs import OPEN_STATUSES, RunStatus
from batch_exports.ports import BackfillQuery, Store
from tests.builders import HOUR, NOW, keep_backfill, keep_export, keep_run, make_backfill
from tests.store.reference import for_any_store, limits, moments, page_of, walk

orders = st.sampled_from(["created_at", "start_at"])
backfill_fields = st.fixed_dictionaries({"created_at": moments, "start_at": moments})


async def keep_backfills(store: Store, many: list[dict[str, Any]]) -> list[Backfill]:
    export, other = await keep_export(store), await keep_export(store)
    backfills = [make_backfill(export, id=uuid4(), **fields) for fields in many]
    async with store.write() as tx:
        for backfill in backfills:
            await tx.backfills.add(backfill)
        await tx.backfills.add(make_backfill(other))
    return backfills


class BackfillConformance:
    """Claims about backfills."""

    async def test_a_backfill_comes_back_as_it_was_kept(self, store: Store) -> None:
        export = await keep_export(store)
        backfill = await keep_backfill(
            store,
            export,
            status=BackfillStatus.COMPLETED,
            next_start_at=None,
            finished_at=NOW + HOUR,
            total_records_count=2**53 - 1,
            adjusted_start_at=NOW - HOUR,
        )

        async with store.read() as tx:
            assert await tx.backfills.get(export.id, backfill.id) == backfill

    async def test_a_backfill_is_found_under_its_own_export_only(self, store: Store) -> None:
        export, other = await keep_export(store), await keep_export(store)
        backfill = await keep_backfill(store, export)

        async with store.write() as tx:
            assert await tx.backfills.get(other.id, backfill.id) is None
            assert await tx.backfills.get(export.id, uuid4()) is None
            assert await tx.backfills.get(export.id, backfill.id, lock=True) == backfill

    @for_any_store
    @given(st.data(), st.lists(backfill_fields, min_size=1, max_size=15))
    async def test_any_page_of_backfills_is_the_one_that_its_query_describes(
        self, store: Store, data: st.DataObject, many: list[dict[str, Any]]
    ) -> None:
        backfills = await keep_backfills(store, many)
        order_by = data.draw(orders)
        positions = [(getattr(backfill, order_by), backfill.id) for backfill in backfills]
        query = BackfillQuery(
            export_id=backfills[0].export_id,
            order_by=order_by,
            descending=data.draw(st.booleans()),
            limit=data.draw(limits),
            position=data.draw(st.none() | st.sampled_from(positions) | st.tuples(moments, st.uuids())),
            backwards=data.draw(st.booleans()),
        )

        async with store.read() as tx:
            page = await tx.backfills.page(query)

        assert list(page) == page_of(backfills, query)

    @for_any_store
    @given(st.lists(backfill_fields, min_size=1, max_size=12), backfill_fields, orders, st.booleans(), limits)
    async def test_a_walk_over_backfills_loses_and_repeats_nothing_while_rows_are_inserted(
        self,
        store: Store,
        many: list[dict[str, Any]],
        extra: dict[str, Any],
        order_by: str,
        descending: bool,
        limit: int,
    ) -> None:
        backfills = await keep_backfills(store, many)
        left_to_insert = 5

        async def read_page(query: BackfillQuery) -> Sequence[Backfill]:
            async with store.read() as tx:
                return await tx.backfills.page(query)

        async def insert() -> None:
            nonlocal left_to_insert
            if left_to_insert > 0:
                left_to_insert -= 1
                async with store.write() as tx:
                    await tx.backfills.add(replace(backfills[0], id=uuid4(), **extra))

        query = BackfillQuery(export_id=backfills[0].export_id, order_by=order_by, descending=descending, limit=limit)
        seen = await walk(read_page, query, lambda each: (getattr(each, order_by), each.id), insert)

        assert len({each.id for each in seen}) == len(seen)
        assert {each.id for each in backfills} <= {each.id for each in seen}

    @pytest.mark.parametrize("status", BackfillStatus)
    async def test_a_backfill_changes_only_from_the_statuses_named(self, store: Store, status: BackfillStatus) -> None:
        backfill = await keep_backfill(store, await keep_export(store), status=status)

        async with store.write() as tx:
            changed = await tx.backfills.change(
                backfill.id, OPEN_BACKFILL_STATUSES, status=BackfillStatus.CANCELLED, next_start_at=None
            )

        expected = replace(backfill, status=BackfillStatus.CANCELLED, next_start_at=None)
        assert changed == (expected if backfill.is_open else None)
        async with store.read() as tx:
            found = await tx.backfills.get(backfill.export_id, backfill.id)
        assert found == (expected if backfill.is_open else backfill)

    async def test_open_backfills_are_listed_by_export_and_counted_by_project(self, store: Store) -> None:
        export = await keep_export(store)
        sibling = await keep_export(store, project_id=export.project_id)
        stranger = await keep_export(store)
        for each in (export, sibling, stranger):
            for status in BackfillStatus:
                await keep_backfill(store, each, status=status)

        async with store.read() as tx:
            found = await tx.backfills.open_backfills(export.id)
            assert await tx.backfills.count_open(export.project_id) == 2 * len(OPEN_BACKFILL_STATUSES)
        assert {each.status for each in found} == OPEN_BACKFILL_STATUSES
        assert {each.export_id for each in found} == {export.id}

    async def test_backfills_of_a_deleted_export_are_seen_by_the_engine_only(self, store: Store) -> None:
        export = await keep_export(store)
        backfill = await keep_backfill(store, export)
        async with store.write() as tx:
            await tx.exports.delete(export.id, NOW)

        query = BackfillQuery(export_id=export.id, order_by="created_at", descending=True, limit=10)
        async with store.read() as tx:
            assert await tx.backfills.get(export.id, backfill.id) is None
            assert not await tx.backfills.page(query)
            assert not await tx.backfills.open_backfills(export.id)
            assert await tx.backfills.count_open(export.project_id) == 0
        async with store.write() as tx:
            changed = await tx.backfills.change(backfill.id, OPEN_BACKFILL_STATUSES, status=BackfillStatus.CANCELLED)
        assert changed == replace(backfill, status=BackfillStatus.CANCELLED)

    @for_any_store
    @given(st.lists(st.lists(st.sampled_from(RunStatus), max_size=8), max_size=3))
    async def test_runs_are_counted_per_backfill_by_how_they_ended(
        self, store: Store, histories: list[list[RunStatus]]
    ) -> None:
        export = await keep_export(store)
        await keep_run(store, export, status=RunStatus.COMPLETED)
        expected = {}
        for statuses in histories:
            backfill = await keep_backfill(store, export)
            for status in statuses:
                await keep_run(store, export, status=status, backfill_id=backfill.id)
            completed, cancelled = statuses.count(RunStatus.COMPLETED), statuses.count(RunStatus.CANCELLED)
            still_open = sum(status in OPEN_STATUSES for status in statuses)
            failed = len(statuses) - completed - cancelled - still_open
            expected[backfill.id] = RunCounts(completed, failed, cancelled, still_open)

        async with store.read() as tx:
            assert dict(await tx.backfills.run_counts(list(expected))) == expected

    @for_any_store
    @given(st.sampled_from(RunStatus))
    async def test_a_run_that_moves_on_counts_once(self, store: Store, status: RunStatus) -> None:
        export = await keep_export(store)
        backfill = await keep_backfill(store, export)
        run = await keep_run(store, export, status=RunStatus.STARTING, backfill_id=backfill.id)
        async with store.write() as tx:
            await tx.runs.change(run.id, OPEN_STATUSES, status=status)

        async with store.read() as tx:
            counts = (await tx.backfills.run_counts([backfill.id]))[backfill.id]
        assert (counts.open, counts.finished) == ((1, 0) if status in OPEN_STATUSES else (0, 1))

    @for_any_store
    @given(st.lists(st.tuples(st.sampled_from(RunStatus), st.none() | st.integers(0, 2**40)), max_size=6))
    async def test_the_rows_of_a_backfill_are_those_of_its_completed_runs(
        self, store: Store, history: list[tuple[RunStatus, int | None]]
    ) -> None:
        export = await keep_export(store)
        backfill, other = await keep_backfill(store, export), await keep_backfill(store, export)
        await keep_run(store, export, status=RunStatus.COMPLETED, records_completed=5, backfill_id=other.id)
        for status, rows in history:
            await keep_run(store, export, status=status, records_completed=rows, backfill_id=backfill.id)

        async with store.read() as tx:
            found = await tx.backfills.records(backfill.id)

        assert found == sum(rows or 0 for status, rows in history if status is RunStatus.COMPLETED)
