"""Export, import, and the same table again: columns, types, cells, as far as each format promises.

`docs/exports.md` says what a format carries. With the types named, every cell comes back from every format. Unasked,
all types come back from SQLite and Parquet, which know them, and most from the others, by what the cells look like.
"""

import string
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient
from tests.collections.conftest import Importer
from tests.exports.conftest import served

from rolltop.exports.formats import FORMATS

ODD_TEXTS = [
    "", " ", "007", "5", "=1+1", "+49 30", "-5", "@x", " padded ", "NA", "null", "NULL", "-", "true", "t", "1,5",
    "1.50", 'say "hi"', "it's", "a,b;c|d\te", "two\nlines", "two\r\nlines", "end\r", "\\x00ff", "{}", "[1]",
    "2024-05-01", "2024-05-01T12:30:00Z", "12:30", "\ufeffmark", "\u2028", "\x1f", "\x01", "_x0041_", "é", "日本",
    "😀", "' quote", "00000000-0000-4000-8000-00000000000A", "a@example.org", "https://example.org/?a=1&b=<2>",
    "1e5", "12345678901234567890",
]  # fmt: skip
characters = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
texts = st.sampled_from(ODD_TEXTS) | st.text(characters, max_size=12)
words = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=8)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(characters, max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(characters, max_size=3), inner, max_size=3),
    max_leaves=5,
)
reals = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(
    [0.1 + 0.2, 1e300, 5e-324, 1.7976931348623157e308, -1.5, 1e15, 1e16, 123456789012345680.0, 2.0]
)
decimals = st.decimals(-999_999_999, 999_999_999, places=2).map(float) | st.integers(-(10**14), 10**14)


def _moment(value: datetime) -> str:
    return value.isoformat() + "Z"


COLUMNS: dict[str, tuple[dict[str, Any], st.SearchStrategy[Any]]] = {
    "flag": ({"type": "boolean"}, st.booleans()),
    "whole": ({"type": "integer"}, st.integers(-(2**63), 2**63 - 1) | st.integers(-100, 100)),
    "real": ({"type": "real"}, reals),
    "price": ({"type": "decimal"}, decimals),
    "day": ({"type": "date"}, st.dates().map(date.isoformat)),
    "seen": ({"type": "timestamp"}, st.datetimes().map(_moment)),
    "at": ({"type": "time"}, st.times().map(time.isoformat)),
    "code": ({"type": "uuid"}, st.uuids().map(str)),
    "doc": ({"type": "json"}, json_values.filter(lambda value: value is not None)),
    "mail": ({"format": "email"}, words.map(lambda name: f"{name}@example.org")),
    "page": ({"format": "url"}, words.map(lambda name: f"https://example.org/{name}?a=1&b=2")),
    "kind": ({"choices": ["film", "series", "Größe"]}, st.sampled_from(["film", "series", "Größe"])),
    "words": ({"type": "text"}, texts),
    "raw": ({"type": "blob"}, st.binary(max_size=6).map(lambda value: f"\\x{value.hex()}")),
}
"""How each column is made, and its cells as the rows API takes and gives them."""
NAMED = {"mail": "email", "page": "url", "kind": "choice"}
"""What an import calls the types that SQLite has no name for."""
WISH = [{"source": name, "type": NAMED.get(name, how.get("type"))} for name, (how, _) in COLUMNS.items()]
ODD: dict[str, list[Any]] = {
    "flag": [True, False],
    "whole": [0, -1, 10**15 - 1, 10**15, 2**53 - 1, 2**53, 2**53 + 1, -(2**63), 2**63 - 1],
    "real": [0.1 + 0.2, 1e300, 5e-324, 1.7976931348623157e308, 2.2250738585072014e-308, 1e15, 1e16, 1 / 3, 2.0, -0.5],
    "price": [12.5, 12.55, 9, 0.1, -3, 99_999_999_999_999, 2**53 + 1, 0.1 + 0.2],
    "day": ["0001-01-01", "1850-01-01", "1899-12-31", "1900-01-01", "1900-02-28", "1900-03-01", "9999-12-31"],
    "seen": ["0001-01-01T00:00:00Z", "1900-02-28T23:59:59Z", "1900-03-01T00:00:00Z", "2024-05-01T12:30:00.120000Z",
             "2024-05-01T12:30:00.123456Z", "2024-05-01T12:30:59.999000Z", "9999-12-31T23:59:59.999999Z"],
    "at": ["00:00:00", "12:30", "12:30:00", "23:59:59.999999", "23:59:59.999", "00:00:00.001000"],
    "code": ["00000000-0000-4000-8000-00000000000a"],
    "doc": [{}, [], {"a": [1, None, "x"]}, "x", "", 5, -5.5, True, 2**63 - 1, "=1+1", {"a": 1e300}, "\u2028\n"],
    "mail": ["a@example.org"],
    "page": ["https://example.org/x?a=1&b=2"],
    "kind": ["film", "series", "Größe"],
    "words": ODD_TEXTS,
    "raw": ["\\x", "\\x00ff", "\\x3d"],
}  # fmt: skip
"""The cells at which something could go wrong."""
ODD_ROWS: list[dict[str, Any]] = [dict.fromkeys(COLUMNS)] + [
    {name: cells[at % len(cells)] for name, cells in ODD.items()} for at in range(len(ODD_TEXTS))
]
BY_LOOKS = ("flag", "day", "seen", "at", "code", "mail", "page", "raw")
"""The columns whose types the cells tell, whatever the format."""
Row = dict[str, Any]
rows = st.lists(
    st.fixed_dictionaries({name: st.none() | cells for name, (_, cells) in COLUMNS.items()}), min_size=1, max_size=8
)
trip = settings(
    max_examples=5,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@dataclass(frozen=True)
class Tables:
    """Makes a table, has it exported and imported."""

    client: TestClient

    def make(self, rows: list[Row]) -> list[Row]:
        """The table `t` with these rows; as the rows API gives them."""
        for name in ("t", "copy"):
            self.client.delete(f"/api/collections/{name}?dependents=drop")
        columns = [{"name": column, **wish} for column, (wish, _) in COLUMNS.items()]
        made = self.client.post("/api/collections", json={"name": "t", "columns": columns})
        assert made.status_code == 201, made.text
        sent = self.client.post("/rest/v1/t", json=rows)
        assert sent.status_code == 201, sent.text
        return self.rows("t")

    def brought_back(self, ending: str, **wish: Any) -> list[Row]:
        """The rows of the table `copy`, made of an export of `t`."""
        answer = self.client.get(f"/api/exports/t.{ending}?order=id&formulas=keep")
        assert answer.status_code == 200, answer.text
        importer = Importer(self.client)
        draft = importer.send(answer.content, f"t.{ending}")
        assert draft["state"] == "ready", draft["error"]
        job = importer.run(draft["id"], table="copy", key="id", **wish)
        assert job["state"] == "done", job["error"]
        return self.rows("copy")

    def rows(self, name: str) -> list[Row]:
        """All rows, in the order of the key."""
        found: list[Row] = self.client.get(f"/rest/v1/{name}?order=id").json()
        return found

    def types(self, name: str) -> list[tuple[str, str]]:
        """The columns in their order with the types they are declared as."""
        columns = self.client.get(f"/api/collections/{name}").json()["columns"]
        return [(each["name"], each["declared"]) for each in columns]


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tables]:
    """One server for the file."""
    with served(tmp_path_factory.mktemp("trip") / "workspace", "") as client:
        yield Tables(client)


