"""Credentials planted over the API are nowhere to be found: not on disk, not in the log, not in any answer."""

import json
import os
import sqlite3
import subprocess
from base64 import b64encode, urlsafe_b64encode
from contextlib import closing, contextmanager

import httpx
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import sql

from batch_exports.domain.destinations import SECRET_KEYS
from tests.invariants.canaries import VISIBLE, Witness, delete_all, forms, lead_through, marks, planted
from tests.postgres import running_server
from tests.seaweed import SeaweedServer
from tests.service import COMMAND

ENGINE_TABLES = ("workflow_status", "operation_outputs")
KEY_FILES = {"secret.key", "dev.key"}
"""Where keys lie by intention, each for its owner alone."""


@pytest.fixture(scope="module")
def bodies(tmp_path_factory):
    with SeaweedServer(tmp_path_factory.mktemp("seaweed")) as server:
        server.create_bucket("lake")
        yield planted(server.config("lake"))


class SqliteFolder:
    """The database of a service that was told of none; its file lies in the data folder."""

    url = None

    def __init__(self, data):
        self._data = data

    def rows(self):
        """All values of each table: in the file, a long one may be cut in pieces by its pages."""
        with closing(sqlite3.connect(self._data / "batch_exports.db")) as database:
            names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            return {name: b"\n".join(map(as_bytes, database.execute(f'SELECT * FROM "{name}"'))) for name in names}

    def files(self):
        """What lies outside of the data folder."""
        return b""


class PostgresDatabase:
    """A database of a server of its own, of which every file is searched, too."""

    def __init__(self, server):
        self._server = server
        self.url = server.create_database()

    def rows(self):
        """All values of each table, those of the engine among them."""
        with psycopg.connect(self.url) as database:
            tables = database.execute(
                "SELECT schemaname, tablename FROM pg_tables "
                "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
            ).fetchall()
            return {
                name: b"\n".join(
                    map(as_bytes, database.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(schema, name))))
                )
                for schema, name in tables
            }

    def files(self):
        """What the server has written."""
        self._server.execute("CHECKPOINT")
        return content_of(self._server.folder / "data")


@contextmanager
def opened_database(kind, data):
    """The database of a service."""
    if kind == "sqlite":
        yield SqliteFolder(data)
    else:
        with running_server() as server:
            yield PostgresDatabase(server)


@contextmanager
def running_service(data, log, database_url):
    """A service that tells as much as it can; a client of it."""
    environment = {name: text for name, text in os.environ.items() if not name.startswith("BATCH_EXPORTS_")}
    settings = {"BATCH_EXPORTS_LOG_LEVEL": "debug", "BATCH_EXPORTS_THROTTLE_PER_MINUTE": "100000"}
    settings |= {"BATCH_EXPORTS_THROTTLE_PER_HOUR": "100000"}
    settings |= {} if database_url is None else {"BATCH_EXPORTS_DATABASE_URL": database_url}
    with log.open("w") as errors:
        process = subprocess.Popen(
            [COMMAND, "dev", "--port", "0", "--data-dir", str(data), "--json"],
            stdout=subprocess.PIPE, stderr=errors, text=True, env=environment | settings,
        )  # fmt: skip
    try:
        facts = json.loads(process.stdout.readline())
        headers = {"Authorization": f"Bearer {facts['api_key']}"}
        base = f"{facts['url']}/api/projects/1/batch_exports"
        with httpx.Client(base_url=base, headers=headers, trust_env=False, timeout=60) as client:
            yield client
    finally:
        process.terminate()
        process.communicate(timeout=30)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def story(request, tmp_path_factory, bodies):
    """What is left of a service that was told canaries, and how its runs went."""
    folder = tmp_path_factory.mktemp("canaries")
    data, log = folder / "data", folder / "log"
    with opened_database(request.param, data) as database:
        with running_service(data, log, database.url) as client:
            witness = Witness(client, bytearray())
            runs = {name: lead_through(witness, name, body) for name, body in bodies.items()}
            files = content_of(data) + database.files()
            tables = database.rows()
            delete_all(witness)
            files += content_of(data) + database.files()
        files += content_of(data) + database.files()
    traces = {"files": files, "log": log.read_bytes(), "answers": bytes(witness.said)}
    traces["tables"] = b"".join(tables.values())
    traces["engine"] = b"".join(tables[name] for name in ENGINE_TABLES)
    return {"traces": traces, "runs": runs, "key": client.headers["Authorization"].removeprefix("Bearer ")}


def content_of(folder):
    """All files, with what the write-ahead log holds."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name not in KEY_FILES]
    return b"".join(path.name.encode() + path.read_bytes() for path in files)


def percent(text):
    return "".join(f"%{byte:02X}" for byte in text)


def as_bytes(row):
    return b" ".join(value if isinstance(value, bytes) else str(value).encode() for value in row)


@given(
    mark=st.sampled_from(marks()),
    before=st.binary(max_size=9),
    after=st.binary(max_size=9),
    hide=st.sampled_from([bytes, bytes.hex, lambda text: text.hex().upper(), percent, b64encode, urlsafe_b64encode]),
)
def test_a_credential_would_be_found_in_each_of_its_forms(mark, before, after, hide):
    hidden = hide(before + mark.encode() + after)
    with pytest.raises(AssertionError):
        assert_absent(hidden if isinstance(hidden, bytes) else hidden.encode(), mark)


def test_all_types_with_credentials_are_tried(bodies):
    assert {body["destination"]["type"] for body in bodies.values()} == {
        kind for kind, names in SECRET_KEYS.items() if names
    }
    for body in bodies.values():
        assert body["destination"]["config"].keys() >= SECRET_KEYS[body["destination"]["type"]]


def test_runs_went_well_and_badly(story):
    assert story["runs"]["S3 that works"] == "Completed"
    assert story["runs"]["S3"] == "Failed"
    assert set(story["runs"].values()) >= {"Completed", "Failed"}


@pytest.mark.parametrize("where", ["files", "tables", "answers"])
def test_what_is_no_secret_is_found_so_that_the_search_proves_something(story, where):
    assert VISIBLE.encode() in story["traces"][where]


@pytest.mark.parametrize(("where", "text"), [("engine", b"export_part"), ("log", b"batch_exports")])
def test_the_engine_and_the_log_have_something_to_tell(story, where, text):
    assert text in story["traces"][where]


@pytest.mark.parametrize("mark", marks())
@pytest.mark.parametrize("where", ["files", "tables", "engine", "log", "answers"])
def test_no_planted_credential_is_found_in_any_form(story, where, mark):
    assert_absent(story["traces"][where], mark)


@pytest.mark.parametrize("where", ["files", "tables", "engine", "log", "answers"])
def test_the_caller_s_own_key_is_found_nowhere(story, where):
    assert_absent(story["traces"][where], story["key"])


def assert_absent(content, mark):
    found = [content[max(content.find(each) - 300, 0) :][:400] for each in forms(mark) if each in content]
    assert not found, found
