"""The console in a real browser: each control does to a running mock what it says."""

import json
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import playwright
import pytest
from playwright.sync_api import Page, expect

from mock_server.personas import KEYS
from tests.browser.chromium import open_console
from tests.browser.worlds import EXPORT, EXPORTS, NOTHING_TO_DO, LiveWorld
from tests.service import run_command

MARKUP = "<img src=x onerror='window.hacked = 1'>"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
TO_S3 = {
    "name": "To S3",
    "interval": "hour",
    "destination": {
        "type": "S3",
        "config": {
            "bucket_name": "acme",
            "region": "eu-central-1",
            "prefix": "events",
            "aws_access_key_id": "AKIAIOSFODNN7EXAMPLE",
            "aws_secret_access_key": SECRET,
        },
    },
}

# Playwright's runner, as far as the console's tests use it, over its real client.
RUNNER = """
import assert from 'node:assert/strict';
import { request } from '%s';

export async function test(title, body) {
  const context = await request.newContext();
  await body({ request: context });
  await context.dispose();
  console.log(`passed: ${title}`);
}

export const expect = (value) => ({
  toBe: (expected) => assert.equal(value, expected),
  toMatchObject: (expected) => Object.keys(expected).forEach((key) => assert.deepEqual(value[key], expected[key])),
  rejects: { toThrow: () => assert.rejects(value) },
});
"""


def row(console: Page, text: str):
    return console.locator("#requests-list > li").filter(has_text=text).first


def press(console: Page, name: str):
    console.get_by_role("button", name=name, exact=True).click()


def said(console: Page, text: str):
    expect(console.locator("#said")).to_contain_text(text)


def copied(console: Page, name: str) -> str:
    console.get_by_role("button", name=name, exact=True).first.click()
    expect(console.locator("#said")).to_contain_text("copied")
    return console.evaluate("navigator.clipboard.readText()")


def worlds_of(world: LiveWorld) -> set[str]:
    """The names of all worlds of the mock."""
    return {each["id"] for each in world.read("worlds")["results"]}


def fetch_statuses(console: Page, times: int) -> list[int]:
    """What the page's own requests to the API are answered with; 0 for none."""
    return console.evaluate(
        """async ([path, world, key, times]) => {
          const statuses = [];
          const headers = { Authorization: `Bearer ${key}`, 'X-Mock-World': world };
          for (let i = 0; i < times; i += 1) {
            statuses.push(await fetch(path, { headers }).then((answer) => answer.status, () => 0));
          }
          return statuses;
        }""",
        [EXPORTS, console.locator("#world-name").text_content(), KEYS["admin"], times],
    )


def test_a_request_is_shown_as_it_happens_with_its_verdict(console: Page, world: LiveWorld):
    expect(console.locator("#requests-empty")).to_be_visible()
    world.ask("GET", f"{EXPORTS}?limit=3")
    shown = row(console, "limit=3")
    expect(shown).to_be_visible(timeout=2000)
    expect(shown).to_contain_text("200")
    expect(shown).to_contain_text("handler")
    expect(shown).to_contain_text("ms")


def test_a_refused_request_says_why(console: Page, world: LiveWorld):
    world.ask("POST", EXPORTS, json={"name": "x"})
    expect(row(console, "POST")).to_contain_text("This field is required. (destination: #/components/schemas/")
    world.ask("GET", "/api/projects/1/batch_exprts/")
    expect(row(console, "batch_exprts")).to_contain_text("The nearest operation is list_exports")


def test_details_show_headers_and_bodies_without_secrets(console: Page, world: LiveWorld):
    assert world.ask("POST", EXPORTS, json=TO_S3).status_code == 201
    shown = row(console, "POST")
    shown.locator("summary").click()
    expect(shown.locator("dl").first).to_contain_text("create_export")
    expect(shown).to_contain_text("content-type")
    expect(shown.get_by_role("region", name="Request body")).to_contain_text('"aws_secret_access_key": "***"')
    assert SECRET not in console.content()


