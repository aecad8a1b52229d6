"""Calls of saved queries (dialect, section 13): each sentence of it, on the library."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.rows.conftest import LIBRARY, client_of, rows

from rolltop.data import Data, bounds
from rolltop.data.types import of_declared
from rolltop.rows.saved import Parameter, SavedQuery

BIGINT, TEXT = of_declared("INTEGER"), of_declared("TEXT")
MINIMUM = Parameter("min", BIGINT, False, 0)
NAME, ID, BOOK = Parameter("name", TEXT), Parameter("id", BIGINT), Parameter("book", BIGINT)
LEND = "INSERT INTO loans (book_id, lender_id, borrower_id) VALUES (:book, 1, 2) RETURNING id"
FOREVER = "WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c)"

QUERIES = (
    SavedQuery("loans_of", "SELECT * FROM loans WHERE lender_id = :member", (Parameter("member", BIGINT),)),
    SavedQuery("page_total", "SELECT sum(pages) FROM books", returns="one"),
    SavedQuery("titles", "SELECT title FROM books WHERE pages > :min ORDER BY id -- all", (MINIMUM,)),
    SavedQuery("labels", "SELECT label FROM shelves ORDER BY id"),
    SavedQuery("first_book", "SELECT * FROM books ORDER BY id", returns="one"),
    SavedQuery(
        "stats",
        "SELECT a.name, count(*) AS n, sum(pages) AS total, a.born, a.born AS born FROM authors a JOIN books b ON "
        "b.author_id = a.id GROUP BY a.id ORDER BY a.id",
    ),
    SavedQuery("tags", "SELECT tags FROM books ORDER BY id"),
    SavedQuery("nobody", "SELECT name FROM authors WHERE id = 0", returns="one"),
    SavedQuery(
        "of_every_type",
        "SELECT :n AS n, :f AS f, :d AS d, :b AS b, :t AS t, :on AS day, :at AS at, :j AS j, :x AS x",
        (
            Parameter("n", BIGINT, False),
            Parameter("f", of_declared("REAL"), False),
            Parameter("d", of_declared("DECIMAL"), False),
            Parameter("b", of_declared("BOOLEAN"), False),
            Parameter("t", TEXT, False),
            Parameter("on", of_declared("DATE"), False),
            Parameter("at", of_declared("TIMESTAMP"), False),
            Parameter("j", of_declared("JSON"), False),
            Parameter("x", of_declared("BLOB"), False),
        ),
    ),
    SavedQuery(
        "add_author",
        "INSERT INTO authors (name, born) VALUES (:name, :born) RETURNING *",
        (NAME, Parameter("born", BIGINT, False)),
    ),
    SavedQuery("rename", "UPDATE authors SET name = :name WHERE id = :id", (NAME, ID)),
    SavedQuery("delete_author", "DELETE FROM authors WHERE id = :id", (ID,)),
    SavedQuery("lend", LEND, (BOOK,), "one"),
    SavedQuery("return_all", "DELETE FROM loans RETURNING id, book_id * 10 AS shelf, 'a,b' AS note"),
    SavedQuery("negative", "UPDATE books SET pages = -pages"),
    SavedQuery("again", "INSERT INTO shelves (label) VALUES ('A')"),
    SavedQuery("gone", "SELECT * FROM lost"),
    SavedQuery("forever", f"{FOREVER} SELECT x FROM c WHERE x < 0"),
    SavedQuery("greedy", f"{FOREVER} SELECT x, randomblob(4000000) AS b FROM c ORDER BY b"),
    SavedQuery("write_forever", f"INSERT INTO authors (name) {FOREVER} SELECT x FROM c"),
    SavedQuery("inner", "SELECT json_extract(:text, '$.a')", (Parameter("text", TEXT),), "one"),
    SavedQuery("odd", "SELECT 9e999 AS a, -9e999 AS b, x'00ff' AS c, NULL AS d, 9007199254740993 AS e, 'é\"' AS f"),
    SavedQuery("many", f"{FOREVER} SELECT x, 'row ' || x AS y FROM c LIMIT 6000"),
)  # fmt: skip
STRICT = "handling=strict, max-affected=1"


@pytest.fixture
def calls(database: Callable[[str], Data]) -> TestClient:
    """A client on the library with all the queries."""
    return client_of(database(LIBRARY), QUERIES)


def refused(response: Any, status: int, code: str) -> dict[str, Any]:
    """The body of an answer that must be this error."""
    body: dict[str, Any] = response.json()
    assert (response.status_code, body["code"]) == (status, code), response.text
    assert set(body) == {"code", "message", "details", "hint"}
    assert response.headers["proxy-status"] == f"PostgREST; error={code}"
    return body


class TestExamples:
    def test_rows_of_a_table_embed(self, calls: TestClient) -> None:
        response = calls.post("rpc/loans_of?select=id,books(title)&order=id", json={"member": 1})
        assert rows(response) == [{"id": 1, "books": {"title": "Salt"}}, {"id": 2, "books": {"title": "North"}}]

    def test_arguments_and_filters_share_the_address(self, calls: TestClient) -> None:
        assert rows(calls.get("rpc/loans_of?member=1&id=gt.1&select=id")) == [{"id": 2}]

    def test_one_value(self, calls: TestClient) -> None:
        response = calls.get("rpc/page_total")
        assert (response.status_code, response.text) == (200, "710")

    def test_a_missing_argument(self, calls: TestClient) -> None:
        assert calls.get("rpc/loans_of").json() == {
            "code": "PGRST202",
            "message": "Could not find the function public.loans_of without parameters in the schema cache",
            "details": "Searched for the function public.loans_of without parameters, but no matches were found in the "
            "schema cache.",
            "hint": None,
        }


class TestShapes:
    def test_one_value_counts_as_one_row(self, calls: TestClient) -> None:
        response = calls.get("rpc/page_total", headers={"Prefer": "count=exact"})
        assert (response.status_code, response.headers["content-range"]) == (200, "0-0/1")
        assert response.headers["content-type"] == "application/json; charset=utf-8"
        assert "content-location" not in response.headers

    def test_no_value_is_null_and_one_row(self, calls: TestClient) -> None:
        response = calls.get("rpc/nobody")
        assert (response.text, response.headers["content-range"]) == ("null", "0-0/*")

    def test_values_are_a_list(self, calls: TestClient) -> None:
        assert calls.get("rpc/labels").text == '["A","B"]'
        assert rows(calls.get("rpc/tags")) == [["sea", "travel"], ["food"], []]

    def test_values_are_filtered_ordered_and_paged(self, calls: TestClient) -> None:
        assert rows(calls.get("rpc/titles?title=like.*o*&order=title.asc")) == ["North", "Pepper, Ground"]
        response = calls.get("rpc/titles?limit=1&offset=1", headers={"Prefer": "count=exact"})
        assert (response.status_code, response.json()) == (206, ["Pepper, Ground"])
        assert response.headers["content-range"] == "1-1/3"

    def test_one_of_several_values(self, calls: TestClient) -> None:
        headers = {"Accept": "application/vnd.pgrst.object+json"}
        assert calls.get("rpc/labels?limit=1", headers=headers).text == '"A"'
        refused(calls.get("rpc/labels", headers=headers), 406, "PGRST116")
        assert calls.get("rpc/page_total", headers=headers).text == "710"

    def test_other_rows_have_the_types_of_their_columns(self, calls: TestClient) -> None:
        assert rows(calls.get("rpc/stats")) == [
            {"name": "Ruiz", "n": 2, "total": 390, "born": 1950, "born_1": 1950},
            {"name": "Okafor", "n": 1, "total": 320, "born": None, "born_1": None},
        ]

    def test_other_rows_are_filtered_by_what_their_expressions_give(self, calls: TestClient) -> None:
        assert rows(calls.get("rpc/stats?select=name&n=gt.1")) == [{"name": "Ruiz"}]
        assert rows(calls.get("rpc/stats?select=total.sum()")) == [{"sum": 710}]
        assert rows(calls.get("rpc/stats?select=n::text&order=total&limit=1")) == [{"n": "1"}]
        refused(calls.get("rpc/stats?n=eq.many"), 400, "22P02")

    def test_other_rows_embed_nothing(self, calls: TestClient) -> None:
        refused(calls.get("rpc/stats?select=name,books(title)"), 400, "PGRST200")

    def test_one_row_of_a_table(self, calls: TestClient) -> None:
        response = calls.get("rpc/first_book?select=title,authors(name)", headers={"Prefer": "count=exact"})
        assert rows(response) == [{"title": "Salt", "authors": {"name": "Ruiz"}}]
        assert response.headers["content-range"] == "0-0/1"

    def test_nothing(self, calls: TestClient) -> None:
        response = calls.post("rpc/rename", json={"id": 1, "name": "X"})
        assert (response.status_code, response.content) == (204, b"")
        assert "content-type" not in response.headers
        assert response.headers["content-range"] == "*/*"

    def test_as_csv(self, calls: TestClient) -> None:
        headers = {"Accept": "text/csv"}
        assert calls.get("rpc/titles?min=100", headers=headers).text == 'title\nSalt\n"Pepper, Ground"\nNorth\n'
        assert calls.get("rpc/stats?select=name,n&limit=1", headers=headers).text == "name,n\nRuiz,2\n"

    def test_without_nulls(self, calls: TestClient) -> None:
        headers = {"Accept": "application/vnd.pgrst.array+json;nulls=stripped"}
        assert rows(calls.get("rpc/stats?select=name,born&name=eq.Okafor", headers=headers)) == [{"name": "Okafor"}]

    def test_head_answers_what_get_would(self, calls: TestClient) -> None:
        response = calls.head("rpc/titles?limit=1", headers={"Prefer": "count=exact"})
        assert (response.status_code, response.content, response.headers["content-range"]) == (206, b"", "0-0/3")

    def test_values_of_every_kind(self, calls: TestClient) -> None:
        assert rows(calls.get("rpc/odd")) == [
            {"a": "Infinity", "b": "-Infinity", "c": "\\x00ff", "d": None, "e": 9007199254740993, "f": 'é"'}
        ]
        text = calls.get("rpc/odd", headers={"Accept": "text/csv"}).text
        assert text == 'a,b,c,d,e,f\nInfinity,-Infinity,\\x00ff,,9007199254740993,"é"""\n'

    def test_many_rows_are_streamed(self, calls: TestClient) -> None:
        response = calls.get("rpc/many", headers={"Prefer": "count=exact"})
        assert (response.status_code, response.headers["content-range"]) == (200, "0-5999/6000")
        assert response.json()[-1] == {"x": 6000, "y": "row 6000"}

    def test_a_select_of_values_has_one_column(self, calls: TestClient) -> None:
        assert rows(calls.get("rpc/titles?select=t:title&limit=1")) == ["Salt"]
        refused(calls.get("rpc/titles?select=title,t:title"), 400, "PGRST100")
        refused(calls.get("rpc/titles?select=pages"), 400, "42703")


