"""POST, PUT, PATCH and DELETE on the library, and that what is refused leaves nothing behind."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.rows.conftest import client_of, rows

from rolltop.data import Data

REPRESENTATION = {"Prefer": "return=representation"}


def titles(client: TestClient) -> list[str]:
    return [row["title"] for row in rows(client.get("books?select=title&order=id"))]


class TestInsert:
    def test_one_row(self, library: TestClient) -> None:
        response = library.post("books", json={"title": "Rye", "author_id": 3})
        assert (response.status_code, response.content) == (201, b"")
        assert response.headers["content-range"] == "*/*"
        assert "content-type" not in response.headers
        assert rows(library.get("books?select=id,pages,in_print&title=eq.Rye")) == [
            {"id": 4, "pages": 100, "in_print": True}
        ]

    def test_answers_the_row(self, library: TestClient) -> None:
        response = library.post(
            "books?select=id,title,pages", json={"id": 7, "title": "Rye", "author_id": 3}, headers=REPRESENTATION
        )
        assert response.status_code == 201
        assert response.json() == [{"id": 7, "title": "Rye", "pages": 100}]
        assert response.headers["preference-applied"] == "return=representation"

    def test_many_rows_in_the_order_of_the_payload(self, library: TestClient) -> None:
        payload = [{"id": 9, "title": "Nine"}, {"id": 8, "title": "Eight"}]
        response = library.post(
            "books?select=id", json=payload, headers={"Prefer": "return=representation,count=exact"}
        )
        assert response.json() == [{"id": 9}, {"id": 8}]
        assert response.headers["content-range"] == "*/2"

    def test_orders_the_rows_when_asked(self, library: TestClient) -> None:
        payload = [{"id": 9, "title": "Nine"}, {"id": 8, "title": "Eight"}]
        response = library.post("books?select=id&order=id", json=payload, headers=REPRESENTATION)
        assert response.json() == [{"id": 8}, {"id": 9}]

    def test_says_where_the_row_is(self, library: TestClient) -> None:
        headers = {"Prefer": "return=headers-only"}
        response = library.post("books", json={"title": "Rye"}, headers=headers)
        assert response.headers["location"] == "/books?id=eq.4"
        response = library.post("placements", json={"shelf_id": 2, "book_id": 3}, headers=headers)
        assert response.headers["location"] == "/placements?book_id=eq.3&shelf_id=eq.2"

    def test_defaults_and_nothing(self, library: TestClient) -> None:
        assert library.post("shelves", json={}).status_code == 201
        response = library.post("shelves", json=[], headers=REPRESENTATION)
        assert (response.status_code, response.json()) == (201, [])

    def test_columns_and_missing_default(self, library: TestClient) -> None:
        response = library.post(
            "books?columns=title,pages&select=title,pages",
            json=[{"title": "A", "pages": 5}, {"title": "B", "other": 1}],
            headers={"Prefer": "return=representation, missing=default, tx=rollback"},
        )
        assert response.status_code == 201
        assert response.json() == [{"title": "A", "pages": 5}, {"title": "B", "pages": 100}]
        assert response.headers["preference-applied"] == "missing=default, return=representation, tx=rollback"
        assert len(titles(library)) == 3

    def test_columns_and_missing_null(self, library: TestClient) -> None:
        response = library.post(
            "books?columns=title,pages&select=title,pages", json=[{"title": "B"}], headers=REPRESENTATION
        )
        assert response.json() == [{"title": "B", "pages": None}]

    @pytest.mark.parametrize(
        ("sent", "stored"),
        [
            ({"pages": "5"}, {"pages": 5}),
            ({"title": 42}, {"title": "42"}),
            ({"title": ["a", 1]}, {"title": '["a",1]'}),
            ({"in_print": "off"}, {"in_print": False}),
            ({"in_print": False}, {"in_print": False}),
            ({"price": "1.50"}, {"price": 1.5}),
            ({"price": 3}, {"price": 3}),
            ({"tags": {"a": [1, None, {"b": True}]}}, {"tags": {"a": [1, None, {"b": True}]}}),
            ({"tags": "text"}, {"tags": "text"}),
            ({"tags": None}, {"tags": None}),
            ({"out_on": "2024-02-29"}, {"out_on": "2024-02-29"}),
            ({"id": 9223372036854775807}, {"id": 9223372036854775807}),
            ({"id": 9007199254740993}, {"id": 9007199254740993}),
            ({"title": "ünï 😀 \u2028"}, {"title": "ünï 😀 \u2028"}),
        ],
    )
    def test_coerces_values(self, library: TestClient, sent: Any, stored: Any) -> None:
        payload = {"title": "x", **sent}
        response = library.post(f"books?select={','.join(stored)}", json=payload, headers=REPRESENTATION)
        assert rows(response) == [stored]

    def test_takes_csv(self, library: TestClient) -> None:
        response = library.post(
            "books?select=title,pages,tags",
            content='title,pages,tags\n"A, B",3,"[1,2]"\nC,NULL,NULL\n',
            headers={"Content-Type": "text/csv", **REPRESENTATION},
        )
        assert response.json() == [
            {"title": "A, B", "pages": 3, "tags": [1, 2]},
            {"title": "C", "pages": None, "tags": None},
        ]

    def test_takes_forms(self, library: TestClient) -> None:
        response = library.post(
            "books?select=title,pages",
            content="title=A%26B&pages=7",
            headers={"Content-Type": "application/x-www-form-urlencoded", **REPRESENTATION},
        )
        assert response.json() == [{"title": "A&B", "pages": 7}]

    def test_one_object(self, library: TestClient) -> None:
        headers = {"Accept": "application/vnd.pgrst.object+json", **REPRESENTATION}
        assert library.post("shelves?select=label", json={"label": "C"}, headers=headers).json() == {"label": "C"}
        response = library.post("shelves", json=[{"label": "D"}, {"label": "E"}], headers=headers)
        assert (response.status_code, response.json()["code"]) == (406, "PGRST116")
        assert len(rows(library.get("shelves"))) == 3


REFUSED: list[tuple[str, Any, int, str, dict[str, Any]]] = [
    (
        "books",
        {"title": "X", "author_id": 99},
        409,
        "23503",
        {
            "message": 'insert or update on table "books" violates foreign key constraint "books_author_id_fkey"',
            "details": 'Key (author_id)=(99) is not present in table "authors".',
        },
    ),
    (
        "books",
        {"title": "X", "pages": 0},
        400,
        "23514",
        {"message": 'new row for relation "books" violates check constraint "pages_positive"'},
    ),
    (
        "books",
        {"pages": 1},
        400,
        "23502",
        {"message": 'null value in column "title" of relation "books" violates not-null constraint'},
    ),
    (
        "books",
        {"id": 1, "title": "X"},
        409,
        "23505",
        {
            "message": 'duplicate key value violates unique constraint "books_pkey"',
            "details": "Key (id)=(1) already exists.",
        },
    ),
    (
        "shelves",
        {"label": "A"},
        409,
        "23505",
        {"message": 'duplicate key value violates unique constraint "shelves_label_key"'},
    ),
    (
        "placements",
        {"book_id": 1, "shelf_id": 1},
        409,
        "23505",
        {"details": "Key (book_id, shelf_id)=(1, 1) already exists."},
    ),
    (
        "books",
        [{"title": "X", "pages": 1}, {"title": "Y", "pages": "many"}],
        400,
        "22P02",
        {"details": 'Row 2, field "pages"'},
    ),
    (
        "books",
        [{"title": "X", "pages": 1}, {"title": "Y", "pages": 1.5}],
        400,
        "22P02",
        {"details": 'Row 2, field "pages"'},
    ),
    (
        "books",
        [{"title": "X", "pages": 1}, {"title": "Y", "pages": -1}],
        400,
        "23514",
        {"details": "Row 2 of the payload was refused."},
    ),
    ("books", [{"title": "X"}, {"title": None}], 400, "23502", {"details": 'Row 2, field "title"'}),
    ("books", {"title": "X", "out_on": "2023-02-29"}, 400, "22007", {"details": 'Field "out_on"'}),
    ("books", {"title": "X", "pages": 2**63}, 400, "22003", {"details": 'Field "pages"'}),
    ("books", {"title": "X", "price": 2**70}, 400, "22003", {}),
    ("books", [{"title": "X"}, {"title": "Y", "pages": 1}], 400, "PGRST102", {"message": "All object keys must match"}),
    (
        "books",
        {"title": "X", "colour": 1},
        400,
        "PGRST204",
        {"message": "Could not find the 'colour' column of 'books' in the schema cache"},
    ),
    ("books?columns=nope", {"title": "X"}, 400, "PGRST204", {}),
    ("books", 5, 400, "PGRST102", {}),
    ("books", ["x"], 400, "PGRST102", {}),
    ("books", {"title": "a\x00b"}, 400, "22P05", {}),
    ("nothing", {"x": 1}, 404, "PGRST205", {}),
]


class TestRefuses:
    @pytest.mark.parametrize(("path", "payload", "status", "code", "fields"), REFUSED)
    def test_what_does_not_fit(
        self, library: TestClient, path: str, payload: Any, status: int, code: str, fields: dict[str, Any]
    ) -> None:
        response = library.post(path, json=payload)
        body = response.json()
        assert (response.status_code, body["code"]) == (status, code)
        assert {name: body[name] for name in fields} == fields
        assert len(titles(library)) == 3

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            b'{"title":NaN}',
            b'{"title":Infinity}',
            b'{"price":1e999}',
            b'{"title":"\\ud800"}',
            b'{"title":"\xff"}',
            b'{"title":"x"} trailing',
            b"[" * 100_000,
            b'{"tags":' + b"[" * 500 + b"]" * 500 + b"}",
            b'{"title":"x","tags":' + b"[" * 101 + b"]" * 101 + b"}",
            b"null",
            b'"text"',
        ],
    )
    def test_bodies_that_are_not_rows(self, library: TestClient, body: bytes) -> None:
        response = library.post("books", content=body, headers={"Content-Type": "application/json"})
        assert response.status_code == 400, response.text
        assert response.json()["code"] == "PGRST102"

    @pytest.mark.parametrize(
        ("kind", "status"), [("text/plain", 400), ("application/xml", 400), ("multipart/form-data", 400)]
    )
    def test_other_types(self, library: TestClient, kind: str, status: int) -> None:
        response = library.post("books", content=b"x", headers={"Content-Type": kind})
        assert (response.status_code, response.json()["code"]) == (status, "PGRST102")

    def test_ragged_csv(self, library: TestClient) -> None:
        response = library.post("books", content="title,pages\nA\n", headers={"Content-Type": "text/csv"})
        assert response.json()["message"] == "All lines must have same number of fields"

    def test_bodies_over_the_limit(self, library: TestClient) -> None:
        response = library.post("books", content=b"x", headers={"Content-Length": str(101 * 1024 * 1024)})
        assert response.status_code == 413

    def test_compressed_bodies(self, library: TestClient) -> None:
        response = library.post("books", content=b"x", headers={"Content-Encoding": "gzip"})
        assert response.status_code == 415

    def test_unknown_schema(self, library: TestClient) -> None:
        response = library.post("books", json={"title": "x"}, headers={"Content-Profile": "private"})
        assert (response.status_code, response.json()["code"]) == (406, "PGRST106")


class TestUpsert:
    def test_merges(self, library: TestClient) -> None:
        response = library.post(
            "shelves",
            json=[{"id": 1, "label": "AA"}, {"id": 3, "label": "C"}],
            headers={"Prefer": "resolution=merge-duplicates,return=representation"},
        )
        assert response.status_code == 201
        assert response.json() == [{"id": 1, "label": "AA"}, {"id": 3, "label": "C"}]
        assert response.headers["preference-applied"] == "resolution=merge-duplicates, return=representation"

    def test_merge_without_a_new_row_is_200(self, library: TestClient) -> None:
        headers = {"Prefer": "resolution=merge-duplicates"}
        assert library.post("shelves", json={"id": 1, "label": "AA"}, headers=headers).status_code == 200
        assert library.post("shelves", json=[], headers=headers).status_code == 200

    def test_leaves_columns_that_were_not_sent(self, library: TestClient) -> None:
        headers = {"Prefer": "resolution=merge-duplicates,return=representation"}
        response = library.post("books?select=title,pages", json={"id": 1, "title": "Salt 2"}, headers=headers)
        assert response.json() == [{"title": "Salt 2", "pages": 210}]

    def test_ignores(self, library: TestClient) -> None:
        headers = {"Prefer": "resolution=ignore-duplicates,return=representation"}
        response = library.post("shelves?select=id", json=[{"id": 1}, {"id": 5}], headers=headers)
        assert (response.status_code, response.json()) == (201, [{"id": 5}])

    def test_takes_another_key(self, library: TestClient) -> None:
        headers = {"Prefer": "resolution=merge-duplicates,return=representation"}
        response = library.post("shelves?on_conflict=label", json=[{"label": "A"}, {"label": "C"}], headers=headers)
        assert (response.status_code, response.json()) == (201, [{"id": 1, "label": "A"}, {"id": 3, "label": "C"}])

    @pytest.mark.parametrize(("name", "code"), [("row", "42P10"), ("nope", "42703")])
    def test_refuses_what_is_no_key(self, library: TestClient, name: str, code: str) -> None:
        headers = {"Prefer": "resolution=merge-duplicates"}
        response = library.post(f"placements?on_conflict={name}", json={"book_id": 1, "shelf_id": 1}, headers=headers)
        assert (response.status_code, response.json()["code"]) == (400, code)

    def test_reports_another_conflict(self, library: TestClient) -> None:
        headers = {"Prefer": "resolution=merge-duplicates"}
        response = library.post("shelves", json={"id": 9, "label": "A"}, headers=headers)
        assert (response.status_code, response.json()["code"]) == (409, "23505")

    def test_the_later_of_two_wins(self, library: TestClient) -> None:
        headers = {"Prefer": "resolution=merge-duplicates,return=representation"}
        payload = [{"id": 5, "label": "x"}, {"id": 5, "label": "y"}]
        assert library.post("shelves", json=payload, headers=headers).json() == [{"id": 5, "label": "y"}]


class TestPut:
    def test_inserts_and_replaces(self, library: TestClient) -> None:
        response = library.put("shelves?id=eq.5", json={"id": 5, "label": "five"}, headers=REPRESENTATION)
        assert (response.status_code, response.json()) == (201, [{"id": 5, "label": "five"}])
        response = library.put("shelves?id=eq.5", json={"id": 5, "label": "V"}, headers=REPRESENTATION)
        assert (response.status_code, response.json()) == (200, [{"id": 5, "label": "V"}])
        assert library.put("shelves?id=eq.5", json={"id": 5, "label": "5"}).status_code == 204

    @pytest.mark.parametrize(
        ("query", "payload", "status", "code"),
        [
            ("id=eq.5", {"id": 6}, 400, "PGRST115"),
            ("id=eq.5", [{"id": 5}, {"id": 5}], 400, "PGRST115"),
            ("id=eq.5", {"label": "x"}, 400, "PGRST115"),
            ("id=gt.5", {"id": 5}, 405, "PGRST105"),
            ("label=eq.A", {"id": 5}, 405, "PGRST105"),
            ("id=eq.5&label=eq.A", {"id": 5}, 405, "PGRST105"),
            ("", {"id": 5}, 405, "PGRST105"),
            ("or=(id.eq.5)", {"id": 5}, 405, "PGRST105"),
            ("id=eq.5&limit=1", {"id": 5}, 400, "PGRST114"),
        ],
    )
    def test_names_exactly_one_row(self, library: TestClient, query: str, payload: Any, status: int, code: str) -> None:
        response = library.put(f"shelves?{query}", json=payload)
        assert (response.status_code, response.json()["code"]) == (status, code)


class TestUpdate:
    def test_changes_the_filtered_rows(self, library: TestClient) -> None:
        response = library.patch("books?id=gt.1", json={"pages": 5})
        assert (response.status_code, response.content) == (204, b"")
        assert response.headers["content-range"] == "0-1/*"
        assert [row["pages"] for row in rows(library.get("books?select=pages&order=id"))] == [210, 5, 5]

    def test_answers_the_rows_as_they_are_now(self, library: TestClient) -> None:
        response = library.patch(
            "books?id=gt.1&select=id,pages&order=id.desc", json={"pages": 5}, headers=REPRESENTATION
        )
        assert (response.status_code, response.json()) == (200, [{"id": 3, "pages": 5}, {"id": 2, "pages": 5}])

    def test_follows_a_row_out_of_its_filter(self, library: TestClient) -> None:
        response = library.patch("books?pages=eq.210&select=pages", json={"pages": 1}, headers=REPRESENTATION)
        assert response.json() == [{"pages": 1}]

    def test_counts(self, library: TestClient) -> None:
        response = library.patch("books?id=gt.1", json={"pages": 5}, headers={"Prefer": "count=exact"})
        assert response.headers["content-range"] == "0-1/2"
        response = library.patch("books?id=gt.100", json={"pages": 5}, headers={"Prefer": "count=exact"})
        assert response.headers["content-range"] == "*/0"

    @pytest.mark.parametrize("payload", [{}, [], [{}]])
    def test_nothing_to_change_changes_nothing(self, library: TestClient, payload: Any) -> None:
        assert library.patch("books?id=eq.1", json=payload).status_code == 204
        response = library.patch("books?id=eq.1", json=payload, headers=REPRESENTATION)
        assert (response.status_code, response.json()) == (200, [])

    def test_needs_a_filter(self, library: TestClient) -> None:
        response = library.patch("books", json={"pages": 5})
        assert response.status_code == 400
        assert (response.json()["code"], response.json()["message"]) == ("21000", "UPDATE requires a WHERE clause")

    def test_refuses_null_for_a_key(self, library: TestClient) -> None:
        response = library.patch("books?id=eq.1", json={"id": None})
        assert (response.status_code, response.json()["code"]) == (400, "23502")

    def test_refuses_by_constraint(self, library: TestClient) -> None:
        response = library.patch("books?id=eq.1", json={"author_id": 77})
        assert (response.status_code, response.json()["code"]) == (409, "23503")
        response = library.patch("authors?id=eq.1", json={"id": 50})
        assert response.json()["message"] == (
            'update or delete on table "authors" violates foreign key constraint '
            '"books_author_id_fkey" on table "books"'
        )

    def test_holds_to_max_affected_when_strict(self, library: TestClient) -> None:
        strict = {"Prefer": "handling=strict, max-affected=1"}
        response = library.patch("books?id=gt.1", json={"pages": 5}, headers=strict)
        assert (response.status_code, response.json()["code"]) == (400, "PGRST124")
        assert response.json()["details"] == "The query affects 2 rows"
        assert [row["pages"] for row in rows(library.get("books?select=pages&order=id"))] == [210, 180, 320]
        response = library.patch("books?id=eq.1", json={"pages": 5}, headers=strict)
        assert response.headers["preference-applied"] == "handling=strict, max-affected=1"
        lenient = {"Prefer": "max-affected=1"}
        assert library.patch("books?id=gt.1", json={"pages": 5}, headers=lenient).status_code == 204

    def test_one_object(self, library: TestClient) -> None:
        headers = {"Accept": "application/vnd.pgrst.object+json"}
        assert library.patch("books?id=gt.1", json={"pages": 5}, headers=headers).status_code == 406
        assert [row["pages"] for row in rows(library.get("books?select=pages&order=id"))] == [210, 180, 320]


class TestDelete:
    def test_removes_the_filtered_rows(self, library: TestClient) -> None:
        response = library.delete("loans?id=eq.1")
        assert (response.status_code, response.content, response.headers["content-range"]) == (204, b"", "*/*")
        assert rows(library.get("loans?select=id")) == [{"id": 2}]

    def test_answers_the_rows_as_they_were(self, library: TestClient) -> None:
        response = library.delete(
            "loans?id=gt.0&select=id&order=id.desc", headers={"Prefer": "return=representation,count=exact"}
        )
        assert (response.status_code, response.json()) == (200, [{"id": 2}, {"id": 1}])
        assert response.headers["content-range"] == "*/2"

    def test_needs_a_filter(self, library: TestClient) -> None:
        response = library.delete("books")
        assert (response.status_code, response.json()["message"]) == (400, "DELETE requires a WHERE clause")

    def test_refuses_what_others_refer_to(self, library: TestClient) -> None:
        response = library.delete("authors?id=eq.1")
        assert (response.status_code, response.json()["code"]) == (409, "23503")

    def test_can_be_tried(self, library: TestClient) -> None:
        response = library.delete("loans?id=eq.1", headers={"Prefer": "tx=rollback, return=representation"})
        assert [row["id"] for row in response.json()] == [1]
        assert len(rows(library.get("loans"))) == 2


class TestFullDisk:
    def test_says_so_loses_nothing_and_recovers(self, database: Callable[[str], Data]) -> None:
        data = database("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)")
        client = client_of(data)

        def pages(most: int) -> None:
            data.submit(lambda connection: connection.execute(f"PRAGMA max_page_count = {most}").fetchall()).result(10)

        pages(30)
        assert client.post("t", json={"a": "small"}).status_code == 201
        response = client.post("t", json=[{"a": "x" * 50_000}, {"a": "y" * 500_000}])
        assert (response.status_code, response.json()["code"]) == (507, "out_of_space")
        assert rows(client.get("t")) == [{"id": 1, "a": "small"}]
        pages(10_000)
        assert client.post("t", json={"a": "y" * 500_000}).status_code == 201
        assert len(rows(client.get("t"))) == 2


class TestTogether:
    def test_writes_that_come_at_once_are_each_themselves(self, library: TestClient) -> None:
        def write(number: int) -> int:
            payload: dict[str, Any] = {"id": 100 + number // 2, "name": f"m{number}"}
            return library.post("members", json=payload).status_code

        with ThreadPoolExecutor(8) as pool:
            statuses = list(pool.map(write, range(200)))
        assert sorted(set(statuses)) == [201, 409]
        assert statuses.count(201) == 100
        assert len(rows(library.get("members?id=gte.100"))) == 100

    def test_a_bulk_insert_is_all_or_nothing(self, library: TestClient) -> None:
        payload = [{"name": f"n{number}"} for number in range(5000)] + [{"name": None}]
        response = library.post("members", content=json.dumps(payload).encode())
        assert response.status_code == 400
        assert response.json()["details"] == 'Row 5001, field "name"'
        assert len(rows(library.get("members"))) == 3
