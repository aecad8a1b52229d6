"""The frame around every page: signing in, moving about, appearance."""

import re

import pytest
from playwright.sync_api import Page, expect
from tests.conftest import LiveServer
from tests.e2e.conftest import Visit, Watch, api, assert_accessible, new_code


class TestSigningIn:
    def test_a_link_signs_in_and_is_gone_from_the_address(self, visit: Visit, live: LiveServer) -> None:
        page = visit("/")
        expect(page.get_by_text("Owner")).to_be_visible()
        expect(page).to_have_url(live.url + "/")

    def test_the_window_says_when_a_person_can_work(self, visit: Visit) -> None:
        page = visit("/")
        expect(page.get_by_text("Owner")).to_be_visible()
        with page.expect_response("**/api/desktop/ready") as told:
            page.reload()
        assert told.value.status == 204

    def test_without_a_token_the_page_waits_behind_the_panel(self, visit: Visit) -> None:
        page = visit("/", signed_in=False)
        panel = page.get_by_role("dialog", name="Sign in to go on")
        expect(panel.get_by_text("rolltop open", exact=True)).to_be_visible()
        expect(panel.get_by_label("Or paste a sign-in link or a token")).to_be_focused()
        assert_accessible(page)

    def test_a_pasted_link_or_token_signs_in(self, visit: Visit, watch: Watch, live: LiveServer) -> None:
        watch.allow("status of 401")
        page = visit("/", signed_in=False)
        field = page.get_by_label("Or paste a sign-in link or a token")
        field.fill("nonsense")
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog")).to_contain_text(re.compile("token", re.IGNORECASE))
        expect(field).to_have_attribute("aria-invalid", "true")
        field.fill(f"{live.url}/#code={new_code(live)}")
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.get_by_text("Owner")).to_be_visible()

    def test_a_person_signs_in_by_name_and_password(self, visit: Visit, watch: Watch, live: LiveServer) -> None:
        watch.allow("status of 401")
        person = {"name": "Ada", "role": "viewer", "password": "correct horse"}
        made = api(live, "POST", "/api/people", json=person)
        try:
            page = visit("/", signed_in=False)
            page.get_by_role("button", name="Use a name and password").click()
            expect(page.get_by_label("Name or e-mail address")).to_be_focused()
            page.keyboard.type("ada")
            page.keyboard.press("Tab")
            page.keyboard.type("wrong horse")
            page.keyboard.press("Enter")
            expect(page.get_by_role("dialog")).to_contain_text("The name or the password is wrong.")
            assert_accessible(page)
            page.get_by_label("Password").fill("correct horse")
            page.keyboard.press("Enter")
            expect(page.get_by_role("dialog")).to_have_count(0)
            expect(page.get_by_text("Ada")).to_be_visible()
        finally:
            api(live, "DELETE", f"/api/people/{made.json()['id']}").raise_for_status()

    def test_an_invitation_asks_for_a_password(self, visit: Visit, live: LiveServer) -> None:
        made = api(live, "POST", "/api/people", json={"name": "Bea", "role": "viewer"}).json()
        try:
            invited = api(live, "POST", f"/api/people/{made['id']}/invitation", json={}).json()
            page = visit(invited["url"].removeprefix(live.url), signed_in=False)
            field = page.get_by_label("New password")
            expect(field).to_be_focused()
            assert "invitation" not in page.url
            assert_accessible(page)
            field.fill("short")
            expect(page.get_by_role("button", name="Set password and sign in")).to_be_disabled()
            field.fill("correct horse")
            page.keyboard.press("Enter")
            expect(page.get_by_role("dialog")).to_have_count(0)
            expect(page.get_by_text("Bea")).to_be_visible()
        finally:
            api(live, "DELETE", f"/api/people/{made['id']}").raise_for_status()

    def test_a_used_link_says_so(self, visit: Visit, watch: Watch, live: LiveServer) -> None:
        watch.allow("status of 4")
        code = new_code(live)
        assert api(live, "POST", "/api/auth/exchange", json={"code": code}).status_code == 200
        page = visit(f"/#code={code}", signed_in=False)
        expect(page.get_by_role("dialog").locator(".error")).to_be_visible()

    def test_a_session_that_ends_is_taken_up_again_from_another_tab(
        self, visit: Visit, watch: Watch, live: LiveServer
    ) -> None:
        watch.allow("status of 401")
        page = visit("/")
        expect(page.get_by_text("Owner")).to_be_visible()
        token = page.evaluate("localStorage.getItem('rolltop.session')")
        api(live, "DELETE", "/api/auth/session", headers={"Authorization": f"Bearer {token}"})
        page.reload()
        expect(page.get_by_role("dialog", name="Sign in to go on")).to_be_visible()
        visit("/")  # another tab, with a new link
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.get_by_text("Owner")).to_be_visible()


