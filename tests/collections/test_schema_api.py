"""Tables made and changed over HTTP, and what is in the file afterwards."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest
from starlette.testclient import TestClient
from tests.conftest import BASE_URL

from rolltop.app import create_app
from rolltop.config import Config
from rolltop.data import Data

FILMS = {
    "name": "films",
    "label": "Films",
    "columns": [
        {"name": "title", "not_null": True, "label": "Title"},
        {"name": "year", "type": "integer", "check": "year > 1880"},
        {"name": "kind", "choices": ["film", "series"], "default": "film"},
    ],
}


def execute(client: TestClient, sql: str) -> list[Any]:
    """Run SQL through the one writer."""
    data: Data = client.app.data  # type: ignore[attr-defined]
    return data.submit(lambda connection: connection.execute(sql).fetchall()).result()


def make(client: TestClient, **wish: Any) -> dict[str, Any]:
    """A new table that must be possible."""
    answer = client.post("/api/collections", json=wish)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def change(client: TestClient, name: str, *changes: dict[str, Any], **more: Any) -> Any:
    """Send changes."""
    return client.post(f"/api/collections/{name}/changes", json={"changes": changes, **more})


def done(client: TestClient, name: str, *changes: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Send changes that must be possible; the file is whole afterwards."""
    answer = change(client, name, *changes, **more)
    assert answer.status_code == 200, answer.text
    whole(client)
    found: dict[str, Any] = answer.json()
    return found


def whole(client: TestClient) -> None:
    """SQLite finds nothing wrong."""
    assert execute(client, "PRAGMA integrity_check") == [("ok",)]
    assert execute(client, "PRAGMA foreign_key_check") == []


def names(detail: dict[str, Any]) -> list[str]:
    """The columns in their order."""
    return [column["name"] for column in detail["columns"]]


@pytest.fixture
def films(client: TestClient) -> TestClient:
    """A table of three films."""
    make(client, **FILMS)
    rows = [{"title": "Metropolis", "year": 1927}, {"title": "M", "year": 1931}, {"title": "Faust", "year": None}]
    assert client.post("/rest/v1/films", json=rows).status_code == 201
    return client


def code(answer: Any) -> tuple[int, str]:
    """Status and code; the four fields must be there."""
    body = answer.json()
    assert {"code", "message", "details", "hint"} <= body.keys(), answer.text
    assert body["hint"], answer.text
    return answer.status_code, body["code"]


