"""Any SQLite file works: odd names, odd cells, views, keys of every kind; and Chinook."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import apsw
import pytest
from starlette.testclient import TestClient
from tests.rows.conftest import Open, client_of, rows

from rolltop.data import Data
from rolltop.data.types import of_declared

REPRESENTATION = {"Prefer": "return=representation"}

NAMES = [
    "Order Details",
    'say "hi"',
    "select",
    "größe",
    "表",
    "semi;colon",
    "it's",
    "a/b",
    "a.b",
    "percent%20",
    "-- comment",
    "()",
    "brackets]",
    "back`tick",
    "a\\b",
    "_rolltop",
    "rowid",
    "a,b",
    "[x]",
    "100%",
    "%2F",
    "?&=#+",
    "{y}",
    "a:b->c",
    "..x",
    " edge ",
    "sqlitefoo",
    "\t",
]


def name_in_url(name: str) -> str:
    """A name as the dialect's grammar quotes it, percent-encoded."""
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return quote(f'"{escaped}"', safe="")


def identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class TestNames:
    @pytest.mark.parametrize("name", NAMES)
    def test_of_tables_and_columns(self, serve: Open, name: str) -> None:
        client = serve(f"CREATE TABLE {identifier(name)} (id INTEGER PRIMARY KEY, {identifier(name)} TEXT)")
        table, column = quote(name, safe=""), name_in_url(name)
        assert client.post(table, json={"id": 1, name: "x"}).status_code == 201
        made = client.post(f"{table}?select={column}", json={name: "y"}, headers=REPRESENTATION)
        assert rows(made) == [{name: "y"}]
        assert rows(client.get(f"{table}?{column}=eq.x&order={column}.desc")) == [{"id": 1, name: "x"}]
        assert rows(client.get(f"{table}?or=({column}.eq.x,{column}.eq.y)&select=alias:{column}")) == [
            {"alias": "x"},
            {"alias": "y"},
        ]
        assert client.patch(f"{table}?{column}=eq.x", json={name: "z"}).status_code == 204
        assert client.get(table, headers={"Accept": "text/csv"}).text.splitlines()[1] == "1,z"
        assert client.delete(f"{table}?{column}=eq.z").status_code == 204
        assert [row[name] for row in rows(client.get(table))] == ["y"]

    def test_case_matters(self, serve: Open) -> None:
        client = serve("CREATE TABLE Things (Id INTEGER PRIMARY KEY)")
        assert client.get("things").status_code == 404
        assert client.get("Things?id=eq.1").status_code == 400

    def test_of_columns_like_parameters(self, serve: Open) -> None:
        client = serve('CREATE TABLE t ("order" INT, "limit" INT, "select" INT); INSERT INTO t VALUES (1, 2, 3)')
        assert rows(client.get("t?or=(limit.eq.2)")) == [{"order": 1, "limit": 2, "select": 3}]
        assert rows(client.get('t?"select"=eq.4')) == []

    def test_of_columns_like_aliases_of_ours(self, serve: Open) -> None:
        client = serve(
            "CREATE TABLE t (j INT, t INT, key INT, value INT, id INT); INSERT INTO t VALUES (2,1,3,4,5),(1,2,3,4,5)"
        )
        assert [row["j"] for row in rows(client.get("t?order=j"))] == [1, 2]
        response = client.patch("t?j=eq.1&order=id&select=id,key,value", json={"t": 9}, headers=REPRESENTATION)
        assert response.json() == [{"id": 5, "key": 3, "value": 4}]


CELLS: list[tuple[str, str, Any]] = [
    ("a BLOB", "x'00ff'", "\\x00ff"),
    ("a BLOB", "'text'", "\\x74657874"),
    ("a TEXT", "x'01'", "\\x01"),
    ("a TEXT", "x'ff00'", "\\xff00"),
    ("a INTEGER", "x'01'", "\\x01"),
    ("a INTEGER", "'many'", "many"),
    ("a INTEGER", "1.5", 1.5),
    ("a INTEGER", "9223372036854775807", 9223372036854775807),
    ("a REAL", "9e999", "Infinity"),
    ("a REAL", "-9e999", "-Infinity"),
    ("a REAL", "0.1", 0.1),
    ("a NUMERIC", "9e999", "Infinity"),
    ("a BOOLEAN", "1", True),
    ("a BOOLEAN", "0", False),
    ("a BOOLEAN", "NULL", None),
    ("a BOOLEAN", "'maybe'", "maybe"),
    ("a BOOLEAN", "7", 7),
    ("a JSON", "'{\"a\": [1, null]}'", {"a": [1, None]}),
    ("a JSON", "'not json'", "not json"),
    ("a JSON", "jsonb('[1,2]')", [1, 2]),
    ("a JSON", "5", 5),
    ("a DATE", "'2024-05-01'", "2024-05-01"),
    ("a DATETIME", "1714521600", 1714521600),
    ("a VARCHAR(20)", "'x'", "x"),
    ("a", "5", "5"),
    ("a", "'x'", "x"),
    ("a", "NULL", None),
    ("a TEXT", "'quote \" backslash \\ line\n'", 'quote " backslash \\ line\n'),
    ("a UUID", "'01890a5d-ac96-774b-bcce-b302099a8057'", "01890a5d-ac96-774b-bcce-b302099a8057"),
    ("a TEXT GENERATED ALWAYS AS (id || '!')", "", "1!"),
]


