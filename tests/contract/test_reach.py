"""Settings that strangers choose lead production nowhere: under the policy of the tests not even to a name server."""

import sys

import pytest
from starlette.testclient import TestClient

from batch_exports.conformance.right_requests import OWN
from mock_server.personas import KEYS
from tests.contract.worlds import production_app

S3 = {
    "bucket_name": "acme-lake",
    "region": "eu-central-1",
    "prefix": "",
    "aws_access_key_id": "example-key-id",
    "aws_secret_access_key": "example-secret",
}
ENDPOINTS = [
    None,
    "https://storage.example.com",
    "http://storage.localhost:9000",
    "http://localhost.example.com:80/path",
    "https://storage.xn--p1ai",
]
LOOK_UPS = {"socket.getaddrinfo", "socket.gethostbyname", "socket.connect", "socket.sendto"}


class Witness:
    """Notes every name that is looked up, and every address that is spoken to, while it watches."""

    def __init__(self):
        self.watching = False
        self.seen = []
        sys.addaudithook(self._note)

    def _note(self, event, arguments):
        if self.watching and event in LOOK_UPS:
            self.seen.append((event, arguments))


@pytest.fixture(scope="module")
def witness():
    return Witness()


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    headers = {"Authorization": f"Bearer {KEYS['admin']}"}
    with TestClient(production_app(tmp_path_factory.mktemp("production")), headers=headers) as client:
        yield client


@pytest.fixture
def watched(witness):
    witness.seen.clear()
    witness.watching = True
    yield witness
    witness.watching = False


@pytest.mark.parametrize("step", [0, 1, 2])
@pytest.mark.parametrize("virtual_style", [False, True])
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_check_of_new_settings_stays_here(client, watched, endpoint, virtual_style, step):
    config = {**S3, "endpoint_url": endpoint, "use_virtual_style_addressing": virtual_style}
    body = {"step": step, "destination": {"type": "S3", "config": config}}
    answer = client.post(f"{OWN}/run_test_step_new", json=body)
    assert answer.json()["result"]["status"] == "Failed"
    assert "egress policy" in answer.json()["result"]["message"]
    assert watched.seen == []


def test_a_check_with_a_bucket_in_front_of_this_machines_name_stays_here(client, watched):
    config = {**S3, "endpoint_url": "http://localhost:9000", "use_virtual_style_addressing": True}
    answer = client.post(f"{OWN}/run_test_step_new", json={"destination": {"type": "S3", "config": config}})
    assert "egress policy" in answer.json()["result"]["message"]
    assert watched.seen == []


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_check_of_a_saved_export_stays_here(client, watched, endpoint):
    export = {"name": "Lake", "interval": "hour", "paused": True, "destination": {"type": "S3", "config": S3}}
    made = client.post(OWN, json=export).json()
    change = {"destination": {"config": {"endpoint_url": endpoint}}}
    answer = client.post(f"{OWN}/{made['id']}/run_test_step", json=change)
    assert "egress policy" in answer.json()["result"]["message"]
    assert watched.seen == []


def test_the_witness_sees_what_is_let_through(client, watched):
    config = {**S3, "endpoint_url": "http://localhost:1"}
    client.post(f"{OWN}/run_test_step_new", json={"destination": {"type": "S3", "config": config}})
    assert {event for event, _ in watched.seen} >= {"socket.getaddrinfo", "socket.connect"}
