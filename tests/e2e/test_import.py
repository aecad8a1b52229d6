"""From a file on the window to a table, by mouse and by keyboard."""

import re
import sqlite3
from pathlib import Path

import pytest
import xlsxwriter
from playwright.sync_api import expect
from tests.conftest import LiveServer
from tests.e2e.conftest import Visit, Watch, api, assert_accessible, drop

READINGS = "day,station,celsius,note\n2026-11-01,north,4.5,\n2026-11-02,south,NA,first frost\n2026-11-03,north,-1.25,\n"


@pytest.fixture
def readings(tmp_path: Path) -> Path:
    """A small file with a date, a text, a number with a gap, and a mostly empty column."""
    path = tmp_path / f"readings_{tmp_path.name[-8:]}.csv"
    path.write_text(READINGS)
    return path


class TestByMouse:
    def test_a_dropped_file_is_shown_changed_and_imported(self, visit: Visit, live: LiveServer, readings: Path) -> None:
        page = visit("/")
        drop(page, readings)
        expect(page).to_have_url(re.compile("/import/(?!new)"))
        expect(page.get_by_role("heading", level=1)).to_have_text(readings.name)
        expect(page.get_by_role("row")).to_have_count(4)
        assert_accessible(page)

        page.get_by_label("Table name").fill("weather")
        page.get_by_label("Name of the column celsius").fill("temperature")
        page.get_by_label("Import the column note").uncheck()
        page.get_by_role("button", name="Type of temperature").click()
        page.get_by_role("option", name="Decimal").click()
        page.get_by_role("button", name="Import", exact=True).click()

        expect(page).to_have_url(re.compile("/data/weather"))
        expect(page.get_by_text("3 rows imported into weather")).to_be_visible()
        expect(page.get_by_role("link", name="weather")).to_be_visible()
        columns = {
            each["name"]: each["type"] for each in api(live, "GET", "/api/collections/weather").json()["columns"]
        }
        assert set(columns) == {"id", "day", "station", "temperature"}
        assert columns["day"] == "date"

    def test_an_import_is_taken_back_as_a_whole(
        self, visit: Visit, watch: Watch, live: LiveServer, readings: Path
    ) -> None:
        watch.allow("status of 404.*/mistake")  # a question that was on its way when the table went
        page = visit("/")
        drop(page, readings)
        page.get_by_label("Table name").fill("mistake")
        page.get_by_role("button", name="Import", exact=True).click()
        page.get_by_role("button", name="Undo", exact=True).click()
        expect(page.get_by_text("Import taken back.")).to_be_visible()
        expect(page).to_have_url(live.url + "/")
        assert api(live, "GET", "/api/collections/mistake").status_code == 404

    def test_a_running_import_is_cancelled_and_leaves_nothing(
        self, visit: Visit, live: LiveServer, tmp_path: Path
    ) -> None:
        path = tmp_path / "long.csv"
        path.write_text("n,text\n" + "".join(f"{number},row {number}\n" for number in range(400_000)))
        page = visit("/")
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="Choose a file").click()
        chooser.value.set_files(path)
        page.get_by_role("button", name="Import", exact=True).click(timeout=60_000)
        page.get_by_role("button", name="Cancel: Import long.csv into long").click()
        expect(page.get_by_text("Import cancelled. Nothing was added.")).to_be_visible()
        assert api(live, "GET", "/api/collections/long").status_code == 404

    def test_a_name_that_is_taken_is_not_proposed(self, visit: Visit, live: LiveServer, tmp_path: Path) -> None:
        path = tmp_path / "twice.csv"
        path.write_text("a\n1\n")
        page = visit("/")
        for name in ("twice", "twice_2"):
            drop(page, path)
            expect(page.get_by_label("Table name")).to_have_value(name)
            page.keyboard.press("Control+Enter")
            expect(page).to_have_url(f"{live.url}/data/{name}")

    def test_a_type_that_does_not_fit_is_counted_before_anything_happens(self, visit: Visit, readings: Path) -> None:
        page = visit("/")
        drop(page, readings)
        page.get_by_role("button", name="Type of station").click()
        option = page.get_by_role("option", name="Date", exact=False).first
        expect(option).to_contain_text("3 do not fit")
        option.click()
        expect(page.get_by_text("3 cells do not fit their types.")).to_be_visible()
        expect(page.get_by_role("button", name="Import", exact=True)).to_be_disabled()
        page.get_by_label("Import the column station").uncheck()
        expect(page.get_by_role("button", name="Import", exact=True)).to_be_enabled()

    def test_the_file_is_read_again_when_it_was_read_wrongly(self, visit: Visit, tmp_path: Path) -> None:
        path = tmp_path / "bars.csv"
        path.write_text("a;b|c\n1;2|3\n4;5|6\n")
        page = visit("/")
        drop(page, path)
        expect(page.get_by_role("columnheader")).to_have_count(3)
        page.get_by_role("combobox", name="Delimiter").click()
        page.get_by_role("option", name="Vertical bar").click()
        expect(page.get_by_label("Name of the column c")).to_be_visible()
        page.get_by_label("First row holds the names").uncheck()
        expect(page.get_by_role("row")).to_have_count(4)

    def test_a_table_of_a_database_is_chosen_and_keeps_its_key(
        self, visit: Visit, live: LiveServer, tmp_path: Path
    ) -> None:
        path = tmp_path / "shop.sqlite"
        connection = sqlite3.connect(path)
        connection.executescript(
            "CREATE TABLE aisles (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO aisles VALUES (1, 'Tea');"
            "CREATE TABLE shelves (aisle INTEGER REFERENCES aisles, place INTEGER, PRIMARY KEY (aisle, place));"
            "INSERT INTO shelves VALUES (1, 1), (1, 2);"
        )
        connection.close()
        page = visit("/")
        drop(page, path)
        expect(page.get_by_label("Table name")).to_have_value("aisles")
        page.get_by_role("combobox", name=re.compile("^Table")).click()
        page.get_by_role("option", name="shelves").click()
        expect(page.get_by_label("Table name")).to_have_value("shelves")
        expect(page.get_by_role("combobox", name="Primary key")).to_have_text("aisle, place")
        assert_accessible(page)
        page.get_by_role("button", name="Read the other one, too").click()
        page.get_by_role("link", name="shop.sqlite · aisles").click()
        page.get_by_role("button", name="Import", exact=True).click()
        expect(page).to_have_url(re.compile("/data/aisles"))
        page.go_back()
        expect(page.get_by_label("Table name")).to_have_value("shelves")
        page.get_by_role("button", name="Import", exact=True).click()
        expect(page).to_have_url(re.compile("/data/shelves"))
        found = api(live, "GET", "/api/collections/shelves").json()
        assert found["primary_key"] == ["aisle", "place"]
        assert [key["table"] for key in found["foreign_keys"]] == ["aisles"]

    def test_a_sheet_without_cells_leaves_the_others_to_be_chosen(self, visit: Visit, tmp_path: Path) -> None:
        path = tmp_path / "book.xlsx"
        with xlsxwriter.Workbook(path) as book:
            sheet = book.add_worksheet("Sales")
            for row, cells in enumerate((["Sales of the year"], [], ["region", "sum"], ["north", 5], ["south", 7])):
                sheet.write_row(row, 0, cells)
            book.add_worksheet("Empty")
        page = visit("/")
        drop(page, path)
        expect(page.get_by_role("combobox", name="Names are in")).to_have_text("Row 3")
        expect(page.get_by_text("1 row above the header in row 3 left out.")).to_be_visible()
        page.get_by_role("combobox", name="Sheet").click()
        page.get_by_role("option", name="Empty").click()
        expect(page.get_by_text("The sheet 'Empty' has no cells.")).to_be_visible()
        page.get_by_role("combobox", name="Sheet").click()
        page.get_by_role("option", name="Sales").click()
        page.get_by_role("combobox", name="Names are in").click()
        page.get_by_role("option", name="No row").click()
        expect(page.get_by_label("Name of the column column_1")).to_be_visible()

    def test_nested_json_becomes_columns_and_words_become_empty(self, visit: Visit, tmp_path: Path) -> None:
        path = tmp_path / "people.json"
        path.write_text('[{"name": "Ann", "at": {"city": "Bern"}}, {"name": "Bob", "at": {"city": "Ulm"}}]')
        page = visit("/")
        drop(page, path)
        page.get_by_label("Nested members as columns").check()
        expect(page.get_by_label("Name of the column at.city")).to_have_value("at_city")
        words = tmp_path / "words.csv"
        words.write_text("a,b\n1,unknown\n2,x\n")
        drop(page, words)
        page.get_by_label("Read as empty").fill("unknown")
        page.keyboard.press("Tab")
        expect(page.get_by_text("50% empty")).to_be_visible()

    def test_several_files_wait_for_each_other(self, visit: Visit, readings: Path, tmp_path: Path) -> None:
        second = tmp_path / "second.csv"
        second.write_text("x\n1\n")
        page = visit("/")
        drop(page, readings, second)
        expect(page.get_by_role("heading", level=1)).to_have_text(readings.name)
        page.get_by_role("link", name="second.csv").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("second.csv")
        page.get_by_role("button", name="Discard").click()
        expect(page).to_have_title("Home · Rolltop")
        expect(page.get_by_role("link", name="second.csv")).to_have_count(0)
        expect(page.get_by_role("link", name=readings.name)).to_be_visible()


