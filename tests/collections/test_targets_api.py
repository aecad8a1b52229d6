"""Files go into tables that are there: appended, or changing rows by a key; all or nothing; tried before."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.collections.conftest import Importer
from tests.conftest import BASE_URL

from rolltop.app import create_app
from rolltop.collections.imports import load
from rolltop.config import Config
from rolltop.data import Data

FILMS = "id,title,year,rating\n1,Alien,1979,8.5\n2,Brazil,1985,7.9\n3,Clue,1985,7.2\n"


def data_of(client: TestClient) -> Data:
    """The user's file behind the server."""
    data: Data = client.app.data  # type: ignore[attr-defined]
    return data


def execute(client: TestClient, sql: str) -> None:
    """Run SQL as another program might."""
    data_of(client).submit(lambda connection: connection.execute(sql).fetchall()).result()


def hidden_tables(client: TestClient) -> list[str]:
    """Every table of ours that the API does not show, but those that stay once they were made."""
    rows = data_of(client).read_now(
        "SELECT name FROM sqlite_schema WHERE name GLOB '_rolltop_*' "
        "AND name NOT GLOB '_rolltop_log*' AND name NOT GLOB '_rolltop_kept*' AND name NOT GLOB '_rolltop_quarantine*'"
    )
    return [str(row[0]) for row in rows]


def counts(job: dict[str, Any]) -> tuple[int, int, int, int]:
    """Inserted, changed, left alone, refused."""
    assert job["state"] == "done", job["error"]
    result = job["result"]
    return result["inserted"], result["changed"], result["unchanged"], result["refused"]


