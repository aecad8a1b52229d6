"""Saved queries over HTTP: saved, checked, called, changed, deleted."""

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.conftest import BASE_URL
from tests.rows.conftest import LIBRARY

from rolltop.app import Application, create_app
from rolltop.config import Config

LOANS = {
    "name": "loans_of",
    "sql": "SELECT * FROM loans WHERE lender_id = :member",
    "parameters": [{"name": "member", "type": "bigint"}],
    "description": "What somebody lent.",
}


@pytest.fixture
def library(app: Application, client: TestClient) -> TestClient:
    """A client on the library."""
    app.data.submit(lambda connection: connection.execute(LIBRARY).fetchall()).result(10)
    return client


def save(client: TestClient, sql: str, **fields: Any) -> Any:
    """What came of saving a query of this SQL."""
    return client.post("/api/queries", json={"name": "q", "sql": sql, **fields})


class TestCreateQuery:
    def test_tells_what_it_means(self, library: TestClient) -> None:
        response = library.post("/api/queries", json=LOANS)
        assert response.status_code == 201
        saved = response.json()
        assert {name: saved[name] for name in ("shape", "table", "writes", "returns", "problem", "path")} == {
            "shape": "rows",
            "table": "loans",
            "writes": False,
            "returns": "many",
            "problem": None,
            "path": "/rest/v1/rpc/loans_of",
        }
        assert saved["parameters"] == [{"name": "member", "type": "bigint", "required": True, "default": None}]
        assert [column["name"] for column in saved["columns"]] == ["id", "book_id", "lender_id", "borrower_id"]
        assert {column["type"] for column in saved["columns"]} == {"bigint"}

    def test_can_be_called_at_once(self, library: TestClient) -> None:
        library.post("/api/queries", json=LOANS)
        response = library.post("/rest/v1/rpc/loans_of?select=id,books(title)&order=id", json={"member": 1})
        assert response.json() == [{"id": 1, "books": {"title": "Salt"}}, {"id": 2, "books": {"title": "North"}}]

    @pytest.mark.parametrize(
        ("sql", "returns", "shape", "writes"),
        [
            ("SELECT sum(pages) FROM books", "one", "value", False),
            ("SELECT title FROM books", "many", "values", False),
            ("SELECT title, pages FROM books;", "many", "rows", False),
            ("VALUES (1, 2)", "many", "rows", False),
            ("WITH a AS (SELECT * FROM books) SELECT * FROM a -- all", "many", "rows", False),
            ("DELETE FROM loans", "many", "nothing", True),
            ("UPDATE books SET pages = 1 RETURNING id", "many", "values", True),
            ("REPLACE INTO shelves VALUES (1, 'C') RETURNING *", "one", "rows", True),
        ],
    )
    def test_finds_the_shape(self, library: TestClient, sql: str, returns: str, shape: str, writes: bool) -> None:
        saved = save(library, sql, returns=returns).json()
        assert (saved["shape"], saved["writes"]) == (shape, writes)

    def test_keeps_defaults(self, library: TestClient) -> None:
        parameters = [
            {"name": "least", "type": "bigint", "default": "200"},
            {"name": "word", "type": "text", "required": False},
        ]
        sql = "SELECT title FROM books WHERE pages > :least AND (:word IS NULL OR title LIKE :word)"
        assert save(library, sql, parameters=parameters).status_code == 201
        assert library.get("/rest/v1/rpc/q").json() == ["Salt", "North"]
        assert library.get("/rest/v1/rpc/q?least=1&word=P%25").json() == ["Pepper, Ground"]

    @pytest.mark.parametrize(
        ("sql", "message", "details", "hint"),
        [
            ("SELEC 1", 'SQLite cannot read this: near "SELEC": syntax error.', "Line 1, column 1", None),
            ("SELECT *\nFROM boks", 'relation "boks" does not exist', "Line 2, column 6",
             "Perhaps you meant the table 'books'."),
            ("SELECT titel FROM books", 'column "titel" does not exist', "Line 1, column 8",
             "Perhaps you meant the column 'title'."),
            ("SELECT nope(1)", "function nope does not exist", "Line 1, column 8", None),
            ("SELECT 1; SELECT 2", "There is more than one statement.", "Line 1, column 9", None),
            ("  ", "There is no statement.", None, None),
            ("-- nothing", "There is no statement.", None, None),
            ("SELECT ?", "Parameters are written with a name.", None, "Write :name in place of ?."),
            ("SELECT 'a", "SQLite cannot read this: unrecognized token: \"'a\".", "Line 1, column 8", None),
        ],
    )  # fmt: skip
    def test_says_where_the_sql_is_wrong(
        self, library: TestClient, sql: str, message: str, details: str | None, hint: str | None
    ) -> None:
        response = save(library, sql)
        body = response.json()
        assert (response.status_code, body["code"]) == (400, "queries.bad_sql")
        assert (body["message"], body["details"]) == (message, details)
        assert body["hint"] == hint if hint else body["hint"]

    def test_refuses_what_is_too_deep(self, library: TestClient) -> None:
        assert save(library, "SELECT " + "1+" * 200 + "1").json()["code"] == "queries.bad_sql"
        assert save(library, "SELECT " + "1+" * 50 + "1").status_code == 201

    @pytest.mark.parametrize(
        ("sql", "parameters", "message"),
        [
            ("SELECT :a", [], "The SQL names parameters that are not declared: a."),
            ("SELECT ?1", [], "The SQL names parameters that are not declared: 1."),
            ("SELECT 1", ["a"], "The SQL does not name all parameters that are declared: a."),
            ("SELECT :a", ["a", "a"], "The parameter 'a' is declared twice."),
        ],
    )
    def test_compares_the_parameters(self, library: TestClient, sql: str, parameters: list[str], message: str) -> None:
        response = save(library, sql, parameters=[{"name": name, "type": "text"} for name in parameters])
        assert (response.status_code, response.json()["code"]) == (422, "queries.parameters")
        assert response.json()["message"] == message

    @pytest.mark.parametrize(
        "fields",
        [
            {"name": "1st"}, {"name": "a-b"}, {"name": "a b"}, {"name": ""}, {"name": "a" * 64}, {"name": "_rolltop_x"},
            {"name": "e\u0301"}, {"sql": ""}, {"sql": "x" * 100_001}, {"sql": "SELECT '\ud800'"}, {"returns": "some"},
            {"parameters": [{"name": "select", "type": "text"}]}, {"parameters": [{"name": "a", "type": "words"}]},
            {"parameters": [{"name": "a", "type": "text", "required": True, "default": "x"}]}, {"more": 1},
        ],
        ids=str,
    )  # fmt: skip
    def test_refuses_fields_that_cannot_be(self, library: TestClient, fields: dict[str, Any]) -> None:
        response = library.post(
            "/api/queries",
            content=json.dumps({"name": "q", "sql": "SELECT 1", **fields}),
            headers={"Content-Type": "application/json"},
        )
        assert response.status_code in (400, 422), response.text
        assert library.get("/api/queries").json() == []

    def test_refuses_defaults_of_another_type(self, library: TestClient) -> None:
        parameters = [{"name": "a", "type": "bigint", "default": "many"}]
        response = save(library, "SELECT :a", parameters=parameters)
        assert (response.status_code, response.json()["code"]) == (422, "queries.default")

    def test_refuses_a_taken_name(self, library: TestClient) -> None:
        save(library, "SELECT 1")
        response = save(library, "SELECT 2")
        assert (response.status_code, response.json()["code"]) == (409, "queries.name_taken")