class TestCreate:
    def test_makes_a_table_that_other_tools_read(self, client: TestClient) -> None:
        made = make(client, **FILMS)
        assert names(made) == ["id", "title", "year", "kind"]
        assert (made["label"], made["columns"][1]["label"], made["primary_key"]) == ("Films", "Title", ["id"])
        assert made["columns"][3]["choices"] == ["film", "series"]
        assert client.post("/rest/v1/films", json={"title": "M", "year": 1931}).status_code == 201
        assert client.get("/rest/v1/films").json() == [{"id": 1, "title": "M", "year": 1931, "kind": "film"}]
        assert client.post("/rest/v1/films", json={"title": "M", "year": 12}).json()["code"] == "23514"
        assert "/rest/v1/films" in client.get("/openapi.json").json()["paths"]
        path = client.app.data.path  # type: ignore[attr-defined]
        other = apsw.Connection(str(path))
        assert other.execute("SELECT title FROM films").fetchall() == [("M",)]
        with pytest.raises(apsw.ConstraintError):
            other.execute("INSERT INTO films (title, kind) VALUES ('x', 'play')")
        other.close()

    def test_makes_every_type(self, client: TestClient) -> None:
        kinds = ["text", "integer", "real", "decimal", "boolean", "date", "timestamp", "time", "uuid", "json", "blob"]
        made = make(client, name="all", columns=[{"name": f"a_{kind}", "type": kind} for kind in kinds])
        assert [column["declared"] for column in made["columns"][1:]] == [kind.upper() for kind in kinds]
        whole(client)

    def test_makes_keys_rules_references_indexes_and_search(self, client: TestClient) -> None:
        make(client, name="people", columns=[{"name": "name", "format": "email", "unique": True}])
        made = make(
            client,
            name="books",
            columns=[
                {"name": "id", "type": "integer"},
                {"name": "title", "max_length": 20},
                {"name": "author", "type": "integer", "references": {"table": "people", "on_delete": "cascade"}},
                {"name": "pages", "type": "integer"},
                {"name": "thick", "type": "boolean", "generated": {"expression": "pages > 500"}},
            ],
            unique=[{"columns": ["title", "author"]}],
            checks=[{"expression": "pages > 0 OR title IS NULL", "name": "has_pages"}],
            indexes=[{"parts": [{"column": "pages", "descending": True}], "where": "pages IS NOT NULL"}],
            search=["title"],
        )
        assert made["search"] == ["title"]
        assert made["indexes"][0]["name"] == "books_pages_index"
        assert made["checks"][-1] == {"name": "has_pages", "expression": "pages > 0 OR title IS NULL"}
        assert made["foreign_keys"][0]["on_delete"] == "CASCADE"
        assert made["columns"][4]["expression"] == "pages > 500"
        client.post("/rest/v1/people", json={"id": 1, "name": "a@example.org"})
        client.post("/rest/v1/books", json={"title": "Running dogs", "author": 1, "pages": 600})
        assert execute(client, "SELECT rowid FROM books_fts('run')") == [(1,)]
        client.patch("/rest/v1/books?id=eq.1", json={"title": "Sleeping cats"})
        assert execute(client, "SELECT rowid FROM books_fts('run')") == []
        assert client.get("/rest/v1/books?select=thick").json() == [{"thick": True}]
        assert [each["name"] for each in client.get("/api/collections").json()] == ["books", "people"]
        client.delete("/rest/v1/people?id=eq.1")
        assert execute(client, "SELECT rowid FROM books_fts('cat')") == []
        whole(client)

    def test_makes_views(self, films: TestClient) -> None:
        made = make(films, kind="view", name="old", select="SELECT title FROM films WHERE year < 1930;")
        assert (made["kind"], names(made)) == ("view", ["title"])
        assert films.get("/rest/v1/old").json() == [{"title": "Metropolis"}]

    @pytest.mark.parametrize(
        ("wish", "wanted", "place"),
        [
            ({"name": "sqlite_x"}, (422, "collections.bad_name"), "name"),
            ({"name": "_rolltop_x"}, (422, "collections.bad_name"), "name"),
            ({"name": "a b"}, (422, "collections.bad_name"), "name"),
            ({"name": "x" * 64}, (422, "collections.bad_name"), "name"),
            ({"name": "FILMS"}, (409, "collections.name_taken"), "name"),
            ({"columns": [{"name": "a"}, {"name": "A"}]}, (409, "collections.name_taken"), "columns.1.name"),
            ({"columns": [{"name": "1"}]}, (422, "collections.bad_name"), "columns.0.name"),
            ({"primary_key": ["b"]}, (422, "collections.no_such_column"), "primary_key.0"),
            ({"columns": [{"name": "a", "check": "a > "}]}, (422, "collections.bad_expression"), "columns.0.check"),
            ({"columns": [{"name": "a", "check": "1) , (2"}]}, (422, "collections.bad_expression"), "columns.0.check"),
            ({"columns": [{"name": "a", "check": "1 -- x"}]}, (422, "collections.bad_expression"), "columns.0.check"),
            ({"columns": [{"name": "a", "check": "zap(a)"}]}, (422, "collections.bad_expression"), "columns.0.check"),
            (
                {"columns": [{"name": "a", "check": "load_extension(a)"}]},
                (422, "collections.bad_expression"),
                "columns.0.check",
            ),
            (
                {"columns": [{"name": "a", "check": "a > date('now')"}]},
                (422, "collections.bad_expression"),
                "columns.0.check",
            ),
            (
                {"columns": [{"name": "a", "check": "random() > 0"}]},
                (422, "collections.bad_expression"),
                "columns.0.check",
            ),
            ({"columns": [{"name": "a", "check": "b > 0"}]}, (422, "collections.bad_expression"), "columns.0.check"),
            (
                {"columns": [{"name": "a", "type": "integer", "default": "x"}]},
                (422, "collections.bad_default"),
                "columns.0.default",
            ),
            (
                {"columns": [{"name": "a", "choices": ["x"], "default": "y"}]},
                (422, "collections.bad_default"),
                "columns.0.default",
            ),
            (
                {"columns": [{"name": "a", "type": "timestamp", "default_expression": "CURRENT_TIMESTAMP"}]},
                (422, "collections.bad_default"),
                "columns.0.default",
            ),
            (
                {"columns": [{"name": "a", "references": {"table": "nowhere"}}]},
                (422, "collections.bad_reference"),
                "columns.0.references.table",
            ),
            (
                {"columns": [{"name": "a", "references": {"table": "films"}}]},
                (422, "collections.bad_reference"),
                "columns.0.references",
            ),
            (
                {"columns": [{"name": "a", "references": {"table": "films", "columns": ["title"]}}]},
                (422, "collections.bad_reference"),
                "columns.0.references.columns",
            ),
            (
                {
                    "columns": [
                        {"name": "a", "generated": {"expression": "b"}},
                        {"name": "b", "generated": {"expression": "a"}},
                        {"name": "c"},
                    ]
                },
                (422, "collections.refused"),
                None,
            ),
            (
                {"columns": [{"name": "a", "generated": {"expression": "1"}}], "primary_key": []},
                (422, "collections.bad_columns"),
                "columns",
            ),
            (
                {"columns": [{"name": "a"}], "primary_key": [], "search": ["a"]},
                (422, "collections.bad_search"),
                "search",
            ),
            (
                {"columns": [{"name": "a", "type": "json", "choices": ["x"]}]},
                (422, "collections.bad_rule"),
                "columns.0.choices",
            ),
        ],
    )
    def test_refuses_what_cannot_be(
        self, films: TestClient, wish: dict[str, Any], wanted: tuple[int, str], place: str | None
    ) -> None:
        before = execute(films, "SELECT * FROM sqlite_schema")
        answer = films.post("/api/collections", json={"name": "t", "columns": [{"name": "a"}], **wish})
        assert code(answer) == wanted, answer.text
        if place is not None:
            assert answer.json()["details"]["place"] == place
        assert execute(films, "SELECT * FROM sqlite_schema") == before

    @pytest.mark.parametrize(
        "select",
        [
            "DELETE FROM films",
            "SELECT 1; DROP TABLE films",
            "SELECT * FROM nowhere",
            "SELECT * FROM sqlite_schema",
            "SELECT load_extension('x')",
            "SELECT rolltop_lower('x')",
            "SELECT ?",
            "SELECT (1",
            "SELECT 'x",
            "WITH a AS (SELECT 1) DELETE FROM films",
            "SELECT * FROM pragma_table_list",
        ],
    )
    def test_refuses_views_that_do_more_than_read(self, films: TestClient, select: str) -> None:
        answer = films.post("/api/collections", json={"kind": "view", "name": "v", "select": select})
        assert code(answer) == (422, "collections.bad_expression"), answer.text

    @pytest.mark.parametrize("rule", ['"default": "\\ud800"', '"choices": ["\\ud800"]', '"default": "\\u0000"'])
    def test_refuses_halves_of_characters(self, client: TestClient, rule: str) -> None:
        body = f'{{"name": "t", "columns": [{{"name": "a", {rule}}}]}}'
        answer = client.post("/api/collections", content=body, headers={"Content-Type": "application/json"})
        assert code(answer) == (422, "collections.bad_default")

    def test_needs_the_right(self, anonymous: TestClient) -> None:
        assert anonymous.post("/api/collections", json=FILMS).status_code == 401
        assert anonymous.post("/api/collections/films/changes", json={"changes": []}).status_code == 401
        assert anonymous.post("/api/collections/films/changes/preview", json={"changes": []}).status_code == 401