class TestCells:
    @pytest.mark.parametrize(("declaration", "sql", "wanted"), CELLS, ids=[f"{d} {s}" for d, s, _ in CELLS])
    def test_come_out_by_declared_type(self, serve: Open, declaration: str, sql: str, wanted: Any) -> None:
        columns, values = ("id, a", f"1, {sql}") if sql else ("id", "1")
        client = serve(
            f"CREATE TABLE t (id INTEGER PRIMARY KEY, {declaration}); INSERT INTO t ({columns}) VALUES ({values})"
        )
        assert rows(client.get("t?select=a")) == [{"a": wanted}]
        assert rows(client.get("t?select=a&id=eq.1")) == [{"a": wanted}]
        assert rows(client.get("t?select=a&order=id.desc&limit=1")) == [{"a": wanted}]

    def test_text_that_is_not_utf8_is_mended(self, serve: Open) -> None:
        client = serve(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);"
            "INSERT INTO t VALUES (1, CAST(x'41ff42' AS TEXT)), (2, 'ok')"
        )
        assert rows(client.get("t?id=eq.1")) == [{"id": 1, "a": "A\ufffdB"}]
        assert [row["a"] for row in rows(client.get("t?order=id"))] == ["A\ufffdB", "ok"]
        assert client.get("t?a=ilike.*é*").json()["code"] == "22021"

    def test_bytes_are_written_and_found(self, serve: Open) -> None:
        client = serve("CREATE TABLE t (id INTEGER PRIMARY KEY, a BLOB)")
        response = client.post("t?select=a", json=[{"a": "\\x00FF"}, {"a": "text"}], headers=REPRESENTATION)
        assert response.json() == [{"a": "\\x00ff"}, {"a": "\\x74657874"}]
        assert rows(client.get("t?a=eq.\\x00ff&select=id")) == [{"id": 1}]
        assert rows(client.get("t?a=in.(\\x00ff,text)&select=id")) == [{"id": 1}, {"id": 2}]
        assert client.post("t", json={"a": "\\x0"}).json()["code"] == "22P02"

    def test_that_are_jsonb_are_compared_like_any_json(self, serve: Open) -> None:
        client = serve(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, a JSON);"
            "INSERT INTO t VALUES (1, jsonb('[1,2]')), (2, '[1,2]'), (3, x'ffff'), (4, jsonb('{\"b\":[3]}'));"
            "INSERT INTO t VALUES (5, '[1]')"
        )
        assert rows(client.get("t?select=id&a=cs.[2]&order=id")) == [{"id": 1}, {"id": 2}]
        assert rows(client.get("t?select=id&a=eq.[1,2]&order=id")) == [{"id": 1}, {"id": 2}]
        assert rows(client.get('t?select=id&a=in.([1],"[1,2]")&order=id')) == [{"id": 1}, {"id": 2}, {"id": 5}]
        assert rows(client.get("t?select=id&a->b=eq.[3]")) == [{"id": 4}]
        assert [row["id"] for row in rows(client.get("t?select=id&order=a,id"))] == [3, 5, 1, 2, 4]

    def test_that_are_numbers_are_compared_as_json_numbers(self, serve: Open) -> None:
        client = serve(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, a JSON); INSERT INTO t VALUES (1, '5'), (2, '[5,true]')"
        )
        assert rows(client.get("t?select=id&a=eq.5")) == [{"id": 1}]
        assert rows(client.get("t?select=id&a=gt.4.5&order=a")) == [{"id": 1}, {"id": 2}]
        assert rows(client.get("t?select=id&a=cd.[5,6]")) == [{"id": 1}]
        assert rows(client.get("t?select=id&a=eq.{5,true}")) == [{"id": 2}]
        assert rows(client.get("t?select=id&a=eq.{true,5}")) == []

    def test_operands_are_looked_at_without_rows(self, serve: Open) -> None:
        client = serve("CREATE TABLE t (id INTEGER PRIMARY KEY, a JSON)")
        for operator in ("cs", "cd", "ov", "eq", "isdistinct"):
            assert client.get(f"t?a={operator}.nope").json()["code"] == "22P02"

    MOMENTS = ("2024-05-01 10:00:00", "2024-05-01T10:00:00.500Z", "2024-05-01T11:00:00+02:00", "2024-05-01", "2024-05")

    @pytest.mark.parametrize(
        ("filter_", "wanted"),
        [
            ("eq.2024-05-01T10:00:00Z", [1]),
            ("eq.2024-05-01 10:00", [1]),
            ("eq.2024-05-01T09:00:00.000Z", [3]),
            ("eq.2024-05-01", [4]),
            ("in.(2024-05-01,2024-05-01T12:00:00%2B02:00)", [1, 4]),
            ("gt.2024-05-01T10:00:00", [2]),
            ("gte.2024-05-01T10:00:00Z", [1, 2]),
            ("lt.2024-05-01T10:00:00", [3, 4, 5]),
            ("lte.2024-05-01T10:00:00", [1, 3, 4, 5]),
            ("neq.2024-05-01 10:00:00", [2, 3, 4, 5]),
            ("not.gte.2024-05-01T09:30:00", [3, 4, 5]),
            ("isdistinct.2024-05-01", [1, 2, 3, 5, 6]),
            ("eq(any).{2024-05-01,2024-05-01T09:00:00Z}", [3, 4]),
            ("gt.0001-01-01", [1, 2, 3, 4, 5]),
            ("lt.9999-12-31", [1, 2, 3, 4, 5]),
        ],
    )
    def test_that_are_moments_are_compared_as_moments(self, serve: Open, filter_: str, wanted: list[int]) -> None:
        values = ", ".join(f"({number}, '{text}')" for number, text in enumerate(self.MOMENTS, 1))
        client = serve(f"CREATE TABLE t (id INTEGER PRIMARY KEY, a DATETIME); INSERT INTO t VALUES {values}, (6, NULL)")
        assert [row["id"] for row in rows(client.get(f"t?select=id&order=id&a={filter_}"))] == wanted

    def test_that_are_moments_are_sorted_as_moments(self, serve: Open) -> None:
        values = ", ".join(f"({number}, '{text}')" for number, text in enumerate(self.MOMENTS, 1))
        sql = f"CREATE TABLE t (id INTEGER PRIMARY KEY, a DATETIME); INSERT INTO t VALUES {values}, (6, NULL), (7, 42);"
        client = serve(f"{sql} CREATE TABLE u (id INTEGER PRIMARY KEY, t_id INT REFERENCES t (id));"
                       "INSERT INTO u SELECT id, id FROM t")  # fmt: skip
        in_order = [7, 5, 4, 3, 1, 2, 6]
        assert [row["id"] for row in rows(client.get("t?select=id&order=a"))] == in_order
        assert [row["id"] for row in rows(client.get("t?select=id&order=a.desc.nullsfirst"))] == in_order[::-1]
        assert [row["id"] for row in rows(client.get("u?select=id,t(a)&order=t(a)"))] == in_order

    @pytest.mark.parametrize(("declared", "found"), [("DATE", 2), ("DATETIME", 1), ("TEXT", 1)])
    def test_that_are_keys_may_be_one_day_in_several_forms(self, serve: Open, declared: str, found: int) -> None:
        client = serve(
            f"CREATE TABLE t (a {declared} PRIMARY KEY); INSERT INTO t VALUES ('2024-05-01'), ('2024-05-01 9')"
        )
        assert len(rows(client.get("t?a=eq.2024-05-01"))) == found

    HELD = ("10:00:00Z", "10:00:00.500Z", "10:00:00.25Z", "10:00:01Z", "09:59:59.999999Z", "12:00:00.000%2B02:00")

    @pytest.mark.parametrize(
        ("filter_", "wanted"),
        [
            ("eq.2024-05-01T10:00:00Z", [1, 6]),
            ("eq.2024-05-01T12:00:00.5%2B02:00", [2]),
            ("neq.2024-05-01T10:00:00Z", [2, 3, 4, 5]),
            ("gt.2024-05-01T10:00:00Z", [2, 3, 4]),
            ("gt.2024-05-01T10:00:00.25Z", [2, 4]),
            ("gte.2024-05-01T10:00:00Z", [1, 2, 3, 4, 6]),
            ("gte.2024-05-01T10:00:00.5Z", [2, 4]),
            ("lt.2024-05-01T10:00:00Z", [5]),
            ("lt.2024-05-01T10:00:00.5Z", [1, 3, 5, 6]),
            ("lte.2024-05-01T10:00:00Z", [1, 5, 6]),
            ("lte.2024-05-01T10:00:00.25Z", [1, 3, 5, 6]),
            ("not.lt.2024-05-01T10:00:00.5Z", [2, 4]),
            ("isdistinct.2024-05-01T10:00:00Z", [2, 3, 4, 5, 7]),
            ("in.(2024-05-01T10:00:00.000Z,2024-05-01T10:00:00.5Z)", [1, 2, 6]),
            ("gt(all).{2024-05-01,2024-05-01T10:00:00Z}", [2, 3, 4]),
            ("gt.2024-05-01", [1, 2, 3, 4, 5, 6]),
        ],
    )
    @pytest.mark.parametrize("indexed", [True, False])
    def test_of_our_tables_are_moments_to_the_microsecond(
        self, serve: Open, filter_: str, wanted: list[int], indexed: bool
    ) -> None:
        declared = of_declared("TIMESTAMP").ddl('"a"')
        index = "CREATE INDEX i ON t (a);" if indexed else ""
        client = serve(f'CREATE TABLE t (id INTEGER PRIMARY KEY, "a" {declared}); {index}')
        for number, time in enumerate(self.HELD, 1):
            moment = f"2024-05-01T{time}".replace("%2B", "+")
            assert client.post("t", json={"id": number, "a": moment}).status_code == 201
        client.post("t", json={"id": 7})
        assert [row["id"] for row in rows(client.get(f"t?select=id&order=id&a={filter_}"))] == wanted
        if not indexed:
            assert [row["id"] for row in rows(client.get("t?select=id&order=a,id"))] == [5, 1, 6, 3, 2, 4, 7]

    @pytest.mark.parametrize(
        ("filter_", "wanted"),
        [
            ("eq.2024-05-01", [1, 2, 3]),
            ("neq.2024-05-01", [4, 5]),
            ("gt.2024-05-01", [5]),
            ("gte.2024-05-01", [1, 2, 3, 5]),
            ("lt.2024-05-01", [4]),
            ("lte.2024-05-01", [1, 2, 3, 4]),
            ("in.(2024-05-01,2024-05-02)", [1, 2, 3, 5]),
            ("isdistinct.2024-05-01", [4, 5, 6]),
            ("not.gt.2024-05-01", [1, 2, 3, 4]),
        ],
    )
    def test_that_are_days_with_a_time_are_compared_as_days(self, serve: Open, filter_: str, wanted: list[int]) -> None:
        days = ("2024-05-01", "2024-05-01 10:00:00", "2024-05-01T23:59:59Z", "2024-04-30 23:00", "2024-05-02")
        values = ", ".join(f"({number}, '{text}')" for number, text in enumerate(days, 1))
        client = serve(f"CREATE TABLE t (id INTEGER PRIMARY KEY, a DATE); INSERT INTO t VALUES {values}, (6, NULL)")
        assert [row["id"] for row in rows(client.get(f"t?select=id&order=id&a={filter_}"))] == wanted

    @pytest.mark.parametrize(
        ("declaration", "sql", "cast", "wanted"),
        [
            ("a REAL", "9e999", "numeric", "Infinity"),
            ("a REAL", "9e999", "text", "Infinity"),
            ("a REAL", "-2.5", "int", -3),
            ("a REAL", "2.5", "int", 3),
            ("a BOOLEAN", "1", "int", 1),
            ("a INTEGER", "7", "bool", True),
            ("a INTEGER", "0", "bool", False),
            ("a TEXT", "'yes'", "bool", True),
            ("a TEXT", "' 12 '", "int", 12),
            ("a JSON", "'[1]'", "text", "[1]"),
            ("a TIMESTAMP", "'2024-05-01T10:00:00Z'", "date", "2024-05-01"),
            ("a REAL", "NULL", "int", None),
        ],
    )
    def test_are_cast(self, serve: Open, declaration: str, sql: str, cast: str, wanted: Any) -> None:
        client = serve(f"CREATE TABLE t (id INTEGER PRIMARY KEY, {declaration}); INSERT INTO t VALUES (1, {sql})")
        assert rows(client.get(f"t?select=a::{cast}")) == [{"a": wanted}]

    @pytest.mark.parametrize(
        ("declaration", "sql", "cast", "code"),
        [
            ("a REAL", "9e999", "int", "22003"),
            ("a BOOLEAN", "'maybe'", "int", "22P02"),
            ("a DATE", "'2024-05-01'", "int", "42846"),
            ("a TEXT", "'x'", "date", "22007"),
            ("a JSON", "'[1]'", "int", "42846"),
        ],
    )
    def test_that_do_not_read_so_are_refused(
        self, serve: Open, declaration: str, sql: str, cast: str, code: str
    ) -> None:
        client = serve(f"CREATE TABLE t (id INTEGER PRIMARY KEY, {declaration}); INSERT INTO t VALUES (1, {sql})")
        assert client.get(f"t?select=a::{cast}").json()["code"] == code

    def test_infinities_are_refused(self, serve: Open) -> None:
        client = serve("CREATE TABLE t (a REAL)")
        assert client.post("t", json={"a": "Infinity"}).json()["code"] == "22003"


