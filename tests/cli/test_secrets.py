"""A new encryption key takes over from an old one while the service runs, and the old one is needed no more."""

import asyncio
import base64
import os
import pwd
import stat
from dataclasses import replace

import pytest

from batch_exports.bootstrap import prepare
from batch_exports.doctor import examine
from batch_exports.settings import Settings
from batch_exports.store import Cipher, SqlStore
from tests.builders import HOUR, NOW, keep_export
from tests.cli.commands import command, one_line, refusal, said
from tests.service import Service

ACCOUNT = pwd.getpwuid(os.geteuid()).pw_name
OLD, NEW, LOST = (base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2, 3))
S3 = {"bucket_name": "lake", "region": "us-east-1", "prefix": "a/", "aws_access_key_id": "id"}
BODY = {"name": "Lake", "interval": "hour", "paused": True, "destination": {"type": "S3", "config": S3}}


def with_keys(new, *old):
    return {"BATCH_EXPORTS_SECRET_KEY": new, "BATCH_EXPORTS_OLD_SECRET_KEYS": ",".join(old)}


def served(folder, *keys):
    return Service("serve", "--port", "0", "--data-dir", str(folder), environment=with_keys(*keys))


def rotate(folder, *keys):
    environment = {"secret_key": keys[0], "old_secret_keys": ",".join(keys[1:])}
    return said("secrets", "rotate", "--data-dir", folder, **environment)


def rotations(folder, *keys):
    """What the audit log tells of rotations, newest first."""
    environment = {"secret_key": keys[0], "old_secret_keys": ",".join(keys[1:])}
    entries = said("activity", "--data-dir", folder, **environment)
    return [each for each in entries if each["activity"] == "secrets_rotated"]


def secrets_of(client):
    return [each["destination"]["secrets_set"] for each in client.get("/").json()["results"]]


def make_export(client, value):
    config = S3 | {"aws_secret_access_key": value}
    body = BODY | {"destination": {"type": "S3", "config": config}}
    answer = client.post("/", json=body)
    assert answer.status_code == 201, answer.text


def test_credentials_come_under_a_new_key_while_the_service_runs(tmp_path):
    where = ("--data-dir", tmp_path)
    said("projects", "create", "--name", "Shop", *where, secret_key=OLD)
    key = said("keys", "create", "--project", 1, "--scope", "batch_export:write", *where, secret_key=OLD)["key"]
    with served(tmp_path, OLD) as service, service.client(key) as client:
        make_export(client, "first")
    with served(tmp_path, NEW, OLD) as service, service.client(key) as client:
        make_export(client, "second")
        assert rotate(tmp_path, NEW, OLD) == {"rotated": 1}
        assert rotate(tmp_path, NEW, OLD) == {"rotated": 0}
        assert secrets_of(client) == [["aws_access_key_id", "aws_secret_access_key"]] * 2
    with served(tmp_path, NEW) as service, service.client(key) as client:
        assert secrets_of(client) == [["aws_access_key_id", "aws_secret_access_key"]] * 2
    (entry,) = rotations(tmp_path, NEW)
    assert entry["actor"] == {"type": "operator", "id": None, "label": ACCOUNT}
    assert [(each["field"], each["after"]) for each in entry["changes"]] == [("rotated_exports", 1)]
    assert "cannot be decrypted" in refusal("serve", "--port", "0", *where, secret_key=OLD)


def test_the_key_file_that_dev_makes_is_private_and_hands_over_to_a_key_of_the_environment(tmp_path):
    with Service("dev", "--port", "0", "--data-dir", str(tmp_path)) as service, service.client() as client:
        make_export(client, "first")
    file = tmp_path / "secret.key"
    assert [stat.S_IMODE(each.stat().st_mode) for each in (tmp_path, file)] == [0o700, 0o600]
    assert rotate(tmp_path, NEW, file.read_text()) == {"rotated": 1}
    file.unlink()
    assert rotate(tmp_path, NEW) == {"rotated": 0}
    assert not file.exists()


