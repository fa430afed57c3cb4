import pytest

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
