"""What hangs on a table lives through its rebuild: rows, keys, rules, views, triggers, whatever their names."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.collections.test_schema_api import change, code, done, execute, make, whole
from tests.collections.test_schema_machine import sqlite3

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
KINDS = ("text", "integer", "real", "decimal", "boolean", "date", "timestamp", "time", "uuid", "json", "blob")
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

    def test_a_trigger_that_waits_for_a_column_does_not_outlive_it(self, client: TestClient) -> None:
        execute(client, """
            CREATE TABLE t (id INTEGER PRIMARY KEY, n INT, m INT); CREATE TABLE log (x);
            CREATE TRIGGER heard AFTER UPDATE OF m, n ON t BEGIN INSERT INTO log VALUES (1); END;
            CREATE TRIGGER seen AFTER UPDATE OF m ON t WHEN new.n > 5 BEGIN INSERT INTO log VALUES (2); END
        """)  # fmt: skip
        wish = {"change": "drop_column", "column": "n"}
        assert code(change(client, "t", wish)) == (409, "collections.in_use")
        seen = client.post("/api/collections/t/changes/preview", json={"changes": [wish]}).json()
        assert {each["name"] for each in seen["dependents"] if each["breaks"]} == {"heard", "seen"}
        assert set(done(client, "t", wish, dependents="drop")["lost"]) == {"column n", "trigger heard", "trigger seen"}
        done(client, "t", {"change": "rename_column", "column": "m", "name": "k"})  # SQLite looks at all triggers

    @pytest.mark.parametrize(
        ("name", "select", "wanted"),
        [
            ("v", "SELECT a FROM w", (422, "collections.bad_expression")),
            ("v", "SELECT a FROM v", (422, "collections.bad_expression")),
            ("v", "SELECT 1 AS a; DROP TABLE t", (422, "collections.bad_expression")),
            ("w", "SELECT nope FROM v", (422, "collections.bad_expression")),
        ],
    )
    def test_views_that_cannot_be(self, client: TestClient, name: str, select: str, wanted: tuple[int, str]) -> None:
        execute(client, "CREATE TABLE t (a); CREATE VIEW v AS SELECT a FROM t; CREATE VIEW w AS SELECT a FROM v")
        answer = change(client, name, {"change": "set_select", "select": select}, dependents="drop")
        assert code(answer) == wanted
        assert client.get("/rest/v1/w").json() == []

    @pytest.mark.parametrize("name", ["ft", "ft_content", "sqlite_sequence", "_rolltop_log", "sqlite_schema", "none"])
    def test_only_tables_and_views_are_changed(self, client: TestClient, name: str) -> None:
        execute(client, "CREATE VIRTUAL TABLE ft USING fts5(x); CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT)")
        assert code(change(client, name, {"change": "add_column", "column": {"name": "a"}}))[0] == 404
        assert code(client.delete(f"/api/collections/{name}"))[0] == 404
        execute(client, "DROP TABLE ft")


class TestOtherPrograms:
    def test_dump_the_file_and_load_it_again(self, linked: TestClient, tmp_path: Path) -> None:
        """All that Rolltop writes is plain SQLite: an older sqlite3 program says it and takes it."""
        make(linked, name="people", columns=[{"name": "mail", "format": "email", "unique": True}])
        make(
            linked,
            name="everything",
            columns=[
                {"name": "id", "type": "integer"},
                *({"name": f"a_{kind}", "type": kind} for kind in KINDS),
                {"name": "kind", "choices": ["a", "it's"], "default": "a"},
                {"name": "page", "format": "url", "max_length": 200},
                {"name": "person", "type": "integer", "references": {"table": "people", "on_delete": "cascade"}},
                {"name": "twice", "type": "integer", "generated": {"expression": "a_integer * 2", "stored": True}},
            ],
            unique=[{"columns": ["kind", "person"]}],
            checks=[{"expression": "a_integer > 0", "name": "positive"}],
            indexes=[{"parts": [{"expression": "lower(kind)"}], "where": "person IS NOT NULL"}],
            search=["page"],
        )
        make(linked, kind="view", name="shown", select="SELECT id, twice FROM everything")
        linked.post("/rest/v1/everything", json={"a_integer": 4, "page": "https://example.org"})
        done(linked, "everything", {"change": "alter_column", "column": "a_real", "type": "text"})
        path = linked.app.data.path  # type: ignore[attr-defined]
        dumped = sqlite3(path, ".dump")
        copy = tmp_path / "copy.db"
        loaded = subprocess.run(["sqlite3", str(copy)], input=dumped, capture_output=True, text=True, check=False)
        assert loaded.stderr == ""
        assert sqlite3(copy, "PRAGMA integrity_check; PRAGMA foreign_key_check; SELECT * FROM shown") == "ok\n1|8\n"
        for name in ("everything", "people", "books", "author s"):
            assert sqlite3(copy, f'SELECT * FROM "{name}"') == sqlite3(path, f'SELECT * FROM "{name}"')
        refused = subprocess.run(
            ["sqlite3", str(copy), "INSERT INTO everything (kind) VALUES ('b')"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert "CHECK constraint failed" in refused.stderr