class TestByKeyboard:
    def test_from_choosing_to_the_table(self, visit: Visit, readings: Path) -> None:
        page = visit("/")
        expect(page.get_by_text("Owner")).to_be_visible()
        with page.expect_file_chooser() as chooser:  # from before the keys: asking for it takes the browser a moment
            page.keyboard.press("Control+k")
            expect(page.get_by_role("combobox")).to_be_focused()
            page.keyboard.type("import a file")
            page.keyboard.press("Enter")
        chooser.value.set_files(readings)
        table = page.get_by_label("Table name")
        table.focus()
        page.keyboard.press("Control+a")
        page.keyboard.type("typed")
        page.keyboard.press("Tab")
        page.keyboard.press("ArrowDown")
        expect(page.get_by_role("option", name="Add a column id")).to_be_visible()
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Type of celsius").focus()
        page.keyboard.press("ArrowDown")
        expect(page.get_by_role("listbox", name="Type of celsius")).to_be_visible()
        page.keyboard.type("te")
        page.keyboard.press("Enter")
        expect(page.get_by_role("combobox", name="Type of celsius: Text")).to_be_visible()
        page.keyboard.press("Control+Enter")
        expect(page).to_have_url(re.compile("/data/typed"))


class TestFilesThatAreNoTables:
    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("picture.png", b"\x89PNG\r\n\x1a\n" + bytes(64)),
            ("empty.csv", b""),
            ("archive.csv", b"PK\x03\x04" + bytes(64)),
        ],
        ids=["picture", "empty", "archive"],
    )
    def test_say_what_they_are_and_offer_another(self, visit: Visit, tmp_path: Path, name: str, content: bytes) -> None:
        path = tmp_path / name
        path.write_bytes(content)
        page = visit("/")
        drop(page, path)
        expect(page.get_by_role("alert")).to_be_visible()
        expect(page.get_by_role("button", name="Choose another file")).to_be_visible()
        assert_accessible(page)
        page.get_by_role("button", name="Discard").last.click()
        expect(page).to_have_title("Home · Rolltop")

    def test_uneven_rows_are_said_and_may_be_filled(self, visit: Visit, tmp_path: Path) -> None:
        path = tmp_path / "uneven.csv"
        path.write_text("a,b\n1,2\n3\n4,5\n")
        page = visit("/")
        drop(page, path)
        expect(page.get_by_text("1 row has too few cells.")).to_be_visible()
        expect(page.get_by_role("button", name="Import", exact=True)).to_be_disabled()
        page.get_by_label("Leave the missing cells empty").check()
        page.get_by_role("button", name="Import", exact=True).click()
        expect(page).to_have_url(re.compile("/data/uneven"))

    def test_a_forgotten_import_has_a_way_on(self, visit: Visit, watch: Watch) -> None:
        watch.allow("status of 404")
        page = visit("/import/nothing")
        expect(page.get_by_role("alert")).to_contain_text("There is no import")
        expect(page.get_by_role("button", name="Choose a file")).to_be_visible()
