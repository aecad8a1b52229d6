"""Whatever is asked, the answer is one of the documented ones: never a 500, never a body that is not what it says."""

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import quote

import apsw
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient
from tests.rows.conftest import LIBRARY, client_of

from rolltop.data import Data

ODD = """
CREATE TABLE odd (id INTEGER PRIMARY KEY, "a b" TEXT, x REAL, b BLOB, j JSON, n, t TIMESTAMP, d DECIMAL, bo BOOLEAN);
INSERT INTO odd VALUES
  (1, 'x', 1.5, x'00ff', '{"a":[1,{"b":null}],"c":"t"}', 'n', '2024-01-01T00:00:00Z', 1.25, 1),
  (2, x'ff', 9e999, 'txt', 'not json', 5, 'junk', '12345678901234567890123.5', 7),
  (3, CAST(x'41ff' AS TEXT), -9e999, NULL, jsonb('[1,2]'), x'01', 20240101, NULL, 'maybe');
CREATE VIEW v AS SELECT id, x, x + 1 AS y, "a b" FROM odd;
"""

TABLES = st.sampled_from(["odd", "odd", "odd", "books", "v", "placements", "nothing"])
COLUMNS = st.sampled_from(
    [
        *("id", "a b", "x", "b", "j", "n", "t", "d", "bo", "title", "pages", "tags", "y", "nope", "*"),
        "j->a->1->b",
        "j->>c",
        "n->x",
    ]
)
OPERATORS = st.sampled_from(
    [
        "eq",
        "neq",
        "gt",
        "lte",
        "like",
        "ilike",
        "match",
        "in",
        "is",
        "isdistinct",
        "cs",
        "cd",
        "ov",
        "fts",
        "sl",
        "eq(any)",
        "like(all)",
        "not.eq",
        "not.in",
        "not.is",
        "xx",
        "",
    ]
)
VALUES = st.sampled_from(
    [
        "1",
        "x",
        "",
        "null",
        "true",
        "1.5",
        "-9",
        "(1,2)",
        '("a,b",c)',
        "{a,b}",
        '{"a":1}',
        "[1]",
        "2024-01-01",
        "*a*",
        "%",
        "\\",
        "(",
        "[a",
        "\\x00ff",
        "99999999999999999999",
        "1e5",
        "NaN",
        "Infinity",
        '"q"',
        "é",
        "😀",
        "()",
        "{}",
    ]
) | st.text(max_size=8)
CASTS = st.sampled_from(["text", "int", "float", "numeric", "bool", "json", "date", "timestamp", "money"])

conditions = st.builds("{}.{}".format, OPERATORS, VALUES)
members = st.builds("{}.{}".format, COLUMNS, conditions)
items = st.one_of(COLUMNS, st.builds("{}::{}".format, COLUMNS, CASTS), st.builds("alias:{}".format, COLUMNS))
parameters = st.one_of(
    st.tuples(st.just("select"), st.lists(items, min_size=1, max_size=3).map(",".join)),
    st.tuples(COLUMNS, conditions),
    st.tuples(
        st.sampled_from(["or", "and", "not.or"]), st.lists(members, max_size=3).map(lambda m: f"({','.join(m)})")
    ),
    st.tuples(
        st.just("order"), st.builds("{}{}".format, COLUMNS, st.sampled_from(["", ".desc", ".nullsfirst", ".bad"]))
    ),
    st.tuples(st.sampled_from(["limit", "offset"]), st.sampled_from(["0", "1", "-1", "x", "99999999999"])),
    st.tuples(st.sampled_from(["columns", "on_conflict"]), st.sampled_from(["id", "title,pages", "nope", ""])),
)
cells = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | VALUES,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(VALUES, inner, max_size=2),
    max_leaves=4,
)
objects = st.dictionaries(
    st.sampled_from(["id", "a b", "x", "b", "j", "n", "t", "d", "bo", "title", "pages"]), cells, max_size=4
)
bodies = st.one_of(
    objects.map(json.dumps),
    st.lists(objects, max_size=3).map(json.dumps),
    st.sampled_from(["", "[", "null", "[1]", '{"a":NaN}', "title,pages\nA,3\n", "title=x&pages=3"]),
)
headers = st.fixed_dictionaries(
    {
        "Prefer": st.lists(
            st.sampled_from(
                [
                    *(
                        "count=exact",
                        "return=representation",
                        "return=headers-only",
                        "missing=default",
                        "handling=strict",
                    ),
                    *("resolution=merge-duplicates", "resolution=ignore-duplicates", "max-affected=1"),
                ]
            ),
            max_size=3,
        ).map(lambda chosen: ", ".join([*chosen, "tx=rollback"]))
    },
    optional={
        "Accept": st.sampled_from(
            [
                "text/csv",
                "application/vnd.pgrst.object+json",
                "application/vnd.pgrst.array+json;nulls=stripped",
                "image/png",
            ]
        ),
        "Range": st.sampled_from(["0-1", "5-", "1-0", "x"]),
        "Content-Type": st.sampled_from(
            ["application/json", "text/csv", "application/x-www-form-urlencoded", "text/plain"]
        ),
    },
)


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    path = tmp_path_factory.mktemp("odd") / "data.db"
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute(LIBRARY + ODD)
    data = Data.open(path)
    yield client_of(data)
    data.close()


@given(
    st.sampled_from(["GET", "GET", "GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"]),
    TABLES,
    st.lists(parameters, max_size=4),
    headers,
    bodies,
)
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_gets_a_documented_answer(
    odd: TestClient, method: str, table: str, asked: list[tuple[str, str]], sent: dict[str, str], body: Any
) -> None:
    query = "&".join(f"{quote(key, safe='')}={quote(value, safe='')}" for key, value in asked)
    content = body.encode("utf-8", "replace") if method in ("POST", "PATCH", "PUT") else None
    response = odd.request(method, f"{table}?{query}", headers=sent, content=content)
    assert response.status_code < 500, response.text
    if method == "HEAD" or not response.content:
        return
    if response.status_code >= 400:
        assert list(response.json()) == ["code", "message", "details", "hint"]
    elif "json" in response.headers["content-type"]:
        response.json()