class TestArguments:
    def test_of_every_type_from_the_address(self, calls: TestClient) -> None:
        query = 'n=%2B7&f=1e3&d=1.50&b=yes&t=é&on=2024-05-01&at=2024-05-01&j={"a":[1]}&x=\\x00FF'
        assert rows(calls.get(f"rpc/of_every_type?{query}")) == [
            {"n": 7, "f": 1000.0, "d": 1.5, "b": 1, "t": "é", "day": "2024-05-01", "at": "2024-05-01",
             "j": '{"a":[1]}', "x": "\\x00ff"}
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("text", "wanted"), [('{sea,"a, b",NULL}', '["sea","a, b",null]'), ("{}", "{}"), ("{1,2}", '["1","2"]')]
    )
    def test_that_are_a_list_in_braces(self, calls: TestClient, text: str, wanted: str) -> None:
        [row] = rows(calls.get(f"rpc/of_every_type?select=j&j={text}"))
        assert row == {"j": wanted}

    def test_that_are_no_list_and_no_json(self, calls: TestClient) -> None:
        refused(calls.get("rpc/of_every_type?j={sea"), 400, "22P02")

    def test_of_every_type_from_a_body(self, calls: TestClient) -> None:
        given = {"n": "7", "f": 2, "d": 3, "b": True, "t": 5, "j": {"a": None}, "x": "\\x00ff", "at": None}
        answer = rows(calls.post("rpc/of_every_type", json=given))[0]
        wanted = {
            "n": 7,
            "f": 2.0,
            "d": 3,
            "b": 1,
            "t": "5",
            "day": None,
            "at": None,
            "j": '{"a":null}',
            "x": "\\x00ff",
        }
        assert answer == wanted

    @pytest.mark.parametrize(
        ("name", "value", "code"),
        [("n", "x", "22P02"), ("n", 2**63, "22003"), ("on", "2024-02-30", "22007"), ("b", "maybe", "22P02"),
         ("x", "\\xzz", "22P02"), ("t", "a\x00b", "22P05"), ("n", {}, "22P02")],
    )  # fmt: skip
    def test_that_do_not_fit_name_the_parameter(self, calls: TestClient, name: str, value: Any, code: str) -> None:
        body = refused(calls.post("rpc/of_every_type", json={name: value}), 400, code)
        assert code == "22P05" or name in body["details"]

    def test_that_look_like_a_filter_need_a_body(self, calls: TestClient) -> None:
        assert rows(calls.get("rpc/of_every_type?t=eq.x")) == []
        assert rows(calls.post("rpc/of_every_type?select=t", json={"t": "eq.x"})) == [{"t": "eq.x"}]
        assert rows(calls.get("rpc/of_every_type?t=is.it&select=t")) == [{"t": "is.it"}]
        assert rows(calls.get("rpc/of_every_type?t=a&t=eq.a&select=t")) == [{"t": "a"}]

    def test_in_a_post_are_not_taken_from_the_address(self, calls: TestClient) -> None:
        refused(calls.post("rpc/loans_of?member=1"), 404, "PGRST202")
        refused(calls.post("rpc/loans_of?member=1", json={"member": 1}), 400, "PGRST100")

    def test_defaults(self, calls: TestClient) -> None:
        assert rows(calls.post("rpc/titles")) == ["Salt", "Pepper, Ground", "North"]
        assert rows(calls.post("rpc/titles", json={"min": 200})) == ["Salt", "North"]
        assert rows(calls.post("rpc/titles", json={"min": None})) == []

    @pytest.mark.parametrize(
        ("body", "kind"),
        [(b'{"member":1}', "application/json"), (b'[{"member":1},{"member":2}]', "application/json"),
         (b"member=1", "application/x-www-form-urlencoded"), (b"member\n1\n", "text/csv"),
         (b'{"member":"1"}', "application/vnd.pgrst.object+json")],
    )  # fmt: skip
    def test_in_every_form_of_body(self, calls: TestClient, body: bytes, kind: str) -> None:
        response = calls.post("rpc/loans_of?select=id", content=body, headers={"Content-Type": kind})
        assert rows(response) == [{"id": 1}, {"id": 2}]

    @pytest.mark.parametrize("body", [b"", b"  ", b"{}", b"[]", b"[{}]"])
    def test_none_at_all(self, calls: TestClient, body: bytes) -> None:
        assert calls.post("rpc/page_total", content=body).text == "710"

    @pytest.mark.parametrize("body", [b"5", b"null", b'"x"', b"{", b"[1]", b'{"a":' + b"[" * 500, b"\xff"])
    def test_bodies_that_are_none(self, calls: TestClient, body: bytes) -> None:
        refused(calls.post("rpc/page_total", content=body), 400, "PGRST102")
        refused(calls.post("rpc/page_total", content=b"x", headers={"Content-Type": "text/plain"}), 400, "PGRST102")

    def test_columns_choose_among_them(self, calls: TestClient) -> None:
        assert len(rows(calls.post("rpc/loans_of?columns=member", json={"member": 1, "other": 2}))) == 2

    def test_unknown_ones_and_names(self, calls: TestClient) -> None:
        body = refused(calls.get("rpc/loans_of?member=1&b=2"), 404, "PGRST202")
        assert body["message"] == "Could not find the function public.loans_of(b, member) in the schema cache"
        assert "with parameters b, member," in body["details"]
        body = refused(calls.post("rpc/loans_of", json={"membr": 1}), 404, "PGRST202")
        assert body["hint"] == "Perhaps you meant to call the function public.loans_of(member)"
        body = refused(calls.post("rpc/lons_of", json={"member": 1}), 404, "PGRST202")
        assert body["hint"] == "Perhaps you meant to call the function public.loans_of"
        refused(calls.get("rpc/LOANS_OF?member=1"), 404, "PGRST202")