class TestTables:
    def test_without_primary_key(self, serve: Open) -> None:
        client = serve("CREATE TABLE t (a INT, b TEXT)")
        assert client.options("t").headers["allow"] == "OPTIONS,GET,HEAD,POST,PATCH,DELETE"
        response = client.post("t", json=[{"a": 1, "b": "x"}, {"a": 1, "b": "x"}], headers=REPRESENTATION)
        assert response.json() == [{"a": 1, "b": "x"}, {"a": 1, "b": "x"}]
        assert client.patch("t?a=eq.1", json={"b": "y"}, headers=REPRESENTATION).json() == [{"a": 1, "b": "y"}] * 2
        upsert = client.post("t", json={"a": 1}, headers={"Prefer": "resolution=merge-duplicates"})
        assert (upsert.status_code, "preference-applied" in upsert.headers) == (201, False)
        assert client.put("t?a=eq.1", json={"a": 1}).json()["code"] == "PGRST105"

    def test_without_rowid_and_with_a_composite_key(self, serve: Open) -> None:
        client = serve("CREATE TABLE kv (a TEXT, b INT, v TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID")
        headers = {"Prefer": "return=representation,resolution=merge-duplicates"}
        assert client.post("kv", json=[{"a": "x", "b": 1, "v": "1"}], headers=headers).status_code == 201
        response = client.post("kv", json=[{"a": "x", "b": 1, "v": "2"}, {"a": "y", "b": 1, "v": "3"}], headers=headers)
        assert response.json() == [{"a": "x", "b": 1, "v": "2"}, {"a": "y", "b": 1, "v": "3"}]
        assert rows(client.get("kv?a=eq.x&b=eq.1")) == [{"a": "x", "b": 1, "v": "2"}]
        response = client.patch("kv?a=eq.x&b=eq.1", json={"b": 7}, headers=REPRESENTATION)
        assert response.json() == [{"a": "x", "b": 7, "v": "2"}]
        response = client.post("kv", json={"a": "z", "b": 3}, headers={"Prefer": "return=headers-only"})
        assert response.headers["location"] == "/kv?a=eq.z&b=eq.3"

    def test_with_a_text_key(self, serve: Open) -> None:
        client = serve("CREATE TABLE t (code TEXT PRIMARY KEY, n INT)")
        response = client.post("t", json={"code": "a&b=ü", "n": 1}, headers={"Prefer": "return=headers-only"})
        location = response.headers["location"]
        assert location == "/t?code=eq.a%26b%3D%C3%BC"
        assert rows(client.get(location.removeprefix("/"))) == [{"code": "a&b=ü", "n": 1}]

    def test_strict(self, serve: Open) -> None:
        client = serve("CREATE TABLE t (id INTEGER PRIMARY KEY, a ANY, n INT, r REAL, x BLOB) STRICT")
        assert client.post("t", json={"n": 1, "r": 2, "a": "7"}).status_code == 201
        assert rows(client.get("t")) == [{"id": 1, "a": "7", "n": 1, "r": 2.0, "x": None}]

    def test_generated_columns_are_read_only(self, serve: Open) -> None:
        client = serve("CREATE TABLE t (a INT, b INT AS (a * 2) STORED); INSERT INTO t VALUES (2)")
        assert rows(client.get("t?b=eq.4")) == [{"a": 2, "b": 4}]
        assert client.post("t", json={"b": 1}).json()["code"] == "428C9"

    def test_views(self, serve: Open) -> None:
        client = serve(
            "CREATE TABLE t (a INT, b TEXT); INSERT INTO t VALUES (1, 'x'), (2, 'x');"
            "CREATE VIEW v AS SELECT b, count(*) AS n, sum(a) / 2.0 AS half FROM t GROUP BY b"
        )
        assert rows(client.get("v?n=eq.2")) == [{"b": "x", "n": 2, "half": 1.5}]
        assert client.options("v").headers["allow"] == "OPTIONS,GET,HEAD"
        for response in (
            client.post("v", json={"b": "y"}),
            client.patch("v?n=eq.2", json={"b": "y"}),
            client.delete("v?n=eq.2"),
        ):
            assert (response.status_code, response.json()["code"]) == (405, "55000")

    def test_a_broken_view_harms_nobody_else(self, serve: Open) -> None:
        client = serve(
            "CREATE TABLE t (a INT); CREATE TABLE gone (a INT); CREATE VIEW v AS SELECT * FROM gone; DROP TABLE gone"
        )
        assert client.get("t").status_code == 200
        assert client.get("v").status_code == 404

    def test_triggers_may_refuse(self, serve: Open) -> None:
        client = serve(
            "CREATE TABLE t (a INT);"
            "CREATE TRIGGER no BEFORE INSERT ON t WHEN new.a > 5 BEGIN SELECT RAISE(ABORT, 'too much'); END"
        )
        response = client.post("t", json={"a": 6})
        assert (response.status_code, response.json()["code"], response.json()["message"]) == (400, "P0001", "too much")

    def test_deferred_keys_fail_their_own_request_only(self, serve: Open) -> None:
        client = serve(
            "CREATE TABLE p (id INTEGER PRIMARY KEY);"
            "CREATE TABLE c (id INTEGER PRIMARY KEY, p INT REFERENCES p DEFERRABLE INITIALLY DEFERRED)"
        )
        assert client.post("c", json={"p": 1}).json()["code"] == "23503"
        assert client.post("c", json={"p": None}).status_code == 201
        assert rows(client.get("c?select=p")) == [{"p": None}]

    def test_many_columns(self, serve: Open) -> None:
        names = [f"c{number}" for number in range(1200)]
        client = serve(f"CREATE TABLE t ({', '.join(names)} ); INSERT INTO t (c0, c1199) VALUES ('}}', 'z')")
        found = rows(client.get("t"))[0]
        assert list(found) == names
        assert (found["c0"], found["c1199"]) == ("}", "z")

    def test_hidden_tables_are_unknown(self, serve: Open) -> None:
        client = serve("CREATE TABLE _rolltop_other (a INT); CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT)")
        for name in ("_rolltop_other", "_ROLLTOP_OTHER", "_rolltop_log", "sqlite_sequence", "sqlite_master"):
            assert client.get(name).json()["code"] == "PGRST205"
            assert client.post(name, json={}).json()["code"] == "PGRST205"


