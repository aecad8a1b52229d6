"""The Data page: rows looked at, sorted, filtered and edited by mouse and by keyboard, against a real server."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from tests.conftest import LiveServer, start_server, stop_server
from tests.e2e.conftest import Visit, Watch, api, assert_accessible
from tests.e2e.data_seed import ORDERS, Sheet, build_shop, change_elsewhere

Open = Callable[..., Sheet]


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server on the shop, one for this file; each test uses rows of its own."""
    workspace = tmp_path_factory.mktemp("shop") / "workspace"
    build_shop(workspace)
    process, server = start_server(workspace)
    yield server
    assert stop_server(process) == 0


@pytest.fixture
def sheet(visit: Visit, live: LiveServer) -> Open:
    """Open a table of the shop."""

    def _open(table: str = "orders", query: str = "", **how: str) -> Sheet:
        return Sheet(visit(f"/data/{table}{query}", **how), live, table)

    return _open


@pytest.fixture
def clipboard(context: BrowserContext, live: LiveServer) -> BrowserContext:
    """Pages may use the clipboard, as in the window."""
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=live.url)
    return context


class TestLooking:
    def test_shows_each_kind_of_value_as_it_is_written(self, sheet: Open) -> None:
        orders = sheet(query="?id=eq.3")
        assert orders.text(0, "customer") == "AL"
        assert orders.text(0, "status") == "refunded"
        assert orders.text(0, "total") == "3.75"
        assert orders.text(0, "placed_on") == "2026-04-04"
        assert orders.text(0, "info") == '{"weight":3}'
        assert orders.text(0, "note") == "–"
        expect(orders.cell(0, "express").get_by_role("img", name="false")).to_be_visible()

    def test_keeps_every_digit_of_a_large_number(self, sheet: Open) -> None:
        assert sheet("counters").text(0, "large") == "9007199254740993"

    def test_goes_to_the_first_collection_without_a_name(self, visit: Visit) -> None:
        page = visit("/data")
        page.wait_for_url(re.compile(r"/data/counters$"))
        expect(page.get_by_role("heading", level=1)).to_have_text("counters")

    def test_says_what_an_empty_table_and_an_empty_result_are(self, visit: Visit) -> None:
        page = visit("/data/drafts")
        expect(page.get_by_role("heading", name="No rows yet")).to_be_visible()
        page.goto(page.url.split("/data/")[0] + "/data/orders?customer=eq.nobody")
        expect(page.get_by_role("heading", name="No rows match")).to_be_visible()
        page.get_by_role("button", name="Clear filters").click()
        expect(page.locator("footer")).to_contain_text("rows")
        expect(page.get_by_role("grid")).to_be_visible()

    def test_says_what_is_wrong_with_a_table_that_is_not_there(self, visit: Visit, watch: Watch) -> None:
        watch.allow("404")
        page = visit("/data/missing")
        expect(page.get_by_role("alert")).to_contain_text("missing")
        expect(page.get_by_role("link", name="Other collections")).to_be_visible()

    def test_says_what_is_wrong_with_a_filter(self, visit: Visit, watch: Watch) -> None:
        watch.allow("400")
        page = visit("/data/orders?total=gte.many")
        expect(page.get_by_role("alert")).to_contain_text("many")
        page.get_by_role("button", name="Clear filters").click()
        expect(page.get_by_role("grid")).to_be_visible()

    @pytest.mark.parametrize(
        ("table", "reason"), [("revenue", "A view shows rows of tables"), ("keyless", "no primary key")]
    )
    def test_edits_nothing_that_has_no_address(self, sheet: Open, table: str, reason: str) -> None:
        page = sheet(table).page
        expect(page.locator("footer")).to_contain_text(reason)
        page.get_by_role("grid").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("textbox", name="row 1")).to_have_count(0)
        expect(page.get_by_role("button", name="New row")).to_have_count(0)
        expect(page.get_by_role("grid")).to_have_attribute("aria-readonly", "true")


