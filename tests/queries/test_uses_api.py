"""A change of the schema names the saved queries that use what it changes."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from rolltop.app import Application

SCHEMA = """
CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT, born INTEGER, "Home town" TEXT);
CREATE TABLE books (id INTEGER PRIMARY KEY, title TEXT UNIQUE, author_id INTEGER REFERENCES authors, pages INTEGER);
CREATE TABLE log (entry TEXT);
CREATE VIEW long_books AS SELECT title, author_id FROM books WHERE pages > 300;
CREATE TRIGGER noted AFTER INSERT ON log BEGIN UPDATE authors SET born = NULL WHERE id = 0; END;
"""
QUERIES = {
    "titles": "SELECT title FROM books -- pages",
    "everything": "SELECT * FROM books",
    "through_view": "SELECT title FROM long_books",
    "how_many": "SELECT count(*) FROM books",
    "a_word": "SELECT 'pages of books', title AS pages FROM books",
    "joined": "SELECT b.title FROM books b JOIN authors a ON a.id = b.author_id WHERE a.\"Home town\" = 'Oslo'",
    "add": "INSERT INTO books (title, author_id) VALUES (:title, 1) RETURNING id",
    "add_or_count": "INSERT INTO books (title, pages) VALUES ('x', 1) ON CONFLICT (title) DO UPDATE SET pages = 2",
    "add_in_order": "INSERT INTO books VALUES (1, 'x', 1, 100)",
    "grow": "UPDATE books SET pages = pages + 1",
    "note": "INSERT INTO log VALUES ('x')",
    "clear": "DELETE FROM books",
}


@pytest.fixture
def library(app: Application, client: TestClient) -> TestClient:
    """A client on the tables, with the queries saved."""
    app.data.submit(lambda connection: connection.execute(SCHEMA).fetchall()).result(10)
    for name, sql in QUERIES.items():
        parameters = [{"name": "title", "type": "text"}] if ":title" in sql else []
        saved = client.post("/api/queries", json={"name": name, "sql": sql, "parameters": parameters})
        assert saved.status_code == 201, saved.text
    return client


def named(client: TestClient, table: str, *changes: dict[str, Any]) -> set[tuple[str, str | None]]:
    """The saved queries that a preview names, with their columns."""
    shown = client.post(f"/api/collections/{table}/changes/preview", json={"changes": list(changes)})
    assert shown.status_code == 200, shown.text
    return {(each["name"], each["column"]) for each in shown.json()["dependents"] if each["kind"] == "query"}


class TestPreview:
    def test_names_who_uses_a_column(self, library: TestClient) -> None:
        drop_pages = {"change": "drop_column", "column": "pages"}
        names = ["everything", "through_view", "add_or_count", "add_in_order", "grow"]
        assert named(library, "books", drop_pages) == {(name, "pages") for name in names}

    def test_names_columns_that_only_an_insert_names(self, library: TestClient) -> None:
        rename = {"change": "rename_column", "column": "author_id", "name": "writer_id"}
        users = {name for name, _ in named(library, "books", rename)}
        assert users == {"everything", "through_view", "joined", "add", "add_in_order"}

    def test_tells_several_columns_apart(self, library: TestClient) -> None:
        changes: list[dict[str, Any]] = [
            {"change": "alter_column", "column": "Home town", "type": "text", "not_null": True},
            {"change": "drop_column", "column": "born"},
        ]
        assert named(library, "authors", *changes) == {("joined", "home town"), ("note", "born")}  # by a trigger

    def test_names_who_uses_a_table(self, library: TestClient) -> None:
        assert named(library, "books", {"change": "delete"}) == {(name, None) for name in set(QUERIES) - {"note"}}
        assert named(library, "log", {"change": "rename", "name": "journal"}) == {("note", None)}

    def test_names_nobody_for_what_is_only_added(self, library: TestClient) -> None:
        add = {"change": "add_column", "column": {"name": "price", "type": "real"}}
        assert named(library, "books", add) == set()

    def test_passes_over_a_query_that_is_broken_already(self, app: Application, library: TestClient) -> None:
        app.data.submit(lambda connection: connection.execute("DROP TABLE log").fetchall()).result(10)
        assert ("note", "born") not in named(library, "authors", {"change": "drop_column", "column": "born"})
