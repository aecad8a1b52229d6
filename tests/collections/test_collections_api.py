"""Tables and views over HTTP."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session
from starlette.testclient import TestClient
from tests.conftest import BASE_URL

from rolltop.app import create_app
from rolltop.collections import service, store
from rolltop.config import Config
from rolltop.data import Data


def execute(client: TestClient, sql: str) -> None:
    """Change the file through the one writer."""
    data: Data = client.app.data  # type: ignore[attr-defined]
    data.submit(lambda connection: connection.execute(sql).fetchall()).result()


def listed(client: TestClient) -> dict[str, dict[str, Any]]:
    """Every collection by name."""
    return {each["name"]: each for each in client.get("/api/collections").json()}


class TestListCollections:
    def test_tells_tables_and_views_with_their_sizes(self, client: TestClient) -> None:
        execute(client, "CREATE TABLE b (x, y); INSERT INTO b VALUES (1, 2), (3, 4); CREATE VIEW a AS SELECT x FROM b")
        assert client.get("/api/collections").json() == [
            {"name": "a", "kind": "view", "label": "a", "rows": 2, "columns": 1, "writable": False, "description": ""},
            {"name": "b", "kind": "table", "label": "b", "rows": 2, "columns": 2, "writable": True, "description": ""},
        ]

    def test_counts_again_after_a_change(self, client: TestClient) -> None:
        execute(client, "CREATE TABLE b (id INTEGER PRIMARY KEY, x TEXT); CREATE VIEW a AS SELECT x FROM b")
        assert listed(client)["b"]["rows"] == 0
        client.post("/rest/v1/b", json=[{"x": "1"}, {"x": "2"}])
        assert (listed(client)["b"]["rows"], listed(client)["a"]["rows"]) == (2, 2)
        client.delete("/rest/v1/b?id=eq.1")
        assert (listed(client)["b"]["rows"], listed(client)["a"]["rows"]) == (1, 1)

    def test_counts_a_table_once_until_it_changes(self, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
        execute(client, "CREATE TABLE b (id INTEGER PRIMARY KEY); CREATE TABLE c (id INTEGER PRIMARY KEY)")
        listed(client)
        counted: list[str] = []
        count = service._count_rows

        def _counting(connection: Any, table: Any) -> int | None:
            counted.append(table.name)
            return count(connection, table)

        monkeypatch.setattr(service, "_count_rows", _counting)
        listed(client)
        client.post("/rest/v1/b", json={})
        listed(client)
        listed(client)
        assert counted == ["b"]

    def test_does_not_wait_for_a_view_that_takes_for_ever(self, client: TestClient) -> None:
        numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
        execute(client, f"CREATE VIEW endless AS {numbers} SELECT i FROM n")
        assert listed(client)["endless"]["rows"] is None

    def test_hides_its_own_tables(self, client: TestClient) -> None:
        execute(client, "CREATE TABLE _rolltop_x (a)")
        assert listed(client) == {}
        assert client.get("/api/collections/_rolltop_x").status_code == 404
        execute(client, "DROP TABLE _rolltop_x")

    def test_needs_a_caller(self, anonymous: TestClient) -> None:
        assert anonymous.get("/api/collections").status_code == 401


class TestReadCollection:
    def test_tells_what_the_table_declares(self, client: TestClient) -> None:
        execute(
            client,
            """
            CREATE TABLE authors (id INTEGER PRIMARY KEY);
            CREATE TABLE films (
                id INTEGER PRIMARY KEY,
                code VARCHAR(8) NOT NULL UNIQUE CHECK (length(code) <= 8),
                kind TEXT DEFAULT 'film' CHECK (kind IN ('film', 'series')),
                author INTEGER REFERENCES authors (id),
                twice AS (id * 2)
            )
            """,
        )
        table = client.get("/api/collections/films").json()
        assert table["primary_key"] == ["id"]
        plain = {
            "default": None, "not_null": False, "generated": False, "key": 0, "choices": None,
            "max_length": None, "references": None, "unique": False, "description": "",
            "expression": None, "collation": None,
        }  # fmt: skip
        assert table["columns"] == [
            plain | {"name": "id", "label": "id", "type": "bigint", "declared": "INTEGER", "key": 1, "unique": True},
            plain
            | {"name": "code", "label": "code", "type": "text", "declared": "VARCHAR(8)"}
            | {"not_null": True, "max_length": 8, "unique": True},
            plain
            | {"name": "kind", "label": "kind", "type": "text", "declared": "TEXT"}
            | {"default": "'film'", "choices": ["film", "series"]},
            plain
            | {"name": "author", "label": "author", "type": "bigint", "declared": "INTEGER"}
            | {"references": {"table": "authors", "column": "id"}},
            plain
            | {"name": "twice", "label": "twice", "type": "text", "declared": "", "generated": True}
            | {"expression": "id * 2"},
        ]

    def test_tells_labels(self, client: TestClient) -> None:
        execute(client, "CREATE TABLE b (x)")
        client.get("/api/collections")
        with client.app._back.result().state.database.write() as session:  # type: ignore[attr-defined]
            _label(session)
        assert listed(client)["b"]["label"] == "The Bs"
        assert client.get("/api/collections/b").json()["columns"][0]["label"] == "The x"

    def test_does_not_know_every_name(self, client: TestClient) -> None:
        answer = client.get("/api/collections/nothing")
        assert (answer.status_code, answer.json()["code"]) == (404, "collections.unknown")


def _label(session: Session) -> None:
    store.remember(session, "b", {"": "The Bs", "x": "The x"})


class TestDeleteCollection:
    def test_deletes_tables_and_views_and_their_labels(self, client: TestClient) -> None:
        execute(client, "CREATE TABLE b (x); CREATE VIEW a AS SELECT 1 AS one")
        client.get("/api/collections")
        with client.app._back.result().state.database.write() as session:  # type: ignore[attr-defined]
            _label(session)
        assert client.delete("/api/collections/b").status_code == 204
        assert client.delete("/api/collections/a").status_code == 204
        assert listed(client) == {}
        execute(client, "CREATE TABLE b (x)")
        assert listed(client)["b"]["label"] == "b"

    def test_refuses_one_that_others_refer_to(self, client: TestClient) -> None:
        execute(client, "CREATE TABLE b (id INTEGER PRIMARY KEY); CREATE TABLE c (b REFERENCES b)")
        answer = client.delete("/api/collections/b")
        assert (answer.status_code, answer.json()["code"]) == (409, "collections.still_referenced")
        assert answer.json()["details"] == {"referenced_by": ["c"]}
        assert set(listed(client)) == {"b", "c"}

    @pytest.mark.parametrize("name", ["nothing", "sqlite_schema", "b%22;%20DROP%20TABLE%20b;--"])
    def test_does_not_know_every_name(self, client: TestClient, name: str) -> None:
        execute(client, "CREATE TABLE b (x)")
        assert client.delete(f"/api/collections/{name}").status_code == 404
        assert set(listed(client)) == {"b"}


class TestInPlace:
    @pytest.fixture
    def shop(self, tmp_path: Path, chinook: Path) -> Iterator[TestClient]:
        """A file of another program, served in place."""
        path = tmp_path / "chinook.sqlite"
        shutil.copy(chinook, path)
        app = create_app(Config(workspace=tmp_path / "workspace", data=path))
        with TestClient(app, base_url=BASE_URL, raise_server_exceptions=False) as made:
            made.headers["Authorization"] = f"Bearer {app.sessions.owner_token}"
            yield made

    def test_is_told_as_it_is(self, shop: TestClient) -> None:
        tables = listed(shop)
        assert (tables["Track"]["rows"], tables["Invoice"]["rows"]) == (3_503, 412)
        album = shop.get("/api/collections/Album").json()
        assert album["columns"][2]["references"] == {"table": "Artist", "column": "ArtistId"}

    def test_takes_an_import(self, shop: TestClient, nycflights: Callable[[str], Path]) -> None:
        headers = {"Content-Type": "text/csv"}
        content = nycflights("airlines").read_bytes()
        draft = shop.post("/api/imports?name=airlines.csv", content=content, headers=headers).json()
        while shop.get(f"/api/imports/{draft['id']}").json()["state"] == "scanning":
            pass
        job = shop.post(f"/api/imports/{draft['id']}/run", json={}).json()["id"]
        while shop.get(f"/api/jobs/{job}").json()["ended"] is None:
            pass
        assert listed(shop)["airlines"]["rows"] == 16