class TestSortingAndFiltering:
    def test_sorts_by_a_click_on_the_head_and_says_so_in_the_address(self, sheet: Open) -> None:
        orders = sheet()
        orders.head("total").click()
        expect(orders.head("total")).to_have_attribute("aria-sort", "ascending")
        orders.head("total").click()
        expect(orders.head("total")).to_have_attribute("aria-sort", "descending")
        expect(orders.cell(0, "id")).to_have_text(str(ORDERS))
        assert orders.page.url.endswith("/data/orders?order=total.desc")
        orders.head("total").click()
        expect(orders.cell(0, "id")).to_have_text("1")

    def test_sorts_by_several_columns_from_the_menu(self, sheet: Open) -> None:
        page = sheet(query="?order=status").page
        page.get_by_role("button", name="Sorted by status").click()
        page.get_by_role("button", name="Then by another").click()
        page.get_by_role("button", name="Ascending").last.click()
        expect(page).to_have_url(re.compile(r"\?order=status,id\.desc$"))
        expect(page.locator("[data-row='0'] [data-column='0']")).to_have_text("449")

    def test_adds_edits_and_removes_a_filter(self, sheet: Open) -> None:
        page = sheet().page
        page.get_by_role("button", name="Filter", exact=True).click()
        page.get_by_role("combobox", name=re.compile("^Column:")).click()
        page.get_by_role("option", name="total").click()
        page.get_by_role("combobox", name=re.compile("^Condition:")).click()
        page.get_by_role("option", name="at least").click()
        page.get_by_label("Value").fill("500")
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(r"\?total=gte\.500$"))
        expect(page.locator("footer")).to_contain_text("51 of 450 rows match")
        page.get_by_role("button", name="Filter: total at least 500. Edit").click()
        page.get_by_label("Value").fill("many")
        page.keyboard.press("Enter")
        expect(page.get_by_text("total must be a number")).to_be_visible()
        page.get_by_label("Value").fill("550")
        page.get_by_role("button", name="Apply").click()
        expect(page.locator("footer")).to_contain_text("11 of 450 rows match")
        page.reload()
        expect(page.get_by_role("button", name="Filter: total at least 550. Edit")).to_be_visible()
        page.get_by_role("button", name="Remove filter: total at least 550").click()
        expect(page.locator("footer")).to_contain_text("450 rows")

    def test_keeps_a_filter_that_only_the_api_has_words_for(self, sheet: Open) -> None:
        page = sheet(query="?or=(id.eq.1,id.eq.2)&note=match.%5ENote").page
        expect(page.locator("footer")).to_contain_text("1 of 450 rows match")
        page.get_by_role("button", name=re.compile("^Filter: note match")).click()
        panel = page.get_by_role("dialog")
        panel.get_by_role("textbox").fill("is.null")
        panel.get_by_role("button", name="Apply").click()
        expect(page.get_by_role("button", name="Filter: note is empty. Edit")).to_be_visible()

    def test_searches_rows_from_the_slash_key(self, sheet: Open) -> None:
        page = sheet().page
        page.locator("body").click(position={"x": 5, "y": 5})
        page.keyboard.press("/")
        page.keyboard.type("Note 44")
        expect(page.locator("footer")).to_contain_text("6 of 450 rows match")
        page.reload()
        expect(page.get_by_label("Search rows")).to_have_value("Note 44")

    def test_hides_and_moves_columns(self, sheet: Open) -> None:
        orders = sheet()
        page = orders.page
        page.get_by_role("button", name="Columns").click()
        page.get_by_role("checkbox", name="customer").uncheck()
        page.get_by_role("button", name="Move status to the right").click()
        page.keyboard.press("Escape")
        expect(page).to_have_url(re.compile(r"\?select=id,total,status,items"))
        assert orders.columns()[:3] == ["id", "total", "status"]
        expect(page.get_by_role("button", name="1 hidden")).to_be_focused()

    def test_remembers_the_width_of_a_column(self, sheet: Open) -> None:
        orders = sheet()
        edge = orders.head("customer").bounding_box()
        assert edge is not None
        orders.page.mouse.move(edge["x"] + edge["width"], edge["y"] + 10)
        orders.page.mouse.down()
        orders.page.mouse.move(edge["x"] + 240, edge["y"] + 10, steps=4)
        orders.page.mouse.up()
        orders.page.reload()
        widened = sheet().head("customer").bounding_box()
        assert widened is not None
        assert abs(widened["width"] - 240) < 3


