"""Sentences of the dialect, section by section, that no other file of tests asks; each on a fresh library."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import apsw
import pytest
from starlette.testclient import TestClient
from tests.rows.conftest import LIBRARY, Open, client_of, rows

from rolltop.data import Data

MORE = (
    LIBRARY
    + """
CREATE TABLE bag (a INT, b TEXT);
CREATE VIEW titles AS SELECT title FROM books;
CREATE TABLE gen (id INTEGER PRIMARY KEY, a INT, b INT AS (a * 2), e JSON);
INSERT INTO gen (id, a, e) VALUES (1, 1, 'null'), (2, 2, '"s"'), (3, 3, '5'), (4, 4, 'true'), (5, 5, '[1]'),
  (6, 6, '[0, 0]'), (7, 7, '{"a":null,"b":[null,{"c":null}]}'), (8, 8, NULL);
CREATE TABLE "sp ace" ("k e/y" TEXT PRIMARY KEY, "order" INT, "limit" INT, "select" INT);
INSERT INTO "sp ace" VALUES ('a&b', 1, 2, 3);
CREATE TABLE comp (a INT, b INT, v INT, PRIMARY KEY (b, a));
"""
)


@dataclass
class Said:
    """A request and what is answered; a body that is no text is JSON, and `headers` are some of the answer's."""

    method: str
    path: str
    status: int
    body: Any = None
    sent: Any = None
    asked: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str | None] = field(default_factory=dict)


RETURN = {"Prefer": "return=representation"}
ALONE = {"Prefer": "return=headers-only"}
ONE = {"Accept": "application/vnd.pgrst.object+json"}
STRIPPED = "application/vnd.pgrst.object+json;nulls=stripped"

