"""No print of an object that carries secrets shows them: what is printed ends in a log one day."""

from dataclasses import replace

import pytest

from batch_exports.bootstrap import build_world
from batch_exports.destinations.s3.config import S3Settings
from batch_exports.dev import Started
from batch_exports.domain.destinations import SECRET_KEYS
from batch_exports.domain.exports import Destination
from batch_exports.engine import WorkerSettings
from batch_exports.ports import RunContext
from batch_exports.settings import KEY_BYTES, Settings
from batch_exports.sources.store_files import Address
from batch_exports.store import Cipher
from tests.builders import NOW, make_destination, make_export, make_key, make_run

CANARY = "canary-5d20"
URL = f"postgresql://user:{CANARY}@127.0.0.1/x"
EXPORT = make_export(destination=make_destination(secrets={"aws_secret_access_key": CANARY}))


def context():
    run = make_run(EXPORT)
    return RunContext(
        run_id=run.id,
        export_id=EXPORT.id,
        project_id=1,
        model="events",
        start=NOW,
        end=NOW,
        config=EXPORT.destination.full_config,
    )


CARRIERS = {
    "export": lambda: EXPORT,
    "destination": lambda: EXPORT.destination,
    "run context": context,
    "settings": lambda: Settings(
        database_url=URL, clickhouse_url=URL, secret_key=CANARY, old_secret_keys=(CANARY,), metrics_token=CANARY
    ),
    "worker settings": lambda: WorkerSettings(database_url=URL),
    "address": lambda: Address(host="h", port=1, user="u", password=CANARY, pid=1),
    "S3 settings": lambda: S3Settings.read(
        {"bucket_name": "lake", "region": "us-east-1", "aws_access_key_id": CANARY, "aws_secret_access_key": CANARY}
    ),
    "cipher": lambda: Cipher(CANARY.ljust(KEY_BYTES).encode()),
    "API key": lambda: make_key(hash=CANARY),
    "started": lambda: Started("http://127.0.0.1:1", CANARY, 1),
}


@pytest.mark.parametrize("name", CARRIERS)
def test_a_carrier_of_secrets_prints_without_them(name):
    carrier = CARRIERS[name]()
    for printed in (repr(carrier), str(carrier), f"{carrier}", repr([carrier])):
        assert CANARY not in printed


@pytest.mark.parametrize("kind", sorted(SECRET_KEYS))
def test_the_secrets_of_every_type_stay_out_of_prints_after_a_change(kind):
    destination = Destination(kind, {"visible": "yes"}, dict.fromkeys(SECRET_KEYS[kind], CANARY))
    printed = repr(replace(EXPORT, destination=replace(destination, config={"visible": "still"})))
    assert "still" in printed
    assert CANARY not in printed


async def test_a_world_prints_no_url_and_no_key(tmp_path):
    settings = Settings(data_dir=tmp_path, database_url=URL)
    async with build_world(settings) as world:
        assert CANARY not in repr(world)
