"""A random series of schema edits: the rows stay equal to a plain model, and SQLite finds nothing wrong."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient
from tests.collections.test_schema_api import change, execute, make, whole

NAMES = ["a", "b", "c", "d", "e"]
TYPES = ["text", "integer", "real"]
Row = dict[str, Any]

column = st.sampled_from(NAMES)
edit = st.one_of(
    st.fixed_dictionaries({"change": st.just("add_column"), "column": column, "before": st.none() | column}),
    st.fixed_dictionaries({"change": st.just("rename_column"), "column": column, "name": column}),
    st.fixed_dictionaries({"change": st.just("drop_column"), "column": column}),
    st.fixed_dictionaries({"change": st.just("reorder_columns"), "columns": st.permutations(NAMES)}),
    st.fixed_dictionaries({"change": st.just("alter_column"), "column": column, "type": st.sampled_from(TYPES)}),
    st.fixed_dictionaries({"change": st.just("set_search"), "columns": st.lists(column, unique=True, max_size=2)}),
    st.fixed_dictionaries({"change": st.just("add_index"), "column": column}),
)


class Model:
    """The columns in their order, their types, and the rows."""

    def __init__(self, values: list[int]) -> None:
        self.columns = ["id", "a", "b"]
        self.types = {"a": "text", "b": "integer"}
        self.rows: list[Row] = [{"id": at, "a": str(value), "b": value} for at, value in enumerate(values, 1)]

    def wish(self, edit: Row) -> Row | None:
        """The edit as it is sent; None when the model says that it cannot be."""
        kind, name = edit["change"], edit.get("column")
        if kind == "add_column":
            if name in self.columns:
                return None
            before = edit["before"] if edit["before"] in self.columns else None
            return {"change": kind, "column": {"name": name, "type": "integer", "default": 7}, "before": before}
        if kind == "reorder_columns":
            return {"change": kind, "columns": [each for each in edit["columns"] if each in self.columns] or ["id"]}
        if kind == "set_search":
            return {"change": kind, "columns": [each for each in edit["columns"] if each in self.columns]}
        if name not in self.columns or (kind == "rename_column" and edit["name"] in self.columns):
            return None
        if kind == "add_index":
            return {"change": kind, "parts": [{"column": name}]}
        return edit

    def do(self, wish: Row) -> None:
        """The same to the rows of the model."""
        kind, name = wish["change"], wish.get("column")
        if kind == "add_column":
            added = wish["column"]["name"]
            at = len(self.columns) if wish["before"] is None else self.columns.index(wish["before"])
            self.columns.insert(at, added)
            self.types[added] = "integer"
            self.rows = [row | {added: 7} for row in self.rows]
        elif kind == "rename_column":
            self.columns = [wish["name"] if each == name else each for each in self.columns]
            self.types[wish["name"]] = self.types.pop(str(name))
            self.rows = [{wish["name"] if key == name else key: cell for key, cell in row.items()} for row in self.rows]
        elif kind == "drop_column":
            self.columns.remove(str(name))
            self.rows = [{key: cell for key, cell in row.items() if key != name} for row in self.rows]
        elif kind == "reorder_columns":
            self.columns = wish["columns"] + [each for each in self.columns if each not in wish["columns"]]
        elif kind == "alter_column":
            self.types[str(name)] = wish["type"]
            self.rows = [row | {str(name): _read(wish["type"], row[str(name)])} for row in self.rows]


def _read(kind: str, cell: Any) -> Any:
    if kind == "text":
        return cell if isinstance(cell, str) else repr(cell)
    return float(cell) if kind == "real" else int(float(cell))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(-999, 999), max_size=6), st.lists(edit, min_size=1, max_size=8))
def test_any_series_of_edits(client: TestClient, values: list[int], edits: list[Row]) -> None:
    client.delete("/api/collections/t?dependents=drop")
    model = Model(values)
    columns = [{"name": "id", "type": "integer"}, {"name": "a"}, {"name": "b", "type": "integer"}]
    make(client, name="t", columns=columns)
    if model.rows:
        assert client.post("/rest/v1/t", json=model.rows).status_code == 201
    for each in edits:
        wish = model.wish(each)
        if wish is None:
            continue
        answer = change(client, "t", wish, dependents="drop")
        assert answer.status_code == 200, (wish, answer.text)
        model.do(wish)
        assert [column["name"] for column in answer.json()["collection"]["columns"]] == model.columns
        assert client.get("/rest/v1/t?order=id").json() == model.rows
        whole(client)
    found = answer_search(client)
    assert found is None or found == len(model.rows)


def answer_search(client: TestClient) -> int | None:
    """How many rows the search index says there are; it compares itself with the table."""
    if not execute(client, "SELECT 1 FROM sqlite_schema WHERE name = 't_fts'"):
        return None
    execute(client, "INSERT INTO t_fts (t_fts, rank) VALUES ('integrity-check', 1)")
    return int(execute(client, "SELECT count(*) FROM t_fts_docsize")[0][0])
