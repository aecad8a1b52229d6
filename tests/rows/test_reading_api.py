"""GET and HEAD on the library: the dialect's examples, pages, counts, media types, errors."""

import contextlib
from pathlib import Path
from typing import Any

import apsw
import pytest
from starlette.testclient import TestClient
from tests.rows.conftest import LIBRARY, rows

from rolltop.app import create_app
from rolltop.config import Config

EXAMPLES = [
    ("books?select=id&info->dim->h=gt.10", [{"id": 1}]),
    ('books?select=id&title=in.("Pepper, Ground",North)&order=id', [{"id": 2}, {"id": 3}]),
    ("books?select=id&tags=cs.{sea,travel}", [{"id": 1}]),
    ('books?select=id&tags=cs.["food"]', [{"id": 2}]),
    ("books?select=id&price=isdistinct.9&order=id", [{"id": 1}, {"id": 3}]),
    ("books?select=id&price=neq.9", [{"id": 1}]),
    ("books?select=id&title=ilike(any).{s*,n*}&order=id", [{"id": 1}, {"id": 3}]),
    (
        'books?select=id&or=(title.eq."Pepper, Ground",and(pages.gt.300,in_print.is.null))&order=id',
        [{"id": 2}, {"id": 3}],
    ),
    ("books?select=id&or=(tags.cs.{sea,travel},id.not.in.(1,3))&order=id", [{"id": 1}, {"id": 2}]),
    (
        "books?select=nr:id::text,title,isbn:info->>isbn,info->dim->h,first:tags->>0&id=eq.1",
        [{"nr": "1", "title": "Salt", "isbn": "111", "h": 20, "first": "sea"}],
    ),
    ("books?select=price::int,in_print::text&id=eq.1", [{"price": 13, "in_print": "true"}]),
]

FILTERS = [
    ("title=eq.Salt", [1]),
    ("title=neq.Salt", [2, 3]),
    ("pages=gt.210", [3]),
    ("pages=gte.210", [1, 3]),
    ("pages=lt.210", [2]),
    ("pages=lte.210", [1, 2]),
    ("pages=not.lte.210", [3]),
    ("price=not.gt.10", [2]),
    ("title=like.S*", [1]),
    ("title=like.s*", []),
    ("title=like.%25,%25", [2]),
    ("title=like._alt", [1]),
    ("title=ilike.*ground", [2]),
    ("title=not.ilike.*ground", [1, 3]),
    ("title=like(all).{S*,*t}", [1]),
    ("title=match.^S", [1]),
    ("title=imatch.^s|north$", [1, 3]),
    ("title=eq(any).{Salt,North}", [1, 3]),
    ("pages=gt(all).{100,200}", [1, 3]),
    ("id=in.(1,2)", [1, 2]),
    ("id=not.in.(1,2)", [3]),
    ("id=in.()", []),
    ("id=not.in.()", [1, 2, 3]),
    ("price=in.(9,12.5)", [1, 2]),
    ("in_print=is.true", [1]),
    ("in_print=is.FALSE", [2]),
    ("in_print=is.unknown", [3]),
    ("in_print=not.is.null", [1, 2]),
    ("in_print=is.not_null", [1, 2]),
    ("in_print=eq.t", [1]),
    ("in_print=eq.off", [2]),
    ("in_print=in.(true,no)", [1, 2]),
    ("price=isdistinct.12.5", [2, 3]),
    ("price=not.isdistinct.12.5", [1]),
    ("out_on=gt.2002-01-01", [2]),
    ("info->>isbn=eq.111", [1]),
    ('info->isbn=eq."111"', [1]),
    ("info->dim->>h=eq.20", [1]),
    ('tags->-1=eq."travel"', [1]),
    ("tags->>1=eq.travel", [1]),
    ("info->nothing=is.null", [1, 2, 3]),
    ('tags=eq.["food"]', [2]),
    ("tags=eq.[]", [3]),
    ("tags=eq.{sea,travel}", [1]),
    ("tags=eq.{}", [3]),
    ("tags=neq.{food}", [1, 3]),
    ("tags=not.eq.{food}", [1, 3]),
    ("tags=gt.{a}", [1, 2]),
    ("tags=isdistinct.{food}", [1, 3]),
    ('tags=in.({food},"[]")', [2, 3]),
    ('tags=eq(any).{"[]","{sea,travel}"}', [1, 3]),
    ("tags=cs.{}", [1, 2, 3]),
    ("tags=cd.{}", [3]),
    ("tags=ov.{}", []),
    ("or=(tags.eq.{food},tags.cd.{})", [2, 3]),
    ("info->dim->h=eq.{20}", []),
    ("tags=cd.{sea,travel,food}", [1, 2, 3]),
    ("tags=ov.{food,travel}", [1, 2]),
    ('info=cs.{"dim":{}}', [1]),
    ("and=(pages.gt.100,pages.lt.200)", [2]),
    ("not.and=(pages.gt.100,pages.lt.200)", [1, 3]),
    ("or=(id.eq.1)&or=(id.eq.2)", []),
    ("id=gt.1&id=lt.3", [2]),
    ("pages=eq.%20210%20", [1]),
    ("pages=eq.%2B210", [1]),
]


