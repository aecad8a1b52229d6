"""Files of any schema: whatever tables and columns are called and however they are declared, they are read, written,
embedded, changed and documented."""

import re
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import apsw
import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from openapi_spec_validator import OpenAPIV2SpecValidator, OpenAPIV31SpecValidator
from starlette.testclient import TestClient
from tests.rows.conftest import client_of, rows

from rolltop.auth import Grant
from rolltop.data import Data
from rolltop.docs.service import complete, merge

STATIC = complete({"openapi": "3.1.0", "info": {"title": "Test", "version": "1"}, "paths": {}})
LETTERS = "aZé表 _-.,:;()[]{}\"'`%&=+?#/\\*!<>|~^@$0💡\n\t"
WORDS = ["select", "order", "limit", "offset", "and", "or", "not", "group", "table", "Order Details", "rowid", "count"]
TYPES = [
    "INTEGER",
    "TEXT",
    "REAL",
    "NUMERIC",
    "BOOLEAN",
    "DATE",
    "TIMESTAMP",
    "JSON",
    "BLOB",
    "UUID",
    "TIME",
    "DATETIME",
]
ODD_TYPES = ["", "VARCHAR(30)", "DECIMAL(5, 2)", "unsigned big int", "point", "Native Character(70)", "JSONB", "DOUBLE"]
COMPUTED = ("INTEGER", "INT", "REAL", "NUMERIC", "VARCHAR(30)", "ANY", "")
STRICT_TYPES = ["INTEGER", "INT", "REAL", "TEXT", "BLOB", "ANY"]


def identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def names(least: int, most: int) -> st.SearchStrategy[list[str]]:
    """Different names, as SQLite compares them."""
    made = st.one_of(st.text(LETTERS, min_size=1, max_size=8), st.sampled_from(WORDS))
    usable = made.filter(lambda name: name not in (".", "..") and not name.lower().startswith("sqlite_"))
    return st.lists(usable, min_size=least, max_size=most, unique_by=str.lower)


@st.composite
def tables(draw: st.DrawFn, name: str, others: list[tuple[str, str]]) -> tuple[str, str]:
    """A CREATE TABLE statement and the name of its key; `others` are tables that it may refer to, with their keys."""
    columns = draw(names(1, 5))
    strict, rowless, alias = draw(st.booleans()), draw(st.booleans()), draw(st.booleans())
    kinds = st.sampled_from(STRICT_TYPES if strict else [*TYPES, *ODD_TYPES])
    key, *rest = columns
    parts = [f"{identifier(key)} INTEGER PRIMARY KEY" if alias else f"{identifier(key)} {draw(kinds)} NOT NULL"]
    for column in rest:
        kind = draw(kinds)
        computed = [" AS (1 + 1)"] if kind in COMPUTED else []
        ending = draw(st.sampled_from(["", "", " UNIQUE", " DEFAULT NULL", " COLLATE NOCASE", *computed]))
        parts.append(f"{identifier(column)} {kind}{ending}")
        if others and "AS" not in ending and draw(st.booleans()):
            parent, parent_key = draw(st.sampled_from(others))
            parts.append(
                f"FOREIGN KEY ({identifier(column)}) REFERENCES {identifier(parent)} ({identifier(parent_key)})"
            )
    if not alias:
        parts.append(f"PRIMARY KEY ({identifier(key)})")
    constraints = [part for part in parts if part.startswith(("FOREIGN", "PRIMARY"))]
    body = ", ".join([*(part for part in parts if part not in constraints), *constraints])
    options = ", ".join([*(["STRICT"] if strict else []), *(["WITHOUT ROWID"] if rowless else [])])
    return f"CREATE TABLE {identifier(name)} ({body}) {options};", key


