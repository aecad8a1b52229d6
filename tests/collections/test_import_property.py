"""Any typed table that csv.writer can write comes back as the same typed table."""

import csv
import datetime
import io
import json
import uuid
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.collections.conftest import Importer

Cells = list[Any]


@dataclass(frozen=True)
class Kind:
    """A type, its values in the table, and how each is written as CSV."""

    type: str
    values: st.SearchStrategy[Any]
    written: Any = str


def _json_text(value: Any) -> str:
    return json.dumps(value)


LETTERS = st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="\x00\ufeff")
WORDS = st.text(LETTERS, min_size=1, max_size=20).map(lambda text: f"w{text}w")
MOMENTS = st.datetimes(min_value=datetime.datetime(1, 1, 2), max_value=datetime.datetime(9999, 12, 30))

KINDS = [
    Kind("integer", st.integers(-(10**15) + 1, 10**15 - 1)),
    Kind("real", st.floats(-1e12, 1e12).filter(lambda number: number != int(number)), repr),
    Kind("boolean", st.booleans(), lambda value: "true" if value else "false"),
    Kind("date", st.dates(datetime.date(1, 1, 1)).map(str)),
    Kind("timestamp", MOMENTS.map(lambda moment: moment.replace(microsecond=0).isoformat() + "Z")),
    Kind("time", st.times().map(lambda time: time.replace(microsecond=0).isoformat())),
    Kind("uuid", st.uuids().map(str)),
    Kind("json", st.lists(st.integers() | st.text(LETTERS) | st.booleans() | st.none(), max_size=3), _json_text),
    Kind("text", WORDS),
    Kind("text", st.from_regex(r"0[0-9]{1,10}", fullmatch=True)),
    Kind("text", st.from_regex(r"[1-9][0-9]{15,40}", fullmatch=True)),
]


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[Kind], list[Cells]]:
    """Columns and rows; a column has at least one value, so that its type can be told."""
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=6))
    first = [draw(kind.values) for kind in kinds]
    optional = [st.none() | kind.values for kind in kinds]
    more = draw(st.lists(st.tuples(*optional), max_size=30))
    return kinds, [first, *(list(row) for row in more)]


@st.composite
def dialects(draw: st.DrawFn) -> dict[str, Any]:
    """How csv.writer is told to write."""
    return {
        "delimiter": draw(st.sampled_from([",", ";", "\t", "|"])),
        "quoting": draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])),
        "lineterminator": draw(st.sampled_from(["\r\n", "\n"])),
    }


@given(tables(), dialects(), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_comes_back_as_it_was(
    importer: Importer, table: tuple[list[Kind], list[Cells]], dialect: dict[str, Any], encoding: str
) -> None:
    kinds, rows = table
    names = [f"c{place}" for place in range(len(kinds))]
    text = io.StringIO(newline="")
    writer = csv.writer(text, **dialect)
    writer.writerow(names)
    for row in rows:
        writer.writerow(["" if cell is None else kind.written(cell) for kind, cell in zip(kinds, row, strict=True)])
    name = f"t{uuid.uuid4().hex}"

    draft = importer.send(text.getvalue().encode(encoding), name)
    assert draft["state"] == "ready", draft["error"]
    wish = {"delimiter": dialect["delimiter"], "header": True}
    if len(kinds) == 1 or draft["dialect"]["delimiter"] != dialect["delimiter"]:
        changed = importer.client.put(f"/api/imports/{draft['id']}/dialect", json=wish)
        importer.wait(changed.json()["job"])
        draft = importer.get(draft["id"])
    assert [column["type"] for column in draft["columns"]] == [kind.type for kind in kinds]
    job = importer.run(draft["id"], key=None)
    assert job["state"] == "done", job["error"]
    found = importer.rows(name)
    assert [[row[name] for name in names] for row in found] == rows
    importer.client.delete(f"/api/collections/{name}")