class TestMethods:
    def test_allowed(self, calls: TestClient) -> None:
        assert calls.options("rpc/titles").headers["allow"] == "OPTIONS,GET,HEAD,POST"
        assert calls.options("rpc/rename").headers["allow"] == "OPTIONS,POST"
        refused(calls.options("rpc/nothing"), 404, "PGRST202")

    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
    def test_not_there(self, calls: TestClient, method: str) -> None:
        refused(calls.request(method, "rpc/titles"), 405, "PGRST101")

    def test_a_get_never_writes(self, calls: TestClient) -> None:
        body = refused(calls.get("rpc/rename?id=1&name=x"), 405, "25006")
        assert body["message"] == "cannot execute UPDATE in a read-only transaction"
        assert calls.head("rpc/rename?id=1&name=x").status_code == 405
        assert rows(calls.get("authors?id=eq.1&select=name")) == [{"name": "Ruiz"}]

    @pytest.mark.parametrize("path", ["rpc/", "rpc/a/b", "rpc/%00", "rpc/%ff"])
    def test_paths_that_are_none(self, calls: TestClient, path: str) -> None:
        refused(calls.get(path), 404, "PGRST125")

    def test_the_range_header_is_for_get(self, calls: TestClient) -> None:
        assert rows(calls.get("rpc/titles", headers={"Range": "1-1"})) == ["Pepper, Ground"]
        assert len(rows(calls.post("rpc/titles", headers={"Range": "1-1"}))) == 3

    def test_beyond_the_end(self, calls: TestClient) -> None:
        refused(calls.get("rpc/titles?offset=9", headers={"Prefer": "count=exact"}), 416, "PGRST103")


