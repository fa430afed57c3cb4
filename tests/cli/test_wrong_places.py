"""Folders, databases, keys and addresses that cannot be used: each is one line that says what would help."""

import base64
import socket
import sqlite3
from contextlib import closing

import pytest

from batch_exports.bootstrap import build_world, prepare
from batch_exports.domain.activity import OPERATOR
from batch_exports.settings import Settings
from tests.cli.commands import command, refusal

KEY = base64.b64encode(bytes(range(32))).decode()
S3 = {"bucket_name": "b", "region": "r", "prefix": "p", "aws_access_key_id": "i", "aws_secret_access_key": "s"}


@pytest.fixture
def prepared(tmp_path):
    settings = Settings(data_dir=tmp_path / "data")
    prepare(settings)
    return settings


def test_a_folder_that_cannot_be_made_is_named():
    line = refusal("migrate", "--data-dir", "/dev/null/data")
    assert line.startswith("The data folder /dev/null/data cannot be used: Not a directory.")
    assert "--data-dir" in line


def test_a_data_folder_of_the_environment_that_is_a_file_is_named(tmp_path):
    (tmp_path / "file").touch()
    assert f"{tmp_path / 'file'} cannot be used" in refusal("migrate", data_dir=tmp_path / "file")


@pytest.mark.parametrize("name", ["serve", "dev"])
def test_a_port_in_use_is_refused_before_anything_is_made(tmp_path, name):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = refusal(name, "--port", port, "--data-dir", tmp_path / "data")
    assert line.startswith(f"Cannot listen on 127.0.0.1:{port}: Address already in use.")
    assert "--port" in line
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host", "." * 70])
def test_an_address_that_is_not_this_machine_s_is_refused(tmp_path, host):
    assert f"Cannot listen on {host}:0: " in refusal("serve", "--port", 0, "--host", host, "--data-dir", tmp_path)


def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path):
    file = tmp_path / "batch_exports.db"
    file.write_bytes(b"a shopping list " * 100)
    line = refusal("migrate", "--data-dir", tmp_path)
    assert f"{file} cannot be used: file is not a database." in line
    assert file.read_bytes() == b"a shopping list " * 100


def test_a_damaged_database_is_named(prepared):
    file = prepared.data_dir / "batch_exports.db"
    whole = file.read_bytes()
    file.write_bytes(whole[:100] + bytes(len(whole) - 100))
    assert f"The database {file} cannot be used: " in refusal("migrate", "--data-dir", prepared.data_dir)


def test_a_database_of_a_newer_version_is_not_touched(prepared):
    with closing(sqlite3.connect(prepared.data_dir / "batch_exports.db")) as database, database:
        database.execute("UPDATE batch_exports_version SET version_num = '9999'")
    line = refusal("migrate", "--data-dir", prepared.data_dir)
    assert "tables of another version of batch-exports, probably a newer one" in line


def test_a_database_out_of_reach_is_named_without_its_password(tmp_path):
    url = "postgresql://exports:canary-1@127.0.0.1:1/exports?sslpassword=canary-2"
    line = refusal("migrate", "--data-dir", tmp_path, database_url=url)
    assert "postgresql://exports:***@127.0.0.1:1/exports cannot be used: " in line
    assert "canary" not in line


def test_a_key_file_that_others_can_read_is_refused(prepared):
    prepared.key_file.chmod(0o644)
    line = refusal("migrate", "--data-dir", prepared.data_dir)
    assert f"{prepared.key_file} is open to other users; run `chmod 600 {prepared.key_file}`." in line


@pytest.mark.parametrize("content", ["", "not a key", KEY[:20], KEY + KEY])
def test_a_key_file_without_a_key_is_refused(prepared, content):
    prepared.key_file.write_text(content)
    assert "restore it from a backup" in refusal("migrate", "--data-dir", prepared.data_dir)


async def test_a_key_that_does_not_open_what_is_stored_is_refused(prepared):
    async with build_world(prepared) as world:
        body = {"name": "Lake", "interval": "hour", "destination": {"type": "S3", "config": S3}}
        await world.services.access.create_project("Shop")
        async with world.store.write() as tx:
            await world.services.exports.create(tx, 1, body, OPERATOR)
    assert command("migrate", "--data-dir", prepared.data_dir).returncode == 0
    line = refusal("migrate", "--data-dir", prepared.data_dir, secret_key=KEY)
    assert line.startswith("The stored credentials cannot be decrypted")


def test_a_bad_line_of_an_event_file_is_named_by_its_number(tmp_path):
    file = tmp_path / "events.jsonl"
    good = '{"event": "seen", "distinct_id": "a", "timestamp": "2026-01-01T00:00:00Z"}\n'
    file.write_text(good * 6 + '{"event": "seen"\n' + good)
    assert command("projects", "create", "--name", "Shop", "--data-dir", tmp_path).returncode == 0
    line = refusal("events", "load", "--project", 1, "--data-dir", tmp_path, file)
    assert line.startswith("events.jsonl: line 7: ")


@pytest.mark.parametrize(
    "arguments", [("events", "load", "--project", 7, "pyproject.toml"), ("keys", "create", "--project", 7, "--scope",
                                                                         "batch_export:read")]
)  # fmt: skip
def test_a_project_that_does_not_exist_is_named(tmp_path, arguments):
    assert refusal(*arguments, "--data-dir", tmp_path).startswith("There is no project 7")
