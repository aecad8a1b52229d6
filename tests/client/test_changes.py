"""Every way in which the real clients write: what they are told is what then lies in the file."""

from collections.abc import Iterator
from typing import Any

import pytest
from postgrest import CountMethod, ReturnMethod
from tests.client.real import CLIENTS, Case, Clients

COLUMNS = "id, name, price, note"
BY_BASE = f"SELECT {COLUMNS} FROM gear WHERE id BETWEEN :n AND :n + 9 ORDER BY id"


@pytest.fixture
def n(clients: Clients) -> Iterator[int]:
    """The first of ten free keys."""
    [last] = clients.says("SELECT max(id) AS id FROM gear")
    yield (last["id"] // 10 + 1) * 10
    clients.write("DELETE FROM gear WHERE id > 5")


def rows_of(clients: Clients, n: int) -> list[dict[str, Any]]:
    """What the file holds under the ten keys."""
    return clients.says(BY_BASE, n=n)


@pytest.mark.parametrize("client", CLIENTS)
class TestInsert:
    def test_one_row_with_defaults(self, client: str, n: int, clients: Clients) -> None:
        case = Case(
            "one",
            f'db.from("gear").insert({{ id: n, name: "one" }}).select("{COLUMNS}")',
            lambda db, n: db.from_("gear").insert({"id": n, "name": "one"}).select(COLUMNS),
        )
        answer = clients.ask(client, case, n=n)
        assert (answer.error, answer.status) == (None, 201 if client == "supabase-js" else None)
        assert answer.data == rows_of(clients, n) == [{"id": n, "name": "one", "price": 10, "note": "new"}]

    def test_many_rows_whose_keys_differ_become_null(self, client: str, n: int, clients: Clients) -> None:
        case = Case(
            "many",
            'db.from("gear").insert([{ id: n, name: "a" }, { id: n + 1, name: "b", note: "c" }])'
            '.select("id,note,price")',
            lambda db, n: (
                db.from_("gear")
                .insert([{"id": n, "name": "a"}, {"id": n + 1, "name": "b", "note": "c"}])
                .select("id,note,price")
            ),
        )
        answer = clients.ask(client, case, n=n)
        assert answer.data == clients.says("SELECT id, note, price FROM gear WHERE id >= :n ORDER BY id", n=n)
        assert answer.data == [{"id": n, "note": None, "price": 10}, {"id": n + 1, "note": "c", "price": 10}]

    def test_or_get_the_default(self, client: str, n: int, clients: Clients) -> None:
        case = Case(
            "missing=default",
            'db.from("gear").insert([{ id: n, name: "a" }, { id: n + 1, name: "b", note: "c" }], '
            '{ defaultToNull: false }).select("id,note")',
            lambda db, n: (
                db.from_("gear")
                .insert([{"id": n, "name": "a"}, {"id": n + 1, "name": "b", "note": "c"}], default_to_null=False)
                .select("id,note")
            ),
        )
        answer = clients.ask(client, case, n=n)
        assert answer.data == clients.says("SELECT id, note FROM gear WHERE id >= :n ORDER BY id", n=n)
        assert answer.data == [{"id": n, "note": "new"}, {"id": n + 1, "note": "c"}]

    def test_values_of_every_type(self, client: str, n: int, clients: Clients) -> None:
        case = Case(
            "types",
            """db.from("gear").insert({ id: n, name: 'q"\\\\é,(', tags: ["x", "ü", 1], info: { a: { b: [null, true] } },
               in_stock: false, price: "1.25", made: "2024-02-29", seen: "2024-02-29T10:00:00Z", note: null })
               .select("name,tags,info,in_stock,price,made,seen,note").single()""",
            lambda db, n: (
                db.from_("gear")
                .insert(
                    {
                        "id": n,
                        "name": 'q"\\é,(',
                        "tags": ["x", "ü", 1],
                        "info": {"a": {"b": [None, True]}},
                        "in_stock": False,
                        "price": "1.25",
                        "made": "2024-02-29",
                        "seen": "2024-02-29T10:00:00Z",
                        "note": None,
                    }
                )
                .select("name,tags,info,in_stock,price,made,seen,note")
                .single()
            ),
        )
        answer = clients.ask(client, case, n=n)
        [row] = clients.says(
            """SELECT name, tags AS "tags:json", info AS "info:json", in_stock AS "in_stock:bool", price, made, seen,
               note FROM gear WHERE id = :n""",
            n=n,
        )
        assert answer.data == row
        assert row["info"] == {"a": {"b": [None, True]}}

    def test_without_an_answer_and_counted(self, client: str, n: int, clients: Clients) -> None:
        case = Case(
            "minimal",
            'db.from("gear").insert([{ id: n, name: "a" }, { id: n + 1, name: "b" }], { count: "exact" })',
            lambda db, n: db.from_("gear").insert(
                [{"id": n, "name": "a"}, {"id": n + 1, "name": "b"}],
                count=CountMethod.exact,
                returning=ReturnMethod.minimal,
            ),
        )
        answer = clients.ask(client, case, n=n)
        assert (answer.error, answer.count, answer.data or None) == (None, 2, None)
        assert len(rows_of(clients, n)) == 2

    def test_all_or_nothing(self, client: str, n: int, clients: Clients) -> None:
        case = Case(
            "atomic",
            'db.from("gear").insert([{ id: n, name: "a" }, { id: n + 1, name: "DX7" }])',
            lambda db, n: db.from_("gear").insert([{"id": n, "name": "a"}, {"id": n + 1, "name": "DX7"}]),
        )
        assert clients.ask(client, case, n=n).error == {
            "code": "23505",
            "message": 'duplicate key value violates unique constraint "gear_name_key"',
            "details": "Key (name)=(DX7) already exists.",
            "hint": "Row 2 of the payload was refused.",
        }
        assert rows_of(clients, n) == []

    def test_nothing_at_all(self, client: str, n: int, clients: Clients) -> None:
        case = Case("none", 'db.from("gear").insert([]).select()', lambda db, n: db.from_("gear").insert([]))  # noqa: ARG005
        answer = clients.ask(client, case, n=n)
        assert (answer.error, answer.data) == (None, [])

    def test_with_its_relations(self, client: str, n: int, clients: Clients) -> None:
        case = Case(
            "related",
            'db.from("gear").insert({ id: n, name: "a", ArtistId: 90 }).select("name, Artist(Name)").single()',
            lambda db, n: (
                db.from_("gear").insert({"id": n, "name": "a", "ArtistId": 90}).select("name, Artist(Name)").single()
            ),
        )
        [artist] = clients.says("SELECT Name FROM Artist WHERE ArtistId = 90")
        assert clients.ask(client, case, n=n).data == {"name": "a", "Artist": artist}


@pytest.mark.parametrize("client", CLIENTS)
class TestUpsert:
    @pytest.fixture(autouse=True)
    def there(self, n: int, clients: Clients) -> None:
        clients.write("INSERT INTO gear (id, name, price, note) VALUES (:n, 'there', 5, 'kept')", n=n)

    def test_by_key(self, client: str, n: int, clients: Clients) -> None:
        case = Case(
            "by key",
            f'db.from("gear").upsert([{{ id: n, name: "there", price: 6 }}, {{ id: n + 1, name: "new", price: 7 }}])'
            f'.select("{COLUMNS}")',
            lambda db, n: (
                db.from_("gear")
                .upsert([{"id": n, "name": "there", "price": 6}, {"id": n + 1, "name": "new", "price": 7}])
                .select(COLUMNS)
            ),
        )
        answer = clients.ask(client, case, n=n)
        assert answer.data == rows_of(clients, n)
        assert answer.data == [
            {"id": n, "name": "there", "price": 6, "note": "kept"},
            {"id": n + 1, "name": "new", "price": 7, "note": "new"},
        ]

    def test_by_another_unique_key(self, client: str, n: int, clients: Clients) -> None:
        case = Case(
            "on conflict",
            f'db.from("gear").upsert({{ name: "there", price: 6 }}, {{ onConflict: "name" }})'
            f'.select("{COLUMNS}").single()',
            lambda db, n: (  # noqa: ARG005
                db.from_("gear").upsert({"name": "there", "price": 6}, on_conflict="name").select(COLUMNS).single()
            ),
        )
        answer = clients.ask(client, case, n=n)
        assert [answer.data] == rows_of(clients, n) == [{"id": n, "name": "there", "price": 6, "note": "kept"}]

    def test_leaving_those_alone_that_are_there(self, client: str, n: int, clients: Clients) -> None:
        case = Case(
            "ignored",
            'db.from("gear").upsert([{ id: n, name: "x" }, { id: n + 1, name: "new" }], '
            '{ ignoreDuplicates: true, count: "exact" }).select("id,name")',
            lambda db, n: (
                db.from_("gear")
                .upsert(
                    [{"id": n, "name": "x"}, {"id": n + 1, "name": "new"}],
                    ignore_duplicates=True,
                    count=CountMethod.exact,
                )
                .select("id,name")
            ),
        )
        answer = clients.ask(client, case, n=n)
        assert (answer.data, answer.count) == ([{"id": n + 1, "name": "new"}], 1)
        assert [row["name"] for row in rows_of(clients, n)] == ["there", "new"]

    def test_with_defaults_for_what_is_missing(self, client: str, n: int, clients: Clients) -> None:
        case = Case(
            "defaults",
            'db.from("gear").upsert([{ id: n + 1, name: "a" }, { id: n + 2, name: "b", note: "c" }], '
            '{ defaultToNull: false }).select("id,note")',
            lambda db, n: (
                db.from_("gear")
                .upsert([{"id": n + 1, "name": "a"}, {"id": n + 2, "name": "b", "note": "c"}], default_to_null=False)
                .select("id,note")
            ),
        )
        answer = clients.ask(client, case, n=n)
        assert answer.data == clients.says("SELECT id, note FROM gear WHERE id > :n ORDER BY id", n=n)
        assert [row["note"] for row in answer.data] == ["new", "c"]

    def test_needs_a_unique_key(self, client: str, n: int, clients: Clients) -> None:
        case = Case(
            "no key",
            'db.from("gear").upsert({ id: n, name: "x" }, { onConflict: "price" })',
            lambda db, n: db.from_("gear").upsert({"id": n, "name": "x"}, on_conflict="price"),
        )
        answer = clients.ask(client, case, n=n)
        assert answer.error is not None
        assert answer.error["code"] == "42P10"


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
