"""Saved queries called by the real clients' `rpc`: by POST, GET and HEAD, filtered, paged and refused."""

from typing import Any

import httpx
import pytest
from postgrest import CountMethod
from tests.client.real import CLIENTS, Case, Clients, every

LONGER = "SELECT * FROM Track WHERE Milliseconds > :ms AND (:genre IS NULL OR GenreId = :genre)"
SALES = "SELECT BillingCountry AS country, count(*) AS n, round(sum(Total), 2) AS total FROM Invoice GROUP BY 1"
QUERIES: list[dict[str, Any]] = [
    {
        "name": "tracks_longer",
        "sql": LONGER,
        "parameters": [
            {"name": "ms", "type": "bigint"},
            {"name": "genre", "type": "bigint", "required": False},
        ],
    },
    {"name": "sales", "sql": SALES},
    {"name": "genres", "sql": "SELECT Name FROM Genre ORDER BY Name"},
    {"name": "turnover", "sql": "SELECT sum(Total) FROM Invoice", "returns": "one"},
    {
        "name": "wearing",
        "sql": "SELECT id, name FROM gear WHERE name IN (SELECT value FROM json_each(:names)) ORDER BY id",
        "parameters": [{"name": "names", "type": "jsonb"}],
    },
    {
        "name": "looked_up",
        "sql": "SELECT json_extract(:what, '$.a.b') AS b",
        "returns": "one",
        "parameters": [{"name": "what", "type": "jsonb"}],
    },
    {
        "name": "rename",
        "sql": "UPDATE gear SET note = :note WHERE id = :id RETURNING id, note",
        "parameters": [{"name": "id", "type": "bigint"}, {"name": "note", "type": "text", "default": "renamed"}],
    },
    {
        "name": "forget",
        "sql": "UPDATE gear SET note = NULL WHERE id = :id",
        "parameters": [{"name": "id", "type": "bigint"}],
    },
]


@pytest.fixture(scope="module", autouse=True)
def saved(clients: Clients) -> None:
    """The queries, saved."""
    server = clients.server
    with httpx.Client(base_url=server.url, headers=server.headers, trust_env=False, timeout=30) as client:
        for query in QUERIES:
            client.post("/api/queries", json=query).raise_for_status()


LONG_ROCK = "SELECT TrackId FROM Track WHERE Milliseconds > 600000 AND GenreId = 1 ORDER BY TrackId"
CALLS = [
    Case(
        "by POST",
        'db.rpc("tracks_longer", { ms: 600000, genre: 1 }).select("TrackId").order("TrackId")',
        lambda db: db.rpc("tracks_longer", {"ms": 600000, "genre": 1}).select("TrackId").order("TrackId"),
        LONG_ROCK,
    ),
    Case(
        "by GET",
        'db.rpc("tracks_longer", { ms: 600000, genre: 1 }, { get: true }).select("TrackId").order("TrackId")',
        lambda db: db.rpc("tracks_longer", {"ms": "600000", "genre": "1"}, get=True).select("TrackId").order("TrackId"),
        LONG_ROCK,
    ),
    Case(
        "filtered, ordered, paged and embedded",
        """db.rpc("tracks_longer", { ms: 1000000 }).select("TrackId, Genre(Name)").neq("GenreId", 21)
           .or("MediaTypeId.eq.3,TrackId.gt.3000").order("Milliseconds", { ascending: false }).range(1, 5)""",
        lambda db: (
            db.rpc("tracks_longer", {"ms": 1000000})
            .select("TrackId, Genre(Name)")
            .neq("GenreId", 21)
            .or_("MediaTypeId.eq.3,TrackId.gt.3000")
            .order("Milliseconds", desc=True)
            .range(1, 5)
        ),
        """SELECT TrackId, json_object('Name', g.Name) AS "Genre:json" FROM Track JOIN Genre g USING (GenreId)
           WHERE Milliseconds > 1000000 AND GenreId <> 21 AND (MediaTypeId = 3 OR TrackId > 3000)
           ORDER BY Milliseconds DESC LIMIT 5 OFFSET 1""",
    ),
    Case(
        "rows of no table",
        'db.rpc("sales").gt("n", 20).order("country")',
        lambda db: db.rpc("sales", {}).gt("n", 20).order("country"),
        f"SELECT * FROM ({SALES}) WHERE n > 20 ORDER BY country",
    ),
    Case(
        "with a list",
        'db.rpc("wearing", { names: ["DX7", "kazoo"] })',
        lambda db: db.rpc("wearing", {"names": ["DX7", "kazoo"]}),
        "SELECT id, name FROM gear WHERE name IN ('DX7', 'kazoo') ORDER BY id",
    ),
    Case(
        "with a list by GET",
        'db.rpc("wearing", { names: ["DX7", "kazoo"] }, { get: true })',
        lambda db: db.rpc("wearing", {"names": ["DX7", "kazoo", 'Snare, 14"']}, get=True).lt("id", 5).gt("id", 2),
        "SELECT id, name FROM gear WHERE name IN ('DX7', 'kazoo') ORDER BY id",
    ),
]


