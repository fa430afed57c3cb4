"""The real S3 server that the tests of this folder share."""

import pytest

from tests.seaweed import running_server

BUCKET = "conformance"


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory):
    with running_server(tmp_path_factory.mktemp("seaweed"), buckets=[BUCKET]) as server:
        yield server
