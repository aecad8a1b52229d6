"""Random trees of embedded resources, spreads and aggregates against a naive model in Python."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import apsw
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient
from tests.rows.conftest import client_of, rows

from rolltop.data import Data

Row = dict[str, Any]

SCHEMA = """
CREATE TABLE makers (id INTEGER PRIMARY KEY, n INTEGER, t TEXT);
CREATE TABLE things (id INTEGER PRIMARY KEY, n INTEGER, t TEXT, d NUMERIC, maker INTEGER REFERENCES makers (id),
  parent INTEGER REFERENCES things (id));
CREATE TABLE labels (thing INTEGER PRIMARY KEY REFERENCES things (id), n INTEGER, t TEXT);
CREATE TABLE boxes (id INTEGER PRIMARY KEY, n INTEGER, t TEXT);
CREATE TABLE packed (thing INTEGER REFERENCES things (id), box INTEGER REFERENCES boxes (id), n INTEGER,
  PRIMARY KEY (thing, box));
"""

TABLES: dict[str, list[Row]] = {
    "makers": [{"id": i, "n": [None, 1, 2][i % 3], "t": f"m{i % 2}"} for i in range(1, 5)],
    "things": [
        {
            "id": i,
            "n": [3, None, 1, 2][i % 4],
            "t": [None, "x", "y"][i % 3],
            "d": [0.1, 0.2, 7, None, 1.005][i % 5],
            "maker": [1, 2, None, 2][i % 4],
            "parent": i // 2 or None,
        }
        for i in range(1, 11)
    ],
    "labels": [{"thing": i, "n": i % 3, "t": f"l{i}"} for i in (1, 2, 5, 8)],
    "boxes": [{"id": i, "n": i % 2, "t": f"b{i}"} for i in range(1, 5)],
    "packed": [
        {"thing": i, "box": b, "n": (i * b) % 4 or None} for i in range(1, 9) for b in range(1, 4) if (i + b) % 3
    ],
}


@dataclass(frozen=True)
class Link:
    """How a target's rows belong to a row, told without SQL."""

    asked: str
    table: str
    to_one: bool
    own: str = ""
    theirs: str = ""

    def partners(self, row: Row) -> list[Row]:
        if self.table == "boxes" and self.own == "id":
            mine = [pair["box"] for pair in TABLES["packed"] if pair["thing"] == row["id"]]
            return [box for key in mine for box in TABLES["boxes"] if box["id"] == key]
        if self.asked == "things" and self.own == "box":
            mine = [pair["thing"] for pair in TABLES["packed"] if pair["box"] == row["id"]]
            return [thing for key in mine for thing in TABLES["things"] if thing["id"] == key]
        if row[self.own] is None:
            return []
        return [other for other in TABLES[self.table] if other[self.theirs] == row[self.own]]


LINKS = {
    "makers": [Link("things", "things", False, "id", "maker")],
    "things": [
        Link("makers", "makers", True, "maker", "id"),
        Link("parent", "things", True, "parent", "id"),
        Link("things", "things", False, "id", "parent"),
        Link("labels", "labels", True, "id", "thing"),
        Link("packed", "packed", False, "id", "thing"),
        Link("boxes", "boxes", False, "id"),
    ],
    "labels": [Link("things", "things", True, "thing", "id")],
    "packed": [Link("things", "things", True, "thing", "id"), Link("boxes", "boxes", True, "box", "id")],
    "boxes": [Link("packed", "packed", False, "id", "box"), Link("things", "things", False, "box")],
}