@contextmanager
def another_program(data: Data) -> Iterator[apsw.Connection]:
    """A connection that is none of ours. (Another SQLite library in this process would drop our locks.)"""
    connection = apsw.Connection(str(data.path))
    yield connection
    connection.close()


class TestChangesByOthers:
    @pytest.fixture
    def opened(self, database: Callable[[str], Data]) -> Data:
        return database("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t VALUES (1, 'x')")

    def test_are_seen(self, opened: Data) -> None:
        client = client_of(opened)
        assert rows(client.get("t")) == [{"id": 1, "a": "x"}]
        with another_program(opened) as other:
            other.execute("INSERT INTO t VALUES (2, 'y')")
        assert len(rows(client.get("t"))) == 2

    def test_of_the_schema_are_seen_at_once(self, opened: Data) -> None:
        client = client_of(opened)
        assert client.get("t?b=eq.1").status_code == 400
        with another_program(opened) as other:
            other.execute("ALTER TABLE t ADD COLUMN b INT")
            other.execute("CREATE TABLE made (x INT)")
        assert rows(client.get("t?b=is.null&select=b")) == [{"b": None}]
        assert rows(client.get("made")) == []
        with another_program(opened) as other:
            other.execute("DROP TABLE made")
            other.execute("ALTER TABLE t DROP COLUMN b")
        assert client.get("made").json()["code"] == "PGRST205"
        assert client.get("t?b=is.null&select=b").json()["code"] == "42703"


