"""The Chromium of this machine, and pages in it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Playwright

from tests.browser.worlds import LiveWorld

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

REFUSED = "Failed to load resource"
"""Chromium's words for an answer that is no success: what a page asks for on purpose is not its mistake."""


def find_chromium() -> str:
    """Where Chromium is; fails with advice where it is not."""
    named = os.environ.get("CHROMIUM")
    found = next(filter(None, map(shutil.which, (named,) if named else NAMES)), None)
    assert found, "There is no Chromium here: apt-get install -y chromium, or name one in CHROMIUM."
    return found


@contextmanager
def launched(playwright: Playwright) -> Iterator[Browser]:
    """A browser with a fresh profile, for the time of a block."""
    browser = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
    try:
        yield browser
    finally:
        browser.close()


@contextmanager
def opened_page(browser: Browser, width: int = 1440, height: int = 900, scheme: str = "light") -> Iterator[Page]:
    """An empty page in a profile of its own, for the time of a block."""
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    context.set_default_timeout(10_000)
    try:
        yield context.new_page()
    finally:
        context.close()


@contextmanager
def flawless(page: Page) -> Iterator[None]:
    """A block in which a page may neither raise an error nor log one, as it does where its policy is violated."""
    mistakes: list[str] = []

    def note_error(error: Error) -> None:
        mistakes.append(str(error))

    def note_message(message: ConsoleMessage) -> None:
        is_mistake = message.type in {"error", "warning"} and not message.text.startswith(REFUSED)
        mistakes.extend([message.text] if is_mistake else [])

    page.on("pageerror", note_error)
    page.on("console", note_message)
    yield
    page.remove_listener("pageerror", note_error)
    page.remove_listener("console", note_message)
    assert mistakes == []


def open_console(page: Page, world: LiveWorld) -> Page:
    """Let a page show the console of a world, and wait until it does."""
    page.goto(f"{world.url}/__mock/?world={world.name}")
    page.locator("#live[data-state=live]").wait_for()
    page.locator("#scenario-name option").first.wait_for(state="attached")
    return page
