"""What hangs on a table lives through its rebuild: rows, keys, rules, views, triggers, whatever their names."""

from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.collections.test_schema_api import change, code, done, execute, whole

LINKED = """
CREATE TABLE "author s" ("the id" INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE UNIQUE, boss INT REFERENCES "author s");
CREATE TABLE books (
  id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, author INT REFERENCES "author s" ON DELETE CASCADE,
  name TEXT REFERENCES "author s" (name) ON UPDATE CASCADE ON DELETE SET NULL, pages INT CHECK (pages > 0) DEFAULT 1,
  thick INT AS (pages > 500));
CREATE INDEX "by title" ON books (title COLLATE NOCASE DESC, author) WHERE pages > 10;
CREATE UNIQUE INDEX by_expression ON books (lower(title), coalesce(author, 0));
CREATE VIEW named AS
  SELECT b.id, b.title, a.name AS author FROM books AS b JOIN "author s" AS a ON a."the id" = b.author;
CREATE VIEW "of the view" AS SELECT title FROM named WHERE author IS NOT NULL;
CREATE TABLE log (id INTEGER PRIMARY KEY, what TEXT);
CREATE TRIGGER written AFTER INSERT ON books WHEN new.pages > 1 BEGIN INSERT INTO log (what) VALUES (new.title); END;
CREATE TRIGGER "in the view" INSTEAD OF INSERT ON named BEGIN
  INSERT INTO books (title, author) SELECT new.title, "the id" FROM "author s" WHERE name = new.author; END;
CREATE TRIGGER elsewhere AFTER DELETE ON log BEGIN UPDATE books SET pages = pages + 1 WHERE title = old.what; END;
INSERT INTO "author s" VALUES (1, 'Ruiz', NULL), (2, 'Okafor', 1);
INSERT INTO books (id, title, author, name, pages) VALUES (7, 'Salt', 1, 'Ruiz', 600), (9, 'North', 2, 'okafor', 20);
DELETE FROM log;
"""
CYCLE = """
CREATE TABLE a (id INTEGER PRIMARY KEY, b INT REFERENCES b DEFERRABLE INITIALLY DEFERRED, v TEXT);
CREATE TABLE b (id INTEGER PRIMARY KEY, a INT NOT NULL REFERENCES a ON DELETE CASCADE, v TEXT);
INSERT INTO a VALUES (1, 1, '5');
INSERT INTO b VALUES (1, 1, '6');
"""
REBUILDS: list[dict[str, Any]] = [
    {"change": "alter_column", "column": "pages", "type": "real"},
    {"change": "alter_column", "column": "title", "not_null": False},
    {"change": "reorder_columns", "columns": ["pages", "title"]},
    {"change": "add_column", "column": {"name": "extra", "unique": True}},
    {"change": "add_check", "expression": "length(title) > 1"},
    {"change": "add_unique", "columns": ["title", "pages"]},
]


@pytest.fixture
def linked(client: TestClient) -> TestClient:
    """Tables with everything that can hang on them."""
    execute(client, LINKED)
    return client


def others(client: TestClient, table: str) -> list[Any]:
    """Everything declared besides the table's own text."""
    rows = execute(client, "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
    return sorted(row for row in rows if row[:2] != ("table", table) and not row[2].startswith("_rolltop_"))


def works(client: TestClient) -> None:
    """Triggers fire, views answer, keys cascade, numbers go on."""
    assert client.get("/rest/v1/of%20the%20view?order=title").json() == [{"title": "North"}, {"title": "Salt"}]
    execute(client, "INSERT INTO named (title, author) VALUES ('New', 'ruiz')")
    assert execute(client, "SELECT id, author FROM books WHERE title = 'New'") == [(10, 1)]
    execute(
        client, "UPDATE books SET pages = 3 WHERE title = 'New'; INSERT INTO books (title, pages) VALUES ('More', 2)"
    )
    assert execute(client, "SELECT what FROM log") == [("More",)]
    execute(client, "DELETE FROM log")
    assert execute(client, "SELECT pages FROM books WHERE title = 'More'") == [(3,)]
    execute(client, "UPDATE \"author s\" SET name = 'Rey' WHERE name = 'Ruiz'")
    assert execute(client, "SELECT name FROM books WHERE id = 7") == [("Rey",)]
    execute(client, 'DELETE FROM "author s" WHERE "the id" = 2')
    assert execute(client, "SELECT count(*) FROM books WHERE title = 'North'") == [(0,)]
    whole(client)


class TestRebuild:
    @pytest.mark.parametrize("wish", REBUILDS)
    def test_of_a_child_keeps_what_hangs_on_it(self, linked: TestClient, wish: dict[str, Any]) -> None:
        before = others(linked, "books")
        assert done(linked, "books", wish)["rewritten"] is True
        assert others(linked, "books") == before
        works(linked)

    @pytest.mark.parametrize(
        "wish",
        [
            {"change": "alter_column", "column": "name", "not_null": True},
            {"change": "reorder_columns", "columns": ["name"]},
            {"change": "add_check", "expression": "length(name) > 1"},
        ],
    )
    def test_of_a_parent_keeps_its_children(self, linked: TestClient, wish: dict[str, Any]) -> None:
        before = others(linked, "author s")
        assert done(linked, "author%20s", wish)["rewritten"] is True
        assert others(linked, "author s") == before
        works(linked)

    def test_renames_are_followed_everywhere(self, linked: TestClient) -> None:
        done(linked, "author%20s", {"change": "rename_column", "column": "the id", "name": "number"},
             {"change": "rename", "name": "writers"})  # fmt: skip
        wish = {"change": "rename_column", "column": "title", "name": "heading"}
        refused = change(linked, "books", wish)
        assert code(refused) == (409, "collections.in_use")
        assert "of the view" in [each["name"] for each in refused.json()["details"]["used_by"]]
        seen = linked.post("/api/collections/books/changes/preview", json={"changes": [wish]}).json()
        assert seen["possible"] is False
        falling = {each["name"] for each in seen["dependents"] if each["breaks"]}
        assert falling == {"of the view", "in the view"}
        lost = done(linked, "books", wish, dependents="drop")["lost"]
        assert set(lost) == {"view of the view", "trigger in the view"}
        assert linked.get("/rest/v1/named?select=author,title:heading&order=id").json() == [
            {"author": "Ruiz", "title": "Salt"}, {"author": "Okafor", "title": "North"}]  # fmt: skip
        assert linked.get("/rest/v1/books?select=writers!author(number)&id=eq.7").json() == [{"writers": {"number": 1}}]
        execute(linked, "INSERT INTO books (heading, pages, author) VALUES ('Two', 2, 1)")
        assert execute(linked, "SELECT what FROM log") == [("Two",)]
        whole(linked)

    def test_of_tables_that_refer_to_one_another(self, client: TestClient) -> None:
        execute(client, CYCLE)
        for table in ("a", "b"):
            done(client, table, {"change": "alter_column", "column": "v", "type": "integer"})
        assert client.get("/rest/v1/a?select=v,b!b(v)").json() == [{"v": 5, "b": {"v": 6}}]
        assert "INITIALLY DEFERRED" in client.get("/api/collections/a").json()["sql"]
        client.delete("/rest/v1/a?id=eq.1")
        assert client.get("/rest/v1/b").json() == []