class TestRead:
    @pytest.mark.parametrize(("path", "wanted"), EXAMPLES, ids=[path for path, _ in EXAMPLES])
    def test_answers_the_examples(self, shared: TestClient, path: str, wanted: Any) -> None:
        assert rows(shared.get(path)) == wanted

    @pytest.mark.parametrize(("query", "wanted"), FILTERS, ids=[query for query, _ in FILTERS])
    def test_filters(self, shared: TestClient, query: str, wanted: list[int]) -> None:
        assert [row["id"] for row in rows(shared.get(f"books?select=id&order=id&{query}"))] == wanted

    def test_answers_all_columns_in_their_types(self, shared: TestClient) -> None:
        assert rows(shared.get("books?id=eq.1")) == [
            {
                "id": 1,
                "title": "Salt",
                "author_id": 1,
                "pages": 210,
                "price": 12.5,
                "in_print": True,
                "tags": ["sea", "travel"],
                "info": {"isbn": "111", "dim": {"h": 20}},
                "out_on": "2001-05-01",
            }
        ]

    def test_keeps_the_order_of_keys_and_repeats(self, shared: TestClient) -> None:
        response = shared.get("books?select=title,id,again:title&id=eq.1")
        assert response.content == b'[{"title":"Salt","id":1,"again":"Salt"}]'

    def test_answers_an_empty_array(self, shared: TestClient) -> None:
        response = shared.get("books?id=gt.100")
        assert (response.status_code, response.content) == (200, b"[]")
        assert response.headers["content-range"] == "*/*"

    def test_says_length_type_and_location(self, shared: TestClient) -> None:
        response = shared.get("books?select=id&id=gt.1&limit=1")
        assert response.headers["content-type"] == "application/json; charset=utf-8"
        assert response.headers["content-length"] == str(len(response.content))
        assert response.headers["content-location"] == "/books?id=gt.1&limit=1&select=id"

    def test_says_no_location_that_is_too_long_for_a_header(self, shared: TestClient) -> None:
        response = shared.get(f"books?select=id&id=in.({','.join(map(str, range(2, 5000)))})")
        assert rows(response) == [{"id": 2}, {"id": 3}]
        assert sum(len(name) + len(value) for name, value in response.headers.items()) < 1000

    def test_same_shape_with_other_values(self, shared: TestClient) -> None:
        for number, title in ((1, "Salt"), (3, "North"), (1, "Salt")):
            assert rows(shared.get(f"books?select=title&id=eq.{number}")) == [{"title": title}]


class TestOrder:
    @pytest.mark.parametrize(
        ("order", "wanted"),
        [
            ("price", [2, 1, 3]),
            ("price.desc", [3, 1, 2]),
            ("price.nullsfirst", [3, 2, 1]),
            ("price.desc.nullslast", [1, 2, 3]),
            ("author_id,pages.desc", [1, 2, 3]),
            ("in_print", [2, 1, 3]),
            ("title.desc", [1, 2, 3]),
            ("info->>isbn.desc.nullslast", [2, 1, 3]),
            ("tags", [3, 2, 1]),
            ("id.desc", [3, 2, 1]),
        ],
    )
    def test_sorts_by_type_with_nulls_where_postgres_has_them(
        self, shared: TestClient, order: str, wanted: list[int]
    ) -> None:
        assert [row["id"] for row in rows(shared.get(f"books?select=id&order={order}"))] == wanted


