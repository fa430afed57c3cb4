from tests.clients.node import ROOT, passes

CLAIMS = ROOT / "tests" / "clients" / "fetch.test.ts"


def test_the_fetch_client_steers_a_world(mock_url):
    assert passes(CLAIMS, MOCK_URL=mock_url) == 7


def test_the_fetch_client_shows_the_token_that_a_mock_asks_for(guarded):
    assert passes(CLAIMS, **guarded) == 7
