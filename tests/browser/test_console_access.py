"""Who is let in by the console, and what it says when the mock goes."""

from playwright.sync_api import Page, expect

from tests.service import Service


def test_the_token_is_asked_for_and_kept_until_the_tab_is_closed(page: Page):
    with Service("mock", "--port", "0", "--admin-token", "t0ken") as service:
        page.goto(f"{service.facts['url']}/__mock/")
        for token in ("wrong", "t0ken"):
            expect(page.locator("#token")).to_be_visible()
            page.get_by_role("textbox", name="Admin token").fill(token)
            page.keyboard.press("Enter")
        expect(page.locator("#live")).to_have_text("Live")
        expect(page.locator("#token")).to_be_hidden()
        page.reload()
        expect(page.locator("#live")).to_have_text("Live")
        assert "t0ken" in page.evaluate("Object.values(sessionStorage)")
        assert "t0ken" not in page.evaluate("Object.values(localStorage)")
        assert "t0ken" not in page.content()


def test_a_mock_that_went_is_said_to_be_gone_and_is_found_again(page: Page):
    with Service("mock", "--port", "0") as service:
        page.goto(f"{service.facts['url']}/__mock/")
        expect(page.locator("#live")).to_have_text("Live")
        port = service.facts["url"].rpartition(":")[2]
    expect(page.locator("#live")).to_have_text("Not connected")
    expect(page.locator("#requests .notice")).to_contain_text("does not answer")
    with Service("mock", "--port", port) as service:
        expect(page.locator("#live")).to_have_text("Live", timeout=10_000)
        expect(page.locator("#requests .notice")).to_be_hidden()
