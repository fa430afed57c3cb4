"""What every store has to keep for log entries."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from batch_exports.domain.logs import LogEntry, LogLevel
from batch_exports.domain.runs import Run
from batch_exports.ports import LogQuery, Store
from tests.builders import NOW, keep_export, keep_run, make_log
from tests.store.reference import for_any_store, limits, log_fits, moments, walk

# Wildcards of SQL among them, and each other's case.
messages = st.sampled_from(["Started", "started again", "100% done", "1000 done", "a_b", "aXb", "back\\slash", "Ärger"])
searches = st.sampled_from(["start", "START", "100%", "_", "\\", "Ärger", "ärGER", "nothing", "d", "x" * 60_000])
log_fields = st.tuples(st.integers(0, 1), moments, st.sampled_from(LogLevel), messages)
optional_moments = st.none() | moments


async def keep_logs(store: Store, many: list[Any]) -> tuple[list[Run], list[LogEntry]]:
    export, other = await keep_export(store), await keep_export(store)
    runs = [await keep_run(store, export), await keep_run(store, export)]
    stranger = await keep_run(store, other)
    entries = [
        make_log(runs[run], timestamp=timestamp, level=level, message=message)
        for run, timestamp, level, message in many
    ]
    async with store.write() as tx:
        await tx.logs.add(entries)
        await tx.logs.add([make_log(stranger)])
    return runs, entries


def plain(entries: Sequence[LogEntry]) -> list[LogEntry]:
    return [replace(entry, sequence=0) for entry in entries]


def newest_first(entries: Sequence[LogEntry]) -> list[LogEntry]:
    # Of entries that share a timestamp, the one kept last comes first.
    numbered = sorted(enumerate(entries), key=lambda pair: (pair[1].timestamp, pair[0]), reverse=True)
    return [entry for _, entry in numbered]


class LogConformance:
    """Claims about log entries."""

    @for_any_store
    @given(st.data(), st.lists(log_fields, max_size=15))
    async def test_any_page_and_count_of_logs_are_those_that_the_query_describes(
        self, store: Store, data: st.DataObject, many: list[Any]
    ) -> None:
        runs, entries = await keep_logs(store, many)
        everything = LogQuery(export_id=runs[0].export_id, run_id=None, limit=100)
        async with store.read() as tx:
            kept = list(await tx.logs.page(everything))
        query = LogQuery(
            export_id=runs[0].export_id,
            run_id=data.draw(st.sampled_from([None, runs[0].id, runs[1].id])),
            limit=data.draw(limits),
            levels=data.draw(st.frozensets(st.sampled_from(LogLevel), max_size=3)),
            search=data.draw(st.none() | searches),
            after=data.draw(optional_moments),
            before=data.draw(optional_moments),
            position=data.draw(
                st.none() | st.tuples(moments, st.sampled_from([entry.sequence for entry in kept] or [1]))
            ),
        )

        async with store.read() as tx:
            page = list(await tx.logs.page(query))
            count = await tx.logs.count(query)

        fitting = [entry for entry in kept if log_fits(entry, query)]
        behind = [
            entry for entry in fitting if not query.position or (entry.timestamp, entry.sequence) < query.position
        ]
        assert plain(kept) == newest_first(entries)
        assert page == behind[: query.limit]
        assert count == len(fitting)

    @for_any_store
    @given(st.lists(log_fields, min_size=1, max_size=15), moments, moments)
    async def test_a_window_of_logs_holds_wherever_the_position_stands(
        self, store: Store, many: list[Any], place: Any, before: Any
    ) -> None:
        runs, entries = await keep_logs(store, many)
        # Behind all entries of its moment, or before them all.
        positions = [(place, 0), (place, 2**53)]
        query = LogQuery(export_id=runs[0].export_id, run_id=None, limit=100, before=before)

        async with store.read() as tx:
            pages = [plain(await tx.logs.page(replace(query, position=position))) for position in positions]

        earlier = [entry for entry in entries if entry.timestamp < min(place, before)]
        up_to = [entry for entry in entries if entry.timestamp < before and entry.timestamp <= place]
        assert pages == [newest_first(earlier), newest_first(up_to)]

    @for_any_store
    @given(st.lists(log_fields, max_size=20), limits)
    async def test_a_walk_over_logs_loses_none_that_share_a_timestamp_while_others_arrive(
        self, store: Store, many: list[Any], limit: int
    ) -> None:
        runs, entries = await keep_logs(store, many)
        left_to_insert = 5

        async def read_page(query: LogQuery) -> Sequence[LogEntry]:
            async with store.read() as tx:
                return await tx.logs.page(query)

        async def insert() -> None:
            nonlocal left_to_insert
            if left_to_insert > 0:
                left_to_insert -= 1
                async with store.write() as tx:
                    await tx.logs.add([make_log(runs[0], message="meanwhile")])

        query = LogQuery(export_id=runs[0].export_id, run_id=None, limit=limit)
        seen = await walk(read_page, query, lambda entry: (entry.timestamp, entry.sequence), insert)

        assert len({entry.sequence for entry in seen}) == len(seen)
        assert plain([entry for entry in seen if entry.message != "meanwhile"]) == newest_first(entries)

    async def test_entries_kept_together_are_numbered_in_their_order(self, store: Store) -> None:
        run = await keep_run(store, await keep_export(store))
        async with store.write() as tx:
            await tx.logs.add(make_log(run, message=str(number)) for number in range(20))
            await tx.logs.add([])

        async with store.read() as tx:
            found = await tx.logs.page(LogQuery(export_id=run.export_id, run_id=run.id, limit=100))

        assert [entry.message for entry in found] == [str(number) for number in reversed(range(20))]

    async def test_a_run_shows_no_logs_under_another_export(self, store: Store) -> None:
        run = await keep_run(store, await keep_export(store))
        other = await keep_export(store)
        async with store.write() as tx:
            await tx.logs.add([make_log(run)])

        async with store.read() as tx:
            assert not await tx.logs.page(LogQuery(export_id=other.id, run_id=run.id, limit=10))

    async def test_logs_of_a_deleted_export_are_gone(self, store: Store) -> None:
        run = await keep_run(store, await keep_export(store))
        async with store.write() as tx:
            await tx.logs.add([make_log(run)])
            await tx.exports.delete(run.export_id, NOW)

        query = LogQuery(export_id=run.export_id, run_id=None, limit=10)
        async with store.read() as tx:
            assert not await tx.logs.page(query)
            assert not await tx.logs.page(replace(query, run_id=run.id))
            assert await tx.logs.count(query) == 0
