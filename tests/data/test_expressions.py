"""The types of what a SELECT gives, told from its text; and that the values are what was told."""

import time
from collections.abc import Iterator

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rolltop.data.expressions import body_of_view, is_compound, types_of

TABLES = """
CREATE TABLE t (i INTEGER, n NUMERIC, r REAL, s TEXT, b BLOB, yes BOOLEAN, day DATE, at TIMESTAMP, j JSON, u,
  price DECIMAL(10, 2), "odd, name" INT);
INSERT INTO t VALUES (1, 1.5, 2.5, 'a', x'00', 1, '2024-01-01', '2024-01-01T00:00:00Z', '{"a":1}', 'u', 9.5, 3),
  (2, 2, 3.5, 'b', x'ff', 0, '2024-01-02', '2024-01-02T00:00:00Z', '[1]', 5, 1, 4),
  (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
CREATE VIEW counted (number, name, hottest) AS SELECT count(*), s || '!', max(price) FROM t GROUP BY s;
CREATE VIEW above AS SELECT number + 1 AS more, name FROM counted;
"""
TOLD = {
    "i": "INTEGER",
    't."odd, name"': "INT",
    "u": "",
    "(price)": "DECIMAL(10, 2)",
    "count(*)": "INTEGER",
    "count(DISTINCT s) FILTER (WHERE i > 0)": "INTEGER",
    "sum(i)": "INTEGER",
    "sum(r)": "REAL",
    "sum(n)": "NUMERIC",
    "avg(i)": "REAL",
    "min(day)": "DATE",
    "max(at)": "TIMESTAMP",
    "max(i, r)": "NUMERIC",
    "max(i, s)": None,
    "row_number() OVER (ORDER BY i)": "INTEGER",
    "lag(s, 1, '-') OVER (ORDER BY i)": "TEXT",
    "first_value(yes) OVER (PARTITION BY s)": "BOOLEAN",
    "i + 1": "INTEGER",
    "-i": "INTEGER",
    "i * r": "REAL",
    "i / 2 % 3": "INTEGER",
    "u + 1": "NUMERIC",
    "price - 1": "NUMERIC",
    "i & 1": "INTEGER",
    "s || i": "TEXT",
    "s COLLATE NOCASE": "TEXT",
    "i > 1": "BOOLEAN",
    "i > 1 AND s LIKE 'a%'": "BOOLEAN",
    "NOT yes": "BOOLEAN",
    "s IS NULL": "BOOLEAN",
    "i IN (1, 2)": "BOOLEAN",
    "i BETWEEN 1 AND 2": "BOOLEAN",
    "EXISTS (SELECT 1 FROM t)": "BOOLEAN",
    "CAST(s AS INTEGER)": "INTEGER",
    "CAST(i AS VARCHAR(5))": "TEXT",
    "CAST(i AS BOOLEAN)": "BOOLEAN",
    "CAST(at AS DATE)": "NUMERIC",
    "CAST(s AS BLOB)": "BLOB",
    "upper(s)": "TEXT",
    "length(s)": "INTEGER",
    "round(r, 1)": "REAL",
    "date(at)": "DATE",
    "datetime(at, '+1 day')": "TIMESTAMP",
    "time(at)": "TIME",
    "strftime('%Y', at)": "TEXT",
    "json_object('a', i)": "JSON",
    "json_group_array(i)": "JSON",
    "j -> '$.a'": "JSON",
    "j ->> '$.a'": None,
    "j -> '$.a' || 'x'": "TEXT",
    "json_extract(j, '$.a')": None,
    "coalesce(i, 0)": "INTEGER",
    "coalesce(i, 0.5)": "NUMERIC",
    "coalesce(i, 'none')": None,
    "ifnull(s, '')": "TEXT",
    "nullif(i, 0)": "INTEGER",
    "iif(i > 1, 'a', 'b')": "TEXT",
    "CASE WHEN i > 1 THEN 'a' WHEN i > 0 THEN 'b' END": "TEXT",
    "CASE i WHEN 1 THEN CASE WHEN 1 THEN 2 ELSE 3 END ELSE 4 END": "INTEGER",
    "CASE WHEN i THEN 1 ELSE 'x' END": None,
    "(SELECT count(*) FROM t AS o WHERE o.i = t.i)": "INTEGER",
    "(SELECT max(day) FROM t)": "DATE",
    "1": "INTEGER",
    "0x1f": "INTEGER",
    "1.5e3": "REAL",
    "'it''s'": "TEXT",
    "x'00ff'": "BLOB",
    "TRUE": "BOOLEAN",
    "CURRENT_DATE": "DATE",
    "CURRENT_TIMESTAMP": "TIMESTAMP",
    "NULL": None,
    ":given": None,
    ":given || s": "TEXT",
}
CLASSES = {
    "INTEGER": {"integer"},
    "INT": {"integer"},
    "REAL": {"real"},
    "NUMERIC": {"integer", "real"},
    "DECIMAL(10, 2)": {"integer", "real"},
    "BOOLEAN": {"integer"},
    "BLOB": {"blob"},
    "": {"text", "integer"},
}
"""Which storage classes the values of a type may have; text, where it isn't named."""


@pytest.fixture(scope="module")
def file() -> Iterator[apsw.Connection]:
    """A file with a table and views."""
    connection = apsw.Connection(":memory:")
    connection.execute(TABLES)
    yield connection
    connection.close()


