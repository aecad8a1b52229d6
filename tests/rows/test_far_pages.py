"""Far pages are found from landmarks: the same rows as an OFFSET gives, without the walk to them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient
from tests.rows.conftest import client_of, rows

from rolltop.data import Data, functions
from rolltop.data.reflect import reflect
from rolltop.rows import landmarks, media, pages, parse, plan, shape, sight
from rolltop.rows.landmarks import Landmarks
from rolltop.rows.planned import Source
from rolltop.rows.walk import Walk, walk_of

ROWS = 400
SQL = """
CREATE TABLE p (id INTEGER PRIMARY KEY, name TEXT);
INSERT INTO p VALUES (1, 'one'), (2, 'two'), (3, 'three');
CREATE TABLE t (id INTEGER PRIMARY KEY, a INT, b TEXT COLLATE NOCASE, c REAL, d, p INT REFERENCES p);
CREATE INDEX t_a ON t (a);
CREATE INDEX t_ab ON t (a, b);
CREATE INDEX t_b ON t (b DESC);
CREATE INDEX t_d ON t (d);
WITH RECURSIVE n (x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM n WHERE x < 400)
INSERT INTO t SELECT x * 3, nullif(x % 7, 3), nullif(substr('aAbBcC', x % 11, 1), ''), x / 3.0,
    CASE x % 5 WHEN 0 THEN NULL WHEN 1 THEN x WHEN 2 THEN 'x' || x WHEN 3 THEN x + 0.5 ELSE zeroblob(x % 3) END,
    nullif(x % 4, 0) FROM n;
