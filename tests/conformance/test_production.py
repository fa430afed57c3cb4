"""The suite against production as it runs: all in one on SQLite, API and worker on PostgreSQL."""

import base64
import json
from contextlib import contextmanager

import pytest

from batch_exports.conformance.profiles import Profile
from batch_exports.conformance.run import run_contract
from batch_exports.conformance.target import Target
from batch_exports.domain.keys import READ_SCOPE, WRITE_SCOPE
from tests.service import Service, run_command

ASKED = ("list_exports", "get_export", "pause_export")
CUT = Profile("quick", examples=1, scenarios=2, programs=3, steps=15, only=ASKED, unswept=("list_exports",))
ENVIRONMENT = {"BATCH_EXPORTS_EGRESS": "loopback", "BATCH_EXPORTS_MAX_OPEN_BACKFILLS": "1000"}


@contextmanager
def on_sqlite(folder, _database_url):
    with Service("dev", "--port", "0", environment={**ENVIRONMENT, "BATCH_EXPORTS_DATA_DIR": str(folder)}) as service:
        yield service.facts["url"], {"BATCH_EXPORTS_DATA_DIR": str(folder)}


@contextmanager
def on_postgresql(folder, database_url):
    database = {
        "BATCH_EXPORTS_DATA_DIR": str(folder),
        "BATCH_EXPORTS_DATABASE_URL": database_url,
        "BATCH_EXPORTS_SECRET_KEY": base64.b64encode(bytes(32)).decode(),
    }
    assert run_command("projects", "create", "--name", "Acme", **database).returncode == 0
    environment = ENVIRONMENT | database
    with Service("serve", "--port", "0", environment=environment) as api, Service("worker", environment=environment):
        yield api.facts["url"], database


def key(project, *scopes, **database):
    words = [word for scope in scopes for word in ("--scope", scope)]
    return json.loads(run_command("keys", "create", "--project", project, *words, "--json", **database).stdout)["key"]


@pytest.mark.parametrize("serve", [on_sqlite, on_postgresql])
def test_served_production_keeps_the_contract(serve, tmp_path, postgres_url):
    with serve(tmp_path, postgres_url) as (url, database):
        assert run_command("projects", "create", "--name", "Globex", **database).returncode == 0
        admin, other = (key(project, READ_SCOPE, WRITE_SCOPE, **database) for project in ("1", "2"))
        target = Target(url, admin, other, key("1", READ_SCOPE, **database))
        result = run_contract(target, CUT, seed=1)
    assert result.failures == []
    assert result.left == []
    assert {"authorization", "examples", "fuzzing", "stateful", "model"} <= result.checked.keys()