@every(CALLS)
def test_a_call_gives_what_its_sql_gives(case: Case, client: str, clients: Clients) -> None:
    answer = clients.ask(client, case)
    assert answer.error is None
    assert answer.data == clients.says(case.sql)
    assert answer.data


@pytest.mark.parametrize("client", CLIENTS)
class TestShapes:
    def test_one_value(self, client: str, clients: Clients) -> None:
        case = Case("value", 'db.rpc("turnover", {}, { get: true })', lambda db: db.rpc("turnover", {}, get=True))
        [row] = clients.says("SELECT round(sum(Total), 2) AS total FROM Invoice")
        assert clients.ask(client, case).data == row["total"]

    def test_many_values(self, client: str, clients: Clients) -> None:
        case = Case("values", 'db.rpc("genres")', lambda db: db.rpc("genres", {}))
        wanted = clients.says("SELECT Name FROM Genre ORDER BY Name")
        assert clients.ask(client, case).data == [row["Name"] for row in wanted]

    def test_an_object_as_argument(self, client: str, clients: Clients) -> None:
        case = Case(
            "object",
            'db.rpc("looked_up", { what: { a: { b: 7 } } })',
            lambda db: db.rpc("looked_up", {"what": {"a": {"b": 7}}}),
        )
        assert clients.ask(client, case).data == 7

    def test_one_row_of_many(self, client: str, clients: Clients) -> None:
        case = Case(
            "single",
            'db.rpc("sales").eq("country", "Norway").single()',
            lambda db: db.rpc("sales", {}).eq("country", "Norway").single(),
        )
        [row] = clients.says(f"SELECT * FROM ({SALES}) WHERE country = 'Norway'")
        assert clients.ask(client, case).data == row

    def test_perhaps_one_row(self, client: str, clients: Clients) -> None:
        case = Case(
            "maybe single",
            'db.rpc("sales").eq("country", "Nowhere").maybeSingle()',
            lambda db: db.rpc("sales", {}).eq("country", "Nowhere").maybe_single(),
        )
        answer = clients.ask(client, case)
        assert (answer.data, answer.error) == (None, None)

    def test_csv(self, client: str, clients: Clients) -> None:
        case = Case(
            "csv",
            'db.rpc("sales").select("country,n").lt("n", 8).order("country").csv()',
            lambda db: db.rpc("sales", {}).select("country,n").lt("n", 8).order("country").csv(),
        )
        rows = clients.says(f"SELECT country, n FROM ({SALES}) WHERE n < 8 ORDER BY country")
        assert clients.ask(client, case).data.splitlines() == ["country,n", *(f"{r['country']},{r['n']}" for r in rows)]

    def test_a_count_and_a_page(self, client: str, clients: Clients) -> None:
        case = Case(
            "counted",
            'db.rpc("tracks_longer", { ms: 600000 }, { count: "exact" }).select("TrackId").order("TrackId").limit(3)',
            lambda db: (
                db.rpc("tracks_longer", {"ms": 600000}, count=CountMethod.exact)
                .select("TrackId")
                .order("TrackId")
                .limit(3)
            ),
        )
        [total] = clients.says("SELECT count(*) AS n FROM Track WHERE Milliseconds > 600000")
        answer = clients.ask(client, case)
        assert (answer.count, len(answer.data)) == (total["n"], 3)

    def test_only_the_count(self, client: str, clients: Clients) -> None:
        case = Case(
            "head",
            'db.rpc("tracks_longer", { ms: 600000 }, { head: true, count: "exact" })',
            lambda db: db.rpc("tracks_longer", {"ms": "600000"}, head=True, count=CountMethod.exact),
        )
        [total] = clients.says("SELECT count(*) AS n FROM Track WHERE Milliseconds > 600000")
        answer = clients.ask(client, case)
        assert (answer.count, answer.data or None) == (total["n"], None)


