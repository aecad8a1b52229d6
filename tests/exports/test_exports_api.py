"""Files of rows: the texts, the workbooks, Parquet and SQLite; what they hold, and what is refused."""

import csv
import datetime
import io
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
from starlette.testclient import TestClient
from tests.exports.conftest import Serve

from rolltop.exports import excel
from rolltop.exports.formats import FORMATS


def get(client: TestClient, path: str, **headers: str) -> bytes:
    answer = client.get(f"/api/exports/{path}", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.content


def table_of(content: bytes, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(), newline=""), delimiter=delimiter))


class TestTexts:
    def test_csv_is_what_the_rows_api_says_but_for_formulas_and_booleans(self, things: TestClient) -> None:
        exact = table_of(things.get("/rest/v1/things?order=id", headers={"Accept": "text/csv"}).content)
        kept = table_of(get(things, "things.csv?order=id&formulas=keep"))
        assert [row[4] for row in kept] == ["ok", "true", "false", "", "true", "true", "true", "true"]
        assert [row[:4] + row[5:] for row in kept] == [row[:4] + row[5:] for row in exact]
        rows = table_of(get(things, "things.csv?order=id"))
        assert [row[1] for row in rows[1:]] == [
            "Salt", 'Pepper, "ground"', "", "' @SUM(A1)", "'-5", "two\nlines\ttab", "'=1+1",
        ]  # fmt: skip
        assert [row[2] for row in rows[1:]][-1] == "-0.25"  # a number stays a number
        assert [row[8] for row in rows[1:]][3] == "-5"

    def test_formulas_are_defused_in_any_column_and_in_the_header(self, things: TestClient) -> None:
        rows = table_of(get(things, "Odd%2C%20%22name%22%201%2F2.csv"))
        assert rows[0] == ["'=x", "b c"]
        assert rows[1] == ["'=cmd", "'=today()"]
        assert rows[3] == ["1.5", "soon"]

    def test_tsv(self, things: TestClient) -> None:
        rows = table_of(get(things, "things.tsv?order=id&select=id,name&id=in.(1,2,7)"), "\t")
        assert rows == [["id", "name"], ["1", "Salt"], ["2", 'Pepper, "ground"'], ["7", "two\nlines\ttab"]]

    def test_json_and_ndjson(self, things: TestClient) -> None:
        rows = things.get("/rest/v1/things?order=id").json()
        assert json.loads(get(things, "things.json?order=id")) == rows
        lines = get(things, "things.ndjson?order=id").decode().splitlines()
        assert [json.loads(line) for line in lines] == rows

    @pytest.mark.parametrize(("ending", "content"), [("csv", b"id,word\n"), ("json", b"[]\n"), ("ndjson", b"")])
    def test_no_rows(self, things: TestClient, ending: str, content: bytes) -> None:
        assert get(things, f"empty.{ending}") == content

    def test_more_rows_than_a_chunk_and_a_window(self, things: TestClient) -> None:
        assert len(table_of(get(things, "many.csv"))) == 2501
        assert len(json.loads(get(things, "many.json"))) == 2500
        lines = get(things, "many.ndjson?order=id.desc&limit=1500&offset=10").decode().splitlines()
        assert [json.loads(line)["id"] for line in (lines[0], lines[-1])] == [2490, 991]
        assert len(lines) == 1500

    def test_views_embeds_and_groups(self, things: TestClient) -> None:
        assert table_of(get(things, "dear.csv?select=name&order=id"))[1:] == [["Salt"], ['Pepper, "ground"']]
        nested = json.loads(get(things, "things.json?select=name,parts(label)&id=eq.1&parts.order=id"))
        assert nested == [{"name": "Salt", "parts": [{"label": "lid"}, {"label": "jar"}]}]
        assert table_of(get(things, "parts.csv?select=thing,n:count()"))[1:] == [["1", "2"]]

    def test_broken_text_of_another_program_is_mended(self, serve: Serve) -> None:
        client = serve("CREATE TABLE t (a TEXT); INSERT INTO t VALUES (CAST(x'41ff42' AS TEXT))")
        assert get(client, "t.csv").decode() == "a\nA\ufffdB\n"
        for ending in ("xlsx", "parquet", "sqlite"):
            answer = client.get(f"/api/exports/t.{ending}")
            assert (answer.status_code, answer.json()["code"]) == (422, "exports.unrepresentable")


