"""Every line of the CI recipes that can run on this machine does; the operator's is test_read_only's."""

from mock_server.personas import KEYS
from tests.conformance.recipes import recipes, shell


def test_every_ci_runs_the_same_lines():
    assert recipes()["github"] == recipes()["gitlab"]


def test_a_front_end_finds_the_mock(tmp_path):
    # The port of the recipe may be taken here.
    started = "\n".join(recipes()["github"]["front-end"]).replace("8010", "0")
    shell(f"{started}\ncurl -fsS http://127.0.0.1:$(cat mock.port)/docs > /dev/null\nkill %1", tmp_path)


def test_a_gate_writes_every_report(tmp_path, mock_url):
    [line] = recipes()["github"]["contract"]
    # The profile that is short enough for this test writes the same files.
    short = f"{line} --profile read-only"
    shell(short, tmp_path, CONTRACT_URL=mock_url, BATCH_EXPORTS_CONTRACT_KEY=KEYS["admin"])
    written = {path.name for path in (tmp_path / "reports").iterdir()}
    assert written == {"junit.xml", "requests.har", "report.html", "result.json"}