PATHS = [
    Said("OPTIONS", "titles", 200, "", headers={"allow": "OPTIONS,GET,HEAD"}),
    Said("OPTIONS", "bag", 200, "", headers={"allow": "OPTIONS,GET,HEAD,POST,PATCH,DELETE"}),
    Said("GET", "%62ag", 200, []),
    Said("GET", "%2562ag", 404, {"code": "PGRST205"}),
    Said("GET", "Books", 404, {"code": "PGRST205", "hint": "Perhaps you meant the table 'public.books'"}),
    Said("GET", "_rolltop_log", 404, {"code": "PGRST205"}),
    Said("OPTIONS", "sqlite_schema", 404, {"code": "PGRST205"}),
    Said("HEAD", "nothing", 404, "", headers={"proxy-status": "PostgREST; error=PGRST205"}),
    Said("GET", "bag/", 404, {"code": "PGRST125"}),
]
FORMS = [
    Said("GET", "books?select=id&id=eq.1", 200, [{"id": 1}], asked={"Accept": "APPLICATION/JSON;CHARSET=x"}),
    Said(
        "GET",
        "gen?select=id,e&id=eq.7",
        200,
        {"id": 7, "e": {"b": [None, {}]}},
        asked={"Accept": STRIPPED.replace("nulls=stripped", "NULLS=Stripped")},
        headers={"content-type": f"{STRIPPED}; charset=utf-8"},
    ),
    Said("POST", "shelves", 406, {"code": "PGRST107"}, {"id": 77}, {"Accept": "image/png"}),
    Said("GET", "books?select=id&id=eq.1", 200, [{"id": 1}], asked={"X-Client-Info": "x", "X-Retry-Count": "1"}),
    Said("GET", "books?select=id&id=eq.1", 200, [{"id": 1}], "garbage", {"Content-Type": "x/y"}),
    Said("DELETE", "loans?id=eq.1", 204, "", "garbage", {"Content-Type": "x/y"}),
    Said("GET", "books?id=gt.1&select=title&order=id", 200, headers={
        "content-location": "/books?id=gt.1&order=id&select=title"
    }),
]  # fmt: skip
GRAMMAR = [
    Said("GET", "books?select=id&select=title&limit=1&limit=2&order=id.desc&order=id", 200, [{"id": 3}, {"id": 2}]),
    Said("GET", "books?id=eq.1;select=id", 400, {"code": "22P02"}),
    Said("GET", "books?select=&id=eq.3", 200, headers={"content-range": "0-0/*"}),
    Said("GET", "sp%20ace?or=(limit.eq.2,order.eq.9)&select=select", 200, [{"select": 3}]),
    Said("GET", "sp%20ace?%22order%22=eq.1&select=order", 200, [{"order": 1}]),
    Said("GET", "sp+ace?select=order", 404, {"code": "PGRST205"}),
    Said("GET", "books?title=eq.Pepper,+Ground&select=id", 200, [{"id": 2}]),
    Said("GET", "books?select= id , x : title &id=eq.1&order= id . desc", 400, {"code": "PGRST100"}),
    Said("GET", "books?select= id , x: title &id=eq.1&order= id.desc , title", 200, [{"id": 1, "x": "Salt"}]),
    Said("GET", "books?or=( id.eq.1 , title.eq.North)&select=id&order=id", 200, [{"id": 1}, {"id": 3}]),
    Said("GET", "books?select=authors(name))", 400, {
        "message": '"failed to parse select parameter (authors(name)))" (line 1, column 14)'
    }),
    Said("GET", "books?id=0", 400, {"message": '"failed to parse filter (0)" (line 1, column 1)'}),
    Said("GET", "books?order=id.asc.nullslasttt", 400, {
        "code": "PGRST100",
        "message": '"failed to parse order (id.asc.nullslasttt)" (line 1, column 17)',
        "details": "unexpected 't'",
        "hint": None,
    }),
    Said("GET", "books?select=title&title=eq.\"Salt\"", 200, []),
    Said("GET", "books?select=id&title=eq.", 200, []),
    Said("GET", "books?select=id&title=in.(a\"b,\"Salt\"x,North)", 200, [{"id": 3}]),
    Said("GET", "books?select=id&or=(title.eq.a\"b,id.eq.1)", 200, [{"id": 1}]),
    Said("GET", "books?select=id&title=isdistinct.null&id=eq.1", 200, [{"id": 1}]),
    Said("GET", "books?title=neq(any).{a}", 400, {"code": "PGRST100"}),
    Said("GET", "books?select=id&pages=eq(any).{NULL}", 200, []),
    Said("GET", "books?select=id&info->isbn=like.1*", 404, {"code": "42883"}),
    Said("GET", "gen?select=e->b->1&id=eq.7", 200, [{"b": {"c": None}}]),
    Said("GET", "gen?select=e->b->-1->c&id=eq.7", 200, [{"c": None}]),
    Said("GET", "books?select=title->x&id=eq.1", 200, [{"x": None}]),
    Said("GET", "gen?select=id&order=e", 200, [{"id": number} for number in range(1, 9)]),
    Said("GET", "gen?select=id&order=e.desc", 200, [{"id": number} for number in range(8, 0, -1)]),
    Said("GET", "books?select=id::VARCHAR,pages::smallint,price::text&id=eq.1", 200, [
        {"id": "1", "pages": 210, "price": "12.5"}
    ]),
]  # fmt: skip
MUST_FAIL = [
    *("id=5", "id=nope.5", "id=eq", "id=in.1,2", "id=in.(1,2", "id=is.nil", "id=not.not.eq.1", "or=()", "or=(id.eq.1"),
    *("or=(xor(id.eq.1,id.eq.2))", "order=", "order=id.smth", "select=id,,title", "select=id(", "select=id::"),
    *("select=id.foo()", "columns=", "select=x:...authors(name)", "on_conflict=", "select=id)x"),
]
PREFERENCES = [
    Said(
        "GET",
        "books?select=id&limit=1",
        206,
        [{"id": 1}],
        asked={"Prefer": "tx=commit, count=exact, count=planned, handling=lenient, timezone=UTC"},
        headers={"preference-applied": "count=exact, tx=commit, handling=lenient"},
    ),
    Said("GET", "books", 400, {"code": "PGRST122", "details": "Invalid preferences: Count=exact"}, asked={
        "Prefer": "handling=strict, timezone=UTC, Count=exact"
    }),
    Said("POST", "bag", 201, [{"a": 1, "b": None}], {"a": 1}, {
        "Prefer": "resolution=merge-duplicates, return=representation"
    }, {"preference-applied": "return=representation"}),
    Said("POST", "bag?on_conflict=a", 400, {"code": "42P10"}, {"a": 1}, {"Prefer": "resolution=merge-duplicates"}),
    Said("PATCH", "shelves?id=eq.99", 200, [], {"label": "q"}, {
        "Prefer": "count=exact, return=representation, missing=default"
    }, {
        "preference-applied": "missing=default, return=representation, count=exact",
        "content-range": "*/0",
    }),
]  # fmt: skip
WRITES = [
    *(Said(method, "titles?title=eq.x", 405, {"code": "55000"}, {"title": "x"}) for method in (
        "POST", "PUT", "PATCH", "DELETE"
    )),
    Said("POST", "gen", 400, {"code": "428C9"}, {"b": 1}),
    Said("PATCH", "gen?id=eq.1", 400, {"code": "428C9"}, {"b": 1}),
    Said("POST", "nothing?columns=zz", 404, {"code": "PGRST205"}, {"q": 1}),
    Said("POST", "books?columns=title,zz", 400, {
        "code": "PGRST204", "message": "Could not find the 'zz' column of 'books' in the schema cache"
    }, {"title": "x"}),
    Said("POST", "books?columns=", 400, {"code": "PGRST100"}, {"title": "x"}),
    Said("POST", 'books?columns="title",pages&select=title,pages,in_print', 201, [
        {"title": "x", "pages": None, "in_print": True}
    ], {"title": "x", "zzz": 1}, RETURN),
    Said("POST", "books?limit=0&offset=5&select=title", 201, [{"title": "b"}, {"title": "a"}], [
        {"title": "b"}, {"title": "a"}
    ], RETURN),
    Said("POST", "bag?order=a", 201, [{"a": 1, "b": None}, {"a": None, "b": ""}], 'a,b\nNULL,\n1,"NULL"\n', {
        "Content-Type": "text/csv", **RETURN
    }),
    Said("POST", "books", 400, {"code": "PGRST102", "message": "Content-Type not acceptable: text/plain"}, "x", {
        "Content-Type": "text/plain"
    }),
    Said("POST", "sp%20ace", 201, "", {"k e/y": "ü &=?/x"}, ALONE, {
        "location": "/sp%20ace?k%20e%2Fy=eq.%C3%BC%20%26%3D%3F%2Fx"
    }),
    Said("POST", "comp", 201, "", {"a": 1, "b": 2}, ALONE, {"location": "/comp?b=eq.2&a=eq.1"}),
    Said("POST", "comp", 201, "", [{"a": 1, "b": 3}, {"a": 1, "b": 4}], ALONE, {"location": None}),
    Said("POST", "bag", 201, "", {"a": 1}, ALONE, {"location": None}),
    Said("POST", "shelves", 201, "", [], {"Prefer": "resolution=ignore-duplicates"}),
    Said("POST", "shelves?columns=id,label", 201, [{"id": 1, "label": "zz"}, {"id": 3, "label": "new"}], [
        {"id": 1, "label": "zz"}, {"label": "new"}
    ], {"Prefer": "resolution=merge-duplicates, missing=default, return=representation"}),
    Said("PUT", "bag?a=eq.1", 405, {"code": "PGRST105"}, {"a": 1}),
    Said("PUT", "comp?b=eq.2&a=eq.1", 201, [{"a": 1, "b": 2, "v": 5}], [{"a": 1, "b": 2, "v": 5}], RETURN),
    Said("PUT", "comp?a=eq.1&b=not.eq.2", 405, {"code": "PGRST105"}, {"a": 1, "b": 2}),
    Said("PATCH", "shelves?id=eq.1&limit=0&select=label", 200, [{"label": "q"}], [
        {"label": "q"}, {"label": "r"}
    ], RETURN),
    Said("PATCH", "shelves?id=eq.99", 204, "", {"label": "q"}, headers={"content-range": "*/*", "content-type": None}),
    Said("DELETE", "shelves?id=eq.99", 200, [], None, {"Prefer": "return=representation, count=exact"}, {
        "content-range": "*/0"
    }),
    Said("DELETE", "loans?id=gt.0", 406, {"code": "PGRST116", "details": "The result contains 2 rows"}, None, ONE),
    Said("DELETE", "loans?limit=1", 400, {"code": "21000"}),
    Said("PUT", "shelves?id=eq.9", 201, {"id": 9, "label": "x"}, {"id": 9, "label": "x"}, {**ONE, **RETURN}),
]  # fmt: skip