class TestAppend:
    def test_adds_rows_by_the_names_of_the_columns(self, importer: Importer) -> None:
        importer.table(FILMS)
        draft = importer.send("Rating,TITLE,id\n6.1,Dune,4\n,Eraserhead,5\n")
        job = importer.run(draft["id"], table="films", target="append")
        assert counts(job) == (2, 0, 0, 0)
        assert importer.rows("films")[3:] == [
            {"id": 4, "title": "Dune", "year": None, "rating": 6.1},
            {"id": 5, "title": "Eraserhead", "year": None, "rating": None},
        ]
        assert importer.get(draft["id"])["outcome"]["rows"] == 2

    def test_takes_another_mapping_and_the_types_of_the_table(self, importer: Importer, client: TestClient) -> None:
        importer.table(FILMS)
        execute(client, "CREATE TABLE seen (film TEXT, day DATE, rating REAL, note TEXT DEFAULT 'none')")
        draft = importer.send('name,at,stars,x\n007,31.12.2024,"7,5",1\n')
        columns = [
            {"source": "name", "name": "film"},
            {"source": "at", "name": "day"},
            {"source": "stars", "name": "rating", "type": "text"},
            {"source": "x", "include": False},
        ]
        assert counts(importer.run(draft["id"], table="seen", target="append", columns=columns)) == (1, 0, 0, 0)
        assert importer.rows("seen") == [{"film": "007", "day": "2024-12-31", "rating": 7.5, "note": "none"}]

    def test_is_all_or_nothing_and_names_the_row(self, importer: Importer, client: TestClient) -> None:
        importer.table(FILMS)
        draft = importer.send("id,title\n4,Dune\n2,Brazil\n5,Eraserhead\n")
        job = importer.run(draft["id"], table="films", target="append")
        assert (job["state"], job["error"]["code"]) == ("failed", "imports.row_refused")
        assert job["error"]["message"] == "Row 2, column 'id' ('2'): A row of the table has this value already."
        assert job["error"]["details"]["code"] == "unique"
        assert len(importer.rows("films")) == 3
        assert hidden_tables(client) == []

    def test_a_foreign_table_keeps_its_own_way_of_writing_moments(self, importer: Importer, client: TestClient) -> None:
        execute(client, "CREATE TABLE visits (at DATETIME)")
        draft = importer.send("at\n2024-05-01 10:00:00\n2024-05-02 11:00:00\n")
        importer.run(draft["id"], table="visits", target="append")
        assert importer.rows("visits") == [{"at": "2024-05-01 10:00:00"}, {"at": "2024-05-02 11:00:00"}]

    def test_rows_that_refer_to_later_rows_of_the_same_file(self, importer: Importer, client: TestClient) -> None:
        execute(client, "CREATE TABLE people (id INTEGER PRIMARY KEY, boss INTEGER REFERENCES people (id))")
        lines = "\n".join(f"{number},{number + 3_000}" for number in range(1, 3_001))
        draft = importer.send(f"id,boss\n{lines}\n" + "\n".join(f"{number}," for number in range(3_001, 6_001)))
        assert counts(importer.run(draft["id"], table="people", target="append")) == (6_000, 0, 0, 0)

    def test_keys_that_are_checked_at_commit(self, importer: Importer, client: TestClient) -> None:
        execute(client, "CREATE TABLE parents (id INTEGER PRIMARY KEY); INSERT INTO parents VALUES (1)")
        child = "CREATE TABLE children (parent INTEGER REFERENCES parents DEFERRABLE INITIALLY DEFERRED)"
        execute(client, child)
        draft = importer.send("parent\n1\n2\n1\n")
        job = importer.run(draft["id"], table="children", target="append", bad_rows="quarantine")
        assert counts(job) == (2, 0, 0, 1)
        assert job["result"]["reasons"] == [{"column": "parent", "code": "reference", "cells": 1}]

    @pytest.mark.parametrize(
        ("content", "wish", "status", "code"),
        [
            ("id,name\n1,x\n", {}, 422, "imports.bad_columns"),
            ("id\n1\n", {"columns": [{"source": "id", "name": "nowhere"}]}, 422, "imports.bad_columns"),
            ("id,x\n1,2\n", {"columns": [{"source": "x", "name": "id"}]}, 422, "imports.bad_columns"),
            ("id\n1\n", {"columns": [{"source": "id", "include": False}]}, 422, "imports.bad_columns"),
            ("year\n1\n", {}, 422, "imports.bad_columns"),
            ("id,title,year\n1,x,soon\n", {}, 422, "imports.cell_does_not_fit"),
            ("id,title\n1,x,2\n", {}, 422, "imports.ragged_rows"),
            ("id,title\n1,x\n", {"table": "nothing"}, 404, "imports.table_missing"),
            ("id,title\n1,x\n", {"table": "shown"}, 409, "imports.not_a_table"),
            ("id,title\n1,x\n", {"table": "_rolltop_log"}, 404, "imports.table_missing"),
            ("id,title\n1,x\n", {"target": "update", "key": "title"}, 422, "imports.bad_key"),
            ("title\nx\n", {"target": "update"}, 422, "imports.bad_key"),
            ("id,title\n,x\n1,y\n", {"target": "update"}, 422, "imports.bad_key"),
            ("id,title\n1,x\n", {"target": "update", "key": None}, 422, "imports.bad_key"),
            ("id,title\n1,x\n", {"target": "replace"}, 422, "invalid"),
        ],
    )
    def test_says_why_it_cannot_be(
        self, importer: Importer, client: TestClient, content: str, wish: dict[str, Any], status: int, code: str
    ) -> None:
        execute(client, "CREATE TABLE films (id INTEGER PRIMARY KEY, title TEXT NOT NULL, year INTEGER)")
        execute(client, "CREATE VIEW shown AS SELECT 1 AS id")
        draft = importer.send(content)
        answer = client.post(f"/api/imports/{draft['id']}/run", json={"target": "append", **wish})
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
        assert answer.json().get("hint") or code == "invalid"
        assert importer.rows("films") == []

    def test_columns_that_are_computed_or_hold_bytes(self, importer: Importer, client: TestClient) -> None:
        execute(client, "CREATE TABLE t (a INTEGER, b INTEGER AS (a * 2), c BLOB)")
        draft = importer.send("a,b\n1,2\n")
        answer = client.post(f"/api/imports/{draft['id']}/run", json={"table": "t", "target": "append"})
        assert (answer.status_code, answer.json()["code"]) == (422, "imports.bad_columns")
        draft = importer.send("a,c\n1,\\x00ff\n2,\\x\n")
        assert counts(importer.run(draft["id"], table="t", target="append")) == (2, 0, 0, 0)
        assert [row["c"] for row in importer.rows("t")] == ["\\x00ff", "\\x"]

    def test_a_view_that_is_broken_does_not_matter(self, importer: Importer, client: TestClient) -> None:
        execute(client, "CREATE VIEW broken AS SELECT * FROM nowhere")
        assert len(importer.table(FILMS)) == 3
        execute(client, "DROP VIEW broken")

    def test_a_table_that_is_gone_when_it_comes_to_it(self, importer: Importer, client: TestClient) -> None:
        importer.table(FILMS)
        draft = importer.send(FILMS)
        trigger = "CREATE TRIGGER no BEFORE INSERT ON films BEGIN SELECT RAISE(ROLLBACK, 'closed today'); END"
        execute(client, trigger)
        job = importer.run(draft["id"], table="films", target="append", key=None)
        assert job["state"] == "failed"
        assert len(importer.rows("films")) == 3
        assert hidden_tables(client) == []


