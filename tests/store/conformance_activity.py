"""What every store has to keep for the audit log."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_exports.domain.activity import Activity, ActivityKind, Actor, ActorType, Change
from batch_exports.ports import ActivityQuery, Store
from tests.builders import NOW, keep_export
from tests.store.reference import for_any_store, limits, moments, walk

# Each test's entries are told apart by projects and exports of its own: the examples of one test share a store.
places = st.tuples(st.integers(0, 1), st.integers(0, 1), moments)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
optional_ids = st.none() | st.uuids()
json_values = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts | st.lists(texts, max_size=2)
actors = st.builds(
    Actor, st.sampled_from(ActorType), st.none() | st.text("abc-", max_size=64), texts, st.none() | st.text("abc-")
)
contents = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(ActivityKind),
        "created_at": moments,
        "actor": actors,
        "run_id": optional_ids,
        "backfill_id": optional_ids,
        "key_id": optional_ids,
        "changes": st.lists(st.builds(Change, texts, json_values, json_values, st.booleans()), max_size=3).map(tuple),
    }
)


def make_entry(**changes: Any) -> Activity:
    values = {"id": uuid4(), "kind": ActivityKind.UPDATED, "created_at": NOW, "actor": Actor(ActorType.API_KEY, "k")}
    return Activity(**{**values, **changes})


async def keep_entries(store: Store, entries: Sequence[Activity]) -> None:
    async with store.write() as tx:
        for entry in entries:
            await tx.activity.add(entry)


async def read_page(store: Store, query: ActivityQuery) -> list[Activity]:
    async with store.read() as tx:
        return list(await tx.activity.page(query))


def page_of(entries: Sequence[Activity], query: ActivityQuery) -> list[Activity]:
    """The page in its plainest form."""
    fitting = [
        entry
        for entry in entries
        if query.project_id in (None, entry.project_id) and query.export_id in (None, entry.export_id)
    ]
    ordered = sorted(fitting, key=lambda entry: (entry.created_at, entry.id), reverse=not query.backwards)
    if query.position is not None:
        edge = query.position
        ordered = [
            e for e in ordered if ((e.created_at, e.id) > edge) == query.backwards and (e.created_at, e.id) != edge
        ]
    return ordered[: query.limit]


class ActivityConformance:
    """Claims about the audit log."""

    @for_any_store
    @given(contents)
    async def test_an_entry_comes_back_as_it_was_kept(self, store: Store, values: dict[str, Any]) -> None:
        entry = make_entry(project_id=1, export_id=uuid4(), **values)
        await keep_entries(store, [entry])

        assert await read_page(store, ActivityQuery(export_id=entry.export_id, limit=2)) == [entry]

    @for_any_store
    @given(st.data(), st.lists(places, max_size=15))
    async def test_any_page_of_activity_is_the_one_that_the_query_describes(
        self, store: Store, data: st.DataObject, many: list[Any]
    ) -> None:
        first = UUID(int=uuid4().int >> 70).int
        exports = [uuid4(), uuid4()]
        entries = [
            make_entry(project_id=first + project, export_id=exports[export], created_at=at)
            for project, export, at in many
        ]
        await keep_entries(store, entries)
        known = [(entry.created_at, entry.id) for entry in entries]
        query = ActivityQuery(
            limit=data.draw(limits),
            project_id=data.draw(st.sampled_from([first, first + 1])),
            export_id=data.draw(st.sampled_from([None, *exports])),
            position=data.draw(st.none() | st.tuples(moments, st.uuids()) | st.sampled_from(known or [None])),
            backwards=data.draw(st.booleans()),
        )
        of_export = replace(query, project_id=None, export_id=exports[0])

        assert await read_page(store, query) == page_of(entries, query)
        assert await read_page(store, of_export) == page_of(entries, of_export)

    @for_any_store
    @given(st.lists(places, max_size=20), limits)
    async def test_a_walk_over_activity_loses_none_of_one_moment_while_others_are_added(
        self, store: Store, many: list[Any], limit: int
    ) -> None:
        export_id = uuid4()
        entries = [make_entry(export_id=export_id, created_at=at) for _, _, at in many]
        await keep_entries(store, entries)
        left_to_insert = 5

        async def insert() -> None:
            nonlocal left_to_insert
            if left_to_insert:
                left_to_insert -= 1
                await keep_entries(store, [make_entry(export_id=export_id, kind=ActivityKind.PAUSED)])

        seen = await walk(
            lambda query: read_page(store, query),
            ActivityQuery(export_id=export_id, limit=limit),
            lambda entry: (entry.created_at, entry.id),
            insert,
        )

        assert len({entry.id for entry in seen}) == len(seen)
        before = [entry for entry in seen if entry.kind is not ActivityKind.PAUSED]
        assert before == page_of(entries, ActivityQuery(limit=100))

    async def test_the_whole_log_has_the_entries_of_all_projects_and_of_none(self, store: Store) -> None:
        entries = [
            make_entry(project_id=1, export_id=uuid4()),
            make_entry(project_id=2),
            make_entry(kind=ActivityKind.KEY_CREATED, actor=Actor(ActorType.OPERATOR), key_id=uuid4()),
        ]
        await keep_entries(store, entries)

        query = ActivityQuery(limit=10)
        assert await read_page(store, query) == page_of(entries, query)

    async def test_what_a_deleted_export_went_through_stays_known(self, store: Store) -> None:
        export = await keep_export(store)
        entry = make_entry(project_id=export.project_id, export_id=export.id)
        await keep_entries(store, [entry])
        async with store.write() as tx:
            await tx.exports.delete(export.id, NOW)

        assert await read_page(store, ActivityQuery(export_id=export.id, limit=10)) == [entry]

    async def test_an_entry_of_a_change_that_is_rolled_back_is_none(self, store: Store) -> None:
        entry = make_entry(export_id=uuid4())

        with pytest.raises(LookupError):
            async with store.write() as tx:
                await tx.activity.add(entry)
                raise LookupError

        assert await read_page(store, ActivityQuery(export_id=entry.export_id, limit=10)) == []
