"""What saved queries give, as files: the same rows as a call gives, in every format, and what is refused."""

import csv
import io
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from starlette.testclient import TestClient
from tests.exports.conftest import Serve, served
from tests.rows.conftest import LIBRARY
from tests.rows.test_calling_api import FOREVER

from rolltop.data import bounds
from rolltop.exports.formats import FORMATS

QUERIES: list[dict[str, Any]] = [
    {
        "name": "loans_of",
        "sql": "SELECT * FROM loans WHERE lender_id = :member",
        "parameters": [{"name": "member", "type": "bigint"}],
    },
    {"name": "titles", "sql": "SELECT title FROM books ORDER BY id"},
    {"name": "page_total", "sql": "SELECT sum(pages) FROM books", "returns": "one"},
    {"name": "stats", "sql": "SELECT a.name, count(*) AS n, avg(b.pages) FROM authors a "
     "JOIN books b ON b.author_id = a.id GROUP BY a.id ORDER BY n DESC"},
    {"name": "said", "sql": "SELECT :what AS what, :j AS j", "parameters": [
        {"name": "what", "type": "text"}, {"name": "j", "type": "jsonb", "required": False}]},
    {"name": "mixed", "sql": "SELECT value FROM json_each('[1, 2.5, \"007\", null]')"},
    {"name": "late", "sql": "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) "
     "SELECT CASE WHEN i < 150 THEN i ELSE '00' || i END AS code FROM n"},
    {"name": "rename", "sql": "UPDATE authors SET name = :name WHERE id = 1",
     "parameters": [{"name": "name", "type": "text"}]},
    {"name": "endless", "sql": f"{FOREVER} SELECT x FROM c WHERE x < 0"},
    {"name": "inner", "sql": "SELECT json_extract(:text, '$.a') AS a",
     "parameters": [{"name": "text", "type": "text"}]},
    {"name": "formula", "sql": "SELECT '=1+1' AS \"=sum\""},
    {"name": "many", "sql": "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000) SELECT i FROM n"},
]  # fmt: skip