class TestJavaScriptOnly:
    def test_a_head_with_an_object_is_a_post_that_counts(self, clients: Clients) -> None:
        answer = clients.js.answer('db.rpc("looked_up", { what: { a: { b: 7 } } }, { head: true, count: "exact" })')
        assert (answer.error, answer.count) == (None, 1)


@pytest.mark.parametrize("client", CLIENTS)
class TestWritingCalls:
    def test_writes_and_tells(self, client: str, clients: Clients) -> None:
        case = Case(
            "writes",
            'db.rpc("rename", { id: 4, note: name })',
            lambda db, name: db.rpc("rename", {"id": 4, "note": name}),
        )
        answer = clients.ask(client, case, name=client)
        assert answer.data == clients.says("SELECT id, note FROM gear WHERE id = 4") == [{"id": 4, "note": client}]

    def test_writes_with_a_default_and_tells_nothing(self, client: str, clients: Clients) -> None:
        renamed = Case("default", 'db.rpc("rename", { id: 4 })', lambda db: db.rpc("rename", {"id": 4}))
        forgotten = Case("nothing", 'db.rpc("forget", { id: 4 })', lambda db: db.rpc("forget", {"id": 4}))
        assert clients.ask(client, renamed).data == [{"id": 4, "note": "renamed"}]
        answer = clients.ask(client, forgotten)
        assert (answer.error, answer.data or None) == (None, None)
        assert clients.says("SELECT note FROM gear WHERE id = 4") == [{"note": None}]

    def test_does_not_write_by_get(self, client: str, clients: Clients) -> None:
        before = clients.says("SELECT * FROM gear")
        case = Case(
            "get", 'db.rpc("rename", { id: 4 }, { get: true })', lambda db: db.rpc("rename", {"id": "4"}, get=True)
        )
        answer = clients.ask(client, case)
        assert answer.error is not None
        assert answer.error["code"] == "25006"
        assert clients.says("SELECT * FROM gear") == before

    @pytest.mark.parametrize(("most", "code"), [(0, "PGRST124"), (1, None)])
    def test_affects_no_more_than_allowed(self, most: int, code: str | None, client: str, clients: Clients) -> None:
        case = Case(
            "max affected",
            'db.rpc("rename", { id: 4 }).maxAffected(most)',
            lambda db, most: db.rpc("rename", {"id": 4}).max_affected(most),
        )
        answer = clients.ask(client, case, most=most)
        assert (answer.error and answer.error["code"]) == code


REFUSED = [
    Case(
        "PGRST202",
        'db.rpc("sale")',
        lambda db: db.rpc("sale", {}),
        "Could not find the function public.sale without parameters in the schema cache",
    ),
    Case(
        "PGRST202",
        'db.rpc("tracks_longer", { ms: 1, gender: 2 })',
        lambda db: db.rpc("tracks_longer", {"ms": 1, "gender": 2}),
        "Could not find the function public.tracks_longer(gender, ms) in the schema cache",
    ),
    Case(
        "22P02",
        'db.rpc("tracks_longer", { ms: "long" })',
        lambda db: db.rpc("tracks_longer", {"ms": "long"}),
        'invalid input syntax for type bigint: "long"',
    ),
    Case(
        "42703",
        'db.rpc("sales").eq("land", "Norway")',
        lambda db: db.rpc("sales", {}).eq("land", "Norway"),
        "column sales.land does not exist",
    ),
]


@every(REFUSED)
def test_a_call_is_refused(case: Case, client: str, clients: Clients) -> None:
    answer = clients.ask(client, case)
    assert answer.error is not None
    assert (answer.error["code"], answer.error["message"]) == (case.name, case.sql)