@pytest.fixture
def chinook_client(chinook: Path, tmp_path: Path) -> Iterator[TestClient]:
    path = tmp_path / "chinook.sqlite"
    shutil.copyfile(chinook, path)
    data = Data.open(path, in_place=True)
    yield client_of(data)
    data.close()


class TestChinook:
    def test_every_table_is_read(self, chinook_client: TestClient, chinook: Path) -> None:
        plain = apsw.Connection(str(chinook), apsw.SQLITE_OPEN_READONLY)
        for (name,) in plain.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        ):
            count = plain.execute(f'SELECT count(*) FROM "{name}"').get
            response = chinook_client.get(quote(str(name)), headers={"Prefer": "count=exact"})
            assert len(rows(response)) == count
            assert response.headers["content-range"].endswith(f"/{count}")
        plain.close()

    def test_a_row_is_written_and_undone(self, chinook_client: TestClient) -> None:
        table = "Artist" if chinook_client.get("Artist").status_code == 200 else "artists"
        before = len(rows(chinook_client.get(table)))
        key = "ArtistId"
        made = chinook_client.post(f"{table}?select={key}", json={"Name": "New"}, headers=REPRESENTATION)
        number = rows(made)[0][key]
        assert chinook_client.delete(f"{table}?{key}=eq.{number}").status_code == 204
        assert len(rows(chinook_client.get(table))) == before

    def test_opening_and_reading_changes_nothing(self, chinook: Path, tmp_path: Path) -> None:
        path = tmp_path / "kept.sqlite"
        shutil.copyfile(chinook, path)
        before = path.read_bytes()
        data = Data.open(path, in_place=True)
        client = client_of(data)
        table = next(name for name, table in data.catalog.tables.items() if table.kind == "table")
        assert client.get(quote(table)).status_code == 200
        data.close()
        assert path.read_bytes() == before
        assert sorted(each.name for each in tmp_path.iterdir()) == ["kept.sqlite"]