def carried(rows: list[Row], ending: str) -> list[Row]:
    """What the format can hold of the rows: an empty text is null in three, times are written anew in two."""
    if ending in ("csv", "tsv", "xlsx"):
        rows = [{**row, "words": row["words"] or None} for row in rows]
    if ending in ("parquet", "xlsx"):
        rows = [{**row, "at": row["at"] and time.fromisoformat(row["at"]).isoformat()} for row in rows]
    return rows


def nested(rows: list[Row]) -> list[Row]:
    """JSON files tell no JSON text from a text: only objects and arrays are JSON there."""
    return [{**row, "doc": row["doc"] if isinstance(row["doc"], dict | list) else None} for row in rows]


@pytest.mark.parametrize("ending", FORMATS)
@trip
@example(rows=ODD_ROWS)
@given(rows=rows)
def test_with_the_types_named_every_cell_comes_back(tables: Tables, ending: str, rows: list[Row]) -> None:
    first = tables.make(nested(rows) if "json" in ending else rows)
    again = tables.brought_back(ending, columns=WISH)
    assert carried(again, ending) == carried(first, ending)
    assert tables.types("copy") == tables.types("t")


@pytest.mark.parametrize("ending", ["parquet", "sqlite"])
@trip
@example(rows=ODD_ROWS)
@given(rows=rows)
def test_formats_with_types_need_not_be_told(tables: Tables, ending: str, rows: list[Row]) -> None:
    first = tables.make(rows)
    again = tables.brought_back(ending)
    assert carried(again, ending) == carried(first, ending)
    assert tables.types("copy") == tables.types("t")


@pytest.mark.parametrize("ending", ["csv", "tsv", "json", "ndjson", "xlsx"])
@trip
@example(rows=nested(ODD_ROWS))
@given(rows=rows)
def test_other_types_are_told_by_their_cells(tables: Tables, ending: str, rows: list[Row]) -> None:
    rows = nested(rows)
    first = carried(tables.make(rows), ending)
    again = carried(tables.brought_back(ending), ending)
    told = [*BY_LOOKS, "doc", *(["whole"] if "json" in ending else [])]
    told = [name for name in told if any(row[name] is not None for row in rows)]
    types, types_again = dict(tables.types("t")), dict(tables.types("copy"))
    assert {name: types_again[name] for name in told} == {name: types[name] for name in told}
    assert [[row[name] for name in told] for row in again] == [[row[name] for name in told] for row in first]
    assert list(types_again) == list(types)