class TestEditing:
    def test_saves_a_cell_and_undoes_and_redoes_it(self, sheet: Open) -> None:
        orders = sheet()
        orders.cell(0, "total").dblclick()
        orders.page.keyboard.type("12.5")
        orders.keys("Enter")
        orders.saved()
        assert orders.stored(1, "total") == 12.5
        orders.keys("Control+z")
        expect(orders.cell(0, "total")).to_have_text("1.25")
        assert orders.stored(1, "total") == 1.25
        orders.keys("Control+Shift+z")
        expect(orders.cell(0, "total")).to_have_text("12.5")
        orders.page.get_by_role("button", name=re.compile("^Undo")).click()
        expect(orders.cell(0, "total")).to_have_text("1.25")

    def test_types_over_a_cell_and_goes_on_below(self, sheet: Open) -> None:
        orders = sheet()
        orders.cell(1, "items").click()
        orders.page.keyboard.type("41")
        orders.keys("Enter")
        orders.page.keyboard.type("42")
        orders.keys("Tab")
        orders.saved()
        assert [orders.stored(2, "items"), orders.stored(3, "items")] == [41, 42]
        expect(orders.page.locator(f"#{orders.grid.get_attribute('aria-activedescendant')}")).to_have_attribute(
            "aria-colindex", str(int(orders.head("items").get_attribute("aria-colindex") or 0) + 1)
        )

    def test_leaves_the_old_value_on_escape(self, sheet: Open) -> None:
        orders = sheet()
        orders.cell(3, "note").click()
        orders.page.keyboard.type("never")
        orders.keys("Escape")
        expect(orders.cell(3, "note")).to_have_text("Note 4")
        expect(orders.grid).to_be_focused()

    def test_checks_the_type_before_anything_is_sent(self, sheet: Open) -> None:
        orders = sheet()
        orders.cell(4, "total").click()
        orders.page.keyboard.type("abc")
        orders.keys("Enter")
        expect(orders.page.get_by_text("total must be a number, got “abc”.")).to_be_visible()
        orders.keys("Escape")
        expect(orders.cell(4, "total")).to_have_text("6.25")

    def test_restores_the_value_and_says_why_when_the_table_refuses(self, sheet: Open, watch: Watch) -> None:
        watch.allow("400")
        orders = sheet()
        orders.cell(4, "total").click()
        orders.page.keyboard.type("-5")
        orders.keys("Enter")
        expect(orders.page.get_by_text(re.compile("total not saved.*total_positive"))).to_be_visible()
        expect(orders.cell(4, "total")).to_have_text("6.25")
        expect(orders.cell(4, "total")).to_have_class(re.compile("refused"))
        expect(orders.page.get_by_role("button", name=re.compile("^Undo"))).to_be_disabled()

    def test_chooses_from_a_list_and_switches_yes_and_no(self, sheet: Open) -> None:
        orders = sheet()
        orders.cell(5, "status").click()
        orders.page.keyboard.type("ref")
        orders.keys("Enter")
        orders.saved()
        assert orders.stored(6, "status") == "refunded"
        orders.cell(5, "express").dblclick()
        orders.page.get_by_role("option", name="Yes").click()
        orders.saved()
        assert orders.stored(6, "express") is True

    def test_edits_dates_and_json(self, sheet: Open) -> None:
        orders = sheet()
        orders.cell(6, "placed_on").click()
        orders.page.keyboard.type("2027-02-30")
        orders.keys("Enter")
        expect(orders.page.get_by_text("placed_on must be a date")).to_be_visible()
        orders.page.get_by_role("textbox", name="placed_on, row 7").fill("2027-02-28")
        orders.keys("Enter")
        orders.cell(6, "info").click()
        orders.keys("F2")
        orders.page.get_by_role("textbox", name="info, row 7").fill('{"weight": [1, 2]}')
        orders.keys("Control+Enter")
        orders.saved()
        assert orders.stored(7, "placed_on") == "2027-02-28"
        assert orders.stored(7, "info") == {"weight": [1, 2]}
        orders.keys("Control+z")
        expect(orders.cell(6, "info")).to_have_text('{"weight":7}')

    def test_clears_with_delete_and_fills_down(self, sheet: Open) -> None:
        orders = sheet()
        orders.cell(9, "note").click()
        orders.keys("Delete")
        expect(orders.cell(9, "note")).to_have_text("–")
        orders.cell(7, "items").click()
        orders.keys("Shift+ArrowDown", "Shift+ArrowDown", "Control+d")
        orders.saved()
        assert [orders.stored(key, "items") for key in (8, 9, 10)] == [2, 2, 2]
        orders.keys("Control+z")
        expect(orders.cell(9, "items")).to_have_text("4")
        orders.keys("Control+z")
        expect(orders.cell(9, "note")).to_have_text("Note 10")

    def test_will_not_clear_what_must_hold_a_value_nor_edit_what_is_computed(self, sheet: Open) -> None:
        orders = sheet()
        orders.cell(0, "customer").click()
        orders.keys("Delete")
        expect(orders.page.get_by_text("customer must hold a value")).to_be_visible()
        orders.keys("End", "Enter")
        expect(orders.page.get_by_text("doubled is computed by the database")).to_be_visible()

    @pytest.mark.usefixtures("clipboard")
    def test_copies_a_block_and_pastes_it_as_one_change(self, sheet: Open) -> None:
        orders = sheet(query="?id=gte.20&order=id")
        orders.cell(0, "total").click()
        orders.keys("Shift+ArrowRight", "Shift+ArrowDown", "Control+c")
        expect(orders.page.get_by_text("4 cells copied")).to_be_attached()
        assert orders.page.evaluate("navigator.clipboard.readText()") == "25\t7\n26.25\t1"
        orders.cell(4, "total").click()
        orders.keys("Control+v")
        orders.saved()
        expect(orders.cell(5, "items")).to_have_text("1")
        assert [orders.stored(24, "total"), orders.stored(25, "total")] == [25, 26.25]
        orders.keys("Control+z")
        expect(orders.cell(4, "total")).to_have_text("30")
        expect(orders.cell(5, "items")).to_have_text("5")

    @pytest.mark.usefixtures("clipboard")
    def test_pastes_nothing_when_one_cell_does_not_fit(self, sheet: Open) -> None:
        orders = sheet(query="?id=gte.30&order=id")
        orders.page.evaluate("navigator.clipboard.writeText('1\\nmany')")
        orders.cell(0, "total").click()
        orders.keys("Control+v")
        expect(
            orders.page.get_by_text("Nothing was pasted. Row 2: total must be a number, got “many”.")
        ).to_be_visible()
        assert orders.stored(30, "total") == 37.5

    @pytest.mark.usefixtures("clipboard")
    def test_takes_a_paste_back_as_a_whole_when_the_table_refuses_a_row(self, sheet: Open, watch: Watch) -> None:
        watch.allow("400")
        orders = sheet(query="?id=gte.35&order=id")
        orders.page.evaluate("navigator.clipboard.writeText('1\\n2\\n-3\\n4')")
        orders.cell(0, "total").click()
        orders.keys("Control+v")
        expect(orders.page.get_by_text(re.compile("4 rows not saved"))).to_be_visible()
        orders.saved()
        assert [orders.stored(key, "total") for key in (35, 36, 37, 38)] == [43.75, 45, 46.25, 47.5]
        expect(orders.cell(0, "total")).to_have_text("43.75")

    def test_selects_by_dragging_and_adds_up(self, sheet: Open) -> None:
        orders = sheet(query="?id=gte.40&order=id")
        orders.cell(0, "total").hover()
        orders.page.mouse.down()
        orders.cell(3, "total").hover()
        orders.page.mouse.up()
        expect(orders.page.locator("footer")).to_contain_text("4 cells")
        expect(orders.page.locator("footer")).to_contain_text("Sum 207.5")
        expect(orders.page.locator("footer")).to_contain_text("Average 51.88")