CSV_CELLS = [
    ("a TEXT", "'x'", "x"),
    ("a TEXT", "'a,b'", '"a,b"'),
    ("a TEXT", "'say \"hi\"'", '"say ""hi"""'),
    ("a TEXT", "'two' || char(10) || 'lines'", '"two\nlines"'),
    ("a TEXT", "'cr' || char(13)", '"cr\r"'),
    ("a TEXT", "''", ""),
    ("a TEXT", "NULL", ""),
    ("a TEXT", "x'00'", "\\x00"),
    ("a TEXT", "'{}'", "{}"),
    ("a INTEGER", "5", "5"),
    ("a INTEGER", "'1,5x'", '"1,5x"'),
    ("a INTEGER", "NULL", ""),
    ("a REAL", "1.5", "1.5"),
    ("a REAL", "9e999", "Infinity"),
    ("a BOOLEAN", "1", "t"),
    ("a BLOB", "x'ff'", "\\xff"),
    ("a DATE", "'2024-05-01'", "2024-05-01"),
    ("a TEXT CHECK (\"a\" < x'')", "'a,b'", '"a,b"'),
    ("a TEXT CHECK (\"a\" < x'')", "'{0}'", "{0}"),
    ('a INTEGER CHECK ("a" = CAST("a" AS INTEGER))', "7", "7"),
]


