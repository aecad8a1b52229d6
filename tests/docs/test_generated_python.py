"""The Python that a generator makes of the whole document: it imports, and it takes the rows as they really come."""

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote

import apsw
import pytest
from pydantic import BaseModel
from starlette.testclient import TestClient
from tests.conftest import BASE_URL

from rolltop.app import create_app
from rolltop.config import Config

ODD = '''
CREATE TABLE "Order Details" ("Unit Price" REAL, "order" TEXT, "a.b:c(d)" TEXT, "say ""hi""" TEXT, "größe" INT NOT NULL,
  "class" INT, "1st" DATE DEFAULT '2024-01-01', self BOOLEAN DEFAULT TRUE, model_config TEXT, "schema" JSON,
  __init__ TEXT, "a b" DATE, a_b DATE, "a-b" TIMESTAMP, "" TEXT, json TIME, copy UUID, dict BLOB,
  "💡" DECIMAL CHECK ("💡" > 0.5),
  kind TEXT NOT NULL DEFAULT 'it''s' CHECK (kind IN ('it''s', '"', '\\', '', 'None')),
  level INT CHECK (level IN (1, 2)));
CREATE TABLE "x/{y}?#%" (id INTEGER PRIMARY KEY, parent INT REFERENCES "x/{y}?#%" (id));
CREATE TABLE a (x INT); CREATE TABLE a_insert (x INT); CREATE TABLE "Error" (id INTEGER PRIMARY KEY, x);
CREATE TABLE "表" (x); CREATE TABLE "数" (x TEXT PRIMARY KEY) WITHOUT ROWID; CREATE TABLE "1st" (x);
CREATE TABLE "none of it" (x);
CREATE TABLE "Optional" ("Model" TEXT, "BaseModel" INT, "Any" JSON); CREATE TABLE "date" ("date" DATE, "time" TIME);
CREATE VIEW "select" AS SELECT "größe" * 2 AS "double", count(*) AS "n n" FROM "Order Details";
'''

Serve = Callable[[Path], TestClient]


@pytest.fixture
def serve(workspace: Path) -> Iterator[Serve]:
    """Serves a file in place, as the owner."""
    opened: list[TestClient] = []

    def make(file: Path) -> TestClient:
        app = create_app(Config(workspace=workspace, data=file))
        client = TestClient(app, base_url=BASE_URL)
        opened.append(client.__enter__())
        client.headers["Authorization"] = f"Bearer {app.sessions.owner_token}"
        return client

    yield make
    for client in opened:
        client.__exit__(None, None, None)


@pytest.fixture
def odd(serve: Serve, tmp_path: Path) -> TestClient:
    """A file with names that are hard on generators."""
    with closing(apsw.Connection(str(tmp_path / "odd.db"))) as connection:
        connection.execute(ODD)
    return serve(tmp_path / "odd.db")


def generated(client: TestClient, folder: Path) -> ModuleType:
    """The module that datamodel-code-generator makes of the whole document."""
    source, target = folder / "openapi.json", folder / "generated.py"
    source.write_bytes(client.get("/openapi.json").content)
    command = [
        *(sys.executable, "-m", "datamodel_code_generator", "--input-file-type", "openapi"),
        *("--input", str(source), "--output", str(target), "--output-model-type", "pydantic_v2.BaseModel"),
        *("--openapi-scopes", "schemas", "paths", "parameters", "--formatters", "builtin"),
    ]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    specification = importlib.util.spec_from_file_location("generated", target)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules["generated"] = module  # where pydantic looks for the types that annotations name
    specification.loader.exec_module(module)
    return module


def place(table: str) -> str:
    """The path of a table."""
    return f"/rest/v1/{quote(table, safe='')}"


def model(module: ModuleType, client: TestClient, table: str, ending: str = "") -> type[BaseModel]:
    """The generated class of the table's row as it is read, or of another of its schemas (`_insert`)."""
    read = client.get("/openapi.json").json()["paths"][place(table)]["get"]
    content = read["responses"]["200"]["content"]["application/vnd.pgrst.object+json"]
    key = content["schema"]["$ref"].rsplit("/", 1)[1] + ending
    plain = key.replace("_", "").lower()
    [found] = [
        each
        for name, each in vars(module).items()
        if name.replace("_", "").lower() == plain
        and isinstance(each, type)
        and issubclass(each, BaseModel)
        and each.__module__ == "generated"
    ]
    return found


