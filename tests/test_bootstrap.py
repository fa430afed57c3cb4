import base64
import os
import pwd
import sqlite3
import stat
from contextlib import closing

import pytest

from batch_exports.bootstrap import build_world, check_platform, encryption_key, open_source, operator, prepare
from batch_exports.domain.activity import OPERATOR, Actor, ActorType
from batch_exports.domain.errors import ExportFailure
from batch_exports.domain.exports import Model
from batch_exports.domain.selections import Selection
from batch_exports.settings import BadSetting, Settings
from tests.builders import HOUR, NOW


@pytest.fixture
def settings(tmp_path):
    return Settings(data_dir=tmp_path / "data", egress="loopback", file_root=tmp_path / "files")


def tables(settings):
    with closing(sqlite3.connect(settings.data_dir / "batch_exports.db")) as database:
        return {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def test_preparing_makes_a_private_folder_with_a_database_and_a_key(settings):
    prepare(settings)
    assert stat.S_IMODE(settings.data_dir.stat().st_mode) == 0o700
    assert stat.S_IMODE(settings.key_file.stat().st_mode) == 0o600
    assert {"exports", "runs", "backfills", "workflow_status"} <= tables(settings)


def test_preparing_again_changes_nothing(settings):
    prepare(settings)
    key, before = settings.key_file.read_bytes(), tables(settings)
    prepare(settings)
    assert (settings.key_file.read_bytes(), tables(settings)) == (key, before)


@pytest.mark.parametrize(("python", "sqlite"), [((3, 11), (3, 40, 1)), ((3, 12), (3, 42, 0)), ((3, 13), (3, 46, 1))])
def test_versions_that_can_keep_the_database_are_taken(settings, python, sqlite):
    check_platform(settings, python, sqlite)


def test_a_python_whose_sqlite_is_too_old_is_told_what_else_would_do(settings):
    with pytest.raises(BadSetting, match=r"Python 3\.12 needs SQLite 3\.42 or newer here, and has 3\.40\.1\. Take"):
        check_platform(settings, (3, 12), (3, 40, 1))


def test_postgresql_needs_no_sqlite(tmp_path):
    check_platform(Settings(data_dir=tmp_path, database_url="postgresql://db/exports"), (3, 12), (3, 40, 1))


def test_a_folder_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(BadSetting, match="Not a directory"):
        prepare(Settings(data_dir=tmp_path / "file" / "data"))


def test_a_key_of_the_settings_leaves_no_key_file(settings):
    key = bytes(range(32))
    given = Settings(data_dir=settings.data_dir, secret_key=base64.b64encode(key).decode())
    prepare(given)
    assert encryption_key(given) == key
    assert not given.key_file.exists()


async def test_a_world_keeps_what_it_is_told(settings):
    prepare(settings)
    async with build_world(settings) as world:
        assert (await world.services.access.create_project("Shop")).id == 1
    async with build_world(settings) as world:
        assert await world.services.access.has_project(1)
        assert not await world.services.access.has_project(2)


def test_the_operator_is_named_as_their_account_is():
    account = pwd.getpwuid(os.geteuid())
    assert operator(account.pw_uid) == Actor(ActorType.OPERATOR, label=account.pw_name)


def test_an_operator_without_an_account_has_no_name():
    nobody_s = max(account.pw_uid for account in pwd.getpwall()) + 1
    assert operator(nobody_s) == OPERATOR


def test_a_cluster_that_is_down_is_noticed_at_the_first_query(tmp_path):
    selection = Selection(project_id=1, model=Model.EVENTS, start=NOW, end=NOW + HOUR)
    settings = Settings(data_dir=tmp_path, clickhouse_url="http://user:canary@127.0.0.1:1/default")
    with open_source(settings) as source, pytest.raises(ExportFailure) as failure:
        source.count(selection)
    assert "canary" not in str(failure.value)