class TestChange:
    def test_adds_renames_reorders_and_drops(self, films: TestClient) -> None:
        found = done(
            films,
            "films",
            {"change": "rename_column", "column": "title", "name": "name"},
            {"change": "add_column", "column": {"name": "seen", "type": "boolean", "default": False}, "before": "year"},
            {"change": "drop_column", "column": "kind"},
            {"change": "reorder_columns", "columns": ["year", "id"]},
            {"change": "rename", "name": "movies"},
        )
        assert names(found["collection"]) == ["year", "id", "name", "seen"]
        assert found["collection"]["columns"][2]["label"] == "Title"
        assert (found["collection"]["label"], found["lost"]) == ("Films", ["column kind"])
        assert films.get("/rest/v1/movies?id=eq.1").json() == [
            {"year": 1927, "id": 1, "name": "Metropolis", "seen": False}
        ]
        assert films.get("/rest/v1/films").status_code == 404

    def test_adds_a_last_column_without_writing_the_rows(self, films: TestClient) -> None:
        wish = {"change": "add_column", "column": {"name": "note", "default": "-"}}
        assert done(films, "films", wish)["rewritten"] is False
        assert films.get("/rest/v1/films?select=note&limit=1").json() == [{"note": "-"}]

    def test_retypes_when_told_what_to_do(self, films: TestClient) -> None:
        films.patch("/rest/v1/films?id=eq.2", json={"title": "7"})
        wish = {"change": "alter_column", "column": "title", "type": "integer", "not_null": False}
        answer = change(films, "films", wish)
        assert code(answer) == (409, "collections.rows_in_the_way")
        finding = answer.json()["details"]["findings"][0]
        assert (finding["kind"], finding["rows"]) == ("misfits", 2)
        assert finding["samples"][0] == {"key": {"id": 1}, "values": {"title": "Metropolis"}}
        found = done(films, "films", wish | {"misfits": "null"})
        assert found["findings"][0]["resolved"] is True
        assert found["collection"]["columns"][1]["type"] == "bigint"
        assert [row["title"] for row in films.get("/rest/v1/films?order=id").json()] == [None, 7, None]

    def test_keeps_misfits_as_they_are_when_told_so(self, films: TestClient) -> None:
        done(films, "films", {"change": "alter_column", "column": "title", "type": "integer", "misfits": "keep"})
        assert [row["title"] for row in films.get("/rest/v1/films?order=id").json()] == ["Metropolis", "M", "Faust"]

    def test_asks_before_a_fraction_is_lost(self, client: TestClient) -> None:
        make(client, name="t", columns=[{"name": "x", "type": "real"}])
        client.post("/rest/v1/t", json=[{"x": 1.0}, {"x": 2.5}])
        wish = {"change": "alter_column", "column": "x", "type": "integer"}
        answer = change(client, "t", wish)
        assert answer.json()["details"]["findings"][0]["kind"] == "losses"
        done(client, "t", wish | {"losses": "accept"})
        assert client.get("/rest/v1/t?select=x").json() == [{"x": 1}, {"x": 3}]

    @pytest.mark.parametrize(
        ("wish", "kind", "rows"),
        [
            ({"change": "alter_column", "column": "year", "not_null": True}, "nulls", 1),
            ({"change": "add_column", "column": {"name": "must", "not_null": True}}, "nulls", 3),
            ({"change": "alter_column", "column": "kind", "unique": True}, "duplicates", 3),
            ({"change": "set_primary_key", "columns": ["kind"]}, "duplicates", 3),
            ({"change": "set_primary_key", "columns": ["year"]}, "nulls", 1),
            ({"change": "add_unique", "columns": ["kind"]}, "duplicates", 3),
            ({"change": "add_check", "expression": "year > 1930"}, "check", 1),
            ({"change": "alter_column", "column": "kind", "choices": ["play"], "default": "play"}, "check", 3),
            ({"change": "alter_column", "column": "title", "max_length": 5}, "check", 1),
            ({"change": "add_index", "parts": [{"column": "kind"}], "unique": True}, "duplicates", 3),
            ({"change": "alter_column", "column": "year", "references": {"table": "films"}}, "orphans", 2),
        ],
    )
    def test_names_the_rows_in_the_way(self, films: TestClient, wish: dict[str, Any], kind: str, rows: int) -> None:
        before = execute(films, "SELECT * FROM sqlite_schema")
        shown = films.post("/api/collections/films/changes/preview", json={"changes": [wish]}).json()
        assert shown["possible"] is False, shown
        answer = change(films, "films", wish)
        assert code(answer) == (409, "collections.rows_in_the_way"), answer.text
        finding = answer.json()["details"]["findings"][0]
        assert (finding["kind"], finding["rows"]) == (kind, rows)
        assert finding["samples"]
        assert finding["samples"][0]["key"]["id"] in (1, 2, 3)
        assert execute(films, "SELECT * FROM sqlite_schema") == before

    def test_previews_without_doing(self, films: TestClient) -> None:
        execute(films, "CREATE VIEW old AS SELECT title, year FROM films")
        before = execute(films, "SELECT * FROM sqlite_schema")
        body = {"changes": [{"change": "drop_column", "column": "year"}]}
        shown = films.post("/api/collections/films/changes/preview", json=body).json()
        assert (shown["possible"], shown["rows"], shown["lost"]) == (False, 3, ["column year", "view old"])
        assert shown["dependents"] == [{"kind": "view", "name": "old", "table": None, "column": "year", "breaks": True}]
        assert execute(films, "SELECT * FROM sqlite_schema") == before
        answer = change(films, "films", *body["changes"])
        assert code(answer) == (409, "collections.in_use")
        assert answer.json()["details"]["used_by"][0]["name"] == "old"
        done(films, "films", *body["changes"], dependents="drop")
        assert [each["name"] for each in films.get("/api/collections").json()] == ["films"]

    def test_tells_what_other_parts_use(self, films: TestClient) -> None:
        from rolltop.collections.schema import Use

        uses = films.app._back.result().state.uses  # type: ignore[attr-defined]
        uses.register(lambda _, columns: [Use("query", "by_year", "year")] if "year" in columns else [])
        body = {"changes": [{"change": "alter_column", "column": "year", "type": "text"}]}
        shown = films.post("/api/collections/films/changes/preview", json=body).json()
        assert {"kind": "query", "name": "by_year", "table": None, "column": "year", "breaks": None} in shown[
            "dependents"
        ]

    def test_drops_what_cannot_be_without_a_column(self, films: TestClient) -> None:
        done(
            films,
            "films",
            {"change": "add_unique", "columns": ["title", "year"]},
            {"change": "add_index", "parts": [{"column": "year"}]},
        )
        done(
            films,
            "films",
            {
                "change": "add_column",
                "column": {"name": "age", "type": "integer", "generated": {"expression": "2024 - year"}},
            },
        )
        wish = {"change": "drop_column", "column": "year"}
        assert code(change(films, "films", wish)) == (409, "collections.in_use")
        found = done(films, "films", wish, dependents="drop")
        assert names(found["collection"]) == ["id", "title", "kind"]
        assert (found["collection"]["indexes"], found["collection"]["unique"]) == ([], [])

    def test_keeps_foreign_keys_of_others(self, films: TestClient) -> None:
        make(
            films,
            name="notes",
            columns=[{"name": "film", "type": "integer", "references": {"table": "films", "on_delete": "cascade"}}],
        )
        films.post("/rest/v1/notes", json=[{"film": 1}, {"film": 2}])
        done(films, "films", {"change": "alter_column", "column": "title", "not_null": False})
        assert len(films.get("/rest/v1/notes").json()) == 2
        assert code(films.delete("/api/collections/films")) == (409, "collections.still_referenced")
        assert code(change(films, "films", {"change": "set_primary_key", "columns": ["title"]}))[0] == 409
        assert films.delete("/api/collections/films?dependents=drop").status_code == 204
        assert films.get("/api/collections/notes").json()["foreign_keys"] == []
        assert len(films.get("/rest/v1/notes").json()) == 2
        whole(films)

    def test_search_follows(self, films: TestClient) -> None:
        found = done(films, "films", {"change": "set_search", "columns": ["title", "kind"]})
        assert found["collection"]["search"] == ["title", "kind"]
        found = done(
            films,
            "films",
            {"change": "rename_column", "column": "title", "name": "name"},
            {"change": "alter_column", "column": "name", "not_null": False},
            {"change": "rename", "name": "movies"},
        )
        assert found["collection"]["search"] == ["name", "kind"]
        assert execute(films, "SELECT rowid FROM movies_fts('metropolis')") == [(1,)]
        films.post("/rest/v1/movies", json={"name": "Nosferatu"})
        assert execute(films, "SELECT rowid FROM movies_fts('nosferatu')") == [(4,)]
        done(films, "movies", {"change": "set_search", "columns": []})
        assert execute(films, "SELECT count(*) FROM sqlite_schema WHERE name LIKE '%fts%'") == [(0,)]

    def test_refuses_when_somebody_else_came_first(self, films: TestClient) -> None:
        seen = films.get("/api/collections/films").json()["version"]
        done(films, "films", {"change": "add_column", "column": {"name": "note"}}, version=seen)
        answer = change(films, "films", {"change": "drop_column", "column": "kind"}, version=seen)
        assert code(answer) == (409, "collections.changed")
        assert answer.json()["details"]["differences"] == ["column note is new"]
        now = answer.json()["details"]["version"]
        done(films, "films", {"change": "drop_column", "column": "kind"}, version=now)

    @pytest.mark.parametrize(
        ("wish", "wanted"),
        [
            ({"change": "drop_column", "column": "nothing"}, (422, "collections.no_such_column")),
            ({"change": "rename_column", "column": "year", "name": "TITLE"}, (409, "collections.name_taken")),
            ({"change": "rename_column", "column": "year", "name": ""}, (422, "invalid")),
            ({"change": "rename", "name": "sqlite_films"}, (422, "collections.bad_name")),
            (
                {"change": "alter_column", "column": "year", "type": "boolean", "default": 7},
                (422, "collections.bad_default"),
            ),
            ({"change": "alter_column", "column": "kind", "type": "integer"}, (422, "collections.bad_default")),
            ({"change": "add_check", "expression": "year > ("}, (422, "collections.bad_expression")),
            ({"change": "drop_check", "name": "nothing"}, (422, "collections.not_there")),
            ({"change": "drop_index", "name": "nothing"}, (422, "collections.not_there")),
            ({"change": "drop_unique", "columns": ["year"]}, (422, "collections.not_there")),
            ({"change": "drop_foreign_key", "from_columns": ["year"]}, (422, "collections.not_there")),
            ({"change": "set_select", "select": "SELECT 1"}, (422, "collections.wrong_kind")),
            ({"change": "reorder_columns", "columns": ["id", "ID"]}, (422, "collections.bad_columns")),
            ({"change": "add_foreign_key", "from_columns": ["year"], "table": "x"}, (422, "collections.bad_reference")),
            ({"change": "add_index", "parts": [{}]}, (422, "collections.bad_rule")),
        ],
    )
    def test_refuses_what_cannot_be(self, films: TestClient, wish: dict[str, Any], wanted: tuple[int, str]) -> None:
        before = execute(films, "SELECT * FROM sqlite_schema")
        answer = change(films, "films", wish)
        if wanted[1] == "invalid":
            assert answer.status_code == 422
        else:
            assert code(answer) == wanted, answer.text
            assert answer.json()["details"]["place"].startswith("changes.0"), answer.text
        assert execute(films, "SELECT * FROM sqlite_schema") == before

    def test_refuses_to_drop_the_last_column(self, client: TestClient) -> None:
        make(client, name="t", columns=[{"name": "a"}], primary_key=[])
        assert code(change(client, "t", {"change": "drop_column", "column": "a"})) == (422, "collections.bad_columns")

    def test_changes_views(self, films: TestClient) -> None:
        make(films, kind="view", name="v", select="SELECT title FROM films")
        found = done(
            films, "v", {"change": "set_select", "select": "SELECT year FROM films"}, {"change": "rename", "name": "w"}
        )
        assert names(found["collection"]) == ["year"]
        assert code(change(films, "w", {"change": "drop_column", "column": "year"})) == (422, "collections.wrong_kind")

    def test_describes(self, films: TestClient) -> None:
        found = done(
            films,
            "films",
            {"change": "describe", "description": "Silent and early ones."},
            {"change": "describe", "column": "year", "label": "Year of release", "description": "At the première."},
        )["collection"]
        assert found["description"] == "Silent and early ones."
        assert (found["columns"][2]["label"], found["columns"][2]["description"]) == (
            "Year of release",
            "At the première.",
        )
        done(films, "films", {"change": "rename_column", "column": "year", "name": "released"})
        found = films.get("/api/collections/films").json()
        assert found["columns"][2]["label"] == "Year of release"


