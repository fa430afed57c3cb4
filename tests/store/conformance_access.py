"""What every store has to keep for organizations, projects and keys."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from batch_exports.domain.identifiers import uuid7
from batch_exports.domain.keys import READ_SCOPE, ApiKey, Organization, new_key
from batch_exports.domain.throttles import HOUR, MINUTE, Window
from batch_exports.ports import Store
from tests.builders import NOW, ORGANIZATION, keep_project, make_key
from tests.store.reference import for_any_store, moments


async def keep_key(store: Store, **changes: object) -> ApiKey:
    async with store.write() as tx:
        await keep_project(tx)
        key = make_key(**changes)
        await tx.access.add_key(key)
    return key


class AccessConformance:
    """Claims about organizations, projects and keys."""

    async def test_projects_get_numbers_of_their_own_whatever_their_names(self, store: Store) -> None:
        async with store.write() as tx:
            made = [await keep_project(tx, "Same") for _ in range(3)]

        async with store.read() as tx:
            assert len(set(made)) == 3
            found = [await tx.access.project(each) for each in made]
            assert [(each.id, each.name, each.organization_id) for each in found if each] == [
                (each, "Same", ORGANIZATION.id) for each in made
            ]
            assert await tx.access.project(max(made) + 1) is None
            assert await tx.access.project(0) is None

    async def test_an_organization_lists_its_own_projects_by_number(self, store: Store) -> None:
        other = Organization(uuid4(), "Another")
        async with store.write() as tx:
            ours = [await keep_project(tx, name) for name in ("B", "A")]
            await tx.access.add_organization(other)
            theirs = await tx.access.add_project("C", other.id)

        async with store.read() as tx:
            assert await tx.access.projects(other.id) == [theirs]
            every = [each.id for each in await tx.access.projects()]
            assert every == sorted(every)
            assert {*ours, theirs.id} <= set(every)
            names = [each.name for each in await tx.access.organizations()]
            assert names == sorted(names)
            assert other in await tx.access.organizations()

    async def test_a_key_is_found_by_its_prefix_only(self, store: Store) -> None:
        reader = await keep_key(store, scopes=frozenset({READ_SCOPE}), project_ids=None)
        writer = await keep_key(store, expires_at=NOW + timedelta(days=1))

        async with store.read() as tx:
            for key in (reader, writer):
                assert await tx.access.find_keys(key.prefix) == [key]
                assert await tx.access.find_keys(key.prefix[:-1]) == []
            assert [key for key in await tx.access.keys() if key in (reader, writer)] == sorted(
                (reader, writer), key=lambda key: (key.created_at, key.id)
            )
            assert await tx.access.keys(uuid4()) == []

    async def test_two_keys_of_one_prefix_are_both_found(self, store: Store) -> None:
        text = new_key()
        first = await keep_key(store, key=text)
        second = await keep_key(store, key=text + "x")

        async with store.read() as tx:
            found = await tx.access.find_keys(first.prefix)

        assert sorted(found, key=lambda key: key.id) == sorted((first, second), key=lambda key: key.id)
        assert [key for key in found if key.matches(text)] == [first]

    async def test_a_saved_key_replaces_what_was_kept(self, store: Store) -> None:
        key = await keep_key(store)
        revoked = replace(key, revoked_at=NOW, label="old")
        async with store.write() as tx:
            await tx.access.save_key(revoked)

        async with store.read() as tx:
            assert await tx.access.find_keys(key.prefix) == [revoked]

    @for_any_store
    @given(moments, moments, st.integers(0, 10_000), st.integers(0, 10_000))
    async def test_the_latest_use_of_a_key_replaces_the_one_before(
        self, store: Store, start: object, at: object, first: int, second: int
    ) -> None:
        key = await keep_key(store, id=uuid7())
        for used in (first, second):
            async with store.write() as tx:
                await tx.access.usage(key.id, lock=True)
                await tx.access.save_usage(key.id, {MINUTE: Window(start, used), HOUR: Window(start, used + 1)}, at)

        async with store.read() as tx:
            assert await tx.access.usage(key.id) == {MINUTE: Window(start, second), HOUR: Window(start, second + 1)}
            assert (await tx.access.last_used())[key.id] == at
            assert await tx.access.usage(uuid4()) == {}
