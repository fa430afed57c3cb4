"""The printed handlers in a browser, where MSW is a service worker and bodies go over HTTP/1.1."""

import json
import shutil

import pytest
from playwright.sync_api import sync_playwright

from tests.browser.chromium import flawless, launched, opened_page
from tests.browser.worlds import EXPORTS, LiveWorld
from tests.clients.node import MODULES
from tests.clients.pages import served
from tests.service import run_command

MSW = MODULES / "msw" / "lib"
WORLD = "service-worker"
IMPORTS = json.dumps({"imports": {"msw": "./msw.js"}})
PAGE = f"""<!doctype html><link rel="icon" href="data:,"><script type="importmap">{IMPORTS}</script>
<script src="everything.js"></script>"""
START = """async () => {
  const [{ setupWorker }, { handlers }] = await Promise.all([import("msw"), import("/handlers.js")]);
  await setupWorker(...handlers).start({ quiet: true, onUnhandledRequest: "error" });
}"""
ASK = """async ([method, path, body]) => {
  const headers = { Authorization: "Bearer phx_mock_admin", "Content-Type": "application/json" };
  const response = await fetch(path, { method, headers, body: body === null ? null : JSON.stringify(body) });
  return [response.status, await response.json()];
}"""


@pytest.fixture
def app(mock_url, tmp_path):
    """A page of a front end whose requests MSW hands on to the mock."""
    handlers = run_command("mock", "export", "msw", "--url", mock_url, "--world", WORLD).stdout
    shutil.copy(MSW / "mockServiceWorker.js", tmp_path)
    shutil.copy(MSW / "iife" / "index.js", tmp_path / "everything.js")
    (tmp_path / "msw.js").write_text("export const { bypass, http, setupWorker } = MockServiceWorker;")
    (tmp_path / "handlers.js").write_text(handlers)
    (tmp_path / "index.html").write_text(PAGE)
    with (
        served(tmp_path) as url,
        sync_playwright() as playwright,
        launched(playwright) as browser,
        opened_page(browser) as page,
        flawless(page),
    ):
        page.goto(url)
        page.evaluate(START)
        yield page


def test_a_page_creates_changes_and_pauses_an_export(app, mock_url):
    body = {"name": "Mine", "interval": "hour", "destination": {"type": "File", "config": {"path": "lake"}}}
    with LiveWorld(mock_url, WORLD) as world:
        status, made = app.evaluate(ASK, ["POST", EXPORTS, body])
        assert (status, made["name"]) == (201, "Mine")
        path = f"{EXPORTS}{made['id']}/"
        status, changed = app.evaluate(ASK, ["PATCH", path, {"name": "Yours"}])
        assert (status, changed["name"]) == (200, "Yours")
        status, _ = app.evaluate(ASK, ["POST", f"{path}pause/", None])
        assert status == 200
        status, read = app.evaluate(ASK, ["GET", path, None])
        assert (status, read["paused"]) == (200, True)
        assert world.ask("GET", path).json() == read