REFUSED = [
    "ATTACH 'other.db' AS other",
    "DETACH main",
    "PRAGMA query_only = OFF",
    "PRAGMA table_info(books)",
    "SELECT load_extension('x')",
    "SELECT sqlite_compileoption_get(1)",
    "SELECT last_insert_rowid()",
    "CREATE TABLE t (a)",
    "CREATE TEMP TABLE t (a)",
    "DROP TABLE books",
    "ALTER TABLE books ADD COLUMN x",
    "VACUUM INTO 'copy.db'",
    "REINDEX",
    "ANALYZE",
    "BEGIN",
    "COMMIT",
    "SAVEPOINT x",
    "EXPLAIN SELECT 1",
    "/* quiet */ PRAGMA writable_schema = ON",
]
UNKNOWN = [
    "SELECT * FROM sqlite_schema",
    "SELECT sql FROM main.sqlite_master",
    "SELECT * FROM temp.sqlite_temp_schema",
    "SELECT * FROM pragma_table_info('books')",
    "SELECT count(*) FROM pragma_function_list",
    "SELECT * FROM dbstat",
    "SELECT count(*) FROM dbstat",
    "SELECT * FROM _rolltop_log",
    "SELECT count(*) FROM _ROLLTOP_LOG",
    "SELECT 1 FROM books WHERE EXISTS (SELECT 1 FROM _rolltop_log)",
    "DELETE FROM _rolltop_log",
    "INSERT INTO sqlite_schema VALUES (1, 2, 3, 4, 5)",
    "UPDATE sqlite_schema SET sql = ''",
]


