import pytest

from tests.clients.node import MODULES, ROOT, node, passes, said
from tests.service import run_command

TESTS = ROOT / "tests" / "clients"
TSC = MODULES / "typescript" / "bin" / "tsc"


@pytest.fixture
def folder(tmp_path):
    """A project of somebody else, which has the same packages."""
    (tmp_path / "node_modules").symlink_to(MODULES)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    return tmp_path


def export(*arguments):
    done = run_command("mock", "export", "msw", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_thin_handlers_send_requests_on_to_a_world(folder, mock_url):
    (folder / "handlers.js").write_text(export("--url", mock_url, "--world", "thin-handlers"))
    handlers = str(folder / "handlers.js")
    assert passes(TESTS / "msw_thin.test.ts", HANDLERS=handlers, WORLD="thin-handlers") == 3


def test_frozen_handlers_answer_without_a_mock(folder):
    (folder / "handlers.js").write_text(export("--frozen", "typical", "--pages", "2"))
    assert passes(TESTS / "msw_frozen.test.ts", HANDLERS=str(folder / "handlers.js")) == 4


def test_a_scenario_of_one_s_own_is_frozen(tmp_path):
    (tmp_path / "mine.yaml").write_text("description: Nothing but what is empty.\nextends: empty\n")
    assert "scenario mine answered" in export("--frozen", "mine", "--fixtures", str(tmp_path))


def test_the_handlers_are_typescript_too(folder):
    (folder / "thin.ts").write_text(export())
    (folder / "frozen.ts").write_text(export("--frozen", "mid-backfill"))
    (folder / "tsconfig.json").write_text(
        f'{{"extends": "{ROOT}/clients/tsconfig.json", "compilerOptions": {{"types": []}}, "include": ["*.ts"]}}'
    )
    finished = node(TSC, "-p", folder)
    assert finished.returncode == 0, said(finished)


def test_a_scenario_that_is_not_there_is_named_with_those_that_are():
    done = run_command("mock", "export", "msw", "--frozen", "nonsense")
    assert (done.returncode, done.stdout) == (2, "")
    assert "nonsense" in done.stderr
    assert "typical" in done.stderr
