"""The real S3 server that the tests of this folder share."""

from contextlib import closing

import pytest

from batch_exports.destinations.egress_gate import EgressGate
from tests.destinations.worlds import LOOPBACK
from tests.seaweed import running_server

BUCKET = "conformance"


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory):
    with running_server(tmp_path_factory.mktemp("seaweed"), buckets=[BUCKET]) as server:
        yield server


@pytest.fixture
def gate():
    with closing(EgressGate(LOOPBACK)) as opened:
        yield opened