class TestUpdate:
    def test_changes_adds_and_leaves_alone(self, importer: Importer) -> None:
        importer.table(FILMS)
        draft = importer.send("id,title,rating\n1,Alien,8.5\n2,Brazil,8.0\n4,Dune,6.1\n")
        job = importer.run(draft["id"], table="films", target="update")
        assert counts(job) == (1, 1, 1, 0)
        assert importer.rows("films") == [
            {"id": 1, "title": "Alien", "year": 1979, "rating": 8.5},
            {"id": 2, "title": "Brazil", "year": 1985, "rating": 8.0},
            {"id": 3, "title": "Clue", "year": 1985, "rating": 7.2},
            {"id": 4, "title": "Dune", "year": None, "rating": 6.1},
        ]

    def test_finds_rows_by_a_unique_key_of_several_columns(self, importer: Importer, client: TestClient) -> None:
        execute(client, "CREATE TABLE prices (shop TEXT, item TEXT, price REAL NOT NULL, UNIQUE (shop, item))")
        execute(client, "INSERT INTO prices VALUES ('a', 'tea', 1), ('a', 'rum', 9), ('b', 'tea', 2)")
        draft = importer.send("item,shop,price\ntea,a,1.5\nrum,a,9\nrum,b,8\n")
        job = importer.run(draft["id"], table="prices", target="update", key=["item", "shop"])
        assert counts(job) == (1, 1, 1, 0)

    def test_changes_some_columns_of_rows_that_need_others(self, importer: Importer, client: TestClient) -> None:
        execute(client, "CREATE TABLE t (id INTEGER PRIMARY KEY, must TEXT NOT NULL, n INTEGER)")
        execute(client, "INSERT INTO t VALUES (1, 'x', 1), (2, 'y', 2)")
        draft = importer.send("id,n\n1,5\n3,6\n")
        job = importer.run(draft["id"], table="t", target="update", bad_rows="quarantine")
        assert counts(job) == (0, 1, 0, 1)
        assert job["result"]["reasons"] == [{"column": "must", "code": "empty", "cells": 1}]

    def test_tells_capitals_apart_as_the_table_does(self, importer: Importer, client: TestClient) -> None:
        execute(client, "CREATE TABLE t (code TEXT COLLATE NOCASE PRIMARY KEY, name TEXT COLLATE NOCASE)")
        execute(client, "INSERT INTO t VALUES ('A', 'first'), ('B', 'second')")
        draft = importer.send("code,name\na,First\nb,second\nB,third\n")
        job = importer.run(draft["id"], table="t", target="update", bad_rows="quarantine")
        assert counts(job) == (0, 1, 1, 1)
        assert job["result"]["reasons"] == [{"column": "code", "code": "twice", "cells": 1}]
        assert importer.rows("t")[0] == {"code": "A", "name": "First"}

    def test_only_the_key_in_the_file_adds_what_is_missing(self, importer: Importer, client: TestClient) -> None:
        execute(client, "CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)")
        draft = importer.send("id\n1\n2\n")
        assert counts(importer.run(draft["id"], table="t", target="update")) == (1, 0, 1, 0)

    def test_the_same_file_again_changes_nothing(self, importer: Importer, nycflights: Callable[[str], Path]) -> None:
        content = nycflights("planes").read_bytes()
        importer.table(content, "planes.csv")
        draft = importer.send(content, "planes.csv")
        assert counts(importer.run(draft["id"], target="update")) == (0, 0, 3_322, 0)