@st.composite
def schemas(draw: st.DrawFn) -> str:
    """The statements of a file: tables that refer to themselves and to each other, and a view."""
    found: list[tuple[str, str]] = []
    statements = []
    *ordinary, view = draw(names(2, 4))
    for name in ordinary:
        statement, key = draw(tables(name, [*found]))
        found.append((name, key))
        statements.append(statement)
    return "\n".join([*statements, f"CREATE VIEW {identifier(view)} AS SELECT * FROM {identifier(ordinary[-1])};"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the files are made."""
    return tmp_path_factory.mktemp("schemas")


@settings(
    max_examples=40,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(sql=schemas())
def test_is_served(folder: Path, sql: str) -> None:
    path = folder / "data.db"
    path.unlink(missing_ok=True)
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute(sql)
    data = Data.open(path)
    try:
        serve(client_of(data), data)
    finally:
        data.close()


def serve(client: TestClient, data: Data) -> None:
    """Ask for everything that the documents promise."""
    document = msgspec.json.decode(msgspec.json.encode(merge(STATIC, data.fresh_catalog(), Grant())))
    OpenAPIV31SpecValidator(document).validate()
    root = rows(client.get(""))
    OpenAPIV2SpecValidator(root).validate()
    assert set(root["definitions"]) == set(data.catalog.tables)
    for table in data.catalog.tables.values():
        place = quote(table.name, safe="")
        operations = document["paths"][f"/rest/v1/{place}"]
        if table.writable:
            write(client, place, new_row(document, operations))
        found = rows(client.get(place))
        assert [list(row) for row in found] == [[column.name for column in table.columns]] * len(found)
        for name in re.findall(r"^- `(.+?)\(\*\)`: ", operations["get"]["description"], re.MULTILINE | re.DOTALL):
            assert len(rows(client.get(place, params={"select": f"*,{name}(*)"}))) == len(found)
            assert len(rows(client.get(place, params={"select": f"{name}!left(*)"}))) == len(found)


def new_row(document: dict[str, Any], operations: dict[str, Any]) -> dict[str, Any]:
    """The document's own examples, without a parent."""
    schema = operations["post"]["requestBody"]["content"]["application/json"]["schema"]["anyOf"][0]["$ref"]
    columns = document["components"]["schemas"][schema.rsplit("/", 1)[1]]["properties"]
    return {name: None if "x-foreign-key" in column else column["examples"][0] for name, column in columns.items()}


def write(client: TestClient, place: str, row: dict[str, Any]) -> None:
    """Add a row, find it by each of its columns, change it, delete it, add it again."""
    returned = {"Prefer": "return=representation"}
    [added] = rows(client.post(place, json=row, headers=returned))
    assert row.items() <= added.items()
    for name, value in added.items():
        written = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
        for condition in conditions(value):
            assert rows(client.get(place, params={written: condition})) == [added], (name, condition)
            assert rows(client.get(place, params={"or": f"({written}.{quoted(condition)})", "order": written})) == [
                added
            ]
        assert rows(client.get(place, params={"select": f"x:{written}"})) == [{"x": value}]
    key = next(iter(row))
    chosen = {'"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"': conditions(added[key])[-1]}
    assert rows(client.patch(place, params=chosen, json=row, headers=returned)) == [added]
    merged = {"Prefer": "return=representation, resolution=merge-duplicates"}
    assert rows(client.post(place, json=row, headers=merged)) == [added]
    assert rows(client.delete(place, params=chosen, headers=returned)) == [added]
    assert rows(client.put(place, params=chosen, json=row, headers=returned)) == [added]


def conditions(value: Any) -> list[str]:
    """Filters that find this value."""
    if value is None:
        return ["is.null"]
    if isinstance(value, bool):
        return [f"is.{str(value).lower()}", f"eq.{str(value).lower()}"]
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return [f"eq.{text}"]


def quoted(condition: str) -> str:
    """The condition as a group takes it."""
    operator, _, value = condition.partition(".")
    return condition if operator == "is" else f'{operator}."' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
