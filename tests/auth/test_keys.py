from dataclasses import replace
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from batch_exports.auth import KeyAuthenticator
from batch_exports.domain.keys import KEY_MARK, READ_SCOPE, SCOPES, WRITE_SCOPE, key_prefix
from tests.services.worlds import ServiceWorld


async def world_with_keys():
    """A world of two projects, and a key of each."""
    world = ServiceWorld()
    access = world.services.access
    await access.create_project("Acme")
    await access.create_project("Globex")
    (reader, _), (writer, _) = [
        await access.create_key([1], [READ_SCOPE], "reads"),
        await access.create_key([2], SCOPES, "all"),
    ]
    return world, reader, writer


async def test_a_key_opens_its_own_project_with_its_own_scopes():
    world, reader, _ = await world_with_keys()
    principal = await KeyAuthenticator(world.services.access)(reader)
    assert principal is not None
    assert (principal.scopes, principal.project_ids) == ({READ_SCOPE}, {1})


async def test_two_keys_are_two_principals():
    world, reader, writer = await world_with_keys()
    authenticate = KeyAuthenticator(world.services.access)
    first, second = await authenticate(reader), await authenticate(writer)
    assert first is not None
    assert second is not None
    assert first.id != second.id
    assert (second.scopes, second.project_ids) == ({READ_SCOPE, WRITE_SCOPE}, {2})


@given(text=st.text(max_size=60), prefixed=st.booleans())
async def test_nothing_but_a_key_is_a_key(text, prefixed):
    world, reader, _ = await world_with_keys()
    token = (KEY_MARK if prefixed else "") + text
    assert (await KeyAuthenticator(world.services.access)(token) is None) == (token != reader)


async def test_a_key_that_is_cut_or_altered_opens_nothing():
    world, reader, _ = await world_with_keys()
    authenticate = KeyAuthenticator(world.services.access)
    for token in (reader[:-1], reader + "A", reader.swapcase(), reader.removeprefix(KEY_MARK), f" {reader}"):
        assert await authenticate(token) is None


async def test_the_stored_hash_of_a_key_does_not_open_what_the_key_does():
    world, reader, _ = await world_with_keys()
    async with world.store.read() as tx:
        (kept,) = await tx.access.find_keys(key_prefix(reader))
    assert reader not in repr(replace(kept, id=uuid4()))
    for token in (kept.hash, KEY_MARK + kept.hash):
        assert await KeyAuthenticator(world.services.access)(token) is None
