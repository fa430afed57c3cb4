"""`serve --workers`: several processes answer on one port, one that dies is replaced, and all end together."""

import json
import os
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.service import Service, run_command, wait_until

BODY = {"name": "Out", "interval": "hour", "destination": {"type": "NoOp", "config": {}}}


@pytest.fixture(params=["sqlite", "postgresql"])
def environment(request):
    if request.param == "sqlite":
        return {}
    return {"BATCH_EXPORTS_DATABASE_URL": request.getfixturevalue("postgres_url")}


@pytest.fixture
def key(tmp_path, environment):
    where = ("--data-dir", str(tmp_path), "--json")
    project = json.loads(run_command("projects", "create", "--name", "Shop", *where, **environment).stdout)["id"]
    scope = ("--scope", "batch_export:write")
    made = run_command("keys", "create", "--project", str(project), *scope, *where, **environment)
    return json.loads(made.stdout)["key"]


@pytest.fixture
def fleet(tmp_path, environment):
    arguments = ("serve", "--workers", "2", "--port", "0", "--data-dir", str(tmp_path))
    with Service(*arguments, environment=environment) as service:
        yield service


def members(service):
    """The processes that answer requests, by id."""
    pid = service.process.pid
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return {int(each) for each in text.split() if is_alive(int(each))}


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def names(service, key):
    """What a connection of its own shows."""
    with service.client(key) as client:
        return [each["name"] for each in client.get("/").json()["results"]]


def test_what_one_process_made_the_others_show_also_after_one_of_them_died(fleet, key):
    with fleet.client(key) as client:
        assert client.post("/", json=BODY).status_code == 201
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda _: names(fleet, key), range(40))) == [["Out"]] * 40
    before = members(fleet)
    assert len(before) == 2
    victim = min(before)
    os.kill(victim, signal.SIGKILL)
    assert names(fleet, key) == ["Out"]
    wait_until(lambda: len(members(fleet) - {victim}) == 2, seconds=30)
    assert names(fleet, key) == ["Out"]
    after = members(fleet)
    assert fleet.stop() == 0
    assert [pid for pid in before | after if is_alive(pid)] == []


def test_a_fleet_whose_parent_is_killed_leaves_no_orphans(fleet):
    left = members(fleet)
    fleet.kill()
    wait_until(lambda: not any(map(is_alive, left)), seconds=15)


def test_a_request_that_is_being_answered_when_the_end_comes_is_answered(fleet, key):
    url = httpx.URL(fleet.facts["url"])
    body = json.dumps(BODY).encode()
    head = f"POST /api/projects/1/batch_exports/ HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {key}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection((url.host, url.port), timeout=30) as connection:
        connection.sendall(head.encode() + body[:-1])
        fleet.process.send_signal(signal.SIGTERM)
        connection.sendall(body[-1:])
        assert connection.recv(100).startswith(b"HTTP/1.1 201")
    assert fleet.process.wait(timeout=15) == 0


def test_a_fleet_that_cannot_serve_ends_with_one_line(tmp_path):
    bad = run_command("serve", "--workers", "2", "--port", "0", "--data-dir", "/dev/null/data")
    assert bad.returncode == 2
    assert len(bad.stderr.splitlines()) == 1