def tables(client: TestClient) -> list[str]:
    """The names of the tables and views in the document."""
    return next(group["tags"] for group in client.get("/openapi.json").json()["x-tagGroups"] if "Your" in group["name"])


def test_rows_of_chinook(serve: Serve, chinook: Path, tmp_path: Path) -> None:
    client = serve(Path(shutil.copy(chinook, tmp_path / "chinook.db")))
    module = generated(client, tmp_path)
    assert len(tables(client)) == 11
    for table in tables(client):
        rows = client.get(place(table), params={"limit": 2000})
        assert rows.status_code == 200
        row = model(module, client, table)
        typed = [row.model_validate(each) for each in rows.json()]
        assert [each.model_dump(mode="json", by_alias=True) for each in typed] == rows.json()


def test_what_queries_take_and_give(serve: Serve, chinook: Path, tmp_path: Path) -> None:
    client = serve(Path(shutil.copy(chinook, tmp_path / "chinook.db")))
    queries: list[dict[str, Any]] = [
        {
            "name": "tracks_of",
            "sql": "SELECT Name, Milliseconds / 1000.0 AS seconds FROM Track WHERE AlbumId = :album",
            "parameters": [{"name": "album", "type": "bigint"}, {"name": "class", "type": "text", "default": "x"}],
        },
        {"name": "albums", "sql": "SELECT * FROM Album"},
    ]
    queries[0]["sql"] += " AND :class IS NOT NULL"
    for query in queries:
        assert client.post("/api/queries", json=query).status_code == 201
    module = generated(client, tmp_path)
    arguments = module.RpcTracksOfArguments.model_validate({"album": 1})
    body = arguments.model_dump(mode="json", by_alias=True, exclude_none=True)
    assert body == {"album": 1, "class": "x"}
    for name, row, number in (("tracks_of", module.RpcTracksOfRow, 10), ("albums", module.Album, 347)):
        rows = client.post(f"/rest/v1/rpc/{name}", json=body if name == "tracks_of" else {}).json()
        assert len(rows) == number
        assert [row.model_validate(each).model_dump(mode="json", by_alias=True) for each in rows] == rows
    with pytest.raises(ValueError, match="validation error"):
        module.RpcTracksOfArguments.model_validate({})


def test_rows_under_odd_names(odd: TestClient, tmp_path: Path) -> None:
    module = generated(odd, tmp_path)
    document = odd.get("/openapi.json").json()
    assert len(tables(odd)) == 12
    for table in tables(odd):
        if "post" in document["paths"][place(table)]:
            row = example_row(document, table)
            new = model(module, odd, table, "_insert").model_validate(row)
            body = new.model_dump(mode="json", by_alias=True, exclude_unset=True)
            added = odd.post(place(table), json=body, headers={"Prefer": "return=representation"})
            assert (added.status_code, added.json()) == (201, [row])
        [stored] = odd.get(place(table)).json()
        read = model(module, odd, table).model_validate(stored)
        assert read.model_dump(mode="json", by_alias=True) == stored


def example_row(document: dict[str, Any], table: str) -> dict[str, Any]:
    """A new row of the document's examples, without a parent."""
    body = document["paths"][place(table)]["post"]["requestBody"]["content"]["application/json"]["schema"]
    key = body["anyOf"][0]["$ref"]
    columns = document["components"]["schemas"][key.rsplit("/", 1)[1]]["properties"]
    return {name: None if "x-foreign-key" in column else column["examples"][0] for name, column in columns.items()}


def test_what_sqlite_would_refuse_is_refused_before(odd: TestClient, tmp_path: Path) -> None:
    insert = model(generated(odd, tmp_path), odd, "Order Details", "_insert")
    for wrong in ({"level": 3}, {"💡": 0.5}, {"größe": None}, {"no column": 1}, {}):
        with pytest.raises(ValueError, match="validation error"):
            insert.model_validate({"größe": 1, **wrong} if wrong else {})
