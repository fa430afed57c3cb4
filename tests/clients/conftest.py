import pytest

from mock_server.personas import KEYS
from tests.service import Service


@pytest.fixture(scope="package")
def mock_url():
    """One mock, which all the clients share, as they would in a CI."""
    with Service("mock", "--port", "0") as service:
        yield service.facts["url"]


TOKEN = "only-for-these-tests"


@pytest.fixture(scope="package")
def guarded():
    """A mock that asks whoever steers it for a token, as the variables that the clients read."""
    with Service("mock", "--port", "0", environment={"MOCK_ADMIN_TOKEN": TOKEN}) as service:
        yield {"MOCK_URL": service.facts["url"], "MOCK_ADMIN_TOKEN": TOKEN}


@pytest.fixture(scope="package")
def production(tmp_path_factory):
    """One production with a worker, which the clients of the API share."""
    with Service("dev", "--port", "0", "--data-dir", str(tmp_path_factory.mktemp("production"))) as service:
        yield {"URL": service.facts["url"], "KEY": service.facts["api_key"]}


@pytest.fixture(params=["mock", "production"])
def served(request):
    """Where a world is reached and with which key, as the variables that programs read."""
    if request.param == "production":
        return request.getfixturevalue("production")
    return {"URL": request.getfixturevalue("mock_url"), "KEY": KEYS["admin"]}
