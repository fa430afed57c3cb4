"""The console for whoever looks at it: with keys alone, in light and dark, on a phone and on a desk."""

from collections.abc import Iterator
from itertools import combinations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.chromium import flawless, open_console, opened_page
from tests.browser.worlds import EXPORTS, NOTHING_TO_DO, LiveWorld

CONTROLS = "button, input, select, a, summary, textarea"
# What is seen of each control that can be used: where its lists and the page cut it off, it is not there.
BOXES = f"""() => [...document.querySelectorAll('{CONTROLS}')].filter((each) => each.checkVisibility()).map((each) => {{
  let {{ left, top, right, bottom }} = each.getBoundingClientRect();
  for (let up = each.parentElement; up; up = up.parentElement) {{
    if (getComputedStyle(up).overflowY === 'visible') continue;
    const frame = up.getBoundingClientRect();
    [left, right] = [Math.max(left, frame.left), Math.min(right, frame.right)];
    [top, bottom] = [Math.max(top, frame.top), Math.min(bottom, frame.bottom)];
  }}
  return {{ name: each.id || each.textContent.trim(), left, top, right, bottom, width: innerWidth }};
}}).filter(({{ left, top, right, bottom }}) => right > left && bottom > top)"""
# Everything that a person can do something with, whether Tab leads there or a list's own keys.
REACHABLE = f"""() => [...document.querySelectorAll('{CONTROLS}')]
  .filter((each) => each.checkVisibility() && !each.disabled && each.tabIndex >= 0).length"""
FOCUS = """() => {
  const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
  const controls = [...document.querySelectorAll('button, input, select, a, summary, textarea')];
  return { at: controls.indexOf(document.activeElement), seen: outlineStyle !== 'none' && outlineWidth !== '0px' };
}"""