"""
ORDERS = ["id", "a,id", "b,id", "a,b,id", "d,id", "c,id"]


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Data]:
    connection = apsw.Connection(str(tmp_path / "data.db"))
    connection.execute(SQL)
    connection.close()
    data = Data.open(tmp_path / "data.db")
    yield data
    data.close()


@pytest.fixture
def client(data: Data, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """Far begins at the seventh row, and a walk keeps few landmarks."""
    monkeypatch.setattr(pages, "FAR", 7)
    monkeypatch.setattr(landmarks, "STEP", 5)
    monkeypatch.setattr(landmarks, "MOST", 16)
    return client_of(data)


terms = st.sampled_from(["", ".asc", ".desc", ".nullsfirst", ".desc.nullslast"])
filters = st.sampled_from(["", "a=eq.2&", "a=is.null&", "b=ilike.a&", "id=gt.500&", "or=(a.eq.1,b.eq.c)&"])
selected = st.sampled_from(["", "select=id,a&", "select=id,p(name)&", "select=id,p!inner(name)&"])


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    order=st.sampled_from(ORDERS),
    directions=st.lists(terms, min_size=3, max_size=3),
    where=filters,
    select=selected,
    offsets=st.lists(st.integers(0, ROWS + 10), min_size=1, max_size=6),
)
def test_they_are_the_rows_of_the_whole_answer(
    client: TestClient, order: str, directions: list[str], where: str, select: str, offsets: list[int]
) -> None:
    ordered = ",".join(name + way for name, way in zip(order.split(","), directions, strict=False))
    query = f"t?{select}{where}order={ordered}"
    whole = rows(client.get(query))
    for offset in offsets:
        assert rows(client.get(f"{query}&limit=6&offset={offset}")) == whole[offset : offset + 6]


def test_writes_move_them(client: TestClient) -> None:
    query = "t?order=a.desc,id&select=id&limit=3&offset=300"
    for step in range(6):
        before = rows(client.get("t?order=a.desc,id&select=id"))
        for _ in range(4):  # every reader has landmarks now
            assert rows(client.get(query)) == before[300:303]
        written = client.delete(f"t?id=eq.{before[step * 20]['id']}")
        assert written.status_code == 204
    other = client.post("t", json={"id": 1, "a": None})
    assert other.status_code == 201
    assert rows(client.get(query)) == rows(client.get("t?order=a.desc,id&select=id"))[300:303]


def test_another_program_moves_them(client: TestClient, data: Data) -> None:
    query = "t?order=id&select=id&limit=2&offset=200"
    assert [row["id"] for row in rows(client.get(query))] == [603, 606]
    other = apsw.Connection(str(data.path))
    other.execute("DELETE FROM t WHERE id < 31")
    other.close()
    assert [row["id"] for row in rows(client.get(query))] == [633, 636]


def test_they_are_counted_and_end_as_others(client: TestClient) -> None:
    counted = {"Prefer": "count=exact"}
    page = client.get("t?order=a,id&limit=10&offset=395", headers=counted)
    assert (page.status_code, page.headers["content-range"]) == (206, f"395-399/{ROWS}")
    assert client.get("t?order=a,id&limit=10&offset=401", headers=counted).status_code == 416
    assert client.get("t?order=a,id&limit=10&offset=401").json() == []
    csv = client.get("t?order=id&select=id&limit=2&offset=9", headers={"Accept": "text/csv"})
    assert csv.text == "id\n30\n33\n"


def test_long_texts_and_odd_ones_are_no_landmarks(client: TestClient, data: Data) -> None:
    data.submit(lambda connection: connection.execute("UPDATE t SET b = hex(zeroblob(150)) || id")).result(10)
    whole = rows(client.get("t?order=b,id&select=id"))
    assert rows(client.get("t?order=b,id&select=id&limit=3&offset=100")) == whole[100:103]
    data.submit(lambda connection: connection.execute("UPDATE t SET b = CAST(x'ff' AS TEXT)")).result(10)
    whole = rows(client.get("t?order=b,id&select=id"))
    assert rows(client.get("t?order=b,id&select=id&limit=3&offset=100")) == whole[100:103]


class Steps:
    """How many steps SQLite takes, by hundreds."""

    def __init__(self, connection: apsw.Connection) -> None:
        self.taken = 0
        connection.set_progress_handler(self._count, 100)

    def _count(self) -> bool:
        self.taken += 1
        return False


def _walk(connection: apsw.Connection, query: bytes) -> tuple[Walk, list[Any]]:
    catalog = reflect(connection)
    shaped = shape.split(query)
    planned = plan.read(
        parse.read(shape.parameters(shaped.pieces)), Source(plan.find_table(catalog, "t")), sight.of(catalog, ())
    )
    walk = walk_of(planned, media.ARRAY)
    assert walk is not None
    return walk, shaped.values


@pytest.mark.parametrize(
    "query", [b"order=id.desc", b"order=a,id", b"order=a.desc,b.desc,id.desc", b"order=b,id&a=eq.2"]
)
def test_who_comes_again_does_not_walk_there(query: bytes) -> None:
    connection = apsw.Connection(":memory:")
    functions.register(connection)
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a INT, b TEXT NOT NULL)")
    connection.execute("CREATE INDEX t_a ON t (a); CREATE INDEX t_ab ON t (a, b)")
    connection.execute(
        "WITH RECURSIVE n (x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM n WHERE x < 200000)"
        "INSERT INTO t SELECT x, nullif(x % 3, 1), x % 1000 FROM n"
    )
    walk, values = _walk(connection, query)
    kept, steps = Landmarks(), Steps(connection)
    offset = 60_000 if values else 190_000
    first = kept.page(connection, walk, values, 100, offset)
    walked = steps.taken
    again = kept.page(connection, walk, values, 100, offset + 100)
    assert first is not None
    assert again is not None
    assert (first[1], again[1]) == (100, 100)
    assert (steps.taken - walked) * 8 < walked


def test_what_they_take_is_bounded() -> None:
    connection = apsw.Connection(":memory:")
    functions.register(connection)
    connection.execute(SQL)
    kept = Landmarks()
    for number in range(landmarks.WALKS * 2):
        walk, values = _walk(connection, f"order=id&id=gt.{number}".encode())
        kept.page(connection, walk, values, 1, ROWS)
    assert len(kept._kept[connection].walks) == landmarks.WALKS
