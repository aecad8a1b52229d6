"""Inserts and upserts of the real clients: what they are told is what then lies in the file."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from postgrest import CountMethod, ReturnMethod
from tests.client.conftest import COLUMNS, rows_of
from tests.client.real import CLIENTS, Case, Clients


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


def test_many_at_once_lose_nothing(n: int, clients: Clients) -> None:
    """A hundred requests side by side, as a page sends them that awaits them together."""
    told = clients.js.evaluate(
        """Promise.all(Array.from({ length: 100 }, (_, i) => i % 2
             ? db.from("gear").select("id", { count: "exact", head: true }).gte("id", n)
             : db.from("gear").insert({ id: n + i, name: `many ${i}` }))
           ).then((all) => all.map(({ error }) => error))""",
        n=n,
    )
    assert told == [None] * 100
    [kept] = clients.says("SELECT count(*) AS n FROM gear WHERE name LIKE 'many %'")
    assert kept["n"] == 50


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ({"price": "9007199254740993n"}, "9007199254740993"),
        ({"seen": "new Date(0)"}, "'1970-01-01T00:00:00.000Z'"),
        ({"price": "NaN"}, "NULL"),
        ({"note": "undefined"}, "'new'"),
        ({"tags": "[1, undefined, { a: undefined }]"}, "'[1,null,{}]'"),
        ({"note": "'🎸 + & % # = \\u0041'"}, "'🎸 + & % # = A'"),
    ],
    ids=["bigint", "date", "not a number", "undefined", "holes", "any text"],
)
def test_values_that_only_javascript_has(given: dict[str, str], stored: str, n: int, clients: Clients) -> None:
    [(column, value)] = given.items()
    code = f'db.from("gear").insert({{ id: n, name: "js", {column}: {value} }}).select("{column}")'
    assert clients.js.answer(code, n=n).error is None
    [row] = clients.says(f"SELECT {column} IS {stored} AS same FROM gear WHERE id = :n", n=n)
    assert row == {"same": 1}


@pytest.mark.parametrize("client", [client for client in CLIENTS if client != "supabase-js"])
@pytest.mark.parametrize(
    ("column", "value", "stored"),
    [
        ("price", 9007199254740993, "9007199254740993"),
        ("price", 1.5, "1.5"),
        ("made", date(2024, 2, 29), "'2024-02-29'"),
        ("seen", datetime(2024, 2, 29, 12, tzinfo=UTC), "'2024-02-29T12:00:00+00:00'"),
        ("note", UUID(int=1), "'00000000-0000-0000-0000-000000000001'"),
        ("photo", b"\x00\xff", "x'00ff'"),
        ("tags", ("a", 1), "json('[\"a\",1]')"),
    ],
)
def test_values_that_only_python_has(
    column: str, value: Any, stored: str, client: str, n: int, clients: Clients
) -> None:
    row = {"id": n, "name": "py", column: value}
    case = Case("typed", None, lambda db: db.from_("gear").insert(row).select(column))
    assert clients.ask(client, case).error is None
    [found] = clients.says(f"SELECT {column} IS {stored} AS same, {column} FROM gear WHERE id = :n", n=n)
    assert found["same"] == 1, found