@pytest.mark.parametrize(("expression", "told"), TOLD.items())
class TestExpressions:
    def test_are_typed(self, file: apsw.Connection, expression: str, told: str | None) -> None:
        assert types_of(file, f"SELECT {expression} FROM t") == (told,)

    @pytest.mark.parametrize("alias", [" AS x", " x", ' "x y"', " 'x'", " AS [x, y]"])
    def test_may_have_a_name(self, file: apsw.Connection, expression: str, told: str | None, alias: str) -> None:
        assert types_of(file, f"SELECT DISTINCT {expression}{alias}, i FROM t WHERE 1") == (told, "INTEGER")

    def test_give_what_was_told(self, file: apsw.Connection, expression: str, told: str | None) -> None:
        seen = {
            kind
            for (kind,) in file.execute(f"SELECT typeof(v) FROM (SELECT {expression} AS v FROM t)", {"given": "x"})
            if kind != "null"
        }
        if told is not None:
            assert seen <= CLASSES.get(told, {"text"})


class TestStatements:
    @pytest.mark.parametrize(
        ("select", "told"),
        [
            ("SELECT * FROM above", ("INTEGER", "TEXT")),
            ("SELECT a.more, b.name, hottest h FROM above a JOIN counted b", ("INTEGER", None, "DECIMAL(10, 2)")),
            ("SELECT name FROM above a, counted b", (None,)),
            ("WITH x (n, m) AS (SELECT count(*), 1 FROM t) SELECT n, m + 1 FROM x", ("INTEGER", "INTEGER")),
            ("WITH x AS (SELECT count(*) AS n FROM t) SELECT n, n + 1 FROM x", ("INTEGER", "INTEGER")),
            ("SELECT n FROM (SELECT s || '' AS n FROM t) AS inside", ("TEXT",)),
            ("SELECT i FROM t UNION ALL SELECT length(s) FROM t", ("INTEGER",)),
            ("SELECT i FROM t UNION SELECT r FROM t", ("NUMERIC",)),
            ("SELECT i FROM t UNION SELECT s FROM t ORDER BY 1", (None,)),
            ("SELECT b, o.*, 'x' FROM t, counted o", ("BLOB", "INTEGER", "TEXT", "DECIMAL(10, 2)", "TEXT")),
            ("SELECT s, count(*) n FROM t GROUP BY s HAVING n > 1 ORDER BY n LIMIT 5", ("TEXT", "INTEGER")),
            ("VALUES (1)", ()),
            ("INSERT INTO t DEFAULT VALUES RETURNING i", ()),
            ("SELECT ", (None,)),
            ("SELECT (", (None,)),
            ("SELECT i FROM", (None,)),
            ("", ()),
        ],
    )  # fmt: skip
    def test_are_typed(self, file: apsw.Connection, select: str, told: tuple[str | None, ...]) -> None:
        assert types_of(file, select) == told

    def test_of_views_are_found(self) -> None:
        assert body_of_view('CREATE VIEW "as" (a, b) AS SELECT 1 AS a').strip() == "SELECT 1 AS a"
        assert body_of_view("CREATE VIEW v") == ""

    def test_that_are_several_are_told(self) -> None:
        assert is_compound("SELECT 1 UNION SELECT 2")
        assert not is_compound("SELECT (SELECT 1 UNION SELECT 2)")

    def test_that_are_deep_or_long_end(self, file: apsw.Connection) -> None:
        assert types_of(file, f"SELECT {'(' * 200}1{')' * 200}") == (None,)
        assert len(types_of(file, f"SELECT {', '.join(['max(j)'] * 2000)} FROM t, t AS o")) == 2000
        assert types_of(file, f"SELECT {'-' * 1} {' + '.join(['i'] * 400)} FROM t") == ("INTEGER",)
        nested = "SELECT 1 AS x"
        for _ in range(60):
            nested = f"SELECT x + 1 AS x FROM ({nested})"
        assert types_of(file, nested) in (("INTEGER",), ("NUMERIC",))


WORDS = [
    *(
        "SELECT",
        "FROM",
        "t",
        "WHERE",
        "AS",
        "x",
        "i",
        "s",
        "(",
        ")",
        ",",
        "*",
        ".",
        "+",
        "-",
        "||",
        "->",
        "CASE",
        "WHEN",
    ),
    *(
        "THEN",
        "ELSE",
        "END",
        "CAST",
        "count",
        "max",
        "coalesce",
        "lag",
        "iif",
        "NULL",
        "1",
        "'a'",
        "x'00'",
        ":p",
        "WITH",
    ),
    *("UNION", "ALL", "JOIN", "ON", "DISTINCT", "VALUES", "NOT", "IN", "IS", "COLLATE", "OVER", "FILTER", "EXISTS"),
    *("above", "counted"),
]


@given(st.lists(st.sampled_from(WORDS), max_size=25), st.booleans())
@settings(max_examples=500, deadline=None, database=None, derandomize=True)
def test_any_words_are_typed_or_not(words: list[str], selects: bool) -> None:
    connection = apsw.Connection(":memory:")
    connection.execute(TABLES)
    text = " ".join([*(["SELECT", "i", ",", *words, "FROM", "t"] if selects else words)])
    assert isinstance(types_of(connection, text), tuple)
    assert isinstance(body_of_view(text), str)
    assert is_compound(text) in (True, False)
    connection.close()


def test_a_view_of_many_expressions_is_typed_at_once() -> None:
    connection = apsw.Connection(":memory:")
    connection.execute(TABLES)
    columns = ", ".join(f"max(i) + {number} AS c{number}" for number in range(900))
    connection.execute(
        f"CREATE VIEW wide AS SELECT {columns} FROM t; CREATE VIEW wider AS SELECT *, c1 + 1 AS d FROM wide"
    )
    started = time.monotonic()
    told = types_of(connection, "SELECT * FROM wider")
    assert told == ("INTEGER",) * 901
    assert time.monotonic() - started < 20
    connection.close()