class TestWriting:
    def test_answers_what_it_returned(self, calls: TestClient) -> None:
        response = calls.post("rpc/add_author?select=id,name,born,books(title)", json={"name": "Zola", "born": 1840})
        assert rows(response) == [{"id": 4, "name": "Zola", "born": 1840, "books": []}]
        assert calls.post("rpc/lend", json={"book": 2}).text == "3"

    def test_filters_orders_and_counts_what_it_returned(self, calls: TestClient) -> None:
        response = calls.post("rpc/return_all?shelf=gt.10&select=shelf", headers={"Prefer": "count=exact"})
        assert (rows(response), response.headers["content-range"]) == ([{"shelf": 30}], "0-0/1")
        assert rows(calls.get("loans")) == []

    def test_as_csv(self, calls: TestClient) -> None:
        response = calls.post("rpc/return_all?order=id.desc", headers={"Accept": "text/csv"})
        assert response.text == 'id,shelf,note\n2,30,"a,b"\n1,10,"a,b"\n'

    def test_can_be_tried(self, calls: TestClient) -> None:
        response = calls.post("rpc/return_all?select=id", headers={"Prefer": "tx=rollback"})
        assert (rows(response), response.headers["preference-applied"]) == ([{"id": 1}, {"id": 2}], "tx=rollback")
        assert len(rows(calls.get("loans"))) == 2

    @pytest.mark.parametrize(
        ("headers", "query", "status", "code"),
        [
            ({"Prefer": STRICT}, "", 400, "PGRST124"),
            ({"Accept": "application/vnd.pgrst.object+json"}, "", 406, "PGRST116"),
            ({}, "select=nope", 400, "42703"),
            ({"Prefer": "count=exact"}, "offset=9", 416, "PGRST103"),
            ({"Accept": "image/png"}, "", 406, "PGRST107"),
        ],
    )
    def test_a_bad_answer_undoes_it(
        self, calls: TestClient, headers: dict[str, str], query: str, status: int, code: str
    ) -> None:
        refused(calls.post(f"rpc/return_all?{query}", headers=headers), status, code)
        assert len(rows(calls.get("loans"))) == 2

    def test_max_affected(self, calls: TestClient) -> None:
        headers = {"Prefer": STRICT}
        response = calls.post("rpc/add_author", json={"name": "X"}, headers=headers)
        assert response.headers["preference-applied"] == "handling=strict, max-affected=1"
        refused(calls.post("rpc/page_total", headers=headers), 400, "PGRST128")
        refused(calls.post("rpc/rename", json={"id": 1, "name": "x"}, headers=headers), 400, "PGRST128")
        body = refused(calls.get("rpc/titles", headers=headers), 400, "PGRST124")
        assert body["details"] == "The query affects 3 rows"

    @pytest.mark.parametrize(
        ("name", "given", "status", "code", "message", "details"),
        [
            ("rename", {"id": 1, "name": None}, 400, "23502",
             'null value in column "name" of relation "authors" violates not-null constraint', None),
            ("again", {}, 409, "23505", 'duplicate key value violates unique constraint "shelves_label_key"', None),
            ("negative", {}, 400, "23514",
             'new row for relation "books" violates check constraint "pages_positive"', None),
            ("lend", {"book": 99}, 409, "23503",
             'insert or update on table "loans" violates foreign key constraint "loans_book_id_fkey"',
             'Key (book_id)=(99) is not present in table "books".'),
            ("delete_author", {"id": 1}, 409, "23503",
             'update or delete on table "authors" violates foreign key constraint "books_author_id_fkey" '
             'on table "books"',
             'The rows are still referenced from table "books".'),
        ],
    )  # fmt: skip
    def test_constraints_are_explained(
        self, calls: TestClient, name: str, given: Any, status: int, code: str, message: str, details: str | None
    ) -> None:
        before = calls.get("books").text + calls.get("loans").text
        body = refused(calls.post(f"rpc/{name}", json=given), status, code)
        assert (body["message"], body["details"]) == (message, details)
        assert calls.get("books").text + calls.get("loans").text == before
        assert calls.post("rpc/delete_author", json={"id": 3}).status_code == 204  # nothing is left behind


