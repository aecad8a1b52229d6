"""Workbooks as people make them, written by LibreOffice, xlsxwriter and by hand."""

import datetime
import io
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
import xlwt
from starlette.testclient import TestClient
from tests.collections import xlsb
from tests.collections.conftest import Importer
from tests.collections.test_import_sources_api import Cells, failed, types_of

FILES = Path(__file__).parent / "files"


def by_hand(write: Any, **options: Any) -> bytes:
    """A workbook whose only sheet `write(book, sheet)` fills."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, options) as book:
        write(book, book.add_worksheet())
    return file.getvalue()


class TestLibreOffice:
    @pytest.mark.parametrize("format", ["xlsx", "xls", "ods"])
    def test_a_sheet_with_everything(self, importer: Importer, client: TestClient, format: str) -> None:
        draft = importer.send((FILES / f"orders.{format}").read_bytes(), f"orders.{format}")
        assert (draft["format"], draft["part"], draft["header_row"], draft["rows"]) == (format, "Orders", 3, 4)
        assert [(part["name"], part["hidden"]) for part in draft["parts"]] == [
            ("Orders", False), ("Codes", False), ("Hidden", True), ("Empty", False),
        ]  # fmt: skip
        notes = draft["notes"]
        assert notes[0] == "1 row above the header in row 3 left out."
        assert "1 empty row left out." in notes
        assert types_of(draft) == {
            "region": "text",
            "order": "integer",
            "day": "date",
            "at": "timestamp",
            "amount": "real",
            "share": "real",
            "double": "integer",
            "paid": "integer" if format == "ods" else "boolean",
        }  # fmt: skip (LibreOffice keeps a truth in .ods as a number unless the cell is formatted as one)
        assert importer.run(draft["id"])["state"] == "done"
        rows = importer.rows("Orders")
        assert [row["order"] for row in rows] == [1, 2, 3, 4]
        assert [row["day"] for row in rows] == ["2024-03-01", "2024-03-02", "2024-05-31", None]
        assert [row["at"] for row in rows] == [
            "2024-03-01T09:30:00Z", "2024-03-02T18:05:07Z", "2024-05-31T00:00:00Z", "2024-06-01T00:00:01Z",
        ]  # fmt: skip
        assert [row["amount"] for row in rows] == [1234.5, 99, 0.75, 1_000_000]
        assert [row["share"] for row in rows] == [0.25, 0.5, 1, 0.125]
        assert [row["double"] for row in rows] == [2469, 198, None, None]
        assert [row["paid"] for row in rows] == [True, False, True, False]
        assert [row["region"] for row in rows][2:] == ["south", "south"]
        assert rows[0]["region"] == "north"
        (codes, empty) = client.post(f"/api/imports/{draft['id']}/parts", json={}).json()
        importer.wait(codes["job"])
        found = importer.get(codes["id"])
        assert (found["part"], types_of(found)) == ("Codes", {"code": "text", "label": "text"})
        assert [row[0] for row in found["preview"]] == ["007", "0815"]
        importer.wait(empty["job"])
        assert failed(importer.get(empty["id"]))[0] == "imports.empty"

    @pytest.mark.parametrize("format", ["xlsx", "xls"])
    def test_merged_cells_count_in_each_row(self, importer: Importer, format: str) -> None:
        draft = importer.send((FILES / f"orders.{format}").read_bytes())
        assert [row[0] for row in draft["preview"]] == ["north", "north", "south", "south"]
        assert "1 cell of merged ranges filled with the range's value." in draft["notes"]

    def test_a_hidden_sheet_is_read_when_it_is_named(self, importer: Importer, client: TestClient) -> None:
        draft = importer.send((FILES / "orders.ods").read_bytes())
        (hidden,) = client.post(f"/api/imports/{draft['id']}/parts", json={"parts": ["Hidden"]}).json()
        importer.wait(hidden["job"])
        assert types_of(importer.get(hidden["id"])) == {"x": "integer"}


class TestBinaryWorkbooks:
    def test_xlsb(self, importer: Importer) -> None:
        rows: list[list[xlsb.Value]] = [
            ["id", "name", "day", "ok", "sum"], [1, "Ann", 45413, True, 1.5], [2, "Bob", 45414, False, "#N/A"],
            [3, None, 45415, True, None],
        ]  # fmt: skip
        draft = importer.send(xlsb.workbook("Data", rows, days=[2]), "book.xlsb")
        assert (draft["format"], draft["part"], draft["rows"], draft["key"]) == ("xlsb", "Data", 3, "id")
        assert types_of(draft) == {"id": "integer", "name": "text", "day": "date", "ok": "boolean", "sum": "real"}
        assert importer.run(draft["id"])["state"] == "done"
        assert importer.rows("book")[1:] == [
            {"id": 2, "name": "Bob", "day": "2024-05-02", "ok": False, "sum": None},
            {"id": 3, "name": None, "day": "2024-05-03", "ok": True, "sum": None},
        ]


class TestNumbersAndDates:
    def test_days_counted_from_1904(self, importer: Importer) -> None:
        def _write(book: Any, sheet: Any) -> None:
            day = book.add_format({"num_format": "dd/mm/yyyy"})
            sheet.write_row(0, 0, ["day", "n"])
            sheet.write_datetime(1, 0, datetime.datetime(2024, 5, 1), day)
            sheet.write_datetime(2, 0, datetime.datetime(1999, 12, 31), day)
            sheet.write_column(1, 1, [45_000, 2])

        for since_1904 in (True, False):
            draft = importer.send(by_hand(_write, date_1904=since_1904))
            assert [row[0] for row in draft["preview"]] == ["2024-05-01", "1999-12-31"]
            assert types_of(draft) == {"day": "date", "n": "integer"}

    def test_formulas_count_as_their_saved_values(self, importer: Importer) -> None:
        def _write(_: Any, sheet: Any) -> None:
            sheet.write_row(0, 0, ["sum", "text", "flag", "wrong"])
            sheet.write_formula(1, 0, "=1+2", value=3)
            sheet.write_formula(1, 1, '="a"&"b"', value="ab")
            sheet.write_formula(1, 2, "=TRUE()", value=True)
            sheet.write_formula(1, 3, "=1/0", value="#DIV/0!")
            sheet.write_row(2, 0, [4, "c", False, 1])

        draft = importer.send(by_hand(_write))
        assert draft["preview"] == [["3", "ab", "true", None], ["4", "c", "false", "1"]]

    def test_numbers_keep_their_value_whatever_their_format(self, importer: Importer) -> None:
        def _write(book: Any, sheet: Any) -> None:
            for column, (name, format) in enumerate(
                [
                    ("money", "#,##0.00 €"),
                    ("share", "0%"),
                    ("science", "0.00E+00"),
                    ("padded", "00000"),
                    ("plain", "General"),
                ]
            ):
                sheet.write(0, column, name)
                sheet.write_number(1, column, 1234.5678, book.add_format({"num_format": format}))
                sheet.write_number(2, column, 12345678901234, book.add_format({"num_format": format}))

        draft = importer.send(by_hand(_write))
        assert draft["preview"] == [["1234.5678"] * 5, ["12345678901234"] * 5]
        assert set(types_of(draft).values()) == {"real"}

    def test_numbers_written_as_text_are_read(self, importer: Importer) -> None:
        def _write(_: Any, sheet: Any) -> None:
            for row, cells in enumerate((["code", "n"], ["007", "1"], ["010", "2"], ["NA", "n/a"])):
                for column, cell in enumerate(cells):
                    sheet.write_string(row, column, cell)

        draft = importer.send(by_hand(_write))
        assert types_of(draft) == {"code": "text", "n": "integer"}
        assert draft["columns"][1]["nulls"] == 1


class TestShapes:
    def test_equal_and_missing_headers(self, importer: Importer) -> None:
        def _write(_: Any, sheet: Any) -> None:
            sheet.write_row(0, 0, ["a", "A", None, "b c", "1st"])
            sheet.write_row(1, 0, [1, 2, 3, 4, 5])

        draft = importer.send(by_hand(_write))
        if draft["header_row"] is None:
            pytest.fail("the header was not found")
        assert [column["name"] for column in draft["columns"]] == ["a", "A_2", "column_3", "b_c", "column_1st"]

    def test_a_table_that_begins_far_down_and_right(self, importer: Importer) -> None:
        def _write(_: Any, sheet: Any) -> None:
            table: Cells = [["x", "y"], [1, "p"], [2, "p"], [3, "q"]]
            for row, cells in enumerate(table, 9):
                for column, cell in enumerate(cells, 3):
                    sheet.write(row, column, cell)

        def _merged(book: Any, sheet: Any) -> None:
            _write(book, sheet)
            sheet.merge_range(10, 4, 11, 4, "p")

        old = xlwt.Workbook()
        _write(None, old.add_sheet("Sheet1"))
        file = io.BytesIO()
        old.save(file)
        for content in (by_hand(_merged), file.getvalue()):
            draft = importer.send(content)
            assert (draft["header_row"], types_of(draft)) == (10, {"x": "integer", "y": "text"})
            assert draft["preview"] == [["1", "p"], ["2", "p"], ["3", "q"]]

    def test_a_header_alone_is_a_table_without_rows(self, importer: Importer, client: TestClient) -> None:
        draft = importer.send(by_hand(lambda _, sheet: sheet.write_row(0, 0, ["a", "b"])))
        changed = client.put(f"/api/imports/{draft['id']}/dialect", json={"header": True}).json()
        importer.wait(changed["job"])
        found = importer.get(draft["id"])
        assert (found["rows"], list(types_of(found))) == (0, ["a", "b"])

    def test_a_cell_of_32767_characters_and_odd_ones(self, importer: Importer) -> None:
        text = "ü😀\n\t<&>" * 4_000

        def _write(_: Any, sheet: Any) -> None:
            sheet.write_row(0, 0, ["text"])
            sheet.write_string(1, 0, text)

        draft = importer.send(by_hand(_write))
        assert importer.run(draft["id"], table="odd")["state"] == "done"
        assert importer.rows("odd")[0]["text"] == text
