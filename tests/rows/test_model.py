"""Random filters, orders and pages against a naive model in Python: the same rows, whatever is asked."""

import contextlib
import itertools
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import apsw
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient
from tests.rows.conftest import client_of, rows

from rolltop.data import Data

Row = dict[str, Any]

TEXTS = ["", "a", "A", "b", "ab", "é", "É", "a,b", "(x)", '"q"', "100%", "_", "z*"]
ROWS: list[Row] = [
    {
        "id": number,
        "n": None if number % 7 == 0 else (number * 37) % 11 - 5,
        "t": None if number % 5 == 0 else TEXTS[number % len(TEXTS)],
        "r": None if number % 6 == 0 else (number % 9) / 2,
        "b": [True, False, None][number % 3],
    }
    for number in range(1, 61)
]


@pytest.fixture(scope="module")
def model_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    path = tmp_path_factory.mktemp("model") / "data.db"
    with contextlib.closing(apsw.Connection(str(path))) as connection:
        connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, n INT, t TEXT, r REAL, b BOOLEAN)")
        connection.execute("CREATE INDEX t_n ON t (n)")
        connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?)", [tuple(row.values()) for row in ROWS])
    data = Data.open(path)
    yield client_of(data)
    data.close()


def compared(operator: str, left: Any, right: Any) -> bool | None:
    """SQL's three-valued comparison."""
    if operator == "isdistinct":
        return bool(left != right)
    if left is None:
        return None
    return bool(
        {
            "eq": left == right,
            "neq": left != right,
            "gt": left > right,
            "gte": left >= right,
            "lt": left < right,
            "lte": left <= right,
        }[operator]
    )


def negated(value: bool | None) -> bool | None:
    return None if value is None else not value


class Filter:
    """A filter as text and as a predicate."""

    def __init__(self, column: str, operator: str, value: Any, negate: bool) -> None:
        self.column, self.operator, self.value, self.negate = column, operator, value, negate

    def __repr__(self) -> str:
        return self.text(grouped=False)

    def text(self, *, grouped: bool) -> str:
        shown = str(self.value).lower() if isinstance(self.value, bool) else str(self.value)
        if grouped:
            escaped = shown.replace("\\", "\\\\").replace('"', '\\"')
            shown = f'"{escaped}"' if self.operator not in ("in", "is") else shown
        if self.operator == "in":
            elements = [str(element).replace("\\", "\\\\").replace('"', '\\"') for element in self.value]
            shown = "(" + ",".join(f'"{element}"' for element in elements) + ")"
        return f"{'not.' if self.negate else ''}{self.operator}.{shown}"

    def holds(self, row: Row) -> bool | None:
        cell = row[self.column]
        if self.operator == "in":
            found: bool | None = None if cell is None and self.value else cell in self.value
        elif self.operator == "is":
            found = cell is {"null": None, "true": True, "false": False}[self.value]
        else:
            found = compared(self.operator, cell, self.value)
        return negated(found) if self.negate else found


COMPARISONS = st.sampled_from(["eq", "neq", "gt", "gte", "lt", "lte", "isdistinct"])
VALUES = {
    "n": st.integers(-6, 7),
    "t": st.sampled_from([*TEXTS, "nothing", 'x"y\\z', "a.b:c"]),
    "r": st.sampled_from([0.0, 0.5, 1.5, 4.0, -1.0]),
    "b": st.booleans(),
    "id": st.integers(0, 61),
}


@st.composite
def filters_of_rows(draw: st.DrawFn) -> Filter:
    column = draw(st.sampled_from(sorted(VALUES)))
    kind = draw(st.sampled_from(["compare", "compare", "in", "is"]))
    negate = draw(st.booleans())
    if kind == "in":
        return Filter(column, "in", draw(st.lists(VALUES[column], max_size=4)) if column != "b" else [True], negate)
    if kind == "is":
        return Filter(
            column, "is", draw(st.sampled_from(["null", "true", "false"] if column == "b" else ["null"])), negate
        )
    return Filter(column, draw(COMPARISONS), draw(VALUES[column]), negate)


def all_of(values: list[bool | None]) -> bool | None:
    return False if False in values else None if None in values else True


def any_of(values: list[bool | None]) -> bool | None:
    return True if True in values else None if None in values else False


ordering = st.lists(
    st.tuples(st.sampled_from(["n", "t", "r", "b"]), st.booleans(), st.sampled_from([None, True, False])), max_size=2
)


def sorted_rows(found: list[Row], terms: list[tuple[str, bool, bool | None]]) -> list[Row]:
    found = sorted(found, key=lambda row: row["id"])
    for column, descending, nulls_first in reversed(terms):
        first = descending if nulls_first is None else nulls_first
        nulls = [row for row in found if row[column] is None]
        others = sorted(
            (row for row in found if row[column] is not None), key=lambda row: row[column], reverse=descending
        )
        if descending:  # Python keeps equal ones in their order only going up
            others = list(
                itertools.chain.from_iterable(
                    list(group) for _, group in itertools.groupby(others, key=lambda row: row[column])
                )
            )
        found = nulls + others if first else others + nulls
    return found


@given(
    st.lists(filters_of_rows(), max_size=3),
    st.lists(filters_of_rows(), max_size=3),
    st.booleans(),
    ordering,
    st.none() | st.integers(0, 20),
    st.integers(0, 20),
)
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_answers_what_the_model_answers(
    model_client: TestClient,
    filters: list[Filter],
    grouped: list[Filter],
    either: bool,
    terms: list[tuple[str, bool, bool | None]],
    limit: int | None,
    offset: int,
) -> None:
    parts = [f"{test.column}={quote(test.text(grouped=False), safe='')}" for test in filters]
    if grouped:
        members = ",".join(f"{test.column}.{test.text(grouped=True)}" for test in grouped)
        parts.append(f"{'or' if either else 'and'}={quote(f'({members})', safe='')}")
    order = [
        f"{column}{'.desc' if descending else ''}{'' if nulls is None else '.nullsfirst' if nulls else '.nullslast'}"
        for column, descending, nulls in terms
    ]
    parts.append(f"order={','.join([*order, 'id'])}")
    if limit is not None:
        parts.append(f"limit={limit}")
    parts.append(f"offset={offset}")
    join = any_of if either else all_of
    kept = [
        row
        for row in ROWS
        if all_of([test.holds(row) for test in filters])
        and (not grouped or join([test.holds(row) for test in grouped]))
    ]
    page = sorted_rows(kept, terms)[offset:]
    page = page if limit is None else page[:limit]
    query = "&".join(parts)
    assert rows(model_client.get(f"t?{query}")) == page, query
    counted = model_client.get(f"t?{query}", headers={"Prefer": "count=exact"})
    if offset > len(kept):
        assert counted.status_code == 416
    else:
        assert counted.headers["content-range"].endswith(f"/{len(kept)}")