class TestPages:
    @pytest.mark.parametrize(
        ("query", "header", "status", "wanted", "content_range"),
        [
            ("order=id&limit=2", None, 200, [1, 2], "0-1/*"),
            ("order=id&limit=2&offset=1", None, 200, [2, 3], "1-2/*"),
            ("order=id&offset=2", None, 200, [3], "2-2/*"),
            ("limit=0", None, 200, [], "*/*"),
            ("order=id", "0-1", 200, [1, 2], "0-1/*"),
            ("order=id", "1-", 200, [2, 3], "1-2/*"),
            ("order=id&limit=3", "0-1", 200, [1, 2], "0-1/*"),
            ("order=id&offset=1", "0-1", 200, [2], "1-1/*"),
            ("order=id", "bytes=0-1", 200, [1, 2, 3], "0-2/*"),
            ("order=id", "-5", 200, [1, 2, 3], "0-2/*"),
            ("order=id&limit=x&offset=-1", None, 200, [1, 2, 3], "0-2/*"),
            ("order=id&limit=1&limit=2", None, 200, [1, 2], "0-1/*"),
            ("offset=7", None, 200, [], "*/*"),
            ("offset=99999999999999999999", None, 200, [], "*/*"),
            ("order=id&limit=99999999999999999999&offset=1", "1-", 200, [2, 3], "1-2/*"),
        ],
    )
    def test_limits(
        self, shared: TestClient, query: str, header: str | None, status: int, wanted: list[int], content_range: str
    ) -> None:
        headers = {} if header is None else {"Range": header}
        response = shared.get(f"books?select=id&{query}", headers=headers)
        assert (response.status_code, response.headers["content-range"]) == (status, content_range)
        assert [row["id"] for row in response.json()] == wanted

    @pytest.mark.parametrize(
        ("query", "status", "content_range"),
        [
            ("limit=2", 206, "0-1/3"),
            ("", 200, "0-2/3"),
            ("limit=3", 200, "0-2/3"),
            ("offset=3", 206, "*/3"),
            ("offset=1", 206, "1-2/3"),
            ("id=eq.1", 200, "0-0/1"),
            ("id=eq.99", 200, "*/0"),
            ("limit=0", 206, "*/3"),
        ],
    )
    @pytest.mark.parametrize("count", ["exact", "planned", "estimated"])
    def test_counts(self, shared: TestClient, query: str, status: int, content_range: str, count: str) -> None:
        response = shared.get(f"books?{query}", headers={"Prefer": f"count={count}"})
        assert (response.status_code, response.headers["content-range"]) == (status, content_range)
        assert response.headers["preference-applied"] == f"count={count}"

    def test_refuses_an_offset_beyond_the_end(self, shared: TestClient) -> None:
        response = shared.get("books?offset=7", headers={"Prefer": "count=exact"})
        assert response.status_code == 416
        assert response.headers["content-range"] == "*/3"
        assert response.json() == {
            "code": "PGRST103",
            "message": "Requested range not satisfiable",
            "details": "An offset of 7 was requested, but there are only 3 rows.",
            "hint": None,
        }

    @pytest.mark.parametrize(("query", "header"), [("limit=-1", None), ("", "1-0"), ("limit=1", "5-6")])
    def test_refuses_ranges_that_cannot_be(self, shared: TestClient, query: str, header: str | None) -> None:
        response = shared.get(f"books?{query}", headers={} if header is None else {"Range": header})
        assert (response.status_code, response.json()["code"]) == (416, "PGRST103")


class TestRowCap:
    @pytest.mark.parametrize(
        ("query", "headers", "status", "wanted", "content_range"),
        [
            ("order=id", {}, 200, [1, 2], "0-1/*"),
            ("order=id&limit=3", {}, 200, [1, 2], "0-1/*"),
            ("order=id&limit=1", {}, 200, [1], "0-0/*"),
            ("order=id&offset=2", {}, 200, [3], "2-2/*"),
            ("order=id", {"Prefer": "count=exact"}, 206, [1, 2], "0-1/3"),
            ("order=id", {"Range": "1-5"}, 200, [2, 3], "1-2/*"),
            ("id=eq.3", {"Prefer": "count=exact"}, 200, [3], "0-0/1"),
            ("id=eq.3", {}, 200, [3], "0-0/*"),
        ],
    )
    def test_acts_like_a_smaller_limit(
        self,
        tmp_path: Path,
        query: str,
        headers: dict[str, str],
        status: int,
        wanted: list[int],
        content_range: str,
    ) -> None:
        workspace = tmp_path / "capped"
        app = create_app(Config(workspace=workspace, max_rows=2))
        with TestClient(app, base_url="http://127.0.0.1:8377/rest/v1/") as client:
            client.headers["Authorization"] = f"Bearer {app.sessions.owner_token}"
            with contextlib.closing(apsw.Connection(str(workspace / "data.db"))) as connection:
                connection.execute(LIBRARY)
            response = client.get(f"books?select=id&{query}", headers=headers)
            head = client.head(f"books?select=id&{query}", headers={k: v for k, v in headers.items() if k != "Range"})
        assert (response.status_code, response.headers["content-range"]) == (status, content_range)
        assert [row["id"] for row in response.json()] == wanted
        if "Range" not in headers:
            assert (head.status_code, head.headers["content-range"]) == (status, content_range)


