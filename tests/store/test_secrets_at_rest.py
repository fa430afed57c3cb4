"""No credential lies in the database's files in clear."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from batch_exports.domain.destinations import SECRET_KEYS
from batch_exports.ports import ExportQuery
from batch_exports.store import Cipher, SqlStore
from tests.builders import NOW, keep_export, make_destination
from tests.store.databases import KEY, new_store, url_of

CANARY = "canary-9f1c2e"
PLAIN_CANARY = "plainly-visible-77ab"


def bytes_of(folder: Path) -> bytes:
    return b"".join(each.read_bytes() for each in sorted(folder.iterdir()))


@pytest.mark.parametrize("kind", sorted(kind for kind, names in SECRET_KEYS.items() if names))
async def test_a_planted_credential_is_in_no_file_of_the_database(tmp_path: Path, kind: str) -> None:
    secrets = {name: f"{CANARY}-{name}" for name in SECRET_KEYS[kind]}
    destination = make_destination(type=kind, config={"visible": PLAIN_CANARY}, secrets=secrets)
    async with new_store(tmp_path / "store.db") as store:
        export = await keep_export(store, destination=destination)
        async with store.write() as tx:
            await tx.exports.save(replace(export, name="saved again"))

        while_open = bytes_of(tmp_path)
        async with store.read() as tx:
            found = await tx.exports.get(export.project_id, export.id)
    closed = bytes_of(tmp_path)

    # What is not secret must be found, or the search proves nothing.
    assert PLAIN_CANARY.encode() in while_open
    assert PLAIN_CANARY.encode() in closed
    assert CANARY.encode() not in while_open
    assert CANARY.encode() not in closed
    assert found is not None
    assert found.destination.secrets == secrets
    assert CANARY not in repr(found)


async def test_a_deleted_export_keeps_no_credentials(tmp_path: Path) -> None:
    async with new_store(tmp_path / "store.db") as store:
        export = await keep_export(store)
        async with store.write() as tx:
            await tx.exports.delete(export.id, NOW)

    connection = sqlite3.connect(tmp_path / "store.db")
    kept = connection.execute("SELECT destination_secrets FROM exports").fetchall()
    connection.close()
    assert kept == [(None,)]


async def test_under_another_key_an_export_has_names_without_credentials_and_saving_it_keeps_what_is_there(
    tmp_path: Path,
) -> None:
    async with new_store(tmp_path / "store.db") as store:
        export = await keep_export(store)

    async with SqlStore.open(url_of(tmp_path / "store.db"), Cipher(bytes(32))) as store, store.write() as tx:
        found = await tx.exports.get(export.project_id, export.id)
        assert found is not None
        assert (found.destination.secrets, found.destination.unreadable) == ({}, tuple(export.destination.secret_names))
        assert found.destination.secret_names == export.destination.secret_names
        await tx.exports.save(replace(found, name="Renamed"))

    async with SqlStore.open(url_of(tmp_path / "store.db"), Cipher(KEY)) as store, store.read() as tx:
        assert await tx.exports.get(export.project_id, export.id) == replace(export, name="Renamed")


async def test_credentials_copied_to_another_export_do_not_open_there(tmp_path: Path) -> None:
    async with new_store(tmp_path / "store.db") as store:
        mine = await keep_export(store, destination=make_destination(secrets={}))
        await keep_export(store)
        connection = sqlite3.connect(tmp_path / "store.db")
        with connection:
            connection.execute(
                "UPDATE exports SET destination_secrets = (SELECT max(destination_secrets) FROM exports)"
            )
        connection.close()

        async with store.read() as tx:
            (found,), _ = await tx.exports.page(ExportQuery(project_id=mine.project_id, limit=10, offset=0))
    assert (found.id, found.destination.secrets) == (mine.id, {})
    assert found.destination.unreadable == ("aws_access_key_id", "aws_secret_access_key")


async def test_a_new_key_beside_the_old_one_opens_old_credentials_and_seals_new_ones(tmp_path: Path) -> None:
    new_key = bytes(reversed(KEY))
    async with new_store(tmp_path / "store.db") as store:
        export = await keep_export(store)

    async with SqlStore.open(url_of(tmp_path / "store.db"), Cipher(new_key, KEY)) as store, store.write() as tx:
        assert await tx.exports.get(export.project_id, export.id) == export
        await tx.exports.save(export)

    async with SqlStore.open(url_of(tmp_path / "store.db"), Cipher(new_key)) as store, store.read() as tx:
        assert await tx.exports.get(export.project_id, export.id) == export
