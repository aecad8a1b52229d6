"""Updates and deletes of the real clients, writes that are taken back, and rows that are refused."""

from typing import Any

import pytest
from postgrest import CountMethod
from tests.client.conftest import COLUMNS, rows_of
from tests.client.real import CLIENTS, Case, Clients


@pytest.mark.parametrize("client", CLIENTS)
class TestUpdateAndDelete:
    @pytest.fixture(autouse=True)
    def three(self, n: int, clients: Clients) -> None:
        for key in range(3):
            clients.write("INSERT INTO gear (id, name, price) VALUES (:id, :name, 5)", id=n + key, name=f"u{n + key}")

    def test_changes_what_the_filters_choose(self, client: str, n: int, clients: Clients) -> None:
        case = Case(
            "update",
            f'db.from("gear").update({{ price: 8, note: null }}, {{ count: "exact" }}).gte("id", n).lt("id", n + 2)'
            f'.select("{COLUMNS}").order("id", {{ ascending: false }})',
            lambda db, n: (
                db.from_("gear")
                .update({"price": 8, "note": None}, count=CountMethod.exact)
                .gte("id", n)
                .lt("id", n + 2)
                .select(COLUMNS)
                .order("id", desc=True)
            ),
        )
        answer = clients.ask(client, case, n=n)
        assert answer.count == 2
        assert answer.data == clients.says(f"SELECT {COLUMNS} FROM gear WHERE price = 8 ORDER BY id DESC")
        assert [row["id"] for row in answer.data] == [n + 1, n]

    def test_changes_one(self, client: str, n: int, clients: Clients) -> None:
        case = Case(
            "update one",
            'db.from("gear").update({ price: 8 }).eq("id", n).select("price").single()',
            lambda db, n: db.from_("gear").update({"price": 8}).eq("id", n).select("price").single(),
        )
        assert clients.ask(client, case, n=n).data == {"price": 8}
        many = Case(
            "update many as one",
            'db.from("gear").update({ price: 9 }).gte("id", n).select().single()',
            lambda db, n: db.from_("gear").update({"price": 9}).gte("id", n).select().single(),
        )
        refused = clients.ask(client, many, n=n)
        assert refused.error is not None
        assert refused.error["code"] == "PGRST116"
        assert [row["price"] for row in rows_of(clients, n)] == [8, 5, 5]

    def test_deletes(self, client: str, n: int, clients: Clients) -> None:
        before = rows_of(clients, n)
        case = Case(
            "delete",
            f'db.from("gear").delete({{ count: "exact" }}).in("id", [n, n + 1]).select("{COLUMNS}")',
            lambda db, n: db.from_("gear").delete(count=CountMethod.exact).in_("id", [n, n + 1]).select(COLUMNS),
        )
        answer = clients.ask(client, case, n=n)
        assert (answer.data, answer.count) == (before[:2], 2)
        assert rows_of(clients, n) == before[2:]

    def test_shows_what_was_deleted_with_its_relations(self, client: str, n: int, clients: Clients) -> None:
        clients.write("UPDATE gear SET ArtistId = 90 WHERE id = :n", n=n)
        case = Case(
            "related",
            'db.from("gear").delete().eq("id", n).select("name, ...Artist(by:Name)")',
            lambda db, n: db.from_("gear").delete().eq("id", n).select("name, ...Artist(by:Name)"),
        )
        [artist] = clients.says("SELECT Name FROM Artist WHERE ArtistId = 90")
        assert clients.ask(client, case, n=n).data == [{"name": f"u{n}", "by": artist["Name"]}]

    @pytest.mark.parametrize("verb", ["update", "delete"])
    def test_refuses_to_hit_every_row(self, verb: str, client: str, n: int, clients: Clients) -> None:
        argument = "{ price: 1 }" if verb == "update" else ""
        case = Case(
            verb,
            f'db.from("gear").{verb}({argument})',
            lambda db, n: db.from_("gear").update({"price": 1}) if verb == "update" else db.from_("gear").delete(),  # noqa: ARG005
        )
        assert clients.ask(client, case, n=n).error == {
            "code": "21000",
            "message": f"{verb.upper()} requires a WHERE clause",
            "details": None,
            "hint": "Add a filter, such as ?id=eq.1.",
        }
        assert [row["price"] for row in rows_of(clients, n)] == [5, 5, 5]

    @pytest.mark.parametrize(("most", "left"), [(1, 3), (2, 1)])
    def test_affects_no_more_than_allowed(self, most: int, left: int, client: str, n: int, clients: Clients) -> None:
        case = Case(
            "max affected",
            'db.from("gear").delete().in("id", [n, n + 1]).maxAffected(most)',
            lambda db, n, most: db.from_("gear").delete().in_("id", [n, n + 1]).max_affected(most),
        )
        answer = clients.ask(client, case, n=n, most=most)
        if left == 3:
            assert answer.error is not None
            assert (answer.error["code"], answer.error["details"]) == ("PGRST124", "The query affects 2 rows")
        else:
            assert answer.error is None
        assert len(rows_of(clients, n)) == left


class TestRollback:
    @pytest.mark.parametrize(
        "request_",
        [
            'insert({ id: n, name: "tried" })',
            'upsert({ id: n, name: "tried" })',
            'update({ name: "tried" }).eq("id", 1)',
            'delete().eq("id", 1)',
        ],
    )
    def test_answers_and_keeps_nothing(self, request_: str, n: int, clients: Clients) -> None:
        before = clients.says("SELECT * FROM gear")
        answer = clients.js.answer(f'db.from("gear").{request_}.select("name").rollback()', n=n)
        assert answer.error is None
        assert answer.data == [{"name": "Les Paul" if request_.startswith("delete") else "tried"}]
        assert clients.says("SELECT * FROM gear") == before


REFUSED = [
    ({"name": None}, "23502", 'null value in column "name" of relation "gear" violates not-null constraint'),
    ({"name": "x", "price": -1}, "23514", 'new row for relation "gear" violates check constraint "price_positive"'),
    ({"name": "x", "ArtistId": 9999}, "23503", None),
    ({"name": "x", "price": "much"}, "22P02", 'invalid input syntax for type numeric: "much"'),
    ({"name": "x", "made": "2024-02-30"}, "22007", None),
    ({"name": "x", "colour": 1}, "PGRST204", "Could not find the 'colour' column of 'gear' in the schema cache"),
]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(("row", "code", "message"), REFUSED, ids=[code for _, code, _ in REFUSED])
def test_a_bad_row_is_refused(
    row: dict[str, Any], code: str, message: str | None, client: str, clients: Clients
) -> None:
    before = clients.says("SELECT count(*) AS n FROM gear")
    case = Case("bad", 'db.from("gear").insert(row)', lambda db, row: db.from_("gear").insert(row))
    answer = clients.ask(client, case, row=row)
    assert answer.error is not None
    assert answer.error["code"] == code
    if message is not None:
        assert answer.error["message"] == message
    assert clients.says("SELECT count(*) AS n FROM gear") == before


@pytest.mark.parametrize("client", CLIENTS)
def test_a_view_is_only_read(client: str, clients: Clients) -> None:
    case = Case("view", 'db.from("louder").insert({ id: 9 })', lambda db: db.from_("louder").insert({"id": 9}))
    answer = clients.ask(client, case)
    assert answer.error is not None
    assert answer.error["code"] == "55000"
