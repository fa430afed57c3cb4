"""What every store has to keep for exports."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_exports.domain.errors import NotFound
from batch_exports.domain.exports import Destination, Model
from batch_exports.domain.schedules import Interval, Schedule
from batch_exports.ports import ExportQuery, Store
from tests.builders import HOUR, NOW, keep_export, keep_project, make_export
from tests.store.reference import export_fits, for_any_store, limits, moments

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(texts, json_values, max_size=4)
optional_moments = st.none() | moments
schedules = st.builds(
    Schedule,
    interval=st.sampled_from(Interval),
    timezone=st.sampled_from(["UTC", "Europe/Berlin", "America/Argentina/ComodRivadavia"]),
    offset_day=st.integers(0, 6),
    offset_hour=st.integers(0, 23),
    start_at=optional_moments,
    end_at=optional_moments,
)
export_fields = st.fixed_dictionaries(
    {
        "name": texts,
        "model": st.sampled_from(Model),
        "destination": st.builds(Destination, st.sampled_from(["S3", "HTTP", "NoOp"]), objects, objects),
        "schedule": schedules,
        "paused": st.booleans(),
        "created_at": moments,
        "last_updated_at": moments,
        "last_paused_at": optional_moments,
        "next_at": optional_moments,
        "next_start_at": optional_moments,
        "filters": st.none() | st.lists(objects, max_size=3).map(tuple),
    }
)

# Wildcards of SQL among them, each other's case, and what has case and is not ASCII.
names = st.sampled_from(
    ["Lake", "lake two", "100% done", "1000 done", "a_b", "aXb", "back\\slash", "Ärger", "ärger", ""]
)
searches = st.sampled_from(["lake", "LAKE", "100%", "_", "\\", "Ä", "ärg", "RGER", "%", "nothing", "x" * 200])
types = st.sampled_from(["S3", "NoOp"])
listed_fields = st.fixed_dictionaries(
    {
        "name": names,
        "model": st.sampled_from(Model),
        "destination": st.builds(Destination, types, st.just({})),
        "schedule": st.builds(Schedule, interval=st.sampled_from(Interval)),
        "paused": st.booleans(),
        "created_at": moments,
        "last_updated_at": moments,
    }
)
orders = st.fixed_dictionaries(
    {"order_by": st.sampled_from(["created_at", "last_updated_at", "name"]), "descending": st.booleans()}
)
filters = st.fixed_dictionaries(
    {},
    optional={
        "search": searches,
        "paused": st.booleans(),
        "model": st.sampled_from(Model),
        "interval": st.sampled_from(Interval),
        "destination_type": types,
    },
)


async def all_due(store: Store, now: Any, limit: int = 1000) -> list[Any]:
    async with store.read() as tx:
        return list(await tx.exports.due(now, limit))


class ExportConformance:
    """Claims about exports."""

    @for_any_store
    @given(export_fields)
    async def test_an_export_comes_back_as_it_was_kept(self, store: Store, values: dict[str, Any]) -> None:
        export = await keep_export(store, **values)

        async with store.read() as tx:
            assert await tx.exports.get(export.project_id, export.id) == export

    @for_any_store
    @given(export_fields)
    async def test_saving_replaces_all_of_an_export(self, store: Store, values: dict[str, Any]) -> None:
        export = await keep_export(store)
        changed = replace(export, **values)

        async with store.write() as tx:
            await tx.exports.save(changed)

        async with store.read() as tx:
            assert await tx.exports.get(export.project_id, export.id) == changed

    async def test_what_a_caller_does_to_its_objects_later_changes_nothing(self, store: Store) -> None:
        config = {"bucket_name": "before"}
        export = await keep_export(store, destination=Destination("S3", config))
        config["bucket_name"] = "after"

        async with store.read() as tx:
            found = await tx.exports.get(export.project_id, export.id)

        assert found is not None
        assert found.destination.config == {"bucket_name": "before"}

    async def test_an_export_of_another_project_does_not_exist(self, store: Store) -> None:
        mine, other = await keep_export(store), await keep_export(store)

        async with store.read() as tx:
            assert await tx.exports.get(other.project_id, mine.id) is None
            assert await tx.exports.get(mine.project_id, uuid4()) is None

    async def test_an_export_that_does_not_exist_cannot_be_saved(self, store: Store) -> None:
        export = await keep_export(store)

        with pytest.raises(NotFound):
            async with store.write() as tx:
                await tx.exports.save(replace(export, id=uuid4()))

    async def test_saving_a_deleted_export_is_refused_and_does_not_bring_it_back(self, store: Store) -> None:
        export = await keep_export(store)
        async with store.write() as tx:
            await tx.exports.delete(export.id, NOW)

        with pytest.raises(NotFound):
            async with store.write() as tx:
                await tx.exports.save(export)

        async with store.read() as tx:
            assert await tx.exports.get(export.project_id, export.id) is None

    async def test_a_deleted_export_is_in_no_list_and_never_due(self, store: Store) -> None:
        export = await keep_export(store, next_at=NOW)
        async with store.write() as tx:
            await tx.exports.delete(export.id, NOW)

        async with store.read() as tx:
            assert await tx.exports.get(export.project_id, export.id) is None
            assert await tx.exports.page(ExportQuery(project_id=export.project_id, limit=10, offset=0)) == ([], 0)
        assert (export.project_id, export.id) not in await all_due(store, NOW)

    @for_any_store
    @given(st.data(), st.lists(listed_fields, max_size=12))
    async def test_any_page_of_exports_and_their_count_are_those_that_the_query_describes(
        self, store: Store, data: st.DataObject, many: list[dict[str, Any]]
    ) -> None:
        async with store.write() as tx:
            project_id, other = await keep_project(tx, "Listed"), await keep_project(tx, "Other")
            kept = [make_export(id=uuid4(), project_id=project_id, **fields) for fields in many]
            for export in [*kept, make_export(project_id=other)]:
                await tx.exports.add(export)
        query = ExportQuery(project_id=project_id, limit=data.draw(limits), offset=data.draw(st.integers(0, 5)))
        query = replace(query, **data.draw(orders), **data.draw(filters))

        async with store.read() as tx:
            page, count = await tx.exports.page(query)

        fitting = [export for export in kept if export_fits(export, query)]
        fitting.sort(key=lambda export: (getattr(export, query.order_by), export.id), reverse=query.descending)
        assert page == fitting[query.offset : query.offset + query.limit]
        assert count == len(fitting)

    async def test_exports_come_newest_first_unless_asked_otherwise(self, store: Store) -> None:
        old = await keep_export(store, created_at=NOW - HOUR)
        new = await keep_export(store, project_id=old.project_id)

        async with store.read() as tx:
            page, _ = await tx.exports.page(ExportQuery(project_id=old.project_id, limit=10, offset=0))

        assert page == [new, old]

    @for_any_store
    @given(st.lists(st.tuples(optional_moments, st.booleans()), max_size=8), moments)
    async def test_due_exports_are_those_not_paused_whose_time_has_come_longest_due_first(
        self, store: Store, states: list[Any], now: Any
    ) -> None:
        made = [await keep_export(store, next_at=next_at, paused=paused) for next_at, paused in states]

        by_id = {export.id: export for export in made}
        found = [by_id[export_id] for _, export_id in await all_due(store, now) if export_id in by_id]

        expected = [each for each in made if not each.paused and each.next_at is not None and each.next_at <= now]
        assert sorted(each.id for each in found) == sorted(each.id for each in expected)
        assert [each.next_at for each in found] == sorted(each.next_at for each in expected if each.next_at)

    async def test_no_more_exports_are_due_at_once_than_asked_for(self, store: Store) -> None:
        late = NOW - timedelta(days=365)
        made = [await keep_export(store, next_at=late + number * HOUR) for number in range(5)]

        assert await all_due(store, NOW, limit=3) == [(each.project_id, each.id) for each in made[:3]]