@dataclass
class Node:
    """A level of a request; its aliases are unique in the whole request."""

    table: str
    alias: str = ""
    link: Link | None = None
    spread: bool = False
    inner: bool = False
    columns: list[tuple[str, str]] = field(default_factory=list)
    sums: list[tuple[str, str, str]] = field(default_factory=list)
    children: list["Node"] = field(default_factory=list)
    filter: tuple[str, str, Any] | None = None
    wants: tuple["Node", bool] | None = None
    """A child of which some row, or no row, must be left."""
    order: list[tuple[str, bool]] = field(default_factory=list)
    limit: int | None = None
    offset: int = 0

    def select(self) -> str:
        parts = [f"{key}:{column}" for key, column in self.columns]
        parts += [f"{key}:{column}.{function}()" if column else f"{key}:count()" for key, column, function in self.sums]
        for child in self.children:
            assert child.link is not None
            name = f"...{child.link.asked}" if child.spread else f"{child.alias}:{child.link.asked}"
            hint = "!packed" if child.link.table in ("boxes", "things") and not child.link.theirs else ""
            parts.append(f"{name}{hint}{'!inner' if child.inner else ''}({child.select()})")
        return ",".join(parts)

    def parameters(self, path: str = "") -> Iterator[str]:
        if self.filter is not None:
            column, operator, value = self.filter
            yield f"{path}{column}={operator}.{value}"
        if self.wants is not None:
            child, left = self.wants
            assert child.link is not None
            name = child.link.asked if child.spread else child.alias
            yield f"{path}{name}={'not.' if left else ''}is.null"
        if self.order:
            terms = [f"{column}{'.desc' if down else ''}" for column, down in self.order]
            yield f"{path}order={','.join(terms)}"
        if self.limit is not None:
            yield f"{path}limit={self.limit}"
        if self.offset:
            yield f"{path}offset={self.offset}"
        for child in self.children:
            assert child.link is not None
            yield from child.parameters(f"{path}{child.link.asked if child.spread else child.alias}.")

    # ---- the model ----

    def keeps(self, row: Row) -> bool:
        if self.filter is not None:
            column, operator, value = self.filter
            cell = row[column]
            found = cell is None if operator == "is" else cell is not None
            if operator != "is" and found:
                found = cell > value if operator == "gt" else cell != value
            if not found:
                return False
        for child in self.children:
            if child.inner and not child.left(row):
                return False
        return self.wants is None or bool(self.wants[0].left(row)) is self.wants[1]

    def left(self, above: Row) -> list[Row]:
        assert self.link is not None
        return [row for row in self.link.partners(above) if self.keeps(row)]

    def page(self, found: list[Row]) -> list[Row]:
        for column, down in reversed(self.order):
            nulls = [row for row in found if row[column] is None]
            others = sorted(
                (row for row in found if row[column] is not None), key=lambda row: row[column], reverse=down
            )
            found = nulls + others if down else others + nulls
        found = found[self.offset :]
        return found if self.limit is None else found[: self.limit]

    def values(self, row: Row | None) -> Row:
        """The keys of a row, those of spreads among them; of no row they are null."""
        made = {key: None if row is None else row[column] for key, column in self.columns}
        for child in self.children:
            assert child.link is not None
            to_one = child.link.to_one
            found = [] if row is None else child.left(row)
            if child.spread and to_one:
                made |= child.values(found[0] if found and child.limit != 0 and not child.offset else None)
            elif child.spread:
                elements = [child.values(each) for each in child.page(found)]
                for key in child.values(None):
                    made[key] = None if row is None else [element[key] for element in elements]
            elif row is None:
                made[child.alias] = None
            else:
                result = child.result(found)
                made[child.alias] = (result[0] if result else None) if to_one else result
        return made

    def result(self, found: list[Row]) -> list[Row]:
        if not self.sums:
            return [self.values(row) for row in self.page(found)]
        groups: dict[str, tuple[Row, list[Row]]] = {}
        if not self.columns:
            groups[""] = ({}, [])
        for row in found:
            made = self.values(row)
            groups.setdefault(repr(made) if self.columns else "", (made, []))[1].append(row)
        return [
            made | {key: total(column, function, members) for key, column, function in self.sums}
            for made, members in groups.values()
        ]


def total(column: str, function: str, members: list[Row]) -> Any:
    if not column:
        return len(members)
    cells = [row[column] for row in members if row[column] is not None]
    if function == "count":
        return len(cells)
    if not cells:
        return None
    if function in ("min", "max"):
        return {"min": min, "max": max}[function](cells)
    exact = sum((Decimal(repr(cell)) for cell in cells), Decimal(0))
    return float(exact / len(cells) if function == "avg" else exact)


