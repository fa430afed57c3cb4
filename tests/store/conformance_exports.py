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
from tests.builders import HOUR, NOW, keep_export, make_export
from tests.store.reference import for_any_store, limits, moments

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
    @given(st.lists(st.tuples(moments, st.uuids()), max_size=12, unique_by=lambda pair: pair[1]), limits, limits)
    async def test_a_project_lists_its_exports_newest_first_and_counts_them_all(
        self, store: Store, made: list[Any], limit: int, offset: int
    ) -> None:
        async with store.write() as tx:
            project_id = await tx.access.add_project("Listed")
            other = await tx.access.add_project("Other")
            kept = [make_export(id=id_, project_id=project_id, created_at=at) for at, id_ in made]
            for export in kept:
                # Identifiers are unique in the whole store, which the examples share.
                await tx.exports.add(replace(export, id=uuid4(), name=str(export.id)))
            await tx.exports.add(make_export(project_id=other))

        async with store.read() as tx:
            found, count = await tx.exports.page(ExportQuery(project_id=project_id, limit=100, offset=0))
            page, same_count = await tx.exports.page(ExportQuery(project_id=project_id, limit=limit, offset=offset))

        assert sorted(each.name for each in found) == sorted(str(each.id) for each in kept)
        assert [(each.created_at, each.id) for each in found] == sorted(
            ((each.created_at, each.id) for each in found), reverse=True
        )
        assert page == found[offset : offset + limit]
        assert count == same_count == len(kept)

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
