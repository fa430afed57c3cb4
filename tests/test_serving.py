"""What a server bears with, and how it ends: it takes no more, and answers what it has taken."""

import json
import re
import signal
import socket
import subprocess

import httpx
import pytest

from tests.service import COMMAND, Service, wait_until

BODY = b'{"destination": {"type": "NoOp", "config": {}}}'


@pytest.fixture(params=["1", "2"])
def service(request, tmp_path):
    """A server of one process, and of several."""
    environment = {"BATCH_EXPORTS_DRAIN_SECONDS": "20"}
    arguments = ("serve", "--workers", request.param, "--port", "0", "--data-dir", str(tmp_path))
    with Service(*arguments, environment=environment) as service:
        yield service


def address(service):
    url = httpx.URL(service.facts["url"])
    return url.host, url.port


def is_refused(where):
    try:
        socket.create_connection(where, timeout=5).close()
    except ConnectionRefusedError:
        return True
    return False


def answer_of(connection):
    """Status and body of the one answer on a connection that the server closes."""
    head, _, body = b"".join(iter(lambda: connection.recv(4096), b"")).partition(b"\r\n\r\n")
    return int(head.split()[1]), body


def new_key(folder):
    """A key of a new project in a service's database."""
    project = command("projects", "create", "--name", "Shop", folder=folder)["id"]
    return command("keys", "create", "--project", str(project), "--scope", "batch_export:write", folder=folder)["key"]


def command(*arguments, folder):
    done = subprocess.run([COMMAND, *arguments, "--data-dir", folder, "--json"], check=True, capture_output=True)
    return json.loads(done.stdout)


def in_flight(service):
    """How many requests are being answered, besides the one that asks."""
    text = httpx.get(f"{service.facts['url']}/metrics", trust_env=False).text
    found = re.search(r"^batch_exports_requests_in_flight (\S+)$", text, re.MULTILINE)
    return 0 if found is None else int(float(found[1])) - 1


def test_a_slow_request_gets_its_answer_while_new_ones_are_refused(service, tmp_path):
    where = address(service)
    head = (
        "POST /api/projects/@current/batch_exports/run_test_step_new/ HTTP/1.1\r\nHost: test\r\n"
        f"Authorization: Bearer {new_key(tmp_path)}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(BODY)}\r\n\r\n"
    )
    with socket.create_connection(where, timeout=30) as connection:
        connection.sendall(head.encode() + BODY[:10])
        wait_until(lambda: in_flight(service) == 1, seconds=15)
        service.process.send_signal(signal.SIGTERM)
        wait_until(lambda: is_refused(where), seconds=15)
        assert service.process.poll() is None
        connection.sendall(BODY[10:])
        status, body = answer_of(connection)
    assert (status, json.loads(body)["result"]["status"]) == (200, "Passed")
    assert service.process.wait(timeout=15) == 0


@pytest.mark.parametrize("world", ["serve", "mock"])
def test_both_worlds_refuse_a_head_that_has_no_end(world, tmp_path):
    arguments = ("--data-dir", str(tmp_path)) if world == "serve" else ()
    with Service(world, "--port", "0", *arguments) as service, socket.create_connection(address(service), 30) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: test\r\n" + b"X-Header: text\r\n" * 4_000)
        status, body = answer_of(client)
        assert httpx.get(f"{service.facts['url']}/healthz", trust_env=False).status_code == 200
    assert (status, json.loads(body)["code"]) == (431, "headers_too_large")