class TestRows:
    def test_adds_a_row_and_undoes_it(self, sheet: Open, watch: Watch) -> None:
        watch.allow("409|400")
        orders = sheet()
        page = orders.page
        page.get_by_role("button", name="New row").click()
        page.get_by_role("textbox", name="customer").fill("nobody")
        page.get_by_role("textbox", name="total").fill("99.5")
        page.keyboard.press("Control+Enter")
        expect(page.get_by_role("alert")).to_contain_text("customer")
        page.get_by_role("textbox", name="customer").fill("BO")
        page.keyboard.press("Control+Enter")
        expect(page.get_by_role("complementary", name="Row detail")).to_contain_text("99.5")
        expect(page.locator("footer")).to_contain_text(f"{ORDERS + 1} rows")
        page.get_by_role("button", name="Close").click()
        orders.grid.focus()
        orders.keys("Control+z")
        expect(page.locator("footer")).to_contain_text(f"{ORDERS} rows")

    def test_names_the_fields_that_are_needed(self, sheet: Open) -> None:
        page = sheet().page
        page.get_by_role("button", name="New row").click()
        page.get_by_role("button", name="Add row").click()
        expect(page.get_by_text("customer must hold a value")).to_be_visible()

    def test_deletes_rows_and_brings_them_back(self, sheet: Open, live: LiveServer) -> None:
        orders = sheet(query="?id=gte.100&order=id")
        before = api(live, "GET", "/rest/v1/orders?id=in.(100,101,102)&order=id").json()
        orders.page.locator("[data-row='0'] [role=rowheader]").click()
        orders.page.locator("[data-row='2'] [role=rowheader]").click(modifiers=["Shift"])
        orders.page.get_by_role("button", name="Delete 3 rows").click()
        expect(orders.cell(0, "id")).to_have_text("103")
        assert api(live, "GET", "/rest/v1/orders?id=in.(100,101,102)").json() == []
        orders.page.get_by_role("region", name="Messages").get_by_role("button", name="Undo").click()
        expect(orders.cell(0, "id")).to_have_text("100")
        assert api(live, "GET", "/rest/v1/orders?id=in.(100,101,102)&order=id").json() == before

    def test_shows_a_row_in_the_drawer_and_edits_it_there(self, sheet: Open) -> None:
        orders = sheet(query="?id=gte.120&order=id")
        page = orders.page
        orders.cell(0, "note").click()
        orders.keys("Space")
        drawer = page.get_by_role("complementary", name="Row detail")
        expect(drawer).to_contain_text("Note 120")
        expect(page).to_have_url(re.compile(r"row=120$"))
        orders.keys("ArrowDown")
        expect(drawer.get_by_role("heading", level=2)).to_have_text("121")
        orders.keys("ArrowUp")
        drawer.get_by_role("button", name="note").click()
        page.keyboard.type("From the drawer")
        page.keyboard.press("Enter")
        orders.saved()
        assert orders.stored(120, "note") == "From the drawer"
        expect(orders.cell(0, "note")).to_have_text("From the drawer")
        drawer.get_by_role("tab", name="curl").click()
        expect(drawer.locator("code")).to_contain_text("rolltop token")
        page.go_back()
        expect(drawer).to_have_count(0)

    def test_opens_a_row_from_a_link_wherever_it_is(self, visit: Visit) -> None:
        page = visit("/data/orders?total=lt.100&row=444&select=id,total")
        drawer = page.get_by_role("complementary", name="Row detail")
        expect(drawer).to_contain_text("Note 444")
        page.goto(page.url.split("/data/")[0] + "/data/seats?hall=eq.red&row=blue,1")
        expect(drawer).to_contain_text("Ruiz")
        page.goto(page.url.split("/data/")[0] + "/data/orders?row=9999")
        expect(drawer).to_contain_text("no row with this key")

    def test_follows_a_relation(self, sheet: Open) -> None:
        orders = sheet(query="?id=eq.3")
        orders.cell(0, "customer").click(modifiers=["Control"])
        expect(orders.page).to_have_url(re.compile(r"/data/customers\?row=AL$"))
        expect(orders.page.get_by_role("complementary", name="Row detail")).to_contain_text("Lind, Astrid")

    def test_deletes_a_table_by_its_name(self, visit: Visit, live: LiveServer, watch: Watch) -> None:
        watch.allow(r"404 .*/api/collections/drafts\)$")  # the page hears of the change before its wish is answered
        page = visit("/data/drafts")
        page.get_by_role("button", name="More for drafts").click()
        page.get_by_role("menuitem", name="Delete table").click()
        expect(page.get_by_role("dialog")).to_contain_text("Delete drafts")
        page.get_by_role("button", name="Delete drafts").click()
        page.wait_for_url(re.compile(r"/data/counters$"))
        assert api(live, "GET", "/api/collections/drafts").status_code == 404


