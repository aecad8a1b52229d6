"""Files of every format, plain and packed, through HTTP."""

import datetime
import gzip
import io
import json
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.collections.conftest import Importer

Cells = list[list[Any]]

PEOPLE: Cells = [
    ["name", "born", "height", "code", "member"],
    ["Ann", datetime.date(1980, 5, 1), 1.7, "007", True],
    ["Bob", datetime.date(1975, 12, 31), 1.85, "008", False],
]
AS_ROWS = [
    {"name": "Ann", "born": "1980-05-01", "height": 1.7, "code": "007", "member": True},
    {"name": "Bob", "born": "1975-12-31", "height": 1.85, "code": "008", "member": False},
]


def by_xlsxwriter(*sheets: Cells) -> bytes:
    """A workbook with these sheets."""
    import xlsxwriter

    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for cells in sheets:
            sheet = book.add_worksheet()
            for row, values in enumerate(cells):
                for column, value in enumerate(values):
                    if isinstance(value, datetime.date | datetime.time):
                        sheet.write_datetime(row, column, value, day)
                    elif value is not None:
                        sheet.write(row, column, value)
    return file.getvalue()


def by_openpyxl(*sheets: Cells) -> bytes:
    """A workbook with these sheets."""
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for number, cells in enumerate(sheets, 1):
        sheet = book.create_sheet(f"Sheet{number}")
        for values in cells:
            sheet.append(values)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def by_xlwt(*sheets: Cells) -> bytes:
    """An old workbook with these sheets."""
    import xlwt

    book = xlwt.Workbook()
    day = xlwt.easyxf(num_format_str="YYYY-MM-DD")
    for number, cells in enumerate(sheets, 1):
        sheet = book.add_sheet(f"Sheet{number}")
        for row, values in enumerate(cells):
            for column, value in enumerate(values):
                sheet.write(row, column, value, *([day] if isinstance(value, datetime.date) else []))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def by_odfpy(*sheets: Cells) -> bytes:
    """An OpenDocument spreadsheet with these sheets."""
    from odf.opendocument import OpenDocumentSpreadsheet
    from odf.table import Table, TableCell, TableRow
    from odf.text import P

    document = OpenDocumentSpreadsheet()
    for number, cells in enumerate(sheets, 1):
        table = Table(name=f"Sheet{number}")
        for values in cells:
            row = TableRow()
            for value in values:
                if isinstance(value, bool):
                    cell = TableCell(valuetype="boolean", booleanvalue="true" if value else "false")
                elif isinstance(value, datetime.date):
                    cell = TableCell(valuetype="date", datevalue=value.isoformat())
                elif isinstance(value, int | float):
                    cell = TableCell(valuetype="float", value=str(value))
                else:
                    cell = TableCell(valuetype="string")
                    cell.addElement(P(text=str(value)))
                row.addElement(cell)
            table.addElement(row)
        document.spreadsheet.addElement(table)
    file = io.BytesIO()
    document.write(file)
    return file.getvalue()


WORKBOOKS = {"xlsx": by_xlsxwriter, "openpyxl": by_openpyxl, "xls": by_xlwt, "ods": by_odfpy}


def types_of(draft: dict[str, Any]) -> dict[str, str]:
    """Name and type of each column."""
    return {column["name"]: column["type"] for column in draft["columns"]}


Shape = tuple[list[str], list[tuple[str, str, str]], list[list[str]]]


def shape_of(client: TestClient, table: str) -> Shape:
    """The primary key, foreign keys and indexes of a table."""
    found = client.get(f"/api/collections/{table}").json()
    links = [
        (child, key["table"], parent)
        for key in found["foreign_keys"]
        for child, parent in zip(key["columns"], key["parent_columns"], strict=True)
    ]
    return found["primary_key"], sorted(links), sorted(each["columns"] for each in found["indexes"])


def shape_in(path: Path, table: str) -> Shape:
    """The same by SQLite's own words."""
    connection = sqlite3.connect(path)
    keys = connection.execute("SELECT name FROM pragma_table_info(?) WHERE pk ORDER BY pk", (table,)).fetchall()
    links = connection.execute('SELECT "from", "table", "to" FROM pragma_foreign_key_list(?)', (table,)).fetchall()
    indexes = connection.execute("SELECT name FROM pragma_index_list(?) WHERE origin = 'c'", (table,)).fetchall()
    columns = [
        [name for (name,) in connection.execute("SELECT name FROM pragma_index_info(?) ORDER BY seqno", index)]
        for index in indexes
    ]
    connection.close()
    return [name for (name,) in keys], sorted(links), sorted(columns)


