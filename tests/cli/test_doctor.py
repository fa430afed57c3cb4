import sqlite3
from contextlib import closing

import pytest

from batch_exports.bootstrap import prepare
from batch_exports.doctor import examine
from batch_exports.settings import Settings
from tests.cli.commands import command

SUBJECTS = ["settings", "data folder", "database", "encryption key", "event store", "egress policy"]


@pytest.fixture
def settings(tmp_path):
    # Port 1 of this machine: a cluster that is down, so that no event store is started.
    settings = Settings(data_dir=tmp_path / "data", clickhouse_url="http://127.0.0.1:1/default")
    prepare(settings)
    return settings


def wrong(settings, **environment):
    found = {finding.subject: finding for finding in examine(settings, environment)}
    assert list(found) == SUBJECTS
    return {subject: finding.text for subject, finding in found.items() if not finding.healthy}


def test_a_prepared_folder_with_the_embedded_store_is_well(tmp_path):
    assert command("migrate", "--data-dir", tmp_path).returncode == 0
    done = command("doctor", "--data-dir", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert [line.split(":")[0] for line in lines] == [f"ok    {subject}" for subject in SUBJECTS]


def test_a_folder_that_does_not_exist_is_told_of_and_not_made(tmp_path):
    folder = tmp_path / "absent"
    done = command("doctor", "--data-dir", folder)
    assert (done.returncode, done.stderr) == (1, "")
    assert [line[:5] for line in done.stdout.splitlines()] == ["ok   ", "WRONG", "WRONG", "WRONG", "WRONG", "ok   "]
    assert not folder.exists()


def test_a_cluster_that_does_not_answer_is_told_of(settings):
    assert wrong(settings) == {
        "event store": "The event store does not answer; it may be starting, overloaded or unreachable."
    }


def test_a_misspelt_setting_is_told_of(settings):
    assert wrong(settings, BATCH_EXPORTS_EGRES="any")["settings"] == (
        "BATCH_EXPORTS_EGRES is no setting; did you mean BATCH_EXPORTS_EGRESS?"
    )


def test_a_key_that_is_open_to_others_is_told_of(settings):
    settings.key_file.chmod(0o640)
    assert "chmod 600" in wrong(settings)["encryption key"]


def test_a_database_that_is_none_is_told_of(settings):
    (settings.data_dir / "batch_exports.db").write_bytes(b"no database" * 100)
    assert "file is not a database" in wrong(settings)["database"]


def test_a_database_of_a_newer_version_is_not_said_to_need_a_migration(settings):
    with closing(sqlite3.connect(settings.data_dir / "batch_exports.db")) as database, database:
        database.execute("UPDATE batch_exports_version SET version_num = '9999'")
    said = wrong(settings)["database"]
    assert "probably a newer one. Install that version or a later one" in said
    assert "migrate" not in said


def test_an_empty_database_is_told_of(settings):
    (settings.data_dir / "batch_exports.db").write_bytes(b"")
    assert wrong(settings)["database"].endswith("run `batch-exports migrate`.")