def test_the_filter_leaves_what_has_all_its_words(console: Page, world: LiveWorld):
    world.ask("GET", EXPORTS)
    world.ask("POST", EXPORTS, json={})
    expect(console.locator("#requests-count")).to_have_text("2 requests")
    console.locator("#filter").fill("post 400")
    expect(console.locator("#requests-count")).to_have_text("1 of 2")
    expect(row(console, "POST")).to_be_visible()
    expect(row(console, "GET")).to_be_hidden()
    console.locator("#requests-clear").click()
    expect(console.locator("#requests-count")).to_have_text("0 requests")
    assert world.read("requests")["results"] == []


def test_switching_the_scenario_changes_what_the_api_answers_and_reset_takes_it_back(console: Page, world: LiveWorld):
    console.locator("#scenario-name").select_option("paused")
    expect(console.locator("#scenario-text")).to_contain_text("Every export is paused")
    press(console, "Switch")
    said(console, "began anew as paused")
    assert all(each["paused"] for each in world.ask("GET", EXPORTS).json()["results"])
    first = world.ask("GET", EXPORTS).json()["results"][0]
    world.ask("PATCH", f"{EXPORTS}{first['id']}/", json={"name": "Renamed"})
    press(console, "Reset")
    said(console, "as it began")
    assert world.ask("GET", f"{EXPORTS}{first['id']}/").json()["name"] == first["name"]


def test_the_clock_stands_still_leaps_and_runs_as_it_is_told(console: Page, world: LiveWorld):
    world.ask("POST", EXPORTS, json={"name": "Often", **NOTHING_TO_DO})
    press(console, "Freeze")
    said(console, "stands still")
    before = world.read("clock")
    assert before["frozen"]
    runs = len(world.read("runs?limit=1000")["results"])
    press(console, "+1 h")
    said(console, "leapt ahead by 1h")
    after = datetime.fromisoformat(world.read("clock")["now"])
    assert after - datetime.fromisoformat(before["now"]) == timedelta(hours=1)
    assert len(world.read("runs?limit=1000")["results"]) >= runs + 12
    expect(console.locator("#now")).to_have_text(f"{after:%Y-%m-%d %H:%M:%S} UTC")
    console.get_by_label("Run at").fill("60")
    press(console, "Set speed")
    expect(console.locator("#clock-state")).to_contain_text("60")
    assert world.read("clock")["rate"] == 60


def test_it_is_chosen_how_runs_go(console: Page, world: LiveWorld):
    console.locator("#mode").select_option("polls")
    console.get_by_label("Looks").fill("5")
    console.locator("#outcome").select_option("TimedOut")
    console.locator("#latest-error").fill("Too slow.")
    press(console, "Apply")
    said(console, "as chosen")
    chosen = {"mode": "polls", "polls": 5, "outcome": "TimedOut", "latest_error": "Too slow."}
    assert world.read("progression") == chosen


def test_the_menu_of_a_run_moves_it_and_a_button_finishes_it(console: Page, world: LiveWorld):
    run = world.open_runs[0]
    shown = console.locator(f"[data-run='{run['id']}']")
    shown.get_by_role("button", name="Status").click()
    choices = console.get_by_role("menuitem").all_text_contents()
    assert choices == run["next"]
    console.get_by_role("menuitem", name="FailedRetryable").click()
    said(console, "is now FailedRetryable")
    expect(shown.locator(".ended")).to_have_text("FailedRetryable")
    assert world.run(run["id"])["status"] == "FailedRetryable"
    other = world.open_runs[0]
    console.locator(f"[data-run='{other['id']}']").get_by_role("button", name="Finish").click()
    said(console, "is now Completed")
    assert world.run(other["id"])["status"] == "Completed"