def failed(draft: dict[str, Any]) -> tuple[str, str]:
    """Code and message of an import that could not be read."""
    assert draft["state"] == "failed", draft["state"]
    assert draft["error"]["hint"]
    return draft["error"]["code"], draft["error"]["message"]


class TestWorkbooks:
    @pytest.mark.parametrize("kind", WORKBOOKS)
    def test_become_typed_tables(self, importer: Importer, kind: str) -> None:
        draft = importer.send(WORKBOOKS[kind](PEOPLE), "people.any")
        assert draft["format"] == ("xlsx" if kind == "openpyxl" else kind)
        assert (draft["dialect"], draft["header_row"], draft["rows"], draft["notes"]) == (None, 1, 2, [])
        assert types_of(draft) == {
            "name": "text", "born": "date", "height": "real", "code": "text", "member": "boolean",
        }  # fmt: skip
        job = importer.run(draft["id"])
        assert job["state"] == "done", job["error"]
        assert importer.rows(job["result"]["table"]) == AS_ROWS

    def test_the_header_is_found_below_a_title(self, importer: Importer) -> None:
        cells: Cells = [
            ["Sales of the year", None, None],
            [],
            ["region", "year", "sum"],
            ["north", 2024, 5.5],
            ["south", 2024, 7],
        ]
        draft = importer.send(by_openpyxl(cells))
        assert (draft["header_row"], draft["rows"]) == (3, 2)
        assert types_of(draft) == {"region": "text", "year": "integer", "sum": "real"}
        assert draft["notes"] == ["1 row above the header in row 3 left out."]

    def test_the_header_can_be_another_row_or_none(self, importer: Importer, client: TestClient) -> None:
        cells: Cells = [["a", "b"], ["c", "d"], [1, 2]]
        draft = importer.send(by_openpyxl(cells))
        changed = client.put(f"/api/imports/{draft['id']}/dialect", json={"header_row": 2}).json()
        importer.wait(changed["job"])
        assert types_of(importer.get(draft["id"])) == {"c": "integer", "d": "integer"}
        changed = client.put(f"/api/imports/{draft['id']}/dialect", json={"header": False}).json()
        importer.wait(changed["job"])
        found = importer.get(draft["id"])
        assert (found["header_row"], found["rows"], list(types_of(found))) == (None, 3, ["column_1", "column_2"])

    def test_moments_durations_and_times(self, importer: Importer) -> None:
        moment = datetime.datetime(2024, 5, 1, 10, 30, 15)
        cells: Cells = [
            ["at", "time", "hours"],
            [moment, datetime.time(9, 30), datetime.timedelta(hours=30)],
            [datetime.datetime(2024, 5, 2), datetime.time(23, 59, 59), datetime.timedelta(minutes=5)],
        ]
        draft = importer.send(by_openpyxl(cells))
        assert types_of(draft) == {"at": "timestamp", "time": "time", "hours": "text"}
        assert draft["preview"] == [
            ["2024-05-01 10:30:15", "09:30:00", "30:00:00"], ["2024-05-02", "23:59:59", "00:05:00"],
        ]  # fmt: skip

    def test_empty_rows_error_cells_and_merged_cells(self, importer: Importer) -> None:
        import openpyxl

        book = openpyxl.Workbook()
        sheet = book.worksheets[0]
        for row in (
            ["region", "city", "n"],
            ["north", "A", 1],
            [None, "B", "#N/A"],
            [],
            [None, "C", 3],
            ["south", "D", 4],
        ):
            sheet.append(row)
        sheet.merge_cells("A2:A5")
        file = io.BytesIO()
        book.save(file)
        draft = importer.send(file.getvalue())
        assert [row[:2] for row in draft["preview"]] == [
            ["north", "A"],
            ["north", "B"],
            ["north", None],
            ["north", "C"],
            ["south", "D"],
        ]
        assert [row[2] for row in draft["preview"]] == ["1", None, None, "3", "4"]
        assert draft["notes"] == ["3 cells of merged ranges filled with the range's value."]

    def test_every_sheet_can_be_imported(self, importer: Importer, client: TestClient) -> None:
        draft = importer.send(by_xlsxwriter([["a"], [1]], [["b"], [2]], [], [["c"], ["x"]]), "book.xlsx")
        assert [(part["name"], part["kind"]) for part in draft["parts"]] == [
            (f"Sheet{number}", "sheet") for number in range(1, 5)
        ]
        assert (draft["part"], draft["table"], draft["parts"][0]["imports"]) == ("Sheet1", "Sheet1", [draft["id"]])
        made = client.post(f"/api/imports/{draft['id']}/parts", json={"parts": ["Sheet2", "Sheet4"]})
        assert made.status_code == 202
        for each, table in zip(made.json(), ("Sheet2", "Sheet4"), strict=True):
            importer.wait(each["job"])
            assert importer.run(each["id"])["state"] == "done"
            assert len(importer.rows(table)) == 1
        assert importer.run(draft["id"])["state"] == "done"
        (rest,) = client.post(f"/api/imports/{draft['id']}/parts", json={}).json()
        importer.wait(rest["job"])
        assert failed(importer.get(rest["id"]))[0] == "imports.empty"

    def test_an_import_can_read_another_sheet(self, importer: Importer, client: TestClient) -> None:
        draft = importer.send(by_openpyxl([["a"], [1]], [["b"], [2]]))
        changed = client.put(f"/api/imports/{draft['id']}/dialect", json={"part": "Sheet2"})
        importer.wait(changed.json()["job"])
        assert types_of(importer.get(draft["id"])) == {"b": "integer"}
        changed = client.put(f"/api/imports/{draft['id']}/dialect", json={"part": "Sheet9"})
        importer.wait(changed.json()["job"])
        assert failed(importer.get(draft["id"]))[0] == "imports.no_such_part"

    @pytest.mark.parametrize("wish", [{"parts": []}, {"parts": ["Sheet9"]}, {"parts": ["Sheet1", "Sheet1"]}])
    def test_only_its_own_parts(self, importer: Importer, client: TestClient, wish: dict[str, Any]) -> None:
        draft = importer.send(by_openpyxl([["a"], [1]], [["b"], [2]]))
        answer = client.post(f"/api/imports/{draft['id']}/parts", json=wish)
        assert (answer.status_code, answer.json()["code"]) == (422, "imports.bad_parts")


