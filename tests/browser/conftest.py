from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.chromium import flawless, launched, open_console, opened_page
from tests.browser.worlds import LiveWorld
from tests.service import Service


# Not for the whole session: while Playwright runs, no other event loop can run in this thread.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright, launched(playwright) as browser:
        yield browser


@pytest.fixture(scope="session")
def mock() -> Iterator[Service]:
    with Service("mock", "--port", "0") as service:
        yield service


@pytest.fixture
def world(mock: Service) -> Iterator[LiveWorld]:
    """A world of the test's own."""
    with LiveWorld(mock.facts["url"], f"w{uuid4().hex[:8]}") as world:
        yield world


@pytest.fixture(scope="module")
def profile(browser: Browser) -> Iterator[Page]:
    """A page that tests use one after the other: a browser takes its time to make one."""
    with opened_page(browser) as page:
        yield page


@pytest.fixture
def page(profile: Page) -> Iterator[Page]:
    """A page that makes no mistakes."""
    with flawless(profile):
        yield profile
        profile.unroute_all()
        profile.goto("about:blank")


@pytest.fixture
def console(page: Page, world: LiveWorld) -> Page:
    """The console, which shows the test's world."""
    return open_console(page, world)