@pytest.mark.parametrize(
    ("preset", "statuses"),
    [("429 once", [429, 200]), ("503 five times", [503, 503, 503, 503, 503, 200]), ("Offline", [0, 0])],
)
def test_a_fault_switch_hits_requests_and_lets_them_pass_again(
    console: Page, world: LiveWorld, preset: str, statuses: list[int]
):
    switch = console.get_by_role("button", name=preset)
    switch.click()
    expect(switch).to_have_attribute("aria-pressed", "true")
    assert fetch_statuses(console, len(statuses)) == statuses
    press(console, "Remove all")
    expect(switch).to_have_attribute("aria-pressed", "false")
    assert world.read("faults")["results"] == []
    assert fetch_statuses(console, 1) == [200]


def test_a_fault_switch_is_for_the_chosen_operation_and_switches_off_again(console: Page, world: LiveWorld):
    console.get_by_label("Only for").select_option("create_export")
    switch = console.get_by_role("button", name="Slow")
    switch.click()
    expect(console.locator("#faults-list")).to_contain_text("waits 80..400 ms")
    assert [rule["match"] for rule in world.read("faults")["results"]] == [{"operation": "create_export"}]
    switch.click()
    expect(switch).to_have_attribute("aria-pressed", "false")
    assert world.read("faults")["results"] == []


def test_the_counters_of_a_rule_follow_and_it_can_be_removed(console: Page, world: LiveWorld):
    world.steer("POST", "faults", {"match": {"operation": "list_exports"}, "do": {"status": 503}, "times": 3})
    world.ask("GET", EXPORTS)
    world.ask("POST", EXPORTS, json={})
    expect(console.locator("#faults-list")).to_contain_text("list_exports; hit 1 of 3, seen 1")
    console.get_by_role("button", name="Remove rule").click()
    expect(console.locator("#faults-count")).to_have_text("0 rules")
    assert world.read("faults")["results"] == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", f"{EXPORTS}?search=it's&limit=2", None),
        ("GET", "/api/projects/1/batch exports/[1]/", None),
        ("POST", EXPORTS, {"name": "It's $HOME `here` \\ “there” ü", **NOTHING_TO_DO}),
        ("PATCH", EXPORT, {"name": 7}),
        ("DELETE", f"{EXPORTS}nonsense/", None),
    ],
)
def test_the_copied_curl_command_makes_the_request_again(console: Page, world: LiveWorld, method, path, body):
    first = world.ask(method, path, **({} if body is None else {"json": body}))
    row(console, method).locator("summary").click()
    command = copied(console, "Copy as curl")
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=20, check=True)
    assert f" {first.status_code} " in done.stdout.splitlines()[0]
    repeated, original = world.read("requests?limit=1000")["results"][-1], world.read("requests")["results"][0]
    for name in ("method", "path", "query", "operation", "status", "world"):
        assert repeated[name] == original[name]
    assert repeated["request"]["body"] == original["request"]["body"] == body


@pytest.mark.parametrize("case", ["refused", "made", "fault", "cut"])
def test_the_copied_playwright_test_passes(console: Page, world: LiveWorld, tmp_path: Path, case: str):
    if case in {"fault", "cut"}:
        world.steer(
            "POST", "faults", {"do": {"status": 429, "retry_after": 3} if case == "fault" else {"cut": "reset"}}
        )
    if case == "cut":
        fetch_statuses(console, 1)
    else:
        body = {"name": "x"} if case == "refused" else {"name": "Nightly", **NOTHING_TO_DO}
        world.ask("POST", EXPORTS, json=body)
    row(console, EXPORTS).locator("summary").click()
    before = worlds_of(world)
    text = copied(console, "Copy as Playwright test")
    driver = Path(playwright.__file__).parent / "driver"
    runner = tmp_path / "node_modules" / "@playwright" / "test"
    runner.mkdir(parents=True)
    (runner / "index.mjs").write_text(RUNNER % (driver / "package" / "index.mjs"))
    (runner / "package.json").write_text('{"exports": "./index.mjs"}')
    (tmp_path / "copied.mjs").write_text(text)
    done = subprocess.run(
        [driver / "node", tmp_path / "copied.mjs"], capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.stderr, done.stdout[:7]) == ("", "passed:")
    assert worlds_of(world) == before