class TestHead:
    @pytest.mark.parametrize("query", ["", "?limit=2", "?id=eq.1", "?id=eq.99", "?offset=2", "?id=eq.x", "?nope=eq.1"])
    @pytest.mark.parametrize("prefer", [{}, {"Prefer": "count=exact"}])
    def test_answers_what_get_would_without_the_body(
        self, shared: TestClient, query: str, prefer: dict[str, str]
    ) -> None:
        get, head = shared.get(f"books{query}", headers=prefer), shared.head(f"books{query}", headers=prefer)
        assert head.content == b""
        assert head.status_code == get.status_code
        for name in ("content-type", "content-range", "content-location", "preference-applied", "proxy-status"):
            assert head.headers.get(name) == get.headers.get(name)

    def test_ignores_range(self, shared: TestClient) -> None:
        assert shared.head("books", headers={"Range": "0-0"}).headers["content-range"] == "0-2/*"


class TestMediaTypes:
    def test_one_object(self, shared: TestClient) -> None:
        response = shared.get("books?select=id&id=eq.1", headers={"Accept": "application/vnd.pgrst.object+json"})
        assert response.content == b'{"id":1}'
        assert response.headers["content-type"] == "application/vnd.pgrst.object+json; charset=utf-8"

    @pytest.mark.parametrize(("query", "number"), [("", 3), ("?id=eq.99", 0)])
    def test_refuses_other_numbers_of_rows(self, shared: TestClient, query: str, number: int) -> None:
        response = shared.get(f"books{query}", headers={"Accept": "application/vnd.pgrst.object+json"})
        assert response.status_code == 406
        assert response.json() == {
            "code": "PGRST116",
            "message": "Cannot coerce the result to a single JSON object",
            "details": f"The result contains {number} rows",
            "hint": None,
        }

    def test_strips_nulls(self, shared: TestClient) -> None:
        accept = "application/vnd.pgrst.array+json;nulls=stripped"
        response = shared.get("books?select=id,price,tags&id=eq.3", headers={"Accept": accept})
        assert response.json() == [{"id": 3, "tags": []}]
        assert response.headers["content-type"] == f"{accept}; charset=utf-8"

    def test_csv(self, shared: TestClient) -> None:
        response = shared.get("books?select=id,title,in_print,tags,price&order=id", headers={"Accept": "text/csv"})
        assert response.headers["content-type"] == "text/csv; charset=utf-8"
        assert response.text == (
            "id,title,in_print,tags,price\n"
            '1,Salt,t,"[""sea"",""travel""]",12.5\n'
            '2,"Pepper, Ground",f,"[""food""]",9\n'
            "3,North,,[],\n"
        )

    def test_csv_without_rows(self, shared: TestClient) -> None:
        assert shared.get("books?id=eq.99", headers={"Accept": "text/csv"}).text == "\n"

    @pytest.mark.parametrize(
        ("accept", "content_type"),
        [
            ("*/*", "application/json; charset=utf-8"),
            ("text/html, application/json;q=0.5, text/csv;q=0.9", "text/csv; charset=utf-8"),
            ("application/vnd.pgrst.array", "application/json; charset=utf-8"),
            ("image/png, */*;q=0.1", "application/json; charset=utf-8"),
        ],
    )
    def test_takes_the_best_known_type(self, shared: TestClient, accept: str, content_type: str) -> None:
        assert shared.get("books", headers={"Accept": accept}).headers["content-type"] == content_type

    @pytest.mark.parametrize("accept", ["text/html", "application/geo+json", "application/octet-stream"])
    def test_refuses_unknown_types(self, shared: TestClient, accept: str) -> None:
        response = shared.get("books", headers={"Accept": accept})
        assert (response.status_code, response.json()["code"]) == (406, "PGRST107")
        assert response.json()["message"] == f"None of these media types are available: {accept}"
        assert response.headers["content-type"] == "application/json; charset=utf-8"


