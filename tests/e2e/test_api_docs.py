"""The API's documentation inside the app: offline, signed in, in the app's theme."""

import re

from playwright.sync_api import expect
from tests.conftest import LiveServer
from tests.e2e.conftest import Visit, assert_accessible


class TestApiDocs:
    def test_swagger_shows_the_routes_and_where_the_api_is(self, visit: Visit, live: LiveServer) -> None:
        page = visit("/api-docs")
        frame = page.frame_locator("iframe")
        expect(frame.get_by_role("heading", name=re.compile("Rolltop"))).to_be_visible(timeout=30_000)
        expect(frame.get_by_text("Imports").first).to_be_visible()
        expect(page.get_by_role("button", name=f"Copy: {live.url}/rest/v1")).to_be_visible()
        expect(page.get_by_role("button", name="Copy: rolltop token")).to_be_visible()
        assert_accessible(page)

    def test_redoc_has_an_address_of_its_own(self, visit: Visit) -> None:
        page = visit("/api-docs")
        page.get_by_role("link", name="Read", exact=True).click()
        expect(page).to_have_url(re.compile("/api-docs/redoc$"))
        expect(page.frame_locator("iframe").get_by_text("Imports").first).to_be_visible(timeout=30_000)

    def test_both_follow_the_theme(self, visit: Visit) -> None:
        page = visit("/api-docs", theme="dark")
        root = page.frame_locator("iframe").locator("html")
        expect(root).to_have_attribute("data-theme", "dark")
        page.get_by_role("button", name="Switch to the light theme").click()
        expect(root).to_have_attribute("data-theme", "light")