@st.composite
def nodes(draw: st.DrawFn, table: str, depth: int, names: list[int], *, grouping: bool = True) -> Node:
    node = Node(table)
    columns = [name for name in TABLES[table][0] if name in ("n", "t")]
    for column in draw(st.lists(st.sampled_from(columns), max_size=2, unique=True)):
        names[0] += 1
        node.columns.append((f"k{names[0]}", column))
    if grouping and draw(st.integers(0, 4)) == 0:
        for function in draw(
            st.lists(st.sampled_from(["sum", "avg", "min", "max", "count", ""]), min_size=1, max_size=3)
        ):
            names[0] += 1
            column = draw(st.sampled_from(["n", "d"] if table == "things" else ["n"]))
            node.sums.append((f"k{names[0]}", column if function else "", function or "count"))
        if draw(st.booleans()):
            node.filter = ("n", draw(st.sampled_from(["gt", "neq"])), draw(st.integers(0, 3)))
        return node
    links = LINKS[table] if depth else []
    asked = draw(st.lists(st.sampled_from(links), max_size=3, unique=True)) if links else []
    for link in asked:
        spread = draw(st.booleans())
        child = draw(nodes(link.table, depth - 1, names, grouping=not spread))
        names[0] += 1
        child.alias, child.link, child.spread = f"k{names[0]}", link, spread
        child.inner = draw(st.integers(0, 3)) == 0
        if child.select():
            node.children.append(child)
    if not node.columns and not node.children:
        names[0] += 1
        node.columns.append((f"k{names[0]}", columns[0]))
    if draw(st.integers(0, 2)) == 0:
        node.filter = draw(
            st.sampled_from([("n", "gt", 1), ("n", "neq", 2), *((name, "is", "null") for name in columns)])
        )
    if node.children and draw(st.integers(0, 3)) == 0:
        node.wants = (draw(st.sampled_from(node.children)), draw(st.booleans()))
    key = ["thing", "box"] if table == "packed" else ["thing"] if table == "labels" else ["id"]
    node.order = [(draw(st.sampled_from(columns)), draw(st.booleans())), *((column, False) for column in key)]
    if draw(st.integers(0, 2)) == 0:
        node.limit = draw(st.integers(0, 3))
        node.offset = draw(st.integers(0, 2))
    return node


@pytest.fixture(scope="module")
def model_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    path = tmp_path_factory.mktemp("model") / "data.db"
    with contextlib.closing(apsw.Connection(str(path))) as connection:
        connection.execute(SCHEMA)
        for table, all_rows in TABLES.items():
            marks = ", ".join("?" * len(all_rows[0]))
            connection.executemany(f"INSERT INTO {table} VALUES ({marks})", [tuple(row.values()) for row in all_rows])
    data = Data.open(path)
    yield client_of(data)
    data.close()


def unordered(value: Any) -> Any:
    """Groups come in no promised order."""
    return sorted(value, key=repr) if isinstance(value, list) else value


def compare(node: Node, found: list[Row], wanted: list[Row]) -> None:
    assert normal(node, found) == normal(node, wanted)


def normal(node: Node, found: Any) -> Any:
    """The result with its groups sorted, at every depth."""
    grouped = {child.alias for child in walk(node) if child.sums}

    def tidy(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: tidy(inner, name) for name, inner in value.items()}
        if isinstance(value, list):
            made = [tidy(inner, key) for inner in value]
            return unordered(made) if key in grouped else made
        return float(value) if isinstance(value, int) and not isinstance(value, bool) else value

    made = tidy(found)
    return unordered(made) if node.sums else made


def walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from walk(child)


@pytest.mark.parametrize("table", sorted(TABLES))
@given(st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_answers_what_the_model_answers(model_client: TestClient, table: str, data: st.DataObject) -> None:
    node = data.draw(nodes(table, 3, [0]))
    query = "&".join([f"select={node.select()}", *node.parameters()])
    kept = [row for row in TABLES[table] if node.keeps(row)]
    response = model_client.get(f"{table}?{query}", headers={"Prefer": "count=exact"})
    if node.offset > len(kept):
        assert response.status_code == 416
        return
    compare(node, rows(response), node.result(kept))
    assert response.headers["content-range"].endswith(f"/{len(kept)}"), query