class TestCsv:
    @pytest.mark.parametrize(("declaration", "sql", "wanted"), CSV_CELLS, ids=[f"{d} {s}" for d, s, _ in CSV_CELLS])
    def test_cells(self, serve: Open, declaration: str, sql: str, wanted: str) -> None:
        client = serve(f"CREATE TABLE t (id INTEGER PRIMARY KEY, {declaration}); INSERT INTO t VALUES (1, {sql})")
        for query in ("", "?id=eq.1", "?order=a"):
            assert client.get(f"t{query}", headers={"Accept": "text/csv"}).text == f"id,a\n1,{wanted}\n"


class TestViews:
    SQL = """
    CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, born DATE, seen TIMESTAMP, price REAL, ok BOOLEAN, any);
    CREATE VIEW v AS SELECT count(*) AS n, upper(name) AS big, max(born) AS last, sum(price) AS total,
      price > 1 AS dear, json_group_array(id) AS ids, any, coalesce(price, 'none') AS either, datetime(seen) AS at
      FROM t GROUP BY id;
    CREATE VIEW either AS SELECT id AS x FROM t UNION ALL SELECT name FROM t;
    """
    ROWS = """
    INSERT INTO t VALUES (1, 'Ruiz', '1950-01-02', '2024-05-01T10:00:00Z', 2.5, 1, 7),
      (2, 'Mia', NULL, NULL, NULL, 0, x'00ff');
    """

    @pytest.mark.parametrize(
        ("query", "status", "found"),
        [
            ("n=eq.1", 200, 2),
            ("n=eq.many", 400, 0),
            ("big=like.R*", 200, 1),
            ("last=lt.1960-01-01", 200, 1),
            ("last=lt.soon", 400, 0),
            ("total=gte.2.5", 200, 1),
            ("dear=is.true", 200, 1),
            ("dear=eq.t", 200, 1),
            ("ids=cs.[1]", 200, 1),
            ("any=eq.7", 200, 1),
            ("any=like.7*", 200, 1),
            ("either=eq.none", 200, 1),
            ("either=gt.2", 200, 2),
            ("at=eq.2024-05-01T12:00:00%2B02:00", 200, 1),
        ],
    )
    @pytest.mark.parametrize("filled", [True, False])
    def test_are_typed_by_what_they_select_with_rows_and_without(
        self, serve: Open, query: str, status: int, found: int, filled: bool
    ) -> None:
        client = serve(self.SQL + (self.ROWS if filled else ""))
        response = client.get(f"v?{query}")
        assert response.status_code == status, response.text
        if status == 200:
            assert len(response.json()) == (found if filled else 0)

    def test_give_values_in_their_types(self, serve: Open) -> None:
        first, second = rows(serve(self.SQL + self.ROWS).get("v?order=total.nullslast"))
        assert first == {
            **{"n": 1, "big": "RUIZ", "last": "1950-01-02", "total": 2.5, "dear": True, "ids": [1], "any": "7"},
            **{"either": 2.5, "at": "2024-05-01 10:00:00"},
        }
        assert second["any"] == "\\x00ff"
        assert (second["dear"], second["either"]) == (None, "none")

    def test_of_several_selects_may_give_anything(self, serve: Open) -> None:
        client = serve(self.SQL + self.ROWS)
        assert [row["x"] for row in rows(client.get("either"))] == [1, 2, "Ruiz", "Mia"]
        assert rows(client.get("either?x=eq.2")) == [{"x": 2}]
        assert rows(client.get("either?x=eq.Mia")) == [{"x": "Mia"}]


