"""Stored credentials come under a new key, whoever else is at work and however often that breaks off."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_exports.domain.activity import Activity, ActivityKind, Actor, ActorType, first_values
from batch_exports.ports import ActivityQuery, ExportQuery
from batch_exports.store import Cipher, SecretsUnreadable, SqlStore, check_key, migrate, seal_anew, survey
from batch_exports.store.credentials import BATCH, KeyUse
from tests.builders import keep_export, keep_project, make_destination, make_export
from tests.store.databases import url_of

OLDEST, OLD, NEW, FOREIGN = (bytes([number]) * 32 for number in range(4))


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    return request.getfixturevalue("postgres_url") if request.param == "postgresql" else url_of(tmp_path / "store.db")


async def fill(url, *keys):
    """A database with an export per key, whose credentials that key encrypted (None: has no credentials)."""
    await asyncio.to_thread(migrate, url)
    made = []
    for key in keys:
        async with SqlStore.open(url, Cipher(key or NEW)) as store:
            secrets = {} if key is None else {"aws_secret_access_key": f"secret-{len(made)}"}
            made.append(await keep_export(store, destination=make_destination(secrets=secrets)))
    return made


@asynccontextmanager
async def many(url, count, key):
    """The store of a database that got so many exports at once."""
    await asyncio.to_thread(migrate, url)
    async with SqlStore.open(url, Cipher(key)) as store:
        async with store.write() as tx:
            project_id = await keep_project(tx)
            for _ in range(count):
                await tx.exports.add(make_export(project_id=project_id))
        yield store


def note(count):
    """What the audit log is to say of so many exports."""
    changes = first_values(rotated_exports=count)
    by = Actor(ActorType.OPERATOR)
    return Activity(
        id=uuid4(), kind=ActivityKind.SECRETS_ROTATED, created_at=datetime.now(UTC), actor=by, changes=changes
    )


async def noted(url):
    """Of how many exports the audit log tells, oldest entry first."""
    async with SqlStore.open(url, Cipher(NEW)) as store, store.read() as tx:
        entries = await tx.activity.page(ActivityQuery(limit=100))
    return [change.after for entry in reversed(entries) for change in entry.changes]


async def read(url, export, *keys):
    async with SqlStore.open(url, Cipher(*keys)) as store, store.read() as tx:
        return await tx.exports.get(export.project_id, export.id)


def all_under(url, key):
    return survey(url, Cipher(key)).unknown == 0


async def test_after_a_rotation_the_new_key_alone_reads_everything_and_nothing_else_has_changed(url):
    made = await fill(url, OLDEST, OLD, NEW, None)
    assert survey(url, Cipher(NEW, OLD, OLDEST)) == KeyUse(newest=1, older=2, unknown=0)

    found = await asyncio.to_thread(seal_anew, url, Cipher(NEW, OLD, OLDEST), note)

    assert found == KeyUse(newest=1, older=2, unknown=0)
    assert [await read(url, export, NEW) for export in made] == made
    assert survey(url, Cipher(NEW)) == KeyUse(newest=3, older=0, unknown=0)
    check_key(url, Cipher(NEW))


async def test_a_key_that_opens_none_of_the_stored_credentials_is_refused_and_one_that_opens_some_is_not(url):
    await fill(url, OLD, NEW, FOREIGN)
    check_key(url, Cipher(NEW))
    with pytest.raises(SecretsUnreadable, match="another key"):
        check_key(url, Cipher(OLDEST))


@settings(max_examples=15)
@given(st.lists(st.sampled_from([OLDEST, OLD, NEW, FOREIGN, None]), max_size=6), st.integers(1, 3))
async def test_a_rotation_mends_what_it_can_read_and_counts_the_rest_however_often(keys, times):
    with TemporaryDirectory() as folder:
        url = url_of(Path(folder) / "store.db")
        made = await fill(url, *keys)
        for _ in range(times):
            await asyncio.to_thread(seal_anew, url, Cipher(NEW, OLD, OLDEST), note)

        left = survey(url, Cipher(NEW))
        known = [key for key in keys if key not in (FOREIGN, None)]
        assert left == KeyUse(newest=len(known), older=0, unknown=keys.count(FOREIGN))
        for export, key in zip(made, keys, strict=True):
            assert await read(url, export, FOREIGN if key == FOREIGN else NEW) == export
        older = keys.count(OLD) + keys.count(OLDEST)
        assert await noted(url) == ([older] if older else [])


class BreakingCipher(Cipher):
    """Breaks off after so many credentials, as a signal or a lost connection would."""

    def __init__(self, left, *keys):
        super().__init__(*keys)
        self.left = left

    def renew(self, sealed, *, owner):
        self.left -= 1
        if self.left < 0:
            raise ConnectionError
        return super().renew(sealed, owner=owner)


async def test_a_rotation_that_breaks_off_keeps_and_notes_whole_batches_and_is_made_up_for_by_the_next(url):
    async with many(url, 2 * BATCH + 1, OLD):
        with pytest.raises(ConnectionError):
            await asyncio.to_thread(seal_anew, url, BreakingCipher(BATCH + 1, NEW, OLD), note)
        assert survey(url, Cipher(NEW, OLD)) == KeyUse(newest=BATCH, older=BATCH + 1, unknown=0)
        assert await noted(url) == [BATCH]

        found = await asyncio.to_thread(seal_anew, url, Cipher(NEW, OLD), note)

    assert found == KeyUse(newest=BATCH, older=BATCH + 1, unknown=0)
    assert all_under(url, NEW)
    assert await noted(url) == [BATCH, BATCH, 1]


async def test_nothing_that_others_save_meanwhile_is_lost_or_left_under_the_old_key(url):
    async with many(url, BATCH + 10, OLD) as old, SqlStore.open(url, Cipher(NEW, OLD)) as store:
        async with old.read() as tx:
            exports, _ = await tx.exports.page(ExportQuery(project_id=1, limit=BATCH + 10, offset=0))

        async def save(export):
            async with store.write() as tx:
                found = await tx.exports.get(1, export.id)
                changed = replace(found.destination, secrets={"aws_secret_access_key": str(export.id)})
                await tx.exports.save(replace(found, destination=changed))

        rotations = [asyncio.to_thread(seal_anew, url, Cipher(NEW, OLD), note) for _ in range(2)]
        await asyncio.gather(*rotations, *map(save, exports[::7]))
        # Saved after its batch had passed, an export is under the new key already.
        assert all_under(url, NEW)
        for export in exports[::7]:
            found = await read(url, export, NEW)
            assert found.destination.secrets == {"aws_secret_access_key": str(export.id)}


async def test_credentials_that_no_key_opens_are_said_to_be_lost_in_words_that_help(url):
    await fill(url, FOREIGN, FOREIGN, OLD)
    found = await asyncio.to_thread(seal_anew, url, Cipher(NEW, OLD), note)
    with pytest.raises(SecretsUnreadable, match=r"of 2 exports .* BATCH_EXPORTS_OLD_SECRET_KEYS"):
        found.require_known()
    survey(url, Cipher(NEW, FOREIGN)).require_known()
    assert await noted(url) == [1]
