import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from batch_exports.domain.errors import RetryableFailure
from batch_exports.domain.selections import Selection
from batch_exports.sources import schema
from batch_exports.sources.clickhouse import ClickHouseSource
from batch_exports.sources.event_store import EventStore

ROOT = Path(__file__).parents[2]
TEXTS = ("event", "distinct_id", "properties", "person_properties", "elements_chain")
USE = """
import sys, time
from pathlib import Path
from typing import Any
from batch_exports.sources.event_store import EventStore
with EventStore.open(Path(sys.argv[1])) as store:
    print(store.address().pid, flush=True)
    sys.stdin.read()
"""


def use(data_dir: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", USE, str(data_dir)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def store_pid(user: "subprocess.Popen[str]") -> int:
    assert user.stdout is not None
    return int(user.stdout.readline())


def leave(user: "subprocess.Popen[str]") -> None:
    user.communicate(timeout=30)
    assert user.returncode == 0


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def await_end(pid: int) -> None:
    deadline = time.monotonic() + 20
    while is_running(pid):
        assert time.monotonic() < deadline, f"process {pid} does not end"


def count(store: EventStore) -> int:
    client = store.client()
    try:
        return int(client.raw_query("SELECT count() FROM events"))
    finally:
        client.close()


def add_event(store: EventStore) -> None:
    client = store.client()
    client.command("INSERT INTO events (project_id, uuid) VALUES (1, generateUUIDv4())")
    client.close()


def add_text(store: EventStore, **texts: bytes) -> None:
    cells = ", ".join(f"unhex('{texts.get(name, b'{}').hex()}')" for name in TEXTS)
    client = store.client()
    try:
        client.command(f"INSERT INTO events (project_id, {', '.join(TEXTS)}) SELECT 1, {cells}")  # hexadecimal digits
    finally:
        client.close()


def test_events_outlive_the_store_process(data_dir: Path) -> None:
    with EventStore.open(data_dir) as store:
        pid = store.address().pid
        add_event(store)
    assert not is_running(pid)
    assert not (data_dir / "event_store.json").exists()
    with EventStore.open(data_dir) as store:
        assert count(store) == 1


def test_the_password_is_for_the_owner_of_the_directory_only(data_dir: Path) -> None:
    with EventStore.open(data_dir) as store:
        discovery = data_dir / "event_store.json"
        assert stat.S_IMODE(discovery.stat().st_mode) == 0o600
        assert json.loads(discovery.read_text())["host"] == "127.0.0.1"
        assert store.address().password not in repr(store.address())


def test_all_users_share_one_store_process_however_many_start_at_once(data_dir: Path) -> None:
    users = [use(data_dir) for _ in range(4)]
    pids = {store_pid(user) for user in users}
    assert len(pids) == 1
    for user in users[:-1]:
        leave(user)
        assert is_running(min(pids))
    leave(users[-1])
    await_end(min(pids))


def test_threads_of_one_process_share_it_too(data_dir: Path) -> None:
    with EventStore.open(data_dir) as store, ThreadPoolExecutor(4) as pool:
        assert len({address.pid for address in pool.map(lambda _: store.address(), range(8))}) == 1


def test_the_store_stays_for_others_when_the_one_who_started_it_leaves(data_dir: Path) -> None:
    with EventStore.open(data_dir) as first:
        second = EventStore.open(data_dir)
        pid = first.address().pid
    assert second.address().pid == pid
    add_event(second)
    second.close()
    await_end(pid)


def test_the_store_process_ends_when_its_user_is_killed(data_dir: Path) -> None:
    user = use(data_dir)
    pid = store_pid(user)
    user.kill()
    user.communicate()
    await_end(pid)


@pytest.mark.parametrize("victim", ["user", "store", "both"])
def test_after_a_kill_the_store_opens_at_once_with_all_its_events(data_dir: Path, victim: str) -> None:
    user = use(data_dir)
    pid = store_pid(user)
    with EventStore.open(data_dir) as store:
        add_event(store)
    if victim != "user":
        os.kill(pid, signal.SIGKILL)
    if victim != "store":
        user.kill()
    with EventStore.open(data_dir) as store:
        assert count(store) == 1
    user.communicate()


def test_a_source_finds_a_store_that_was_started_anew(data_dir: Path, select: Callable[..., Selection]) -> None:
    with EventStore.open(data_dir) as store:
        source = ClickHouseSource(store.client)
        assert source.count(select()) == 0
        os.kill(store.address().pid, signal.SIGKILL)
        with pytest.raises(RetryableFailure, match="does not answer"):
            source.count(select())
        assert source.count(select()) == 0
        source.close()


def test_sigterm_ends_the_store_process_in_the_middle_of_a_query(data_dir: Path) -> None:
    with EventStore.open(data_dir) as store:
        pid = store.address().pid
        client = store.client()
        response: Any = client.raw_stream("SELECT * FROM numbers(100000000000)", fmt="TSVRaw")
        os.kill(pid, signal.SIGTERM)
        await_end(pid)
        response.close()
        client.close()


def test_a_foreign_discovery_file_is_not_believed(data_dir: Path) -> None:
    data_dir.mkdir()
    (data_dir / "event_store.json").write_text('{"host": "127.0.0.1", "port": 1}')
    with EventStore.open(data_dir) as store:
        assert count(store) == 0


def test_a_store_that_cannot_start_says_why(data_dir: Path) -> None:
    data_dir.mkdir()
    (data_dir / "event_store").write_text("in the way")
    with pytest.raises(RetryableFailure, match=r"does not start: .*event_store"):
        EventStore.open(data_dir)


def test_a_store_of_a_newer_version_is_left_alone(data_dir: Path) -> None:
    with EventStore.open(data_dir) as store:
        client = store.client()
        client.command(f"INSERT INTO versions VALUES ({len(schema.STEPS) + 1})")
        client.close()
    with pytest.raises(RetryableFailure, match="has version 4, this program knows versions up to 3"):
        EventStore.open(data_dir)


@pytest.mark.parametrize("name", TEXTS)
def test_no_text_enters_the_store_that_is_not_utf8(store: EventStore, name: str) -> None:
    add_text(store, **{name: "ünïcödé ✓".encode()})
    with pytest.raises(DatabaseError, match="text_is_utf8"):
        add_text(store, **{name: b"cut off \xe2\x9c"})


def test_a_store_of_an_older_version_is_brought_to_the_present_one(data_dir: Path) -> None:
    with EventStore.open(data_dir) as store:
        client = store.client()
        client.command("ALTER TABLE events DROP CONSTRAINT text_is_utf8")
        client.command("ALTER TABLE versions DELETE WHERE version = 3 SETTINGS mutations_sync = 1")
        client.close()
        add_text(store, event=b"\xff")
        os.kill(store.address().pid, signal.SIGKILL)
        with pytest.raises(DatabaseError, match="text_is_utf8"):
            add_text(store, event=b"\xff")