class TestErrors:
    def test_a_table_that_is_gone(self, calls: TestClient) -> None:
        body = refused(calls.get("rpc/gone"), 404, "42P01")
        assert body["message"] == 'relation "lost" does not exist'

    def test_data_that_a_statement_cannot_use(self, calls: TestClient) -> None:
        refused(calls.get("rpc/inner?text=nojson"), 400, "22000")
        assert calls.post("rpc/inner", json={"text": '{"a":5}'}).text == "5"

    def test_a_schema_that_changes_under_it(self, database: Callable[[str], Data]) -> None:
        data = database(LIBRARY)
        calls = client_of(data, QUERIES)
        assert rows(calls.get("rpc/loans_of?member=1&select=id")) == [{"id": 1}, {"id": 2}]

        def change(sql: str) -> None:
            data.submit(lambda connection: connection.execute(sql).fetchall()).result(10)

        change("ALTER TABLE loans ADD COLUMN until DATE; UPDATE loans SET until = '2024-01-01'")
        assert rows(calls.get("rpc/loans_of?member=1&select=id,until&until=gt.2023-01-01&limit=1")) == [
            {"id": 1, "until": "2024-01-01"}
        ]
        change("CREATE TABLE lost (a INT, b INT); INSERT INTO lost VALUES (1, 2)")
        assert rows(calls.get("rpc/gone")) == [{"a": 1, "b": 2}]
        change("DROP TABLE loans")
        refused(calls.get("rpc/loans_of?member=1"), 404, "42P01")


