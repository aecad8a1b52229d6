"""Aggregates and groups: the dialect's section 7."""

import json
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.rows.conftest import Open, rows

EXAMPLES: list[tuple[str, Any]] = [
    (
        "books?select=author_id,n:count(),pages.sum(),price.avg()&order=author_id",
        [{"author_id": 1, "n": 2, "sum": 390, "avg": 10.75}, {"author_id": 2, "n": 1, "sum": 320, "avg": None}],
    ),
    (
        "authors?select=name,books(count(),pages.max())&order=id",
        [
            {"name": "Ruiz", "books": [{"count": 2, "max": 210}]},
            {"name": "Okafor", "books": [{"count": 1, "max": 320}]},
            {"name": "Lind", "books": [{"count": 0, "max": None}]},
        ],
    ),
    (
        "books?select=pages.sum(),...authors(name)&order=authors(name)",
        [{"sum": 320, "name": "Okafor"}, {"sum": 390, "name": "Ruiz"}],
    ),
]
"""As the specification writes them."""

FORMS: list[tuple[str, Any]] = [
    ("books?select=count()", [{"count": 3}]),
    ("books?select=count()&id=gt.7", [{"count": 0}]),
    ("books?select=count&limit=1", [{"count": 3}]),
    ("books?select=n:count::text", [{"n": "3"}]),
    (
        "books?select=pages.sum(),price.max(),title.min(),tags.count()&id=gt.7",
        [{"sum": None, "max": None, "min": None, "count": 0}],
    ),
    (
        "books?select=a:price.count(),b:pages.min(),c:title.max(),d:out_on.min()",
        [{"a": 2, "b": 180, "c": "Salt", "d": "2001-05-01"}],
    ),
    ("books?select=price.sum()::text,p:price.avg()::int", [{"sum": "21.5", "p": 11}]),
    (
        "books?select=h:info->dim->h::int.sum(),i:info->>isbn::int.max(),n:info->isbn.count()",
        [{"h": 20, "i": 222, "n": 2}],
    ),
    ("books?select=t:pages::text.max(),f:pages::float.avg()&id=lt.3", [{"t": "210", "f": 195}]),
    (
        "books?select=in_print,count()&order=in_print.nullsfirst",
        [{"in_print": None, "count": 1}, {"in_print": False, "count": 1}, {"in_print": True, "count": 1}],
    ),
    ("books?select=tags,count()&order=tags.desc&limit=1", [{"tags": ["sea", "travel"], "count": 1}]),
    ("books?select=r:price::int,count()&price=lt.12", [{"r": 9, "count": 1}]),
    ("books?select=author_id,count()&order=author_id&limit=1&offset=1", [{"author_id": 2, "count": 1}]),
    ("books?select=authors(name),count()&author_id=eq.1", [{"authors": {"name": "Ruiz"}, "count": 2}]),
    ("books?select=count(),shelves(label)&id=eq.3", [{"count": 1, "shelves": []}]),
    ("books?select=count(),...placements(row)&id=eq.2", [{"count": 1, "row": [4]}]),
    ("books?select=count(),...authors(books(id))&author_id=eq.2", [{"count": 1, "books": [{"id": 3}]}]),
    ("books?select=...authors(born.max())", [{"max": 1950}]),
    ("books?select=...authors(name,born.max())&author_id=eq.1", [{"name": "Ruiz", "max": 1950}]),
    ("books?select=title,authors(born.max())&id=eq.1", [{"title": "Salt", "authors": {"max": 1950}}]),
    (
        "authors?select=name,books(author_id,n:count())&order=id",
        [
            {"name": "Ruiz", "books": [{"author_id": 1, "n": 2}]},
            {"name": "Okafor", "books": [{"author_id": 2, "n": 1}]},
            {"name": "Lind", "books": []},
        ],
    ),
    (
        "authors?select=books(in_print,count())&books.order=in_print.desc&books.limit=1&id=eq.1",
        [{"books": [{"in_print": True, "count": 1}]}],
    ),
    (
        "authors?select=name,books(count)&books.pages=gt.200&order=id",
        [
            {"name": "Ruiz", "books": [{"count": 1}]},
            {"name": "Okafor", "books": [{"count": 1}]},
            {"name": "Lind", "books": [{"count": 0}]},
        ],
    ),
    ("authors?select=name,books!inner(count())&books.pages=lt.200", [{"name": "Ruiz", "books": [{"count": 1}]}]),
    (
        "shelves?select=label,placements(rows:row.sum(),...books(pages:pages.sum()))&order=id",
        [
            {"label": "A", "placements": [{"rows": 7, "pages": 390}]},
            {"label": "B", "placements": [{"rows": 1, "pages": 210}]},
        ],
    ),
]