def fill_world(world: LiveWorld, scenario: str) -> None:
    """Let there be something of everything."""
    world.steer("PUT", "scenario", {"name": scenario})
    world.ask("POST", EXPORTS, json={"name": "Often" * 20, **NOTHING_TO_DO})
    world.ask("POST", EXPORTS, json={"name": "x"})
    world.ask("GET", f"/api/{'unbroken' * 30}/?search={'text' * 40}")
    world.steer("PUT", "clock", {"action": "advance", "by": "6m"})
    world.steer("POST", "faults", {"do": {"status": 429, "retry_after": 2}, "times": 1})
    world.ask("GET", EXPORTS)
    world.steer("PUT", f"snapshots/{'s' * 64}")


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(params=[(390, 844), (1440, 900)], ids=["phone", "desk"])
def filled(browser: Browser, world: LiveWorld, scheme: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The console with something of everything, at one size in one scheme."""
    fill_world(world, "long-names")
    with opened_page(browser, *request.param, scheme) as page, flawless(page):
        open_console(page, world)
        page.locator("#snapshots-list li").first.wait_for()
        page.locator("#runs-list li").first.wait_for()
        page.locator("#requests-list summary").first.click()
        yield page


def test_nothing_overlaps_or_leaves_the_page_and_no_rule_of_accessibility_is_broken(filled: Page, scheme: str):
    assert filled.evaluate("document.documentElement.scrollWidth <= innerWidth")
    boxes = filled.evaluate(BOXES)
    assert len(boxes) > 40
    assert [box for box in boxes if box["left"] < 0 or box["right"] > box["width"]] == []
    overlapping = [
        (one["name"], other["name"])
        for one, other in combinations(boxes, 2)
        if min(one["right"], other["right"]) - max(one["left"], other["left"]) > 1
        and min(one["bottom"], other["bottom"]) - max(one["top"], other["top"]) > 1
    ]
    assert overlapping == []
    assert filled.evaluate("getComputedStyle(document.body).colorScheme || 'unset'") in {"light dark", "unset"}
    background = filled.evaluate("getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).map(Number)")
    assert (max(background) < 60) == (scheme == "dark")
    found = Axe().run(filled)
    assert found.response["violations"] == []
    assert len(found.response["passes"]) > 15


def test_the_theme_is_chosen_and_kept(console: Page):
    background = "getComputedStyle(document.body).backgroundColor"
    light = console.evaluate(background)
    console.get_by_role("button", name="Theme").click()
    expect(console.locator("#theme")).to_have_text("Theme: light")
    assert console.evaluate(background) == light
    console.keyboard.press("t")
    expect(console.locator("#theme")).to_have_text("Theme: dark")
    dark = console.evaluate(background)
    assert dark != light
    console.reload()
    assert console.evaluate(background) == dark
    console.keyboard.press("t")
    expect(console.locator("#theme")).to_have_text("Theme: system")


def test_tab_leads_to_every_control_and_each_shows_that_it_has_the_focus(console: Page, world: LiveWorld):
    fill_world(world, "typical")
    console.reload()
    console.locator("#snapshots-list li").first.wait_for()
    console.locator("#runs-list .state").first.wait_for()
    console.locator("#requests-list summary").first.wait_for()
    visited = set()
    # Some of what Tab leads to is no control: lists that scroll.
    for _ in range(console.evaluate(REACHABLE) + 12):
        console.keyboard.press("Tab")
        focus = console.evaluate(FOCUS)
        assert focus["at"] < 0 or focus["seen"]
        visited.add(focus["at"])
    assert len(visited - {-1}) >= console.evaluate(REACHABLE)


def test_all_is_done_with_keys_alone(console: Page, world: LiveWorld):
    for number in (1, 2, 3):
        world.ask("GET", f"{EXPORTS}?limit={number}")
    expect(console.locator("#requests-count")).to_have_text("3 requests")
    press = console.keyboard.press
    press("?")
    expect(console.locator("#shortcuts")).to_be_visible()
    expect(console.locator("#shortcuts-list dt")).to_have_count(17)
    press("Escape")
    expect(console.locator("#shortcuts")).to_be_hidden()
    for key in ("j", "j", "k", "j", "j", "j"):
        press(key)
    expect(console.locator("#requests-list summary").last).to_be_focused()
    press("Enter")
    expect(console.locator(".detail")).to_contain_text("list_exports")
    press("c")
    expect(console.locator("#said")).to_contain_text("curl command copied")
    assert "limit=1" in console.evaluate("navigator.clipboard.readText()")
    press("/")
    console.keyboard.type("limit=2")
    expect(console.locator("#requests-count")).to_have_text("1 of 3")
    press("Escape")
    press("f")
    expect(console.locator("#freeze")).to_have_text("Run")
    before = world.read("clock")["now"]
    press("d")
    expect(console.locator("#said")).to_contain_text("1d")
    assert world.read("clock")["now"] > before
    press("R")
    expect(console.locator("#said")).to_contain_text("as it began")
    assert not world.read("clock")["frozen"]


def test_a_run_is_moved_with_keys_alone(console: Page, world: LiveWorld):
    world.steer("PUT", "progression", {"mode": "manual"})
    console.reload()
    console.locator("#runs-list .state").first.wait_for()
    run = world.open_runs[0]
    press = console.keyboard.press
    press("6")
    press("j")
    expect(console.locator(f"[data-run='{run['id']}'] .state")).to_be_focused()
    press("Enter")
    expect(console.get_by_role("menuitem").first).to_be_focused()
    press("Escape")
    expect(console.locator(f"[data-run='{run['id']}'] .state")).to_be_focused()
    press("Enter")
    for _ in range(run["next"].index("Failed")):
        press("ArrowDown")
    press("Enter")
    expect(console.locator("#said")).to_contain_text("is now Failed")
    assert world.run(run["id"])["status"] == "Failed"


def test_single_keys_can_be_switched_off(console: Page, world: LiveWorld):
    console.keyboard.press("?")
    console.get_by_label("Use single keys").uncheck()
    console.keyboard.press("Escape")
    console.keyboard.press("/")
    console.keyboard.press("f")
    expect(console.locator("#filter")).not_to_be_focused()
    assert not world.read("clock")["frozen"]
    press_help = console.get_by_role("button", name="Shortcuts")
    press_help.click()
    console.get_by_label("Use single keys").check()