ALL = [*PATHS, *FORMS, *GRAMMAR, *PREFERENCES, *WRITES]
READS = [said for said in ALL if said.method in ("GET", "HEAD", "OPTIONS")]


def named(said: Said) -> str:
    """What pytest calls it."""
    return f"{said.method} {said.path[:70]}"


@pytest.fixture(scope="module")
def more(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A client for all that only read."""
    path = tmp_path_factory.mktemp("more") / "data.db"
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute(MORE)
    data = Data.open(path)
    yield client_of(data)
    data.close()


@pytest.mark.parametrize("said", READS, ids=named)
def test_of_reads(more: TestClient, said: Said) -> None:
    check(more, said)


@pytest.mark.parametrize("said", [said for said in ALL if said not in READS], ids=named)
def test_of_writes(serve: Open, said: Said) -> None:
    client = serve(MORE)
    check(client, said)
    if said.status >= 400:
        assert_untouched(client)


def check(client: TestClient, said: Said) -> None:
    """Ask, and compare the answer."""
    content = said.sent.encode() if isinstance(said.sent, str) else None
    sent: dict[str, Any] = {"content": content} if content is not None or said.sent is None else {"json": said.sent}
    response = client.request(said.method, said.path, headers=said.asked, **sent)
    assert response.status_code == said.status, response.text
    if isinstance(said.body, dict) and response.status_code >= 400:
        assert said.body.items() <= response.json().items()
        assert response.headers["proxy-status"] == f"PostgREST; error={response.json()['code']}"
    elif isinstance(said.body, str):
        assert response.text == said.body
    elif said.body is not None:
        assert response.json() == said.body
    assert {name: response.headers.get(name) for name in said.headers} == said.headers


def assert_untouched(client: TestClient) -> None:
    """What was refused left nothing behind."""
    numbers = {"books": 3, "shelves": 2, "loans": 2, "bag": 0, "comp": 0, "gen": 8}
    assert {name: len(rows(client.get(name))) for name in numbers} == numbers


@pytest.mark.parametrize("query", MUST_FAIL)
def test_cannot_be_read(shared: TestClient, query: str) -> None:
    response = shared.get(f"books?{query}")
    assert (response.status_code, response.json()["code"]) == (400, "PGRST100")
    assert response.json()["message"].startswith('"failed to parse ')