REFUSALS = [
    ("books?select=title.sum()", 404, "42883"),
    ("books?select=title.avg()", 404, "42883"),
    ("books?select=in_print.sum()", 404, "42883"),
    ("books?select=in_print.max()", 404, "42883"),
    ("books?select=info.sum()", 404, "42883"),
    ("books?select=info->dim.avg()", 404, "42883"),
    ("books?select=info->>isbn.sum()", 404, "42883"),
    ("books?select=pages.sum()&order=title", 400, "42803"),
    ("books?select=author_id,pages.sum()&order=pages", 400, "42803"),
    ("books?select=author_id::text,count()&order=author_id", 400, "42803"),
    ("books?select=count(),authors(name)&order=authors(name)", 400, "42803"),
    ("authors?select=books(count())&books.order=id", 400, "42803"),
    ("books?select=...placements(row.sum())", 400, "PGRST127"),
    ("books?select=...shelves(count())", 400, "PGRST127"),
    ("books?select=...placements(row,...shelves(id.max()))", 400, "PGRST127"),
    ("books?select=nope.sum()", 400, "42703"),
    ("books?select=pages.median()", 400, "PGRST100"),
    ("books?select=pages.sum()::nope", 400, "42704"),
    ("books?select=title::int.sum()", 400, "22P02"),
]


class TestAggregate:
    @pytest.mark.parametrize(("path", "wanted"), EXAMPLES, ids=[path for path, _ in EXAMPLES])
    def test_answers_the_examples(self, shared: TestClient, path: str, wanted: Any) -> None:
        assert rows(shared.get(path)) == wanted

    @pytest.mark.parametrize(("path", "wanted"), FORMS, ids=[path[:80] for path, _ in FORMS])
    def test_answers_every_form(self, shared: TestClient, path: str, wanted: Any) -> None:
        found = rows(shared.get(path))
        assert found == wanted

    @pytest.mark.parametrize(("path", "status", "code"), REFUSALS, ids=[path for path, *_ in REFUSALS])
    def test_says_what_is_wrong(self, shared: TestClient, path: str, status: int, code: str) -> None:
        response = shared.get(path)
        assert (response.status_code, response.json()["code"]) == (status, code), response.text

    def test_explains_spreads_as_the_dialect_does(self, shared: TestClient) -> None:
        found = shared.get("books?select=...placements(row.sum())").json()
        assert (found["message"], found["details"]) == (
            "Feature not implemented",
            "Aggregates are not implemented for one-to-many or many-to-many spreads.",
        )

    def test_counts_rows_before_they_are_grouped(self, shared: TestClient) -> None:
        for query, status, content_range in (
            ("select=author_id,count()&order=author_id", 206, "0-1/3"),
            ("select=author_id,count()&order=author_id&limit=1", 206, "0-0/3"),
            ("select=count()", 206, "0-0/3"),
            ("select=id,count()", 200, "0-2/3"),
            ("select=count()&offset=4", 416, "*/3"),
        ):
            for method in ("GET", "HEAD"):
                response = shared.request(method, f"books?{query}", headers={"Prefer": "count=exact"})
                assert (response.status_code, response.headers["content-range"]) == (status, content_range), query

    def test_takes_other_forms(self, shared: TestClient) -> None:
        path = "books?select=author_id,in_print::text,price.sum(),count()&order=author_id.desc&limit=1"
        csv = shared.get(path, headers={"Accept": "text/csv"}).text
        assert csv == "author_id,in_print,sum,count\n2,,,1\n"
        one = {"Accept": "application/vnd.pgrst.object+json;nulls=stripped"}
        assert shared.get(path, headers=one).json() == {"author_id": 2, "count": 1}
        assert shared.get("books?select=count()", headers=one).json() == {"count": 3}

    def test_a_column_called_count_is_a_column(self, serve: Open) -> None:
        client = serve("CREATE TABLE t (id INTEGER PRIMARY KEY, count INTEGER); INSERT INTO t VALUES (1, 7)")
        assert rows(client.get("t?select=count")) == [{"count": 7}]
        assert rows(client.get("t?select=n:count.sum(),count()")) == [{"n": 7, "count": 1}]

    def test_streams_many_groups(self, serve: Open) -> None:
        client = serve(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, g INTEGER);"
            "WITH RECURSIVE s (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 9000)"
            " INSERT INTO t SELECT i, i / 3 FROM s"
        )
        found = rows(client.get("t?select=g,count(),id.max()&order=g.desc"))
        assert len(found) == 3001
        assert found[1] == {"g": 2999, "count": 3, "max": 8999}


