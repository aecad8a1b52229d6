"""Several tables, their keys, views, indexes and rows under random edits, beside a plain model of them all.

After each step the API says what the model says, and another program finds nothing wrong with the file.
"""

import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from starlette.testclient import TestClient

NAMES = st.sampled_from(["a", "b", "c", "größe", "order", "x1"])
TABLES = st.sampled_from(["t", "u", "Wörter", "group"])
TYPES = st.sampled_from(["text", "integer", "real", "boolean", "date", "json"])
CELLS: dict[str, Any] = {
    "text": "x", "integer": 7, "real": 1.5, "boolean": True, "date": "2024-02-29", "json": {"k": [1]}
}  # fmt: skip
Row = dict[str, Any]


@dataclass
class Model:
    """A table: its columns in their order and the tables that they refer to; its rows."""

    types: dict[str, str] = field(default_factory=lambda: {"id": "integer"})
    references: dict[str, str] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)


class Edits(RuleBasedStateMachine):
    """Edits that must be possible; those that must not be are asked for as well, and change nothing."""

    client: TestClient
    path: Path

    def __init__(self) -> None:
        super().__init__()
        self.tables: dict[str, Model] = {}
        self.views: dict[str, tuple[str, str]] = {}
        for name in [each["name"] for each in self.client.get("/api/collections").json()]:
            self.client.delete(f"/api/collections/{name}?dependents=drop")

    def table(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from(sorted(self.tables)))

    def column(self, data: st.DataObject, name: str) -> str:
        return data.draw(st.sampled_from(sorted(self.tables[name].types.keys() - {"id"}) or ["nothing"]))

    def send(self, name: str, status: int, *changes: Row, **more: Any) -> None:
        answer = self.client.post(f"/api/collections/{name}/changes", json={"changes": changes, **more})
        assert answer.status_code == status, answer.text

    @rule(name=TABLES, first=TYPES, second=TYPES)
    def create(self, name: str, first: str, second: str) -> None:
        columns = [{"name": "a", "type": first}, {"name": "b", "type": second}]
        answer = self.client.post("/api/collections", json={"name": name, "columns": columns})
        assert answer.status_code == (409 if name in self.tables | self.views else 201), answer.text
        if answer.status_code == 201:
            self.tables[name] = Model({"id": "integer", "a": first, "b": second})

    @precondition(lambda self: self.tables)
    @rule(data=st.data(), count=st.integers(1, 3))
    def insert(self, data: st.DataObject, count: int) -> None:
        name = self.table(data)
        model = self.tables[name]
        first = max((row["id"] for row in model.rows), default=0) + 1
        for number in range(first, first + count):
            row: Row = {"id": number}
            for column, kind in model.types.items():
                if column in model.references:
                    there = [each["id"] for each in self.tables[model.references[column]].rows]
                    row[column] = data.draw(st.sampled_from([None, *there]))
                elif column != "id":
                    row[column] = data.draw(st.sampled_from([None, CELLS[kind]]))
            assert self.client.post(f"/rest/v1/{name}", json=row).status_code == 201
            model.rows.append(row)

    @precondition(lambda self: self.tables)
    @rule(data=st.data(), name=NAMES, kind=TYPES, first=st.booleans())
    def add_column(self, data: st.DataObject, name: str, kind: str, first: bool) -> None:
        table = self.table(data)
        model = self.tables[table]
        wish = {"change": "add_column", "column": {"name": name, "type": kind}, "before": "id" if first else None}
        if name in model.types:
            self.send(table, 409, wish)
            return
        self.send(table, 200, wish)
        names = list(model.types)
        names.insert(names.index("id") if first else len(names), name)
        model.types = {each: kind if each == name else model.types[each] for each in names}
        model.rows = [{name: None} | row for row in model.rows]

    @precondition(lambda self: self.tables)
    @rule(data=st.data(), name=NAMES)
    def add_reference(self, data: st.DataObject, name: str) -> None:
        table, parent = self.table(data), self.table(data)
        model = self.tables[table]
        if name in model.types:
            return
        key = {"table": parent, "on_delete": "set null"}
        self.send(table, 200, {"change": "add_column", "column": {"name": name, "type": "integer", "references": key}})
        model.types[name] = "integer"
        model.references[name] = parent
        model.rows = [row | {name: None} for row in model.rows]

    @precondition(lambda self: self.tables)
    @rule(data=st.data(), new=NAMES)
    def rename_column(self, data: st.DataObject, new: str) -> None:
        table = self.table(data)
        model, old = self.tables[table], self.column(data, table)
        wish = {"change": "rename_column", "column": old, "name": new}
        if old == "nothing" or new in model.types:
            self.send(table, 422 if old == "nothing" else 200 if old == new else 409, wish)
            return
        self.send(table, 200, wish)

        def renamed(values: Row) -> Row:
            return {new if key == old else key: value for key, value in values.items()}

        model.types, model.references = renamed(model.types), renamed(model.references)
        model.rows = list(map(renamed, model.rows))
        self.views = {name: (table, new) if reads == (table, old) else reads for name, reads in self.views.items()}

    @precondition(lambda self: self.tables)
    @rule(data=st.data())
    def drop_column(self, data: st.DataObject) -> None:
        table = self.table(data)
        model, name = self.tables[table], self.column(data, table)
        if name == "nothing":
            return
        read = [view for view, reads in self.views.items() if reads == (table, name)]
        wish = {"change": "drop_column", "column": name}
        if read:
            self.send(table, 409, wish)
        self.send(table, 200, wish, dependents="drop")
        for view in read:
            del self.views[view]
        del model.types[name]
        model.references.pop(name, None)
        model.rows = [{key: cell for key, cell in row.items() if key != name} for row in model.rows]

    @precondition(lambda self: self.tables)
    @rule(data=st.data())
    def make_text(self, data: st.DataObject) -> None:
        table = self.table(data)
        model, name = self.tables[table], self.column(data, table)
        if model.types.get(name) != "integer" or name in model.references:
            return
        self.send(table, 200, {"change": "alter_column", "column": name, "type": "text"})
        model.types[name] = "text"
        model.rows = [row | {name: None if row[name] is None else str(row[name])} for row in model.rows]

    @precondition(lambda self: self.tables)
    @rule(data=st.data(), new=TABLES)
    def rename(self, data: st.DataObject, new: str) -> None:
        old = self.table(data)
        if new in self.tables:
            self.send(old, 200 if new == old else 409, {"change": "rename", "name": new})
            return
        self.send(old, 200, {"change": "rename", "name": new})
        self.tables[new] = self.tables.pop(old)
        for model in self.tables.values():
            model.references = {key: new if one == old else one for key, one in model.references.items()}
        self.views = {name: (new if table == old else table, key) for name, (table, key) in self.views.items()}

    @precondition(lambda self: self.tables)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        name = self.table(data)
        children = [each for each in self.tables if each != name and name in self.tables[each].references.values()]
        views = [view for view, (table, _) in self.views.items() if table == name]
        if children or views:
            assert self.client.delete(f"/api/collections/{name}").status_code == 409
        assert self.client.delete(f"/api/collections/{name}?dependents=drop").status_code == 204
        del self.tables[name]
        for view in views:
            del self.views[view]
        for model in self.tables.values():
            model.references = {key: one for key, one in model.references.items() if one != name}

    @precondition(lambda self: self.tables)
    @rule(data=st.data(), name=st.sampled_from(["v", "w"]))
    def create_view(self, data: st.DataObject, name: str) -> None:
        table = self.table(data)
        column = self.column(data, table)
        if name in self.views or column == "nothing":
            return
        wish = {"kind": "view", "name": name, "select": f'SELECT "{column}" FROM "{table}"'}
        assert self.client.post("/api/collections", json=wish).status_code == 201
        self.views[name] = (table, column)

    @precondition(lambda self: self.tables)
    @rule(data=st.data(), unique=st.booleans())
    def add_index(self, data: st.DataObject, unique: bool) -> None:
        table = self.table(data)
        column = self.column(data, table)
        if column == "nothing":
            return
        values = [str(row[column]) for row in self.tables[table].rows if row[column] is not None]
        twice = len(set(values)) < len(values)
        wish = {"change": "add_index", "parts": [{"column": column}], "unique": unique and not twice}
        if unique and twice:
            self.send(table, 409, wish | {"unique": True})
        wish["unique"] = False
        self.send(table, 200, wish)

    @invariant()
    def the_api_says_what_the_model_says(self) -> None:
        listed = {each["name"]: each["kind"] for each in self.client.get("/api/collections").json()}
        assert listed == dict.fromkeys(self.tables, "table") | dict.fromkeys(self.views, "view")
        for name, model in self.tables.items():
            detail = self.client.get(f"/api/collections/{name}").json()
            assert [column["name"] for column in detail["columns"]] == list(model.types)
            keys = {key["columns"][0]: key["table"] for key in detail["foreign_keys"]}
            assert keys == model.references
            assert self.client.get(f"/rest/v1/{name}?order=id").json() == model.rows
        for view, (table, column) in self.views.items():
            cells = self.client.get(f"/rest/v1/{view}").json()
            assert sorted(map(str, cells)) == sorted(str({column: row[column]}) for row in self.tables[table].rows)

    @invariant()
    def another_program_finds_nothing_wrong(self) -> None:
        """In a process of its own: closing the file here would take this process's locks away."""
        counts = "".join(f'SELECT count(*) FROM "{name}";' for name in [*self.tables, *self.views])
        told = sqlite3(self.path, f"PRAGMA integrity_check; PRAGMA foreign_key_check; {counts}")
        rows = [len(model.rows) for model in self.tables.values()]
        rows += [len(self.tables[table].rows) for table, _ in self.views.values()]
        assert told.split() == ["ok", *map(str, rows)]


def sqlite3(path: Path, sql: str) -> str:
    """What SQLite's own program says."""
    done = subprocess.run(
        ["sqlite3", "-batch", "-readonly", str(path), sql], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


@pytest.mark.timeout(300)
def test_any_series_of_edits_to_several_tables(client: TestClient) -> None:
    Edits.client = client
    Edits.path = client.app.data.path  # type: ignore[attr-defined]
    run_state_machine_as_test(
        Edits,
        settings=settings(
            max_examples=5, stateful_step_count=20, deadline=None, phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