class TestLimits:
    @pytest.mark.parametrize(("method", "name"), [("GET", "forever"), ("HEAD", "forever"), ("POST", "write_forever")])
    def test_time(self, calls: TestClient, monkeypatch: pytest.MonkeyPatch, method: str, name: str) -> None:
        monkeypatch.setattr(bounds, "QUERY_SECONDS", 0.2)
        response = calls.request(method, f"rpc/{name}")
        assert response.status_code == 422
        assert response.headers["proxy-status"] == "PostgREST; error=57014"
        assert len(rows(calls.get("authors"))) == 3

    def test_memory(self, calls: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bounds, "QUERY_MEMORY", 32 * 1024 * 1024)
        refused(calls.get("rpc/greedy"), 422, "53400")

    def test_others_are_answered_meanwhile(self, calls: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
        from concurrent.futures import ThreadPoolExecutor

        monkeypatch.setattr(bounds, "QUERY_SECONDS", 0.5)
        monkeypatch.setattr(bounds, "WAIT_SECONDS", 0.2)
        with ThreadPoolExecutor(12) as pool:
            running = [pool.submit(calls.get, "rpc/forever") for _ in range(12)]
            assert len(rows(calls.get("authors?select=id"))) == 3
            assert calls.post("authors", content=json.dumps({"name": "X"})).status_code == 201
            statuses = {future.result().status_code for future in running}
        assert statuses == {422, 429}
        assert rows(calls.get("rpc/labels")) == ["A", "B"]