EXACT = """
CREATE TABLE t (id INTEGER PRIMARY KEY, i BIGINT, d NUMERIC, r REAL, k DECIMAL(10,4),
  held INTEGER CHECK (held = CAST(held AS INTEGER)));
"""


class TestExactness:
    @staticmethod
    def sums(client: TestClient, *names: str) -> str:
        return str(client.get("t?select=" + ",".join(f"{name}:{name}.sum()" for name in names)).text)

    def test_adds_decimals_as_they_are_written(self, serve: Open) -> None:
        client = serve(EXACT + "INSERT INTO t (d, k) VALUES (0.1, 1.005), (0.2, 2.675), (-0.3, 0.3)")
        assert self.sums(client, "d", "k") == '[{"d":0,"k":3.98}]'
        assert client.get("t?select=d.sum(),k.avg()&id=lt.3").text == '[{"sum":0.3,"avg":1.84}]'

    def test_adds_tiny_and_huge_decimals(self, serve: Open) -> None:
        client = serve(EXACT + "INSERT INTO t (d) VALUES (12345678.000001), (1e-7), (9007199254740993), (2)")
        assert self.sums(client, "d") == '[{"d":9007199267086673.0000011}]'

    def test_does_not_overflow(self, serve: Open) -> None:
        largest = 2**63 - 1
        cells = ", ".join(f"({largest}, {largest}, {largest})" for _ in range(3))
        client = serve(EXACT + f"INSERT INTO t (i, held, d) VALUES {cells}")
        wanted = 3 * largest
        assert self.sums(client, "i", "held", "d") == f'[{{"i":{wanted},"held":{wanted},"d":{wanted}}}]'
        assert client.get("t?select=i.sum()::text").json() == [{"sum": str(wanted)}]
        assert client.get("t?select=i.sum()", headers={"Accept": "text/csv"}).text == f"sum\n{wanted}\n"
        assert client.get("t?select=i.sum()::bigint").json()["code"] == "22003"
        client = serve(EXACT + f"INSERT INTO t (i, held, d) VALUES ({-largest - 1}, -1, -1), (-1, -1, -1)")
        assert self.sums(client, "i", "held") == f'[{{"i":{-largest - 2},"held":-2}}]'

    def test_averages(self, serve: Open) -> None:
        client = serve(
            EXACT + f"INSERT INTO t (i, d, r) VALUES ({2**63 - 1}, 1, 1.5), ({2**63 - 1}, 2, 2.5), (1, 2, 3.5)"
        )
        found = json.loads(client.get("t?select=d:d.avg(),r:r.avg(),i:i.avg()").text)
        assert found == [{"d": 1.6666666666666667, "r": 2.5, "i": 6148914691236517205}]

    def test_passes_by_odd_cells(self, serve: Open) -> None:
        client = serve(
            EXACT + "INSERT INTO t (i, d, r) VALUES ('abc', 'x', 'y'), (1.5, x'00', 9e999), (2, 3, 1), (NULL, '', NULL)"
        )
        found = client.get("t?select=i:i.sum(),d:d.sum(),r:r.sum(),x:r.max(),n:i.count()")
        assert found.status_code == 200
        assert found.json()[0]["i"] == 3.5
        assert found.json()[0]["d"] == 3
        assert found.json()[0]["r"] == "Infinity"

    def test_nothing_is_null(self, serve: Open) -> None:
        client = serve(EXACT + "INSERT INTO t (i) VALUES (NULL), (NULL)")
        assert self.sums(client, "i", "d", "r", "held") == '[{"i":null,"d":null,"r":null,"held":null}]'