class TestLive:
    def test_shows_what_another_client_changed(self, sheet: Open, live: LiveServer) -> None:
        orders = sheet(query="?id=gte.200&order=id")
        expect(orders.page.get_by_text("Live", exact=True)).to_be_visible()
        change_elsewhere(live, "orders", 202, note="From a script")
        expect(orders.cell(2, "note")).to_have_text("From a script")
        expect(orders.cell(2, "note")).to_have_class(re.compile("changed"))
        expect(orders.cell(2, "note")).not_to_have_class(re.compile("changed"))

    def test_never_overwrites_a_cell_that_is_being_edited(self, sheet: Open, live: LiveServer) -> None:
        orders = sheet(query="?id=gte.210&order=id")
        page = orders.page
        orders.cell(0, "note").click()
        page.keyboard.type("Mine")
        change_elsewhere(live, "orders", 210, note="Theirs")
        expect(page.get_by_text("Changed elsewhere to Theirs")).to_be_visible()
        expect(page.get_by_role("textbox", name="note, row 1")).to_have_value("Mine")
        page.get_by_role("button", name="Take theirs").click()
        expect(orders.cell(0, "note")).to_have_text("Theirs")
        page.keyboard.type("Mine after all")
        change_elsewhere(live, "orders", 210, note="Theirs again")
        page.get_by_role("button", name="Keep mine").click()
        page.get_by_role("textbox", name="note, row 1").press("Enter")
        orders.saved()
        assert orders.stored(210, "note") == "Mine after all"

    def test_undoes_nothing_that_another_client_has_changed_since(self, sheet: Open, live: LiveServer) -> None:
        orders = sheet(query="?id=gte.220&order=id")
        orders.cell(0, "items").click()
        orders.page.keyboard.type("70")
        orders.keys("Enter")
        orders.saved()
        change_elsewhere(live, "orders", 220, items=71)
        expect(orders.cell(0, "items")).to_have_text("71")
        orders.keys("Control+z")
        expect(orders.page.get_by_text("Not undone: the row was changed elsewhere since.")).to_be_visible()
        assert orders.stored(220, "items") == 71

    def test_counts_rows_that_come_and_go(self, sheet: Open, live: LiveServer) -> None:
        orders = sheet("seats")
        api(live, "POST", "/rest/v1/seats", json={"hall": "green", "seat": 1})
        expect(orders.page.locator("footer")).to_contain_text("4 rows")
        api(live, "DELETE", "/rest/v1/seats?hall=eq.green")
        expect(orders.page.locator("footer")).to_contain_text("3 rows")