class TestKeys:
    @pytest.mark.parametrize("rowless", ["", " WITHOUT ROWID"])
    @pytest.mark.parametrize(
        ("declared", "value"),
        [
            ("BLOB", "\\x00ff"),
            ("TEXT", '{"x":"00"}'),
            ("REAL", 0.1),
            ("NUMERIC", 12.5),
            ("BIGINT", 9223372036854775807),
            ("BOOLEAN", True),
            ("DATETIME", "2024-05-01 10:00"),
            ("DATE", "2024-05-01"),
            ("UUID", "6f9619ff-8b86-4d11-b42d-00c04fc964ff"),
            ("", "7"),
        ],
    )
    def test_of_every_type_name_their_row(self, serve: Open, declared: str, value: Any, rowless: str) -> None:
        for key in ("PRIMARY KEY (a)", "PRIMARY KEY (b, a)"):
            client = serve(f"CREATE TABLE t (a {declared} NOT NULL, b INT NOT NULL DEFAULT 1, v INT, {key}){rowless}")
            row = {"a": value, "b": 1, "v": 5}
            text = str(value).lower() if isinstance(value, bool) else str(value)
            chosen = {"a": f"eq.{text}", **({"b": "eq.1"} if "b" in key else {})}
            assert rows(client.post("t", json=[row], headers=REPRESENTATION)) == [row]
            assert rows(client.put("t", params=chosen, json={**row, "v": 6}, headers=REPRESENTATION)) == [
                {**row, "v": 6}
            ]
            merge = {"Prefer": "return=representation, resolution=merge-duplicates"}
            assert rows(client.post("t", json=row, headers=merge)) == [row]
            assert rows(client.patch("t", params=chosen, json={"v": 7}, headers=REPRESENTATION)) == [{**row, "v": 7}]
            located = client.post("t", json={**row, "b": 2}, headers={"Prefer": "return=headers-only"})
            if "b" in key:
                assert len(rows(client.get(located.headers["location"].removeprefix("/")))) == 1
            else:
                assert located.json()["code"] == "23505"
            assert rows(client.delete("t", params=chosen, headers=REPRESENTATION)) == [{**row, "v": 7}]

    def test_beyond_all_numbers(self, serve: Open) -> None:
        client = serve(
            "CREATE TABLE t (a REAL PRIMARY KEY, v) WITHOUT ROWID; INSERT INTO t VALUES (9e999, 1), (-9e999, 2)"
        )
        for value, number in (("Infinity", "1"), ("-Infinity", "2")):
            assert rows(client.get(f"t?a=eq.{value}")) == [{"a": value, "v": number}]
            changed = client.patch(f"t?v=eq.{number}", json={"v": "x"}, headers=REPRESENTATION)
            assert rows(changed) == [{"a": value, "v": "x"}]


class TestVirtualTables:
    SQL = """
    CREATE VIRTUAL TABLE texts USING fts5(body);
    CREATE VIRTUAL TABLE areas USING rtree(id, low, high);
    INSERT INTO texts VALUES ('a word'), ('another');
    INSERT INTO areas VALUES (1, 0.5, 2.5);
    CREATE VIEW found AS SELECT rowid AS id, body FROM texts;
    CREATE VIEW boxes AS SELECT * FROM areas;
    """

    def test_are_code_and_not_served_but_views_over_them_are(self, serve: Open) -> None:
        client = serve(self.SQL)
        for name in ("texts", "texts_data", "texts_content", "areas", "areas_node"):
            assert client.get(name).json()["code"] == "PGRST205"
        assert rows(client.get("found?body=like.*word*")) == [{"id": 1, "body": "a word"}]
        assert rows(client.get("found?body=fts.another&select=id")) == [{"id": 2}]
        assert rows(client.get("boxes?low=lt.1")) == [{"id": 1, "low": 0.5, "high": 2.5}]
        assert set(rows(client.get(""))["definitions"]) == {"found", "boxes"}
