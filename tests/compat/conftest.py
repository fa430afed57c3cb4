from datetime import UTC, datetime

import pytest

from mock_server.clock import frozen_clock
from tests.contract.worlds import mock_app, production_app

# In neither world does a run go on by itself: production has no worker here, and the mock's clock stands still.
WORLDS = {
    "mock": lambda folder: mock_app(folder, frozen_clock(datetime.now(UTC))),
    "production": production_app,
}


@pytest.fixture(scope="module", params=WORLDS)
def app(request, tmp_path_factory):
    """One world after the other as an application, empty at first and shared by the tests of a module."""
    return WORLDS[request.param](tmp_path_factory.mktemp(request.param))
