"""The two pages that show the API document, offline and under their policy, as the person who is signed in."""

import sqlite3
from contextlib import closing

import pytest
from playwright.sync_api import Page, expect
from tests.conftest import LiveServer
from tests.e2e.conftest import Theme, Visit, Watch

# A loop of its own: Playwright's would evaluate a text at each turn, which the page's policy refuses.
SIGNED_IN = """async () => {
  while (localStorage.getItem("rolltop.session") === null) await new Promise(requestAnimationFrame);
}"""


@pytest.fixture
def signed_in(visit: Visit, live: LiveServer) -> Page:
    """A page whose browser has a session, at a server with one table."""
    with closing(sqlite3.connect(live.workspace / "data.db", timeout=10)) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS lamps (id INTEGER PRIMARY KEY, name TEXT NOT NULL)")
        connection.execute("INSERT OR REPLACE INTO lamps VALUES (1, 'Brass')")
        connection.commit()
    page = visit("/")
    page.evaluate(SIGNED_IN)
    return page


class TestSwaggerUI:
    def test_asks_the_rows_of_a_table(self, signed_in: Page, live: LiveServer) -> None:
        signed_in.goto(f"{live.url}/docs")
        signed_in.get_by_role("link", name="lamps", exact=True).click()
        signed_in.get_by_text("Read rows of lamps").click()
        signed_in.get_by_role("button", name="Execute").click()
        expect(signed_in.locator(".live-responses-table tbody .response-col_status").first).to_contain_text("200")
        expect(signed_in.locator(".live-responses-table .highlight-code").first).to_contain_text("Brass")

    def test_says_where_to_sign_in_without_a_session(self, visit: Visit) -> None:
        page = visit("/docs", signed_in=False)
        expect(page.get_by_role("heading", name="Sign in to see the API")).to_be_visible()
        expect(page.get_by_role("link", name="Open Rolltop")).to_have_attribute("href", "/")

    def test_says_so_when_the_session_has_ended(self, visit: Visit, watch: Watch) -> None:
        watch.allow("401")
        page = visit("/docs", signed_in=False)
        page.evaluate("localStorage.setItem('rolltop.session', 'of-another-run')")
        page.reload()
        expect(page.get_by_role("heading", name="Sign in to see the API")).to_be_visible()


class TestRedoc:
    def test_shows_every_table_and_the_rest(self, signed_in: Page, live: LiveServer) -> None:
        signed_in.goto(f"{live.url}/redoc")
        expect(signed_in.get_by_text("Your tables")).to_be_visible()
        expect(signed_in.get_by_role("heading", name="lamps")).to_be_visible()
        expect(signed_in.get_by_text("Collections").first).to_be_visible()


@pytest.mark.parametrize("page_name", ["docs", "redoc"])
@pytest.mark.parametrize(("theme", "surface"), [("light", "rgb(255, 255, 255)"), ("dark", "rgb(22, 26, 23)")])
def test_pages_take_the_theme(page_name: str, theme: Theme, surface: str, visit: Visit) -> None:
    page = visit(f"/{page_name}", theme=theme, signed_in=False)
    expect(page.locator("html")).to_have_attribute("data-theme", theme)
    expect(page.locator("body")).to_have_css("background-color", surface)