class TestBadWorkbooks:
    def test_two_cells_far_apart_take_no_memory(self, importer: Importer) -> None:
        import openpyxl

        book = openpyxl.Workbook()
        book.worksheets[0]["A1"] = "x"
        book.worksheets[0]["XFD1048576"] = "y"
        file = io.BytesIO()
        book.save(file)
        assert failed(importer.send(file.getvalue()))[0] == "imports.damaged"
        assert importer.send("a\n1\n")["state"] == "ready"

    def test_xml_bombs(self, importer: Importer) -> None:
        bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><x>&b;</x>'
        file = io.BytesIO(by_openpyxl([["a"], [1]]))
        with zipfile.ZipFile(file, "a") as archive:
            archive.writestr("xl/extra.xml", bomb)
        assert failed(importer.send(file.getvalue()))[0] == "imports.dtd"

    def test_workbooks_that_unpack_to_too_much(self, importer: Importer) -> None:
        file = io.BytesIO(by_openpyxl([["a"], [1]]))
        with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("xl/media/image1.bin", bytes(201_000_000))
        assert failed(importer.send(file.getvalue()))[0] == "imports.unpacks_too_large"

    def test_encrypted_ones(self, importer: Importer) -> None:
        container = (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "EncryptedPackage".encode("utf-16-le") + bytes(1000)
        )
        assert failed(importer.send(container))[0] == "imports.encrypted"

    def test_damaged_ones(self, importer: Importer) -> None:
        book = by_openpyxl(PEOPLE)
        assert failed(importer.send(book[: len(book) // 2]))[0] == "imports.damaged"
        at = book.index(b"sheet1.xml") + 40
        assert failed(importer.send(book[:at] + bytes(60) + book[at + 60 :]))[0] == "imports.damaged"

    def test_other_documents(self, importer: Importer) -> None:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("word/document.xml", "<x/>")
        assert failed(importer.send(file.getvalue())) == ("imports.not_csv", "This is a Word document, not a table.")

    def test_empty_ones(self, importer: Importer) -> None:
        assert failed(importer.send(by_openpyxl([])))[0] == "imports.empty"


class TestJson:
    def test_objects_become_rows(self, importer: Importer) -> None:
        text = json.dumps([
            {"id": 1, "tags": ["a"], "at": {"x": 1}, "code": "12", "big": 2**53 + 1, "day": "2024-05-01", "ok": True},
            {"id": 2, "tags": [], "at": None, "code": "13", "big": -(2**63), "day": None, "ok": False, "late": ""},
        ])  # fmt: skip
        draft = importer.send(text, "things.json")
        assert (draft["format"], draft["key"], draft["parts"]) == ("json", "id", [])
        assert types_of(draft) == {
            "id": "integer", "tags": "json", "at": "json", "code": "text", "big": "integer", "day": "date",
            "ok": "boolean", "late": "text",
        }  # fmt: skip
        importer.run(draft["id"])
        assert importer.rows("things") == [
            {
                "id": 1,
                "tags": ["a"],
                "at": {"x": 1},
                "code": "12",
                "big": 2**53 + 1,
                "day": "2024-05-01",
                "ok": True,
                "late": None,
            },
            {"id": 2, "tags": [], "at": None, "code": "13", "big": -(2**63), "day": None, "ok": False, "late": ""},
        ]

    def test_nested_objects_are_flattened_on_request(self, importer: Importer, client: TestClient) -> None:
        draft = importer.send('[{"a": {"b": {"c": 1}, "d": [1]}}]')
        changed = client.put(f"/api/imports/{draft['id']}/dialect", json={"flatten": True}).json()
        importer.wait(changed["job"])
        found = importer.get(draft["id"])
        assert [(column["source"], column["type"]) for column in found["columns"]] == [
            ("a.b.c", "integer"),
            ("a.d", "json"),
        ]

    def test_fractions_keep_their_digits(self, importer: Importer) -> None:
        draft = importer.send('[{"a": 1.10, "b": 0.12345678901234567890}, {"a": 2.50, "b": 1}]')
        assert types_of(draft) == {"a": "decimal", "b": "text"}
        assert draft["preview"][0] == ["1.10", "0.12345678901234567890"]

    def test_lists_in_an_object_are_parts(self, importer: Importer, client: TestClient) -> None:
        text = json.dumps(
            {"made": "2024", "people": [{"n": 1}], "none": [], "numbers": [1], "pets": [{"p": "x"}, {"p": "y"}]}
        )
        draft = importer.send(text)
        assert [(part["name"], part["rows"]) for part in draft["parts"]] == [("people", 1), ("pets", 2)]
        assert (draft["part"], draft["table"]) == ("people", "people")
        (made,) = client.post(f"/api/imports/{draft['id']}/parts", json={}).json()
        importer.wait(made["job"])
        assert importer.get(made["id"])["rows"] == 2

    @pytest.mark.parametrize(
        ("text", "rows"),
        [
            ('{"a": 1, "b": "x"}', [{"a": 1, "b": "x"}]),
            ('[[1, "x"], [2]]', [{"column_1": 1, "column_2": "x"}, {"column_1": 2, "column_2": None}]),
            ("[1, 2]", [{"value": 1}, {"value": 2}]),
            ('\ufeff[{"a": "\\u00e9\\n"}]', [{"a": "é\n"}]),
            ('\ufeff[{"a": "é"}]'.encode("utf-16-le"), [{"a": "é"}]),
            ('\ufeff{"a": 1}\n{"a": 2}\n'.encode("utf-16-be"), [{"a": 1}, {"a": 2}]),
            (
                '{"a": 1}\n{"b": "x", "a": 2}\n{"c": [1]}\n',
                [{"a": 1, "b": None, "c": None}, {"a": 2, "b": "x", "c": None}, {"a": None, "b": None, "c": [1]}],
            ),
            ('{"x": [1], "y": [1, 2]}', [{"x": [1], "y": [1, 2]}]),
            ('[null, true, "z"]', [{"value": None}, {"value": "true"}, {"value": "z"}]),
            ('{"x": [1, 2], "y": ["p", "q"]}', [{"x": 1, "y": "p"}, {"x": 2, "y": "q"}]),
            ('{"a": 1}\n\n{"a": 2}\r\n', [{"a": 1}, {"a": 2}]),
        ],
    )
    def test_other_shapes(self, importer: Importer, text: str | bytes, rows: list[dict[str, Any]]) -> None:
        found = importer.table(text, "shape.json")
        assert [{name: row[name] for name in rows[0]} for row in found] == rows

    @pytest.mark.parametrize(
        ("text", "code", "says"),
        [
            (b"[]", "imports.empty", "no rows"),
            (b'[{"a": 1}, {"a": 2}', "imports.bad_json", "element 2"),
            (b'[{"a": 1} {"a": 2}]', "imports.bad_json", "element 1"),
            (b'[{"a": NaN}]', "imports.bad_json", "element 1"),
            (b'[{"a": 1}] x', "imports.bad_json", "follows"),
            (b'[{"a": "\xff"}]', "imports.bad_json", "UTF-8"),
            (b'[{"a": "\\ud800"}]', "imports.bad_json", "element 1"),
            (b'[{"a": "\\u0000"}]', "imports.bad_text", "NUL"),
            (b'[{"a": ' + b"[" * 5000, "imports.bad_json", "nested"),
            (b"[" * 100_000, "imports.bad_json", "nested"),
            (b'[{"a": ' + b"1" * 5000 + b"}]", "imports.bad_json", "digits"),
            (b'[{"a": 1}, [1]]', "imports.bad_json", "element 2"),
            (b'{"a": 1}\n{"a": 2\n', "imports.bad_json", "element 2"),
            (b'[{"a": "' + b"x" * 17_000_000 + b'"}]', "imports.cell_too_large", "16 million"),
            (
                json.dumps([{f"c{number}": 1 for number in range(10_000)}]).encode(),
                "imports.too_many_columns",
                "10,000",
            ),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_bad_ones_say_what_and_where(self, importer: Importer, text: bytes, code: str, says: str) -> None:
        found, message = failed(importer.send(text))
        assert (found, says in message) == (code, True), message


class TestParquet:
    def test_keeps_types_and_digits(self, importer: Importer, tmp_path: Path) -> None:
        import duckdb

        path = tmp_path / "x.parquet"
        select = (
            "SELECT 9223372036854775807::BIGINT AS big, '007' AS code, 12.50::DECIMAL(18, 2) AS price, "
            "0.1::DOUBLE AS ratio, DATE '2024-05-01' AS day, TIMESTAMP '2024-05-01 10:00:00.5' AS at, "
            "TIMESTAMPTZ '2024-05-01 10:00:00+02' AS zoned, TIME '09:30:00' AS clock, true AS ok, [1, 2] AS list, "
            "{'a': 1} AS object, '\\xFF'::BLOB AS bytes, '' AS empty, "
            "'NA' AS region, '550e8400-e29b-41d4-a716-446655440000'::UUID AS uid, 'nan'::DOUBLE AS nan"
        )
        nulls = ", ".join(["NULL"] * 16)
        duckdb.sql(f"COPY ({select} UNION ALL SELECT {nulls}) TO '{path}' (FORMAT parquet)")
        draft = importer.send(path.read_bytes())
        assert types_of(draft) == {
            "big": "integer", "code": "text", "price": "decimal", "ratio": "real", "day": "date", "at": "timestamp",
            "zoned": "timestamp", "clock": "time", "ok": "boolean", "list": "json", "object": "json", "bytes": "blob",
            "empty": "text", "region": "text", "uid": "uuid", "nan": "real",
        }  # fmt: skip
        job = importer.run(draft["id"], table="kept", key=None)
        assert job["state"] == "done", job["error"]
        first, second = importer.rows("kept")
        assert first == {
            "id": 1, "big": 9223372036854775807, "code": "007", "price": 12.5, "ratio": 0.1, "day": "2024-05-01",
            "at": "2024-05-01T10:00:00.500000Z", "zoned": "2024-05-01T08:00:00Z", "clock": "09:30:00", "ok": True,
            "list": [1, 2], "object": {"a": 1}, "bytes": "\\xff", "empty": "", "region": "NA",
            "uid": "550e8400-e29b-41d4-a716-446655440000", "nan": None,
        }  # fmt: skip
        assert set(second.values()) == {2, None}

    def test_damaged_ones(self, importer: Importer) -> None:
        code, message = failed(importer.send(b"PAR1" + bytes(100)))
        assert (code, "files/imports" in message) == ("imports.damaged", False)


class TestDatabases:
    def test_chinook(self, importer: Importer, client: TestClient, chinook: Path) -> None:
        draft = importer.send(chinook.read_bytes(), "chinook.sqlite")
        assert (draft["format"], draft["part"], draft["table"]) == ("sqlite", "Album", "Album")
        assert len(draft["parts"]) == 11
        made = client.post(f"/api/imports/{draft['id']}/parts", json={}).json()
        assert len(made) == 10
        drafts = [draft, *(importer.wait(each["job"]) and importer.get(each["id"]) for each in made)]
        with sqlite3.connect(chinook) as connection:
            for each in drafts:
                assert importer.run(each["id"])["state"] == "done"
                count = connection.execute(f'SELECT count(*) FROM "{each["part"]}"').fetchone()[0]
                assert len(importer.rows(each["table"])) == min(count, 10_000), each["table"]
        connection.close()
        assert types_of(next(each for each in drafts if each["part"] == "Invoice"))["InvoiceDate"] == "timestamp"

    def test_keys_and_indexes_are_kept(self, importer: Importer, client: TestClient, chinook: Path) -> None:
        draft = importer.send(chinook.read_bytes(), "chinook.sqlite")
        assert draft["structure"] == {
            "primary_key": ["AlbumId"],
            "not_null": ["Title", "ArtistId"],
            "indexes": [{"columns": ["ArtistId"], "unique": False}],
            "foreign_keys": [
                {
                    "columns": ["ArtistId"],
                    "table": "Artist",
                    "parent_columns": ["ArtistId"],
                    "on_delete": "NO ACTION",
                    "on_update": "NO ACTION",
                }
            ],
        }
        made = client.post(f"/api/imports/{draft['id']}/parts", json={}).json()
        for each in [*reversed(made), draft]:  # children come before their parents, too
            importer.wait(each["job"])
            job = importer.run(each["id"])
            assert (job["state"], job["result"]["notes"]) == ("done", [])
        for table in importer.collections():
            assert shape_of(client, table) == shape_in(chinook, table)
        assert client.get("/rest/v1/Album?select=Title,Artist(Name)&limit=1").json()[0]["Artist"]["Name"]

    def test_other_keys_and_rules(self, importer: Importer, client: TestClient, tmp_path: Path) -> None:
        path = tmp_path / "x.db"
        with sqlite3.connect(path) as connection:
            connection.executescript(
                "CREATE TABLE a (x TEXT NOT NULL, y INTEGER, z TEXT UNIQUE, PRIMARY KEY (y, x));"
                "INSERT INTO a VALUES ('p', 1, 'u'), ('q', 1, NULL);"
                "CREATE TABLE b (id INTEGER PRIMARY KEY, x, y INT, up INT REFERENCES b ON DELETE CASCADE,"
                " FOREIGN KEY (y, x) REFERENCES a ON UPDATE CASCADE);"
                "CREATE UNIQUE INDEX b_x ON b (x); CREATE INDEX b_e ON b (x || y); CREATE INDEX b_p ON b (y) WHERE y;"
                "INSERT INTO b VALUES (1, 'p', 1, 2), (2, 'q', 1, 1);"
                "CREATE TABLE c (id INTEGER PRIMARY KEY, b INT REFERENCES b);"
                "INSERT INTO c VALUES (1, 1), (2, 99);"
            )
        connection.close()
        draft = importer.send(path.read_bytes(), "x.db")
        assert (draft["key"], draft["structure"]["primary_key"]) == (None, ["y", "x"])
        assert importer.run(draft["id"], table="aa")["result"]["notes"] == []
        notes = []
        for each in client.post(f"/api/imports/{draft['id']}/parts", json={}).json():
            importer.wait(each["job"])
            notes += importer.run(each["id"])["result"]["notes"]
        (note,) = notes
        assert note.startswith("c (b) does not refer to b any more: ")
        first = client.get("/api/collections/aa").json()
        assert (first["primary_key"], [key["columns"] for key in first["unique"]]) == (["y", "x"], [["z"]])
        assert [column["name"] for column in first["columns"] if column["not_null"]] == ["x", "y"]
        second = client.get("/api/collections/b").json()
        assert [key["columns"] for key in second["unique"]] == [["x"]]
        assert sorted(
            (key["columns"], key["table"], key["parent_columns"], key["on_delete"], key["on_update"])
            for key in second["foreign_keys"]
        ) == [
            (["up"], "b", ["id"], "CASCADE", "NO ACTION"),
            (["y", "x"], "aa", ["y", "x"], "NO ACTION", "CASCADE"),
        ]
        assert client.get("/api/collections/c").json()["foreign_keys"] == []

    def test_keys_can_be_others(self, importer: Importer, client: TestClient, chinook: Path) -> None:
        draft = importer.send(chinook.read_bytes())
        assert importer.run(draft["id"], key=None)["state"] == "done"
        found = client.get("/api/collections/Album").json()
        assert (found["primary_key"], [key["columns"] for key in found["unique"]]) == (["id"], [["AlbumId"]])
        plain = importer.send(chinook.read_bytes())
        assert importer.run(plain["id"], table="plain", structure=False, key=["ArtistId", "AlbumId"])["state"] == "done"
        found = client.get("/api/collections/plain").json()
        assert (found["primary_key"], found["unique"], found["indexes"]) == (["ArtistId", "AlbumId"], [], [])

    def test_runs_nothing_of_it(self, importer: Importer, tmp_path: Path) -> None:
        path = tmp_path / "x.db"
        with sqlite3.connect(path) as connection:
            connection.executescript(
                "CREATE TABLE t (a INTEGER, b BLOB, c, d TEXT, e AS (a + 1));"
                "INSERT INTO t VALUES (1, x'00ff', 1.5, '');"
                "CREATE VIEW v AS SELECT * FROM t; CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM t; END;"
                "CREATE VIRTUAL TABLE f USING fts5(x);"
            )
        connection.close()
        draft = importer.send(path.read_bytes())
        assert [part["name"] for part in draft["parts"]] == ["t"]
        assert importer.run(draft["id"], key=None)["state"] == "done"
        assert importer.rows("t") == [{"id": 1, "a": 1, "b": "\\x00ff", "c": 1.5, "d": ""}]

    def test_damaged_and_empty_ones(self, importer: Importer, chinook: Path) -> None:
        content = bytearray(chinook.read_bytes())
        content[4096:200_000] = bytes(range(256)) * 765 + bytes(64)
        assert failed(importer.send(bytes(content)))[0] == "imports.damaged"
        assert failed(importer.send(b"SQLite format 3\x00" + bytes(1000)))[0] == "imports.damaged"


class TestArchives:
    def test_gzip(self, importer: Importer) -> None:
        draft = importer.send(gzip.compress(b"a,b\n1,x\n"), "films.csv.gz")
        assert (draft["format"], draft["packed"], draft["table"], draft["rows"]) == ("csv", "gzip", "films", 1)
        assert importer.run(draft["id"])["state"] == "done"

    def test_zip_of_several_files(self, importer: Importer, client: TestClient, uploads: Path) -> None:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("data/one.csv", "a\n1\n")
            archive.writestr("__MACOSX/data/._one.csv", "x")
            archive.writestr("data/book.xlsx", by_openpyxl([["b"], [2]], [["c"], [3]]))
        draft = importer.send(file.getvalue(), "all.zip")
        assert (draft["packed"], draft["format"], draft["part"], draft["table"]) == (
            "zip",
            "csv",
            "data/one.csv",
            "one",
        )
        assert [part["name"] for part in draft["parts"]] == ["data/one.csv", "data/book.xlsx"]
        (made,) = client.post(f"/api/imports/{draft['id']}/parts", json={}).json()
        importer.wait(made["job"])
        book = importer.get(made["id"])
        assert [part["name"] for part in book["parts"]] == [
            "data/one.csv",
            "data/book.xlsx//Sheet1",
            "data/book.xlsx//Sheet2",
        ]
        changed = client.put(f"/api/imports/{book['id']}/dialect", json={"part": "data/book.xlsx//Sheet2"}).json()
        importer.wait(changed["job"])
        assert types_of(importer.get(book["id"])) == {"c": "integer"}
        for id in (draft["id"], book["id"]):
            client.delete(f"/api/imports/{id}")
        assert list(uploads.iterdir()) == []

    @pytest.mark.parametrize("name", ["../x.csv", "/etc/x.csv", "C:\\x.csv", "a/../../x.csv", "..\\x.csv"])
    def test_names_that_leave_the_folder(self, importer: Importer, name: str) -> None:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("fine.csv", "a\n1\n")
            archive.writestr(name, "a\n1\n")
        assert failed(importer.send(file.getvalue()))[0] == "imports.unsafe_name"

    def test_bombs(self, importer: Importer, uploads: Path) -> None:
        zeros = b"a\n" + b"0\n" * 10_000_000
        assert failed(importer.send(gzip.compress(zeros)))[0] == "imports.unpacks_too_large"
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("x.csv", zeros)
        assert failed(importer.send(file.getvalue()))[0] == "imports.unpacks_too_large"
        assert len(list(uploads.iterdir())) == 2

    def test_nested_damaged_and_empty_ones(self, importer: Importer) -> None:
        packed = gzip.compress(b"a,b\n" + b"1,2\n" * 1000)
        assert failed(importer.send(gzip.compress(packed)))[0] == "imports.nested"
        assert failed(importer.send(packed[:-12]))[0] == "imports.damaged"
        assert failed(importer.send(gzip.compress(b"")))[0] == "imports.empty"
        file = io.BytesIO()
        zipfile.ZipFile(file, "w").close()
        assert failed(importer.send(file.getvalue()))[0] == "imports.empty"

    def test_too_many_files(self, importer: Importer) -> None:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            for number in range(5001):
                archive.writestr(f"{number}.csv", "")
        assert failed(importer.send(file.getvalue()))[0] == "imports.too_many_parts"


class TestNullTexts:
    def test_are_shown_and_can_be_changed(self, importer: Importer, client: TestClient) -> None:
        draft = importer.send("a,b\n1,NA\n-,unknown\n,x\n5,\n")
        assert {"", "-", "na", "n/a"} <= set(draft["null_texts"])
        assert [(column["type"], column["nulls"]) for column in draft["columns"]] == [("integer", 2), ("text", 1)]
        changed = client.put(f"/api/imports/{draft['id']}/dialect", json={"null_texts": ["unknown", "na"]}).json()
        importer.wait(changed["job"])
        found = importer.get(draft["id"])
        assert found["null_texts"] == ["na", "unknown"]
        assert [(column["type"], column["nulls"]) for column in found["columns"]] == [("text", 0), ("text", 2)]
        importer.run(draft["id"], key=None)
        assert [(row["a"], row["b"]) for row in importer.rows("films")] == [
            ("1", None), ("-", None), ("", "x"), ("5", ""),
        ]  # fmt: skip


class TestClipboard:
    def test_text_of_a_spreadsheet(self, importer: Importer, client: TestClient) -> None:
        text = "name\tprice\r\nTea\t1,50\r\nMilk\t0,99\r\n"
        sent = client.post(
            "/api/imports?name=clipboard", content=text.encode(), headers={"Content-Type": "text/plain; charset=utf-8"}
        )
        importer.wait(sent.json()["job"])
        assert types_of(importer.get(sent.json()["id"])) == {"name": "text", "price": "decimal"}


class TestRealFiles:
    def test_the_flights_as_json_lines_parquet_and_gzip_are_the_same(
        self, importer: Importer, nycflights: Callable[[str], Path], tmp_path: Path
    ) -> None:
        import duckdb

        source = nycflights("weather")
        paths = {"ndjson": tmp_path / "w.ndjson", "parquet": tmp_path / "w.parquet", "json": tmp_path / "w.json"}
        table = f"read_csv('{source}')"
        duckdb.sql(f"COPY (FROM {table}) TO '{paths['ndjson']}' (FORMAT json)")
        duckdb.sql(f"COPY (FROM {table}) TO '{paths['json']}' (FORMAT json, ARRAY true)")
        duckdb.sql(f"COPY (FROM {table}) TO '{paths['parquet']}' (FORMAT parquet)")
        plain = importer.send(gzip.compress(source.read_bytes()))
        types = types_of(plain)
        for kind, path in paths.items():
            draft = importer.send(path.read_bytes())
            assert (draft["format"], draft["rows"]) == (kind, 26_115)
            assert {name: kind for name, kind in types_of(draft).items() if types[name] == kind} | types == types
            assert [column["nulls"] for column in draft["columns"]] == [column["nulls"] for column in plain["columns"]]