class TestMovingAbout:
    def test_letters_in_sequence_go_places(self, visit: Visit) -> None:
        page = visit("/")
        expect(page.get_by_text("Owner")).to_be_visible()
        page.keyboard.press("g")
        page.keyboard.press("p")
        expect(page.get_by_role("heading", name="API docs", level=1)).to_be_visible()
        page.keyboard.press("g")
        page.keyboard.press("h")
        expect(page).to_have_title("Home · Rolltop")

    def test_letters_can_be_switched_off(self, visit: Visit) -> None:
        page = visit("/")
        expect(page.get_by_text("Owner")).to_be_visible()
        page.keyboard.press("?")
        page.get_by_label("Single letters work as shortcuts outside text fields").uncheck()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        page.keyboard.press("?")
        page.keyboard.press("Control+k")
        expect(page.get_by_role("dialog", name="Search or jump to")).to_be_visible()

    def test_the_palette_opens_runs_and_gives_the_focus_back(self, visit: Visit) -> None:
        page = visit("/")
        opener = page.get_by_role("button", name="Search or jump to")
        opener.focus()
        page.keyboard.press("Control+k")
        expect(page.get_by_role("combobox")).to_be_focused()
        page.keyboard.press("Escape")
        expect(opener).to_be_focused()
        page.keyboard.press("Control+k")
        expect(page.get_by_role("combobox")).to_be_focused()
        page.keyboard.type("swagger")
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile("/api-docs$"))

    def test_the_shortcuts_are_listed(self, visit: Visit) -> None:
        page = visit("/")
        expect(page.get_by_text("Owner")).to_be_visible()
        page.keyboard.press("?")
        expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_contain_text("Show or hide the sidebar")
        assert_accessible(page)

    def test_an_address_without_a_page_has_a_way_out(self, visit: Visit) -> None:
        page = visit("/nowhere")
        expect(page.get_by_role("heading", name="There is no page at this address").last).to_be_visible()
        page.get_by_role("link", name="Go to Home").click()
        expect(page).to_have_title("Home · Rolltop")

    def test_back_and_forward_follow(self, visit: Visit) -> None:
        page = visit("/")
        page.get_by_role("link", name="API docs").first.click()
        expect(page).to_have_title("API docs · Rolltop")
        page.go_back()
        expect(page).to_have_title("Home · Rolltop")
        page.go_forward()
        expect(page).to_have_title("API docs · Rolltop")


class TestAppearance:
    def test_the_theme_follows_the_system_until_one_is_chosen(self, visit: Visit) -> None:
        page = visit("/", theme="dark")
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        page.emulate_media(color_scheme="light")
        expect(page.locator("html")).to_have_attribute("data-theme", "light")
        page.get_by_role("button", name="Switch to the dark theme").click()
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        page.reload(wait_until="commit")
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")

    def test_the_menu_sets_density_by_keyboard(self, visit: Visit) -> None:
        page = visit("/")
        page.get_by_role("button", name="Appearance and more").focus()
        page.keyboard.press("Enter")
        item = page.get_by_role("menuitemcheckbox", name="Compact")
        expect(item).to_be_visible()
        item.focus()
        page.keyboard.press("Enter")
        expect(page.locator("html")).to_have_attribute("data-density", "compact")
        assert_accessible(page, menu_open=True)
        page.keyboard.press("Escape")
        expect(item).to_have_count(0)

    def test_signing_out_of_a_browser_forgets_the_token(self, visit: Visit, watch: Watch) -> None:
        watch.allow("status of 401")
        page = visit("/")
        page.get_by_role("button", name="Appearance and more").click()
        page.get_by_role("menuitem", name="Sign out").click()
        expect(page.get_by_role("dialog", name="Sign in to go on")).to_be_visible()
        assert page.evaluate("localStorage.getItem('rolltop.session')") is None

    def test_the_sidebar_becomes_a_rail_and_comes_over_a_narrow_page(self, visit: Visit) -> None:
        page = visit("/")
        prompt = page.get_by_text("Search or jump to")
        expect(prompt).to_be_visible()
        page.keyboard.press("Control+\\")
        expect(prompt).to_have_count(0)
        page.keyboard.press("Control+\\")
        expect(prompt).to_be_visible()
        page.set_viewport_size({"width": 900, "height": 600})
        expect(prompt).to_have_count(0)
        page.keyboard.press("Control+\\")
        expect(prompt).to_be_visible()
        page.keyboard.press("Escape")
        expect(prompt).to_have_count(0)

    @pytest.mark.parametrize("width", [880, 1180])
    def test_nothing_lies_beyond_a_narrow_window(self, visit: Visit, width: int) -> None:
        page = visit("/")
        page.set_viewport_size({"width": width, "height": 560})
        expect(page.get_by_text("Drop a file to begin").first).to_be_visible()
        assert overflow(page) == 0


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than the window."""
    pixels: int = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return max(0, pixels)