ODD = [
    "CREATE TABLE t (a TEXT, b INT, v TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID; INSERT INTO t VALUES ('x', 1, '5')",
    "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT, r REAL) STRICT; INSERT INTO t VALUES (3, '5', 1.5)",
    """
    CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, v TEXT COLLATE NOCASE DEFAULT ('a' || 'b'));
    INSERT INTO t VALUES (9, '5')
    """,
    "CREATE TABLE t (v TEXT, w AS (v || '!') STORED, x INT AS (length(w))); INSERT INTO t VALUES ('5')",
    """
    CREATE TABLE t (v TEXT, "a b" [odd type] CHECK ("a b" <> 'x'), `select` TEXT UNIQUE ON CONFLICT REPLACE, ü TEXT);
    INSERT INTO t VALUES ('5', 1, 2, 3)
    """,
    """
    CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT, p INT REFERENCES t ON DELETE SET NULL);
    INSERT INTO t VALUES (1, '5', NULL), (2, '6', 1);
    CREATE INDEX i ON t (lower(v)) WHERE v IS NOT NULL;
    CREATE VIEW a AS SELECT v FROM t; CREATE VIEW b AS SELECT v FROM a;
    CREATE TABLE log (x);
    CREATE TRIGGER g AFTER UPDATE OF v ON t BEGIN INSERT INTO log VALUES (new.v); END
    """,
    """
    CREATE TABLE t (v TEXT, n INT CHECK ("T".n > 0 AND t . n <> 't.n'), CHECK (t.n < 9));
    INSERT INTO t VALUES ('5', 1)
    """,
    """
    CREATE TABLE t (v TEXT /* why */, -- the value
      w TEXT DEFAULT 'x' NOT NULL, CONSTRAINT one CHECK (v <> ')') UNIQUE (w, v));
    INSERT INTO t VALUES ('5', 'y')
    """,
]


