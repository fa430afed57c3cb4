"""What every store has to keep for projects and keys."""

from batch_exports.domain.keys import READ_SCOPE
from batch_exports.ports import Store
from tests.builders import make_key


class AccessConformance:
    """Claims about projects and keys."""

    async def test_projects_get_numbers_of_their_own_whatever_their_names(self, store: Store) -> None:
        async with store.write() as tx:
            made = [await tx.access.add_project("Same") for _ in range(3)]

        async with store.read() as tx:
            assert len(set(made)) == 3
            assert all([await tx.access.has_project(each) for each in made])
            assert not await tx.access.has_project(max(made) + 1)
            assert not await tx.access.has_project(0)

    async def test_a_key_is_found_by_its_hash_only(self, store: Store) -> None:
        async with store.write() as tx:
            project_id = await tx.access.add_project("Keys")
            keys = [make_key(project_id=project_id), make_key(project_id=project_id, scopes=frozenset({READ_SCOPE}))]
            for key in keys:
                await tx.access.add_key(key)

        async with store.read() as tx:
            assert [await tx.access.find_key(key.hash) for key in keys] == keys
            assert await tx.access.find_key(keys[0].hash[:-1]) is None
            assert await tx.access.find_key("") is None
