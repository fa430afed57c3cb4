import pytest
from starlette.testclient import TestClient

from mock_server.personas import KEYS
from tests.compat.replay import Replay, shapes


@pytest.fixture(scope="module")
def http(app):
    with TestClient(app, headers={"Authorization": f"Bearer {KEYS['admin']}"}) as client:
        yield client


@pytest.mark.parametrize("slash", [True, False], ids=["slash", "no-slash"])
@pytest.mark.parametrize("family", ["environments", "projects"])
@pytest.mark.parametrize("shape", shapes(), ids=lambda each: each.client)
def test_a_client_of_posthog_gets_what_it_reads(http, shape, family, slash):
    Replay(http, family, slash).play(shape)