ERRORS = [
    ("books?pages=eq.many", 400, "22P02", 'invalid input syntax for type bigint: "many"'),
    ("books?pages=eq.99999999999999999999", 400, "22003", None),
    ("books?out_on=eq.2024-13-01", 400, "22007", 'invalid input syntax for type date: "2024-13-01"'),
    ("books?in_print=eq.maybe", 400, "22P02", None),
    ("books?tags=eq.nope", 400, "22P02", None),
    ("books?tags=cs.nope", 400, "22P02", None),
    ("books?price=eq.NaN", 400, "22P02", None),
    ("books?colour=eq.x", 400, "42703", "column books.colour does not exist"),
    ("books?select=nope", 400, "42703", "column books.nope does not exist"),
    ("books?order=nope", 400, "42703", None),
    ("books?or=(nope.eq.1)", 400, "42703", None),
    ("books?select=id::money", 400, "42704", 'type "money" does not exist'),
    ("books?select=title::int", 400, "22P02", 'invalid input syntax for type bigint: "Salt"'),
    ("books?pages=like.1*", 404, "42883", None),
    ("books?title=cs.{a}", 404, "42883", None),
    ("books?title=is.true", 400, "42804", None),
    ("books?title=match.(", 400, "2201B", None),
    ("books?title=fts.salt pepper", 400, "42601", 'syntax error in tsquery: "salt pepper"'),
    ("books?title=fts(klingon).salt", 400, "42704", 'text search configuration "klingon" does not exist'),
    ("books?title=fts(pg.english).salt", 400, "PGRST100", None),
    ("books?pages=fts.salt", 404, "42883", None),
    ("books?pages=sl.1", 400, "PGRST127", "Feature not implemented"),
    ("books?authors.name=eq.x", 400, "PGRST108", "'authors' is not an embedded resource in this request"),
    ("books?select=authors (name)", 400, "PGRST100", None),
    ("books?select=authors!inner (name)", 400, "PGRST100", None),
    ("books?id=5", 400, "PGRST100", '"failed to parse filter (5)" (line 1, column 1)'),
    ("books?order=id.asc.nullslasttt", 400, "PGRST100", None),
    ("books?id", 400, "PGRST100", None),
    ("books?title=like." + "a" * 201, 400, "54000", None),
    ("books?title=eq.%FF", 400, "PGRST100", None),
    ("nothing", 404, "PGRST205", "Could not find the table 'public.nothing' in the schema cache"),
    ("sqlite_schema", 404, "PGRST205", None),
    ("a/b/c", 404, "PGRST125", "Invalid path specified in request URL"),
    ("rpc/x", 404, "PGRST202", "Could not find the function public.x without parameters in the schema cache"),
]


class TestErrors:
    @pytest.mark.parametrize(("path", "status", "code", "message"), ERRORS, ids=[path[:60] for path, *_ in ERRORS])
    def test_says_what_is_wrong(
        self, shared: TestClient, path: str, status: int, code: str, message: str | None
    ) -> None:
        response = shared.get(path)
        body = response.json()
        assert (response.status_code, body["code"]) == (status, code)
        assert list(body) == ["code", "message", "details", "hint"]
        assert response.headers["proxy-status"] == f"PostgREST; error={code}"
        assert response.headers["content-type"] == "application/json; charset=utf-8"
        if message is not None:
            assert body["message"] == message

    def test_proposes_names_that_are_alike(self, shared: TestClient) -> None:
        assert shared.get("bookz").json()["hint"] == "Perhaps you meant the table 'public.books'"
        assert shared.get("books?titel=eq.x").json()["hint"] == (
            'Perhaps you meant to reference the column "books.title".'
        )

    def test_knows_one_schema(self, shared: TestClient) -> None:
        response = shared.get("books", headers={"Accept-Profile": "other"})
        assert response.status_code == 406
        assert response.json() == {
            "code": "PGRST106",
            "message": "Invalid schema: other",
            "details": None,
            "hint": "Only the following schemas are exposed: public",
        }
        assert shared.get("books", headers={"Accept-Profile": "public", "Content-Profile": "x"}).status_code == 200

    def test_strict_handling_names_unknown_preferences(self, shared: TestClient) -> None:
        response = shared.get("books", headers={"Prefer": "handling=strict, foo=bar, count=nope"})
        assert (response.status_code, response.json()["code"]) == (400, "PGRST122")
        assert response.json()["details"] == "Invalid preferences: foo=bar, count=nope"
        lenient = shared.get("books", headers={"Prefer": "foo=bar, timezone=UTC"})
        assert lenient.status_code == 200
        assert "preference-applied" not in lenient.headers


class TestOptions:
    def test_says_what_is_allowed(self, shared: TestClient) -> None:
        response = shared.options("books")
        assert (response.status_code, response.content) == (200, b"")
        assert response.headers["allow"] == "OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE"

    def test_does_not_know_unknown_tables(self, shared: TestClient) -> None:
        assert shared.options("nothing").status_code == 404
