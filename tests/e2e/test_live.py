"""What happens elsewhere shows here: other writers, other tabs, a server that goes and comes back."""

from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect
from tests.conftest import LiveServer, Servers
from tests.e2e.conftest import REPORT_VIOLATIONS, Visit, Watch, api, assert_accessible, new_code


def make_table(live: LiveServer, name: str, rows: str) -> None:
    """A table from CSV, loaded to the end."""
    headers = {"Content-Type": "text/csv"}
    made = api(live, "POST", f"/api/imports?name={name}.csv", content=rows.encode(), headers=headers).json()
    with httpx.stream("GET", live.url + "/api/events", headers=live.headers, trust_env=False, timeout=30) as stream:
        lines = stream.iter_lines()
        wait_for(live, made["id"], "ready", lines)
        assert api(live, "POST", f"/api/imports/{made['id']}/run", json={}).status_code == 202
        wait_for(live, made["id"], "done", lines)


def wait_for(live: LiveServer, id: str, state: str, events: "object") -> None:
    """Look again after each event until the import is there."""
    for _ in events:  # type: ignore[attr-defined]
        if api(live, "GET", f"/api/imports/{id}").json()["state"] == state:
            return
    pytest.fail(f"The import never was {state}.")


class TestOtherWriters:
    def test_new_tables_and_rows_are_counted_in_the_sidebar(self, visit: Visit, live: LiveServer) -> None:
        page = visit("/")
        expect(page.get_by_text("Owner")).to_be_visible()
        make_table(live, "birds", "name\nowl\nwren\n")
        entry = page.get_by_role("navigation", name="Collections").get_by_role("link", name="birds")
        expect(entry).to_contain_text("2")
        assert api(live, "POST", "/rest/v1/birds", json={"name": "rook"}).status_code == 201
        expect(entry).to_contain_text("3")

    def test_an_import_begun_by_a_script_shows_as_a_draft_on_home(self, visit: Visit, live: LiveServer) -> None:
        headers = {"Content-Type": "text/csv"}
        api(live, "POST", "/api/imports?name=script.csv", content=b"a\n1\n", headers=headers)
        page = visit("/")
        expect(page.get_by_role("link", name="script.csv")).to_be_visible()


class TestTabs:
    def test_share_one_event_stream(self, visit: Visit, live: LiveServer) -> None:
        first = visit("/")
        expect(first.get_by_text("Owner")).to_be_visible()
        second = first.context.new_page()
        asked: list[str] = []
        second.on("request", lambda request: asked.append(request.url))
        second.goto(live.url)
        expect(second.get_by_text("Owner")).to_be_visible()
        make_table(live, "shared", "a\n1\n")
        for page in (first, second):
            expect(page.get_by_role("link", name="shared").first).to_be_visible()
        assert not [url for url in asked if url.endswith("/api/events")]
        with second.expect_request("**/api/events"):
            first.close()  # the other tab takes over


class TestServerGone:
    def test_the_page_says_so_and_goes_on_when_it_is_back(
        self, chromium: Browser, servers: Servers, tmp_path: Path
    ) -> None:
        workspace = tmp_path / "workspace"
        server = servers.start(workspace)
        port = server.url.rsplit(":", 1)[1]
        with chromium.new_context() as context:
            context.add_init_script(REPORT_VIOLATIONS)
            page = context.new_page()
            page.goto(f"{server.url}/#code={new_code(server)}")
            expect(page.get_by_text("Rolltop · local")).to_be_visible()
            servers.kill(server)
            expect(page.get_by_text("Reconnecting")).to_be_visible()
            again = servers.start(workspace, "--port", port)
            # A new server knows no session of the old one: the page asks, and stays where it is.
            expect(page.get_by_role("dialog", name="Sign in to go on")).to_be_visible(timeout=30_000)
            context.new_page().goto(f"{again.url}/#code={new_code(again)}")
            expect(page.get_by_role("dialog")).to_have_count(0)
            expect(page.get_by_text("Rolltop · local")).to_be_visible(timeout=30_000)


@pytest.mark.parametrize("theme", ["light", "dark"])
class TestAccessibility:
    def test_home_with_tables(self, visit: Visit, live: LiveServer, theme: str) -> None:
        make_table(live, f"flock_{theme}", "name\nowl\n")
        page = visit("/", theme=theme)
        expect(page.get_by_role("link", name=f"flock_{theme}").first).to_be_visible()
        expect(page.get_by_role("heading", name="Call the API")).to_be_visible()
        assert_accessible(page)

    def test_the_palette(self, visit: Visit, theme: str) -> None:
        page = visit("/", theme=theme)
        expect(page.get_by_text("Owner")).to_be_visible()
        page.keyboard.press("Control+k")
        expect(page.get_by_role("option", name="Home")).to_be_visible()
        assert_accessible(page)

    def test_the_rail(self, visit: Visit, watch: Watch, theme: str) -> None:
        page = visit("/", theme=theme)
        page.set_viewport_size({"width": 900, "height": 600})
        expect(page.get_by_role("link", name="API docs").first).to_be_visible()
        assert_accessible(page)
        assert watch.left() == []