def test_a_snapshot_brings_a_state_back_and_is_saved_as_a_scenario(console: Page, world: LiveWorld, tmp_path: Path):
    console.get_by_label("Name of the snapshot").fill("before")
    press(console, "Take")
    expect(console.locator("#snapshots-list")).to_contain_text("before")
    assert world.ask("DELETE", EXPORT).status_code == 204
    press(console, "Restore before")
    said(console, "as in before")
    assert world.ask("GET", EXPORT).status_code == 200
    with console.expect_download() as download:
        press(console, "Save before as scenario")
    download.value.save_as(tmp_path / download.value.suggested_filename)
    checked = run_command("mock", "check", str(tmp_path / "before.json"))
    assert (checked.returncode, checked.stderr) == (0, "")
    press(console, "Delete before")
    said(console, "is forgotten")
    assert world.read("snapshots")["results"] == []


def test_another_world_is_opened_shown_and_removed(console: Page, world: LiveWorld):
    other = f"{world.name[:50]}-other"
    console.get_by_label("Name of the world").fill(other)
    press(console, "Open")
    expect(console.locator("#world-name")).to_have_text(other)
    expect(console.get_by_role("button", name=f"Show {other}")).to_have_attribute("aria-pressed", "true")
    world.ask("GET", f"{EXPORTS}?limit=1")
    world.ask("GET", f"/__w/{other}{EXPORTS}?limit=9", headers={"X-Mock-World": other})
    expect(console.locator("#requests-count")).to_have_text("1 request")
    expect(row(console, "limit=9")).to_be_visible()
    console.reload()
    expect(console.locator("#world-name")).to_have_text(other)
    press(console, f"Remove {other}")
    said(console, "is forgotten")
    expect(console.locator("#world-name")).to_have_text("default")
    assert other not in {each["id"] for each in world.read("worlds")["results"]}


def test_the_path_of_a_world_leads_to_its_console(page: Page, world: LiveWorld):
    page.goto(f"{world.url}/__w/{world.name}/__mock")
    expect(page.locator("#world-name")).to_have_text(world.name)
    world.ask("GET", EXPORTS)
    expect(row(page, EXPORTS)).to_be_visible()


def test_the_key_of_a_persona_is_copied_and_what_it_may_do_is_said(console: Page, world: LiveWorld):
    assert copied(console, "Copy key phx_mock_read") == KEYS["read"]
    expect(console.locator("#personas-list")).to_contain_text("phx_mock_admin may read and write in project 1")
    world.steer("PUT", "scenario", {"name": "read-only-key"})
    console.reload()
    expect(console.locator("#personas-list")).to_contain_text("phx_mock_admin may read in project 1")


def test_an_error_of_the_control_api_is_told_in_its_words(console: Page):
    console.get_by_label("Seed").fill("9007199254740993")
    press(console, "Switch")
    expect(console.get_by_role("alert")).to_contain_text("(seed)")


def test_what_a_mock_cannot_do_is_said_to_be_not_available(page: Page, world: LiveWorld):
    page.route("**/__mock/snapshots", lambda route: route.fulfill(status=501, json={}))
    console = open_console(page, world)
    expect(console.locator("#snapshots .notice")).to_have_text("Not available in this mock.")


def test_no_text_of_a_client_becomes_markup(console: Page, world: LiveWorld):
    made = world.ask("POST", EXPORTS, json={"name": MARKUP, **NOTHING_TO_DO})
    assert made.status_code == 201
    world.ask("GET", f"/api/{MARKUP}/?{MARKUP}")
    world.steer("PUT", "clock", {"action": "advance", "by": "1h"})
    expect(console.locator("#runs-list")).to_contain_text(MARKUP)
    for summary in console.locator("#requests-list summary").all():
        summary.click()
    expect(console.locator("#requests-list pre").first).to_be_visible()
    expect(console.locator("#requests-list")).to_contain_text(json.dumps(MARKUP))
    assert console.locator("img").count() == 0
    assert console.evaluate("window.hacked") is None