class TestKeyboardOnly:
    def test_walks_the_main_path_without_a_mouse(self, sheet: Open) -> None:
        orders = sheet()
        page = orders.page
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement?.getAttribute('role')") == "grid":
                break
        expect(orders.grid).to_be_focused()
        orders.keys("Control+End")
        expect(orders.page.locator("#grid-focus")).to_be_visible()
        assert page.locator("#grid-focus").evaluate("node => node.parentElement.dataset.row") == str(ORDERS - 1)
        orders.keys("Control+Home", "PageDown", "Control+ArrowUp", "ArrowRight", "ArrowRight", "ArrowRight")
        assert page.locator("#grid-focus").evaluate("node => node.parentElement.dataset.row") == "0"
        orders.keys("F2", "Control+a")
        page.keyboard.type("77")
        orders.keys("Enter")
        orders.saved()
        assert orders.stored(1, "total") == 77
        orders.keys("Control+z", "ArrowUp")
        expect(orders.cell(0, "total")).to_have_text("1.25")
        orders.keys("Space")
        expect(page.get_by_role("complementary", name="Row detail")).to_be_visible()
        orders.keys("Space")
        expect(page.get_by_role("complementary", name="Row detail")).to_have_count(0)
        orders.keys("Shift+Space")
        expect(page.get_by_role("button", name="Delete 1 row")).to_be_visible()
        orders.keys("Escape")
        expect(page.get_by_role("button", name="Delete 1 row")).to_have_count(0)
        orders.keys("Shift+Tab", "Enter")
        expect(page.get_by_role("checkbox", name="status")).to_be_visible()
        orders.keys("Escape")
        expect(page.get_by_role("button", name="Columns")).to_be_focused()

    def test_adds_a_filter_with_f_outside_the_grid(self, sheet: Open) -> None:
        page = sheet().page
        page.get_by_role("button", name="Columns").focus()
        page.keyboard.press("f")
        expect(page.get_by_label("Value")).to_be_focused()
        page.keyboard.press("Escape")
        expect(page.get_by_role("button", name="Filter", exact=True)).to_be_focused()


