import base64
import json

import httpx
import pytest

from tests.browser.chromium import find_chromium
from tests.clients.node import MODULES, ROOT, node, said
from tests.clients.pages import served

APP = ROOT / "examples" / "exports-table"
FIXTURE = ROOT / "tests" / "clients" / "playwright"


@pytest.fixture
def app_url():
    with served(APP) as url:
        yield url


class Playwright:
    """Suites in the example's configuration, and what became of them."""

    def __init__(self, mock_url, app_url, folder):
        self.folder = folder
        self.environment = {"MOCK_URL": mock_url, "APP_URL": app_url, "CHROMIUM": find_chromium()}
        self.environment["PLAYWRIGHT_JSON_OUTPUT_NAME"] = str(folder / "report.json")

    def run(self, suite, *arguments, **environment):
        (self.folder / "playwright.config.ts").write_text(
            f'import config from "{APP}/playwright.config.ts";\nexport default {{ ...config, testDir: "{suite}" }};\n'
        )
        finished = node(
            MODULES / "@playwright" / "test" / "cli.js", "test", "--config", self.folder, "--output",
            self.folder / "results", "--reporter", "json", *arguments, **self.environment | environment,
        )  # fmt: skip
        return finished, json.loads((self.folder / "report.json").read_text())


@pytest.fixture
def playwright(mock_url, app_url, tmp_path):
    (tmp_path / "node_modules").symlink_to(MODULES)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    return Playwright(mock_url, app_url, tmp_path)


def results(suites):
    """The results of all tests, with their titles."""
    for suite in suites:
        yield from results(suite.get("suites", []))
        for spec in suite["specs"]:
            yield from ((spec["title"], result) for test in spec["tests"] for result in test["results"])


def worlds(mock_url):
    answer = httpx.get(f"{mock_url}/__mock/worlds", headers={"X-Mock-Admin": "1"}, trust_env=False)
    return {world["id"] for world in answer.json()["results"]}


def test_the_example_s_suite_runs_in_parallel_against_one_mock(playwright, mock_url):
    before = worlds(mock_url)
    finished, report = playwright.run(APP, "--workers=2")
    assert finished.returncode == 0, said(finished)
    assert (report["stats"]["expected"], report["stats"]["unexpected"], report["stats"]["skipped"]) == (9, 0, 0)
    assert {result["parallelIndex"] for _, result in results(report["suites"])} == {0, 1}
    assert worlds(mock_url) == before


def test_the_same_test_several_times_at_once_is_several_worlds(playwright):
    finished, report = playwright.run(APP, "--grep", "paused and goes on", "--repeat-each=4", "--workers=2")
    assert finished.returncode == 0, said(finished)
    assert report["stats"]["expected"] == 4


def test_a_suite_without_a_mock_fails_at_once(playwright):
    finished, report = playwright.run(APP, "--grep", "without exports", MOCK_URL="http://127.0.0.1:9")
    assert finished.returncode == 1, said(finished)
    assert report["stats"]["unexpected"] == 1


def test_a_test_that_fails_keeps_what_was_asked_and_none_leaves_a_world(playwright, mock_url):
    # That of the requests which are told no world.
    httpx.get(f"{mock_url}/api/projects/1/batch_exports/", trust_env=False)
    before = worlds(mock_url)
    finished, report = playwright.run(FIXTURE)
    outcomes = {title: result["status"] for title, result in results(report["suites"])}
    assert outcomes == {
        "fails after it has asked": "failed",
        "its origin is told the world, and no other": "passed",
        "a route of the suite's own falls back on the fixture's": "passed",
        "a page that never stops asking leaves no world behind": "passed",
        "requests without a page are for the world": "passed",
        "begins anew after a run that was killed": "passed",
    }, said(finished)
    (failed,) = (result for _, result in results(report["suites"]) if result["status"] == "failed")
    (kept,) = (each for each in failed["attachments"] if each["name"] == "requests.json")
    asked = json.loads(base64.b64decode(kept["body"]))
    assert ("list_exports", 401) in [(each["operation"], each["status"]) for each in asked]
    assert worlds(mock_url) == before


def test_what_a_killed_run_left_is_not_what_a_test_begins_with(playwright, mock_url):
    before = worlds(mock_url)
    only = ("--grep", "begins anew", "--workers=1")
    killed, _ = playwright.run(FIXTURE, *only, KILLED="1")
    assert killed.returncode == 1, said(killed)
    assert len(worlds(mock_url) - before) == 1
    again, _ = playwright.run(FIXTURE, *only)
    assert again.returncode == 0, said(again)
    assert worlds(mock_url) == before


def test_the_example_is_small():
    lines = [len((APP / name).read_text().splitlines()) for name in ("index.html", "app.js")]
    assert sum(lines) < 150