class TestWorkbooks:
    def test_cells_have_their_types(self, things: TestClient) -> None:
        book = openpyxl.load_workbook(io.BytesIO(get(things, "things.xlsx?order=id")))
        rows: list[tuple[Any, ...]] = list(book["things"].iter_rows(values_only=True))
        assert rows[0] == ("id", "name", "price", "size", "ok", "made", "seen", "at", "tags", "code", "raw")
        moment = datetime.datetime(2024, 5, 1, 12, 30)
        code = "00000000-0000-4000-8000-000000000001"
        assert rows[1] == (
            1, "Salt", 12.5, 0.1, True, datetime.datetime(2024, 5, 1), moment, datetime.time(12, 30), '["a","b"]',
            code, "\\x00ff",
        )  # fmt: skip
        assert rows[2][5:7] == ("1850-01-01", "2024-05-01T12:30:00.123456Z")  # Excel cannot hold them
        assert rows[3] == (3, "", *[None] * 9)
        assert rows[-1][:2] == ("9007199254740993", "=1+1")

    def test_groups_are_cast_as_the_rows_api_casts_them(self, things: TestClient) -> None:
        query = "select=ok,n:count()::text,most:price.max()::int&order=ok"
        rows = things.get(f"/rest/v1/things?{query}").json()
        book = openpyxl.load_workbook(io.BytesIO(get(things, f"things.xlsx?{query}")))
        header, *cells = book["things"].iter_rows(values_only=True)
        assert [dict(zip(header, row, strict=True)) for row in cells] == rows
        assert [row["most"] for row in rows] == [9, 13, None]

    def test_nothing_is_a_formula(self, things: TestClient) -> None:
        book = openpyxl.load_workbook(io.BytesIO(get(things, "things.xlsx")))
        assert {cell.data_type for row in book["things"].iter_rows() for cell in row} <= {
            "s",
            "n",
            "b",
            "d",
            "inlineStr",
        }

    def test_a_full_sheet_is_followed_by_another(self, things: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(excel, "MOST_ROWS", 1001)
        book = openpyxl.load_workbook(io.BytesIO(get(things, "many.xlsx")), read_only=True)
        assert [(sheet.title, sheet.max_row) for sheet in book] == [
            ("many", 1001),
            ("many (2)", 1001),
            ("many (3)", 501),
        ]

    def test_names_that_no_sheet_can_have(self, things: TestClient) -> None:
        book = openpyxl.load_workbook(io.BytesIO(get(things, "Odd%2C%20%22name%22%201%2F2.xlsx")))
        assert book.sheetnames == ['Odd, "name" 1_2']

    def test_what_no_cell_holds_is_said_before_the_file_begins(self, serve: Serve) -> None:
        client = serve("CREATE TABLE t (a TEXT); INSERT INTO t VALUES ('x'), (replace(hex(zeroblob(20000)), '0', 'y'))")
        answer = client.get("/api/exports/t.xlsx")
        assert answer.status_code == 422
        assert answer.json()["details"] == {"column": "a", "row": 2}
        assert ".parquet" in answer.json()["hint"]


def parquet(content: bytes, path: Path, query: str) -> list[tuple[Any, ...]]:
    path.write_bytes(content)
    with duckdb.connect() as connection:
        return connection.execute(query.format(f"'{path}'")).fetchall()


class TestParquet:
    def test_columns_have_their_types(self, things: TestClient, tmp_path: Path) -> None:
        content = get(things, "things.parquet?order=id")
        types = dict(row[:2] for row in parquet(content, tmp_path / "t.parquet", "DESCRIBE SELECT * FROM {}"))
        assert types == {
            "id": "BIGINT", "name": "VARCHAR", "price": "DECIMAL(18,2)", "size": "DOUBLE", "ok": "BOOLEAN",
            "made": "DATE", "seen": "TIMESTAMP WITH TIME ZONE", "at": "TIME", "tags": "JSON", "code": "UUID",
            "raw": "BLOB",
        }  # fmt: skip
        ids = parquet(content, tmp_path / "t.parquet", "SELECT id, name, raw FROM {}")
        assert ids[0] == (1, "Salt", b"\x00\xff")
        assert ids[2] == (3, "", None)
        assert ids[-1][0] == 9007199254740993

    def test_cells_that_do_not_fit_keep_their_column_text(self, things: TestClient, tmp_path: Path) -> None:
        content = get(things, "Odd%2C%20%22name%22%201%2F2.parquet")
        rows = parquet(content, tmp_path / "t.parquet", "SELECT * FROM {}")
        assert rows == [("=cmd", "=today()"), ("\\x01", "5"), ("1.5", "soon")]

    def test_no_rows_and_nested_ones(self, things: TestClient, tmp_path: Path) -> None:
        assert parquet(get(things, "empty.parquet"), tmp_path / "t", "SELECT count(*) FROM read_parquet({})") == [(0,)]
        content = get(things, "things.parquet?select=id,parts(label)&id=eq.1")
        assert parquet(content, tmp_path / "t", "SELECT parts->0->>'label' FROM read_parquet({})") == [("lid",)]


class TestSQLite:
    def test_a_table_keeps_its_types_its_key_and_its_cells(self, things: TestClient, tmp_path: Path) -> None:
        path = tmp_path / "copy.sqlite"
        path.write_bytes(get(things, "things.sqlite"))
        data = tmp_path / "workspace-0/data.db"
        with closing(sqlite3.connect(path)) as copy, closing(sqlite3.connect(data)) as first:
            assert copy.execute("SELECT * FROM things").fetchall() == first.execute("SELECT * FROM things").fetchall()
            assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            shown = "SELECT name, type, \"notnull\", pk FROM pragma_table_info('things')"
            assert copy.execute(shown).fetchall() == first.execute(shown).fetchall()

    def test_columns_bring_their_own_rules_along(self, serve: Serve, tmp_path: Path) -> None:
        client = serve("CREATE TABLE parents (id INTEGER PRIMARY KEY)")
        columns = [
            {"name": "kind", "choices": ["a", "it's"], "default": "a", "not_null": True},
            {"name": "mail", "format": "email", "unique": True},
            {"name": "least", "type": "integer"},
            {"name": "most", "type": "integer", "check": "most >= least"},
            {"name": "parent", "type": "integer", "references": {"table": "parents"}},
        ]
        assert client.post("/api/collections", json={"name": "t", "columns": columns}).status_code == 201
        sent = client.post("/rest/v1/t", json=[{"kind": "a", "mail": "x@example.org"}, {"kind": "it's", "mail": None}])
        assert sent.status_code == 201, sent.text
        path = tmp_path / "copy.sqlite"
        path.write_bytes(get(client, "t.sqlite?select=most,mail,kind,id,parent"))
        with closing(sqlite3.connect(path)) as copy:
            copy.execute("INSERT INTO t (most) VALUES (3)")
            assert copy.execute("SELECT id, kind FROM t ORDER BY id").fetchall() == [(1, "a"), (2, "it's"), (3, "a")]
            for broken in ("(kind) VALUES ('b')", "(mail) VALUES ('x')", "(mail) VALUES ('x@example.org')"):
                with pytest.raises(sqlite3.IntegrityError):
                    copy.execute(f"INSERT INTO t {broken}")

    def test_what_is_spread_is_no_key_and_may_be_missing(self, things: TestClient, tmp_path: Path) -> None:
        things.post("/rest/v1/parts", json={"id": 3, "thing": None, "label": "none"})
        path = tmp_path / "copy.sqlite"
        path.write_bytes(get(things, "parts.sqlite?select=label,...things(id,name)&order=id"))
        with closing(sqlite3.connect(path)) as copy:
            rows = copy.execute("SELECT * FROM parts").fetchall()
        assert rows == [("lid", 1, "Salt"), ("jar", 1, "Salt"), ("none", None, None)]


class TestFiles:
    @pytest.mark.parametrize("ending", FORMATS)
    def test_are_named_and_typed(self, things: TestClient, ending: str) -> None:
        answer = things.get(f"/api/exports/many.{ending}?limit=1")
        assert answer.status_code == 200
        assert answer.headers["content-disposition"] == f"attachment; filename*=UTF-8''many.{ending}"
        assert answer.headers["content-type"] == FORMATS[ending].media_type

    @pytest.mark.parametrize("ending", ["xlsx", "parquet", "sqlite"])
    def test_leave_nothing_behind(self, things: TestClient, tmp_path: Path, ending: str) -> None:
        get(things, f"many.{ending}")
        assert list((tmp_path / "workspace-0/files/exports").iterdir()) == []

    @pytest.mark.parametrize(
        ("path", "status", "code"),
        [
            ("things", 404, "exports.unknown_format"),
            ("things.exe", 404, "exports.unknown_format"),
            (".csv", 404, "exports.unknown_format"),
            ("thing.csv", 404, "PGRST205"),
            ("things.csv?nope=eq.1", 400, "42703"),
            ("things.xlsx?id=eq.x", 400, "22P02"),
            ("things.parquet?order=nope", 400, "42703"),
            ("things.csv?select=name::int", 400, "22P02"),
            ("things.parquet?select=name::int", 400, "22P02"),
            ("things.csv?formulas=run", 422, "invalid"),
            ("things.sqlite?select=id,ID:name", 422, "exports.unrepresentable"),
            ("_rolltop_log.csv", 404, "PGRST205"),
        ],
    )
    def test_refusals(self, things: TestClient, path: str, status: int, code: str) -> None:
        answer = things.get(f"/api/exports/{path}")
        assert (answer.status_code, answer.json()["code"]) == (status, code)


class TestLinks:
    def test_work_once_without_a_token(self, things: TestClient) -> None:
        wanted = {"path": "/api/exports/things.csv?select=name&id=eq.2"}
        made = things.post("/api/downloads", json=wanted).json()
        assert made["url"].startswith("http://127.0.0.1:8377/api/downloads/")
        assert made["url"].endswith("/things.csv")
        del things.headers["Authorization"]
        assert things.head(made["url"]).status_code == 405
        assert things.get(made["url"]).content == b'name\n"Pepper, ""ground"""\n'
        again = things.get(made["url"])
        assert (again.status_code, again.json()["code"]) == (401, "auth.ticket_unknown")

    @pytest.mark.parametrize(
        "path", ["/api/me", "/rest/v1/things", "//evil/api/exports/a.csv", "http://x/api/exports/a.csv"]
    )
    def test_lead_to_files_only(self, things: TestClient, path: str) -> None:
        answer = things.post("/api/downloads", json={"path": path})
        assert (answer.status_code, answer.json()["code"]) == (422, "auth.not_downloadable")

    def test_are_for_odd_names_too(self, things: TestClient) -> None:
        made = things.post("/api/downloads", json={"path": "/api/exports/Odd%2C%20%22name%22%201%2F2.ndjson"}).json()
        assert things.get(made["url"]).status_code == 200