@pytest.fixture
async def settings(tmp_path):
    """A database with credentials under a key that is lost, and later ones under the old key."""
    # Port 1 of this machine: a cluster that is down, so that no event store is started.
    cluster = "http://127.0.0.1:1/default"
    settings = Settings(data_dir=tmp_path, clickhouse_url=cluster, secret_key=NEW, old_secret_keys=(OLD,))
    await asyncio.to_thread(prepare, settings)
    for key, at in ((LOST, NOW), (OLD, NOW + HOUR)):
        async with SqlStore.open(settings.store_url, Cipher(base64.b64decode(key))) as store:
            await keep_export(store, last_updated_at=at)
    return settings


def finding(settings):
    (found,) = (each for each in examine(settings, {}) if each.subject == "encryption key")
    return found.healthy, found.text


async def test_a_rotation_mends_what_it_can_and_says_in_one_line_what_is_lost(settings):
    done = command("secrets", "rotate", "--data-dir", settings.data_dir, "--json", secret_key=NEW, old_secret_keys=OLD)
    assert (done.returncode, done.stdout) == (2, '{"rotated": 1}\n')
    assert one_line(done.stderr).startswith(
        "The credentials of 1 exports were encrypted with a key that is not at hand: "
    )


async def test_the_doctor_tells_whether_older_keys_are_needed(settings):
    healthy, text = finding(settings)
    assert not healthy
    assert "of 1 exports were encrypted with a key that is not at hand" in text
    complete = replace(settings, old_secret_keys=(OLD, LOST))
    healthy, text = finding(complete)
    assert healthy
    assert text.endswith(
        "The credentials of 2 exports still need an older key; `batch-exports secrets rotate` ends that."
    )
    rotate(settings.data_dir, NEW, OLD, LOST)
    assert finding(complete) == (
        True, "It can be read, and opens what is stored; BATCH_EXPORTS_OLD_SECRET_KEYS is not needed any more."
    )  # fmt: skip
    assert finding(replace(settings, old_secret_keys=())) == (True, "It can be read, and opens what is stored.")


def test_after_the_key_is_lost_for_good_the_service_starts_again_and_takes_new_credentials(tmp_path):
    where = ("--data-dir", tmp_path)
    said("projects", "create", "--name", "Shop", *where, secret_key=OLD)
    key = said("keys", "create", "--project", 1, "--scope", "batch_export:write", *where, secret_key=OLD)["key"]
    with served(tmp_path, OLD) as service, service.client(key) as client:
        make_export(client, "first")
    assert "secrets forget" in refusal("keys", "list", *where, secret_key=LOST)

    assert said("secrets", "forget", "--yes", *where, secret_key=LOST) == {"forgotten": 1}
    assert said("secrets", "forget", "--yes", *where, secret_key=LOST) == {"forgotten": 0}

    with served(tmp_path, LOST) as service, service.client(key) as client:
        (export,) = client.get("/").json()["results"]
        assert export["destination"]["secrets_set"] == ["aws_access_key_id", "aws_secret_access_key"]
        config = {"aws_access_key_id": "new", "aws_secret_access_key": "new"}
        assert client.patch(f"/{export['id']}/", json={"name": "Still there"}).status_code == 200
        assert client.patch(f"/{export['id']}/", json={"destination": {"config": config}}).status_code == 200
    entries = said("activity", *where, secret_key=LOST)
    assert [each["activity"] for each in entries if each["activity"].startswith("secrets")] == ["secrets_forgotten"]
    assert said("secrets", "rotate", *where, secret_key=NEW, old_secret_keys=LOST) == {"rotated": 1}


def test_nothing_is_given_up_that_a_key_at_hand_decrypts(tmp_path):
    where = ("--data-dir", tmp_path)
    said("projects", "create", "--name", "Shop", *where, secret_key=OLD)
    key = said("keys", "create", "--project", 1, "--scope", "batch_export:write", *where, secret_key=OLD)["key"]
    with served(tmp_path, OLD) as service, service.client(key) as client:
        make_export(client, "first")
    assert said("secrets", "forget", "--yes", *where, secret_key=NEW, old_secret_keys=OLD) == {"forgotten": 0}
    assert said("secrets", "rotate", *where, secret_key=NEW, old_secret_keys=OLD) == {"rotated": 1}