class TestCode:
    @pytest.mark.usefixtures("clipboard")
    def test_writes_the_view_as_code(self, sheet: Open, live: LiveServer) -> None:
        page = sheet(query="?total=gte.500&order=total.desc").page
        page.get_by_role("link", name="Code").click()
        expect(page.get_by_role("heading", name="Python")).to_be_visible()
        expect(page.get_by_role("group", name="Python code")).to_contain_text('.gte("total", 500)')
        page.get_by_role("link", name="Rows").click()
        page.get_by_role("button", name="More for orders").click()
        page.get_by_role("menuitem", name="curl").click()
        expect(page.get_by_text("Copied as curl")).to_be_visible()
        copied = page.evaluate("navigator.clipboard.readText()")
        assert f"'{live.url}/rest/v1/orders?total=gte.500&order=total.desc,id.desc&limit=100'" in copied
        assert live.token not in copied


class TestMenu:
    def test_opens_with_the_first_press_and_gives_the_focus_back(self, sheet: Open) -> None:
        page = sheet().page
        button, first = page.get_by_role("button", name="More for orders"), page.get_by_role("menuitem", name="CSV")
        button.focus()
        with page.expect_request(re.compile("TableMenu")):  # loaded for that press, so that none comes too early
            page.keyboard.press("Enter")
        expect(first).to_be_visible()
        page.keyboard.press("Escape")
        expect(first).to_have_count(0)
        expect(button).to_be_focused()


class TestExport:
    def test_saves_the_view_as_a_file(self, sheet: Open) -> None:
        page = sheet(query="?id=in.(1,2,3)&order=id.desc&select=id,customer").page
        for name, ending in (("CSV", "csv"), ("Excel", "xlsx")):
            page.get_by_role("button", name="More for orders").click()
            with page.expect_download() as waiting:
                page.get_by_role("menuitem", name=name).click()
            assert waiting.value.suggested_filename == f"orders.{ending}"
            if ending == "csv":
                lines = waiting.value.path().read_text(encoding="utf-8").splitlines()
                assert [line.split(",")[0] for line in lines] == ["id", "3", "2", "1"]
                assert len(lines[0].split(",")) == 2
        expect(page.get_by_role("heading", level=1)).to_have_text("orders")

    def test_saves_what_a_spreadsheet_would_run_as_text(self, sheet: Open, live: LiveServer) -> None:
        wish = {"name": "links", "columns": [{"name": "word", "type": "text"}]}
        api(live, "POST", "/api/collections", json=wish).raise_for_status()
        api(live, "POST", "/rest/v1/links", json={"word": "=HYPERLINK(1)"}).raise_for_status()
        page = sheet("links").page
        page.get_by_role("button", name="More for links").click()
        with page.expect_download() as waiting:
            page.get_by_role("menuitem", name="CSV").click()
        assert waiting.value.path().read_text(encoding="utf-8").splitlines()[-1].endswith("'=HYPERLINK(1)")
        page.goto("about:blank")  # the page would go on asking for the table
        gone = api(live, "POST", "/api/collections/links/changes", json={"changes": [{"change": "delete"}]})
        gone.raise_for_status()


@pytest.mark.parametrize("theme", ["light", "dark"])
class TestAccessible:
    def test_grid_and_drawer(self, sheet: Open, theme: str) -> None:
        orders = sheet(query="?status=neq.failed&total=gte.20&order=placed_at.desc", theme=theme)
        orders.cell(2, "total").click()
        orders.keys("Shift+ArrowDown", "Space")
        expect(orders.page.get_by_role("complementary", name="Row detail")).to_be_visible()
        _settle(orders.page)
        assert_accessible(orders.page)

    def test_editor_panels_and_form(self, sheet: Open, theme: str) -> None:
        orders = sheet(theme=theme)
        orders.cell(2, "total").click()
        orders.page.keyboard.type("x")
        orders.keys("Enter")
        expect(orders.page.get_by_text("total must be a number")).to_be_visible()
        assert_accessible(orders.page)
        orders.keys("Escape")
        orders.page.get_by_role("button", name="New row").click()
        orders.page.get_by_role("button", name="Filter", exact=True).click()
        expect(orders.page.get_by_label("Value")).to_be_visible()
        _settle(orders.page)
        assert_accessible(orders.page)

    def test_code_and_empty(self, visit: Visit, theme: str) -> None:
        page = visit("/data/orders?tab=code", theme=theme)
        expect(page.get_by_role("heading", name="Python")).to_be_visible()
        assert_accessible(page)
        page.goto(page.url.split("/data/")[0] + "/data/orders?customer=eq.nobody")
        expect(page.get_by_role("heading", name="No rows match")).to_be_visible()
        assert_accessible(page)


def _settle(page: Page) -> None:
    """Wait until what flies in has landed."""
    page.evaluate("Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => null)))")