NOBODY = {"Authorization": ""}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A client on the library with the queries, for all tests: they only read."""
    with served(tmp_path_factory.mktemp("library") / "workspace", LIBRARY) as client:
        for query in QUERIES:
            made = client.post("/api/queries", json=query)
            assert made.status_code == 201, made.text
        yield client


def get(client: TestClient, path: str) -> bytes:
    answer = client.get(f"/api/exports/rpc/{path}")
    assert answer.status_code == 200, answer.text
    return answer.content


def table_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


class TestRows:
    def test_are_those_of_a_call(self, library: TestClient) -> None:
        query = "member=1&select=id,books(title)&id=gt.1&order=id.desc"
        called = library.get(f"/rest/v1/rpc/loans_of?{query}").json()
        assert called
        assert json.loads(get(library, f"loans_of.json?{query}")) == called
        exact = library.get("/rest/v1/rpc/loans_of?member=1", headers={"Accept": "text/csv"}).content
        assert get(library, "loans_of.csv?member=1") == exact

    def test_values_are_rows_of_one_column(self, library: TestClient) -> None:
        titles = library.get("/rest/v1/rpc/titles").json()
        assert json.loads(get(library, "titles.json")) == [{"title": title} for title in titles]
        assert table_of(get(library, "titles.csv?limit=1&offset=1")) == [["title"], [titles[1]]]
        total = library.get("/rest/v1/rpc/page_total").json()
        assert get(library, "page_total.ndjson") == b'{"sum(pages)":%d}\n' % total

    def test_expressions_have_the_types_of_their_values(self, library: TestClient) -> None:
        called = library.get("/rest/v1/rpc/stats").json()
        book = openpyxl.load_workbook(io.BytesIO(get(library, "stats.xlsx")))
        rows = list(book["stats"].iter_rows(values_only=True))
        assert [dict(zip(rows[0], row, strict=True)) for row in rows[1:]] == called
        assert table_of(get(library, "stats.csv?n=gt.1&select=name"))[1:] == [[row["name"]] for row in called[:1]]

    @pytest.mark.parametrize("query", ["mixed", "late"])
    def test_cells_of_any_kind_are_kept_in_sqlite(self, library: TestClient, tmp_path: Path, query: str) -> None:
        path = tmp_path / "copy.sqlite"
        path.write_bytes(get(library, f"{query}.sqlite"))
        with closing(sqlite3.connect(path)) as copy:
            cells = [cell for (cell,) in copy.execute(f"SELECT * FROM {query}")]
        assert cells == library.get(f"/rest/v1/rpc/{query}").json()

    def test_more_rows_than_a_chunk(self, library: TestClient) -> None:
        assert len(get(library, "many.ndjson?offset=1000").splitlines()) == 5000

    @pytest.mark.parametrize("ending", FORMATS)
    def test_in_every_format(self, library: TestClient, ending: str) -> None:
        answer = library.get(f"/api/exports/rpc/stats.{ending}?order=name&limit=1")
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-disposition"] == f"attachment; filename*=UTF-8''stats.{ending}"
        assert answer.headers["content-type"] == FORMATS[ending].media_type

    def test_formulas_are_defused(self, library: TestClient) -> None:
        assert table_of(get(library, "formula.csv")) == [["'=sum"], ["'=1+1"]]
        assert table_of(get(library, "formula.csv?formulas=keep")) == [["=sum"], ["=1+1"]]


class TestArguments:
    def test_in_a_body_may_look_like_filters(self, library: TestClient) -> None:
        answer = library.post("/api/exports/rpc/said.json?select=what", json={"what": "eq.x"})
        assert answer.json() == [{"what": "eq.x"}]
        answer = library.post("/api/exports/rpc/said.json", json={"what": "a", "j": {"b": [1]}})
        assert answer.json() == [{"what": "a", "j": '{"b":[1]}'}]
        assert library.post("/api/exports/rpc/titles.csv").status_code == 200

    @pytest.mark.parametrize(
        "body",
        [b"5", b"[]", b"{", b'{"what": "\\ud800"}', b'{"what": ' + b"9" * 5000 + b"}", b'{"what": "\\u0000"}',
         b'{"what":' + b"[" * 9000, b'{"what": NaN}', b"\xff"],
    )  # fmt: skip
    def test_bodies_that_are_none(self, library: TestClient, body: bytes) -> None:
        headers = {"Content-Type": "application/json"}
        answer = library.post("/api/exports/rpc/said.json", content=body, headers=headers)
        assert 400 <= answer.status_code < 500, answer.text
        assert {"code", "message", "details", "hint"} <= answer.json().keys()


class TestRefusals:
    @pytest.mark.parametrize(
        ("path", "status", "code"),
        [
            ("nothing.csv", 404, "PGRST202"),
            ("loans_of.csv", 404, "PGRST202"),
            ("loans_of.csv?member=1&other=2", 404, "PGRST202"),
            ("loans_of.csv?member=x", 400, "22P02"),
            ("loans_of.xlsx?member=1&nope=eq.1", 400, "42703"),
            ("loans_of.csv?member=1&limit=-1", 416, "PGRST103"),
            ("rename.csv?name=x", 405, "25006"),
            ("titles", 404, "exports.unknown_format"),
            ("titles.exe", 404, "exports.unknown_format"),
            ("stats.sqlite?select=n,N:name", 422, "exports.unrepresentable"),
            ("stats.csv?select=name,books(title)", 400, "PGRST200"),
            ("inner.csv?text=x", 400, "22000"),
            ("inner.parquet?text=x", 400, "22000"),
        ],
    )
    def test_are_those_of_a_call(self, library: TestClient, path: str, status: int, code: str) -> None:
        answer = library.get(f"/api/exports/rpc/{path}")
        assert (answer.status_code, answer.json()["code"]) == (status, code)

    @pytest.mark.parametrize("ending", ["csv", "xlsx"])
    def test_what_never_ends_is_ended(self, library: TestClient, monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
        monkeypatch.setattr(bounds, "QUERY_SECONDS", 0.2)
        answer = library.get(f"/api/exports/rpc/endless.{ending}")
        assert (answer.status_code, answer.json()["code"]) == (422, "57014")

    def test_a_table_that_went_away(self, serve: Serve) -> None:
        client = serve("CREATE TABLE t (a)")
        client.post("/api/queries", json={"name": "q", "sql": "SELECT a FROM t"})
        assert client.delete("/api/collections/t?dependents=drop").status_code == 204
        answer = client.get("/api/exports/rpc/q.csv")
        assert (answer.status_code, answer.json()["code"]) == (404, "42P01")

    def test_nobody_gets_anything(self, library: TestClient) -> None:
        assert library.get("/api/exports/rpc/titles.csv", headers=NOBODY).status_code == 401
        assert library.post("/api/exports/rpc/titles.csv", headers=NOBODY).status_code == 401


class TestAddresses:
    def test_a_link(self, library: TestClient) -> None:
        made = library.post("/api/downloads", json={"path": "/api/exports/rpc/loans_of.tsv?member=1&select=id"}).json()
        assert made["url"].endswith("/loans_of.tsv")
        assert library.get(made["url"], headers=NOBODY).content == b"id\n1\n2\n"
        assert library.get(made["url"], headers=NOBODY).status_code == 401

    def test_a_table_of_such_a_name(self, serve: Serve) -> None:
        client = serve('CREATE TABLE "rpc/x" (a); INSERT INTO "rpc/x" VALUES (1)')
        assert client.get("/api/exports/rpc%2Fx.csv").content == b"a\n1\n"
        assert client.get("/api/exports/rpc/x.csv").json()["code"] == "PGRST202"
