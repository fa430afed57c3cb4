from tests.clients.node import ROOT, node

EXAMPLE = ROOT / "examples" / "typed-client" / "exports.ts"


def test_the_typed_client_lists_what_the_mock_has(mock_url):
    finished = node(EXAMPLE, MOCK_URL=mock_url)
    assert (finished.returncode, finished.stderr) == (0, "")
    assert len(finished.stdout.splitlines()) == 10
    assert "Weekly events to Snowflake: every week to Snowflake, no runs yet" in finished.stdout


def test_the_typed_client_shows_what_is_refused(mock_url):
    finished = node(EXAMPLE, MOCK_URL=mock_url, KEY="phx_mock_none")
    assert (finished.returncode, finished.stdout) == (1, "")
    assert finished.stderr.startswith("permission_denied: ")
