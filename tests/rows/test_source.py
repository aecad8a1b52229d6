"""A query in the place of a table gets everything that a table has: filters, embeds, order, groups, counts."""

import json
from typing import Any

import apsw
import pytest
from tests.rows.conftest import LIBRARY

from rolltop.data import functions
from rolltop.data.reflect import reflect
from rolltop.rows import media, parse, plan, shape, sight, sql
from rolltop.rows.planned import Source

QUERY = "SELECT * FROM loans WHERE lender_id = ?"

REQUESTS: list[tuple[str, Any, int]] = [
    (
        "select=id,books(title)&order=id",
        [{"id": 1, "books": {"title": "Salt"}}, {"id": 2, "books": {"title": "North"}}],
        2,
    ),
    ("select=id&id=gt.1", [{"id": 2}], 1),
    ("select=id,...books!inner(title)&books.title=eq.Salt", [{"id": 1, "title": "Salt"}], 1),
    (
        "select=id,to:members!loan_borrower(name)&order=to(name).desc",
        [{"id": 2, "to": {"name": "Tom"}}, {"id": 1, "to": {"name": "Mia"}}],
        2,
    ),
    ("select=count(),...books(pages.sum())", [{"count": 2, "sum": 530}], 2),
]


@pytest.mark.parametrize("sorter", [False, True])
@pytest.mark.parametrize(("query", "wanted", "counted"), REQUESTS, ids=[query for query, *_ in REQUESTS])
def test_reads_a_query_like_a_table(query: str, wanted: Any, counted: int, sorter: bool) -> None:
    connection = apsw.Connection(":memory:")
    functions.register(connection)
    connection.execute(LIBRARY)
    catalog = reflect(connection)
    shaped = shape.split(query.encode())
    values = [*shaped.values, "1"]  # the argument comes after the literals of the URL
    source = Source(catalog.tables["loans"], QUERY, ((len(shaped.values), int),))
    planned = plan.read(parse.read(shape.parameters(shaped.pieces)), source, sight.of(catalog, ()))
    page = sql.page(planned, media.ARRAY, offset=True, sorter=sorter)
    text, _ = connection.execute(page.sql, page.bindings(values, (10, 0))).fetchall()[0]
    assert json.loads(f"[{text}]") == wanted
    count = sql.count(planned)
    assert connection.execute(count.sql, count.bindings(values)).get == counted