class TestDryRun:
    def test_counts_and_takes_everything_back(self, importer: Importer, client: TestClient) -> None:
        importer.table(FILMS)
        before = importer.rows("films")
        draft = importer.send("id,title\n1,Alien\n2,Brasil\n4,Dune\nx,Eraserhead\n")
        wish: dict[str, Any] = {"table": "films", "target": "update"}
        job = importer.run(draft["id"], dry_run=True, **wish)
        assert counts(job) == (1, 1, 1, 1)
        assert job["result"]["dry_run"] is True
        assert job["result"]["first_refused"] == [
            {
                "row": 4,
                "reasons": [{"code": "type", "column": "id", "value": "x", "message": "'x' is not a whole number."}],
            }
        ]
        assert importer.rows("films") == before
        assert hidden_tables(client) == []
        assert importer.get(draft["id"])["state"] == "ready"
        assert importer.get(draft["id"])["outcome"]["changed"] == 1
        assert counts(importer.run(draft["id"], bad_rows="quarantine", **wish)) == (1, 1, 1, 1)

    def test_of_a_new_table(self, importer: Importer, client: TestClient) -> None:
        draft = importer.send(FILMS)
        assert counts(importer.run(draft["id"], dry_run=True)) == (3, 0, 0, 0)
        assert importer.collections() == []
        assert hidden_tables(client) == []
        execute(client, "CREATE TABLE films (a)")
        taken = client.post(f"/api/imports/{draft['id']}/run", json={"dry_run": True})
        assert taken.json()["code"] == "imports.table_exists"


class TestMapping:
    def test_says_where_columns_would_go_and_what_is_missing(self, importer: Importer, client: TestClient) -> None:
        execute(client, "CREATE TABLE t (id INTEGER PRIMARY KEY, must TEXT NOT NULL, dep_delay INTEGER UNIQUE)")
        draft = importer.send("Dep. delay,other\n5,x\nNone,y\n!,z\n")
        answer = client.get(f"/api/imports/{draft['id']}/mapping?table=t")
        assert answer.status_code == 200
        assert answer.json() == {
            "table": "t",
            "columns": [
                {"source": "dep_delay", "name": "dep_delay", "type": "integer", "reading": None, "misfits": 1},
                {"source": "other", "name": None, "type": None, "reading": None, "misfits": 0},
            ],
            "missing": ["must"],
            "keys": [["id"], ["dep_delay"]],
        }
        assert client.get(f"/api/imports/{draft['id']}/mapping?table=nothing").status_code == 404


class TestFullDisk:
    """SQLite is told that the file may not grow: what a full disk says."""

    TITLE = "a title that takes some room " * 5
    LINES = "id,title\n" + "".join(f"{number},{title}{number}\n" for number, title in enumerate([TITLE] * 30_000))

    @pytest.fixture
    def client(self, tmp_path: Path) -> Iterator[TestClient]:
        """A server of its own: in a file that others have used there are free pages."""
        app = create_app(Config(workspace=tmp_path / "full"))
        with TestClient(app, base_url=BASE_URL, raise_server_exceptions=False) as made:
            made.headers["Authorization"] = f"Bearer {app.sessions.owner_token}"
            yield made

    @pytest.fixture
    def full(self, client: TestClient) -> Iterator[None]:
        execute(client, "CREATE TABLE there (id INTEGER PRIMARY KEY, title TEXT); INSERT INTO there VALUES (-1, 'x')")
        data = data_of(client)
        (pages,) = data.read_now("PRAGMA page_count")[0]
        data.submit(lambda connection: connection.pragma("max_page_count", pages + 60)).result()
        yield
        data.submit(lambda connection: connection.pragma("max_page_count", 1 << 30)).result()

    @pytest.mark.usefixtures("full")
    @pytest.mark.parametrize("wish", [{}, {"table": "there", "target": "append"}])
    def test_leaves_nothing_and_the_server_goes_on(
        self, importer: Importer, client: TestClient, wish: dict[str, Any]
    ) -> None:
        draft = importer.send(self.LINES)
        job = importer.run(draft["id"], **wish)
        assert (job["state"], job["error"]["code"]) == ("failed", "out_of_space")
        assert "Free some space" in job["error"]["hint"]
        assert importer.collections() == ["there"]
        assert client.post("/rest/v1/there", json={"id": -2, "title": "y"}).status_code == 201
        data_of(client).submit(lambda connection: connection.pragma("max_page_count", 1 << 30)).result()
        assert counts(importer.run(draft["id"], **wish)) == (30_000, 0, 0, 0)
        assert hidden_tables(client) == []


def test_a_new_import_leaves_the_tables_of_others_alone(
    importer: Importer, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = f"{load.HIDDEN}one"
    monkeypatch.setattr(load, "_under_way", {one})
    for table in (one, f"{one}_rejected", f"{load.HIDDEN}left"):
        execute(client, f"CREATE TABLE {table} (a)")
    importer.table("id\n1\n")
    importer.send("id\n1\n")

    def hidden() -> set[Any]:
        names = f"SELECT name FROM sqlite_schema WHERE name LIKE '{load.HIDDEN}%'"
        return {row[0] for row in data_of(client).read_now(names)}

    assert hidden() == {one, f"{one}_rejected"}