class TestDangerousSQL:
    """What the threat model refuses (S1, S2), beside a harmless query of the same look that is taken."""

    @pytest.mark.parametrize("sql", REFUSED)
    def test_is_refused(self, library: TestClient, sql: str) -> None:
        response = save(library, sql)
        assert (response.status_code, response.json()["code"]) == (403, "queries.refused_sql")
        assert (
            save(library, "SELECT count(*), upper(title), json_extract(info, '$.isbn') FROM books").status_code == 201
        )

    @pytest.mark.parametrize("sql", UNKNOWN)
    def test_finds_no_hidden_table(self, app: Application, library: TestClient, sql: str) -> None:
        app.data.submit(lambda one: one.execute("CREATE TABLE IF NOT EXISTS _rolltop_log (a)").fetchall()).result(10)
        for _ in range(2):  # the second time, SQLite has seen the statement
            response = save(library, sql)
            assert (response.status_code, response.json()["code"]) == (400, "queries.bad_sql"), response.text
            assert re.search("does not exist|may not be modified", response.json()["message"])
        assert save(library, "SELECT value FROM json_each('[1]')").status_code == 201

    @pytest.mark.parametrize(
        "sql", ["SELECT 1) , b AS (SELECT 2", "SELECT 1 /* ", "SELECT 1 --", "SELECT 1 FROM (VALUES (1)"]
    )
    def test_cannot_leave_its_place_in_a_statement(self, library: TestClient, sql: str) -> None:
        response = save(library, sql)
        if response.status_code == 201:
            assert library.get("/rest/v1/rpc/q").json() == [1]
        else:
            assert (response.status_code, response.json()["code"]) == (400, "queries.bad_sql")

    def test_leaves_no_lock(self, library: TestClient) -> None:
        save(library, "SELECT * FROM sqlite_schema")
        assert library.post("/rest/v1/authors", json={"name": "X"}).status_code == 201


class TestChange:
    def test_replaces_and_renames(self, library: TestClient) -> None:
        library.post("/api/queries", json=LOANS)
        response = library.put(
            "/api/queries/loans_of", json={"name": "total", "sql": "SELECT sum(pages) FROM books", "returns": "one"}
        )
        assert (response.status_code, response.json()["shape"]) == (200, "value")
        assert library.get("/rest/v1/rpc/total").text == "710"
        assert library.get("/rest/v1/rpc/loans_of?member=1").status_code == 404
        assert [query["name"] for query in library.get("/api/queries").json()] == ["total"]

    def test_takes_what_it_gave(self, library: TestClient) -> None:
        saved = library.post("/api/queries", json=LOANS).json()
        names = ("name", "sql", "parameters", "returns", "description")
        again = library.put("/api/queries/loans_of", json={name: saved[name] for name in names}).json()
        assert {name: again[name] for name in names} == {name: saved[name] for name in names}

    def test_refuses_what_cannot_be(self, library: TestClient) -> None:
        save(library, "SELECT 1")
        save(library, "SELECT 2", name="p")
        assert library.put("/api/queries/q", json={"name": "p", "sql": "SELECT 1"}).status_code == 409
        assert library.put("/api/queries/q", json={"name": "q", "sql": "SELEC"}).status_code == 400
        assert library.put("/api/queries/r", json={"name": "r", "sql": "SELECT 1"}).status_code == 404
        assert library.get("/rest/v1/rpc/q").json() == [1]

    def test_deletes(self, library: TestClient) -> None:
        save(library, "SELECT 1")
        assert library.delete("/api/queries/q").status_code == 204
        assert library.delete("/api/queries/q").status_code == 404
        assert library.get("/api/queries/q").json()["code"] == "queries.unknown"
        assert library.get("/rest/v1/rpc/q").json()["code"] == "PGRST202"

    def test_says_what_became_wrong_with_it(self, app: Application, library: TestClient) -> None:
        library.post("/api/queries", json=LOANS)
        app.data.submit(lambda connection: connection.execute("DROP TABLE loans").fetchall()).result(10)
        broken = library.get("/api/queries").json()[0]
        assert (broken["problem"]["code"], broken["shape"], broken["columns"]) == ("42P01", None, [])

    def test_is_there_after_a_restart(self, library: TestClient, workspace: Path) -> None:
        library.post("/api/queries", json=LOANS)
        library.__exit__()
        with closing(sqlite3.connect(workspace / "rolltop.db")) as connection:
            assert connection.execute("SELECT name FROM queries").fetchall() == [("loans_of",)]
        again = create_app(Config(workspace=workspace))
        with TestClient(again, base_url=BASE_URL) as client:  # called before anybody asked for the rest of the server
            client.headers["Authorization"] = f"Bearer {again.sessions.owner_token}"
            assert len(client.get("/rest/v1/rpc/loans_of?member=1").json()) == 2
        library.__enter__()