class TestOddFiles:
    @pytest.mark.parametrize("sql", ODD)
    def test_keep_what_is_not_changed(self, client: TestClient, sql: str) -> None:
        execute(client, sql)
        before = client.get("/api/collections/t").json()
        rows = client.get("/rest/v1/t").json()
        wanted = (
            "SELECT type, name, sql FROM sqlite_schema "
            "WHERE name <> 't' AND tbl_name NOT GLOB '_rolltop_*' AND name <> 'sqlite_sequence' ORDER BY name"
        )
        others = execute(client, wanted)
        found = done(client, "t", {"change": "alter_column", "column": "v", "type": "integer", "default": None})
        assert found["rewritten"] is True
        now = found["collection"]
        assert [{**row, "v": str(row["v"])} for row in client.get("/rest/v1/t").json()] == rows
        assert execute(client, wanted) == others
        for kept in ("primary_key", "foreign_keys", "indexes", "triggers", "strict", "without_rowid", "unique"):
            assert now[kept] == before[kept]
        for one, two in zip(before["columns"], now["columns"], strict=True):
            if one["name"] != "v":
                assert one == two
        assert ("AUTOINCREMENT" in now["sql"]) == ("AUTOINCREMENT" in sql)
        assert ("the value" in now["sql"]) == ("the value" in sql)

    def test_counting_goes_on_where_it_was(self, client: TestClient) -> None:
        execute(
            client,
            "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, v TEXT);"
            "INSERT INTO t VALUES (70, 'x'); DELETE FROM t",
        )
        done(client, "t", {"change": "alter_column", "column": "v", "not_null": True})
        client.post("/rest/v1/t", json={"v": "y"})
        assert client.get("/rest/v1/t").json() == [{"id": 71, "v": "y"}]

    def test_a_view_that_is_broken_already_is_named(self, client: TestClient) -> None:
        execute(client, "CREATE TABLE t (v); CREATE TABLE u (v); CREATE VIEW old AS SELECT v FROM u; DROP TABLE u")
        done(client, "t", {"change": "alter_column", "column": "v", "type": "text"})
        answer = change(client, "t", {"change": "rename_column", "column": "v", "name": "w"})
        assert code(answer) == (422, "collections.refused")
        assert "old" in answer.json()["message"]
        assert "repair" in answer.json()["hint"]
        execute(client, "DROP VIEW old")

    def test_names_of_any_kind_are_renamed(self, client: TestClient) -> None:
        execute(
            client,
            'CREATE TABLE "select ""x""" ("a b" TEXT, "from" INT); CREATE VIEW v AS SELECT "a b" FROM "select ""x"""',
        )
        name = "select%20%22x%22"
        done(
            client,
            name,
            {"change": "rename_column", "column": "a b", "name": "ab"},
            {"change": "drop_column", "column": "from"},
            {"change": "rename", "name": "plain"},
        )
        assert client.get("/rest/v1/plain").json() == []
        assert client.get("/rest/v1/v").status_code == 200

    @pytest.fixture
    def shop(self, tmp_path: Path, chinook: Path) -> Iterator[TestClient]:
        """Chinook, served in place."""
        path = tmp_path / "chinook.sqlite"
        path.write_bytes(chinook.read_bytes())
        app = create_app(Config(workspace=tmp_path / "workspace", data=path))
        with TestClient(app, base_url=BASE_URL, raise_server_exceptions=False) as made:
            made.headers["Authorization"] = f"Bearer {app.sessions.owner_token}"
            yield made

    def test_chinook(self, shop: TestClient) -> None:
        before = shop.get("/rest/v1/Track?select=TrackId,Milliseconds&order=TrackId").json()
        keys = shop.get("/api/collections/Track").json()["foreign_keys"]
        found = done(
            shop,
            "Track",
            {"change": "rename_column", "column": "Milliseconds", "name": "Length"},
            {"change": "alter_column", "column": "Length", "type": "text"},
            {"change": "alter_column", "column": "UnitPrice", "type": "real"},
        )
        assert found["collection"]["foreign_keys"] == keys
        after = shop.get("/rest/v1/Track?select=TrackId,Milliseconds:Length&order=TrackId").json()
        assert [{**row, "Milliseconds": int(row["Milliseconds"])} for row in after] == before
        assert shop.get("/rest/v1/PlaylistTrack?select=Track(Length)&limit=1").status_code == 200
        answer = change(shop, "Artist", {"change": "drop_column", "column": "ArtistId"})
        assert code(answer) == (409, "collections.in_use")
        assert {"foreign key", "primary key"} <= {each["kind"] for each in answer.json()["details"]["used_by"]}
