"""What every store has to keep for runs."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_exports.domain.runs import OPEN_STATUSES, Run, RunStatus
from batch_exports.ports import RunQuery, Store
from tests.builders import HOUR, NOW, keep_backfill, keep_export, keep_run, make_run
from tests.store.reference import for_any_store, limits, moments, page_of, run_fits, walk

optional_moments = st.none() | moments
orders = st.sampled_from(["created_at", "data_interval_start"])
run_fields = st.builds(
    lambda status, created_at, start, minutes: {
        "status": status,
        "created_at": created_at,
        "data_interval_start": start,
        "data_interval_end": start + timedelta(minutes=minutes),
    },
    st.sampled_from(RunStatus),
    moments,
    moments,
    st.integers(1, 3),
)


def by_id(runs: Sequence[Run]) -> set[Any]:
    return {run.id for run in runs}


async def keep_runs(store: Store, many: list[dict[str, Any]]) -> list[Run]:
    export, other = await keep_export(store), await keep_export(store)
    # Random identifiers, so that nothing leans on their order being that of creation.
    runs = [make_run(export, id=uuid4(), **fields) for fields in many]
    async with store.write() as tx:
        for run in runs:
            await tx.runs.add(run)
        await tx.runs.add(make_run(other))
    return runs


class RunConformance:
    """Claims about runs."""

    async def test_a_run_comes_back_as_it_was_kept(self, store: Store) -> None:
        export = await keep_export(store)
        backfill = await keep_backfill(store, export)
        replaced = await keep_run(store, export)
        run = await keep_run(
            store,
            export,
            status=RunStatus.FAILED,
            finished_at=NOW + HOUR,
            records_completed=2**53 - 1,
            records_failed=1,
            records_total_count=2**53 - 1,
            bytes_exported=2**53 - 1,
            latest_error="Zugriff verweigert: prüfen Sie den Schlüssel ✂",
            attempt=3,
            next_attempt_at=NOW + HOUR,
            backfill_id=backfill.id,
            retry_of=replaced.id,
        )

        async with store.read() as tx:
            assert await tx.runs.get(export.id, run.id) == run
            assert await tx.runs.get(export.id, replaced.id) == replaced

    async def test_a_run_is_found_under_its_own_export_only(self, store: Store) -> None:
        export, other = await keep_export(store), await keep_export(store)
        run = await keep_run(store, export)

        async with store.read() as tx:
            assert await tx.runs.get(other.id, run.id) is None
            assert await tx.runs.get(export.id, uuid4()) is None
            assert await tx.runs.find(run.id) == run
            assert await tx.runs.find(uuid4()) is None

    @for_any_store
    @given(st.data(), st.lists(run_fields, max_size=15))
    async def test_any_page_is_the_one_that_its_query_describes(
        self, store: Store, data: st.DataObject, many: list[dict[str, Any]]
    ) -> None:
        runs = await keep_runs(store, many)
        order_by = data.draw(orders)
        positions = [(getattr(run, order_by), run.id) for run in runs] or [(NOW, uuid4())]
        query = RunQuery(
            export_id=runs[0].export_id if runs else uuid4(),
            order_by=order_by,
            descending=data.draw(st.booleans()),
            limit=data.draw(limits),
            position=data.draw(st.none() | st.sampled_from(positions) | st.tuples(moments, st.uuids())),
            backwards=data.draw(st.booleans()),
            statuses=data.draw(st.frozensets(st.sampled_from(RunStatus), max_size=5)),
            created_from=data.draw(optional_moments),
            created_until=data.draw(optional_moments),
            interval_from=data.draw(optional_moments),
            interval_until=data.draw(optional_moments),
        )

        async with store.read() as tx:
            page = await tx.runs.page(query)

        assert list(page) == page_of([run for run in runs if run_fits(run, query)], query)

    @for_any_store
    @given(
        st.lists(run_fields, min_size=1, max_size=15), st.tuples(moments, st.uuids()), moments, moments, st.booleans()
    )
    async def test_a_window_holds_wherever_the_position_stands(
        self, store: Store, many: list[dict[str, Any]], position: Any, first: Any, last: Any, descending: bool
    ) -> None:
        runs = await keep_runs(store, many)
        in_order = RunQuery(
            export_id=runs[0].export_id, order_by="created_at", descending=descending, limit=100, position=position
        )
        queries = [replace(in_order, created_from=first), replace(in_order, created_until=last)]
        queries += [replace(query, position=None, order_by="data_interval_start") for query in queries]
        queries += [
            replace(in_order, position=None, interval_from=first),
            replace(in_order, position=None, interval_until=last),
        ]

        async with store.read() as tx:
            pages = [list(await tx.runs.page(query)) for query in queries]

        assert pages == [page_of([run for run in runs if run_fits(run, query)], query) for query in queries]

    @for_any_store
    @given(st.lists(run_fields, min_size=1, max_size=15), run_fields, orders, st.booleans(), limits)
    async def test_a_walk_loses_and_repeats_nothing_while_rows_are_inserted_and_back_it_mirrors(
        self,
        store: Store,
        many: list[dict[str, Any]],
        extra: dict[str, Any],
        order_by: str,
        descending: bool,
        limit: int,
    ) -> None:
        runs = await keep_runs(store, many)
        export_id = runs[0].export_id

        def position_of(run: Run) -> tuple[Any, Any]:
            return getattr(run, order_by), run.id

        async def read_page(query: RunQuery) -> Sequence[Run]:
            async with store.read() as tx:
                return await tx.runs.page(query)

        inserted = 0

        async def insert() -> None:
            nonlocal inserted
            inserted += 1
            # A few only: behind the position of the walk each would earn another page.
            if inserted <= 5:
                async with store.write() as tx:
                    await tx.runs.add(replace(runs[0], id=uuid4(), **extra))

        async def rest() -> None: ...

        query = RunQuery(export_id=export_id, order_by=order_by, descending=descending, limit=limit)
        seen = await walk(read_page, query, position_of, insert)
        forwards = await walk(read_page, query, position_of, rest)
        backwards = await walk(read_page, replace(query, backwards=True), position_of, rest)

        assert len(by_id(seen)) == len(seen)
        assert by_id(runs) <= by_id(seen)
        assert [run.id for run in forwards] == [run.id for run in reversed(backwards)]

    @for_any_store
    @given(st.lists(st.lists(moments, max_size=6), min_size=1, max_size=4), st.integers(1, 4))
    async def test_the_latest_runs_are_the_newest_of_each_export(
        self, store: Store, histories: list[list[Any]], per_export: int
    ) -> None:
        expected = {}
        for history in histories:
            export = await keep_export(store)
            runs = [make_run(export, id=uuid4(), created_at=at) for at in history]
            async with store.write() as tx:
                for run in runs:
                    await tx.runs.add(run)
            newest = sorted(runs, key=lambda run: (run.created_at, run.id), reverse=True)
            expected[export.id] = newest[:per_export]

        async with store.read() as tx:
            found = await tx.runs.latest(list(expected), per_export)

        assert {key: list(runs) for key, runs in found.items()} == expected

    async def test_the_latest_runs_of_no_export_are_none(self, store: Store) -> None:
        async with store.read() as tx:
            assert not await tx.runs.latest([], 10)

    @pytest.mark.parametrize("status", RunStatus)
    async def test_a_change_happens_only_from_the_statuses_named(self, store: Store, status: RunStatus) -> None:
        run = await keep_run(store, await keep_export(store), status=status)

        async with store.write() as tx:
            changed = await tx.runs.change(
                run.id, OPEN_STATUSES, status=RunStatus.COMPLETED, finished_at=NOW + HOUR, records_completed=7
            )

        expected = replace(run, status=RunStatus.COMPLETED, finished_at=NOW + HOUR, records_completed=7)
        async with store.read() as tx:
            assert await tx.runs.find(run.id) == (expected if run.is_open else run)
        assert changed == (expected if run.is_open else None)

    async def test_a_run_that_moves_is_found_at_its_new_interval(self, store: Store) -> None:
        export = await keep_export(store)
        run, other = await keep_run(store, export), await keep_run(store, export)
        interval = {"data_interval_start": NOW + HOUR, "data_interval_end": NOW + 2 * HOUR}

        async with store.write() as tx:
            moved = await tx.runs.change(run.id, OPEN_STATUSES, **interval)

        query = RunQuery(export_id=export.id, order_by="data_interval_start", descending=False, limit=10)
        async with store.read() as tx:
            assert list(await tx.runs.page(query)) == [other, moved]
            assert list(await tx.runs.page(replace(query, interval_until=NOW))) == [other]
        assert moved == replace(run, **interval)

    async def test_a_change_touches_one_run_only_and_none_that_is_unknown(self, store: Store) -> None:
        export = await keep_export(store)
        run, neighbour = await keep_run(store, export), await keep_run(store, export)

        async with store.write() as tx:
            await tx.runs.change(run.id, OPEN_STATUSES, latest_error="only here")
            assert await tx.runs.change(uuid4(), OPEN_STATUSES, latest_error="nowhere") is None
            assert await tx.runs.change(neighbour.id, frozenset(), latest_error="from no status") is None

        async with store.read() as tx:
            assert await tx.runs.find(neighbour.id) == neighbour

    async def test_open_runs_are_those_that_have_not_ended_of_an_export_or_one_backfill(self, store: Store) -> None:
        export, other = await keep_export(store), await keep_export(store)
        backfill = await keep_backfill(store, export)
        for status in RunStatus:
            await keep_run(store, export, status=status)
            await keep_run(store, export, status=status, backfill_id=backfill.id)
            await keep_run(store, other, status=status)

        async with store.read() as tx:
            of_export = await tx.runs.open_runs(export.id)
            of_backfill = await tx.runs.open_runs(export.id, backfill_id=backfill.id)

        assert len(of_export) == 2 * len(OPEN_STATUSES)
        assert {run.status for run in of_export} == OPEN_STATUSES
        assert by_id(of_backfill) == {run.id for run in of_export if run.backfill_id == backfill.id}

    async def test_all_open_runs_come_oldest_first_and_no_more_than_asked_for(self, store: Store) -> None:
        export, other = await keep_export(store), await keep_export(store)
        third = await keep_run(store, export, created_at=NOW + 2 * HOUR)
        first = await keep_run(store, other, created_at=NOW)
        second = await keep_run(store, export, created_at=NOW + HOUR, status=RunStatus.RUNNING)
        await keep_run(store, export, created_at=NOW, status=RunStatus.COMPLETED)

        async with store.read() as tx:
            assert list(await tx.runs.all_open(10)) == [first, second, third]
            assert list(await tx.runs.all_open(2)) == [first, second]

    async def test_runs_of_a_deleted_export_are_seen_by_the_engine_only(self, store: Store) -> None:
        export = await keep_export(store)
        run = await keep_run(store, export)
        async with store.write() as tx:
            await tx.exports.delete(export.id, NOW)

        query = RunQuery(export_id=export.id, order_by="created_at", descending=True, limit=10)
        async with store.read() as tx:
            assert await tx.runs.get(export.id, run.id) is None
            assert not await tx.runs.page(query)
            assert not await tx.runs.open_runs(export.id)
            assert {key: list(runs) for key, runs in (await tx.runs.latest([export.id], 10)).items()} == {export.id: []}
            assert await tx.runs.find(run.id) == run
            assert run in await tx.runs.all_open(100)
        async with store.write() as tx:
            cancelled = await tx.runs.change(run.id, OPEN_STATUSES, status=RunStatus.CANCELLED)
        assert cancelled == replace(run, status=RunStatus.CANCELLED)
