import pytest

from batch_exports.conformance.target import Target
from mock_server.personas import KEYS
from tests.conformance.served import mock_app, served


@pytest.fixture(scope="module")
def mock_url():
    with served(mock_app()) as url:
        yield url


@pytest.fixture(scope="module")
def target(mock_url):
    return target_of(mock_url)


def target_of(url):
    return Target(url, KEYS["admin"], KEYS["other_project"], KEYS["read"])
