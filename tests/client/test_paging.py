"""Order, pages, counts and the other forms of an answer, through the real clients."""

import csv
import io
import time

import pytest
from postgrest import CountMethod
from tests.client.real import CLIENTS, Answer, Case, Clients, every

ORDERS = [
    Case(
        "down, nulls first by default",
        'db.from("gear").select("id").order("price", { ascending: false }).order("id")',
        lambda db: db.from_("gear").select("id").order("price", desc=True).order("id"),
        "SELECT id FROM gear ORDER BY price DESC NULLS FIRST, id",
    ),
    Case(
        "up, nulls last by default",
        'db.from("gear").select("id").order("made")',
        lambda db: db.from_("gear").select("id").order("made"),
        "SELECT id FROM gear ORDER BY made NULLS LAST",
    ),
    Case(
        "down, nulls last",
        'db.from("gear").select("id").order("made", { ascending: false, nullsFirst: false })',
        lambda db: db.from_("gear").select("id").order("made", desc=True, nullsfirst=False),
        "SELECT id FROM gear ORDER BY made DESC NULLS LAST",
    ),
    Case(
        "up, nulls first",
        'db.from("gear").select("id").order("made", { nullsFirst: true })',
        lambda db: db.from_("gear").select("id").order("made", nullsfirst=True),
        "SELECT id FROM gear ORDER BY made NULLS FIRST",
    ),
    Case(
        "by a JSON path",
        'db.from("gear").select("id").not("info->year", "is", null).order("info->>year").order("id")',
        lambda db: db.from_("gear").select("id").not_.is_("info->year", "null").order("info->>year").order("id"),
        "SELECT id FROM gear WHERE info -> 'year' IS NOT NULL ORDER BY CAST(info ->> 'year' AS TEXT), id",
    ),
    Case(
        "text by code point",
        'db.from("gear").select("name").order("name")',
        lambda db: db.from_("gear").select("name").order("name"),
        "SELECT name FROM gear ORDER BY name COLLATE BINARY",
    ),
    Case(
        "a page by limit",
        'db.from("Track").select("TrackId").order("Name").order("TrackId").limit(7)',
        lambda db: db.from_("Track").select("TrackId").order("Name").order("TrackId").limit(7),
        "SELECT TrackId FROM Track ORDER BY Name, TrackId LIMIT 7",
    ),
    Case(
        "a page by range",
        'db.from("Track").select("TrackId").order("TrackId").range(100, 109)',
        lambda db: db.from_("Track").select("TrackId").order("TrackId").range(100, 109),
        "SELECT TrackId FROM Track ORDER BY TrackId LIMIT 10 OFFSET 100",
    ),
    Case(
        "a page by limit and offset",
        None,
        lambda db: db.from_("Track").select("TrackId").order("TrackId").limit(5).offset(3498),
        "SELECT TrackId FROM Track ORDER BY TrackId LIMIT 5 OFFSET 3498",
    ),
    Case(
        "a page beyond the end",
        'db.from("Genre").select("GenreId").range(500, 509)',
        lambda db: db.from_("Genre").select("GenreId").range(500, 509),
        "SELECT GenreId FROM Genre LIMIT 10 OFFSET 500",
    ),
]


@every(ORDERS)
def test_the_order_and_the_page_are_sqlites(case: Case, client: str, clients: Clients) -> None:
    answer = clients.ask(client, case)
    assert answer.error is None
    assert answer.data == clients.says(case.sql)


class TestCount:
    @pytest.mark.parametrize("method", ["exact", "planned", "estimated"])
    @pytest.mark.parametrize("client", CLIENTS)
    def test_counts_all_that_a_page_is_of(self, client: str, method: str, clients: Clients) -> None:
        case = Case(
            "a counted page",
            'db.from("Track").select("TrackId", { count: method }).eq("GenreId", 1).order("TrackId").range(10, 14)',
            lambda db, method: (
                db.from_("Track")
                .select("TrackId", count=CountMethod(method))
                .eq("GenreId", 1)
                .order("TrackId")
                .range(10, 14)
            ),
        )
        answer = clients.ask(client, case, method=method)
        [total] = clients.says("SELECT count(*) AS n FROM Track WHERE GenreId = 1")
        assert answer.count == total["n"]
        assert answer.data == clients.says(
            "SELECT TrackId FROM Track WHERE GenreId = 1 ORDER BY TrackId LIMIT 5 OFFSET 10"
        )
        assert answer.status in (206, None)

    @pytest.mark.parametrize("client", CLIENTS)
    def test_counts_without_reading(self, client: str, clients: Clients) -> None:
        case = Case(
            "head",
            'db.from("Track").select("*, Genre!inner()", { count: "exact", head: true }).eq("Genre.Name", "Jazz")',
            lambda db: (
                db.from_("Track")
                .select("*, Genre!inner()", count=CountMethod.exact, head=True)
                .eq("Genre.Name", "Jazz")
            ),
        )
        answer = clients.ask(client, case)
        [total] = clients.says("SELECT count(*) AS n FROM Track JOIN Genre g USING (GenreId) WHERE g.Name = 'Jazz'")
        assert answer.count == total["n"]
        assert not answer.data

    @pytest.mark.parametrize("client", CLIENTS)
    def test_refuses_a_page_beyond_the_count(self, client: str, clients: Clients) -> None:
        case = Case(
            "beyond",
            'db.from("Genre").select("GenreId", { count: "exact" }).range(500, 509)',
            lambda db: db.from_("Genre").select("GenreId", count=CountMethod.exact).range(500, 509),
        )
        [total] = clients.says("SELECT count(*) AS n FROM Genre")
        assert clients.ask(client, case).error == {
            "code": "PGRST103",
            "message": "Requested range not satisfiable",
            "details": f"An offset of 500 was requested, but there are only {total['n']} rows.",
            "hint": None,
        }


def single(key: int) -> Case:
    return Case(
        f"single {key}",
        f'db.from("Genre").select().gte("GenreId", {key}).single()',
        lambda db: db.from_("Genre").select().gte("GenreId", key).single(),
    )


def maybe_single(key: int) -> Case:
    return Case(
        f"maybe single {key}",
        f'db.from("Genre").select().gte("GenreId", {key}).maybeSingle()',
        lambda db: db.from_("Genre").select().gte("GenreId", key).maybe_single(),
    )


@pytest.mark.parametrize("client", CLIENTS)
class TestOneObject:
    def test_gives_the_one(self, client: str, clients: Clients) -> None:
        [row] = clients.says("SELECT * FROM Genre WHERE GenreId = 25")
        assert clients.ask(client, single(25)).data == row
        assert clients.ask(client, maybe_single(25)).data == row

    @pytest.mark.parametrize(("key", "rows"), [(24, 2), (26, 0)])
    def test_refuses_any_other_number(self, key: int, rows: int, client: str, clients: Clients) -> None:
        assert clients.ask(client, single(key)).error == {
            "code": "PGRST116",
            "message": "Cannot coerce the result to a single JSON object",
            "details": f"The result contains {rows} rows",
            "hint": None,
        }

    def test_may_be_nothing(self, client: str, clients: Clients) -> None:
        answer = clients.ask(client, maybe_single(26))
        assert (answer.data, answer.error) == (None, None)

    def test_may_not_be_many(self, client: str, clients: Clients) -> None:
        answer = clients.ask(client, maybe_single(24))
        assert answer.error is not None
        assert answer.error["code"] in ("PGRST116", "406")  # the clients' own words


@pytest.mark.parametrize("client", CLIENTS)
class TestForms:
    def test_csv(self, client: str, clients: Clients) -> None:
        case = Case(
            "csv",
            'db.from("gear").select("id,name,made,note").order("id").csv()',
            lambda db: db.from_("gear").select("id,name,made,note").order("id").csv(),
        )
        rows = clients.says("SELECT id, name, made, note FROM gear ORDER BY id")
        wanted = [{key: "" if value is None else str(value) for key, value in row.items()} for row in rows]
        assert list(csv.DictReader(io.StringIO(clients.ask(client, case).data))) == wanted

    def test_without_nulls(self, client: str, clients: Clients) -> None:
        case = Case(
            "stripped",
            'db.from("gear").select("id,made,seen,note").order("id").stripNulls()',
            lambda db: db.from_("gear").select("id,made,seen,note").order("id").strip_nulls(),
        )
        rows = clients.says("SELECT id, made, seen, note FROM gear ORDER BY id")
        wanted = [{key: value for key, value in row.items() if value is not None} for row in rows]
        assert clients.ask(client, case).data == wanted

    def test_explain_is_not_there(self, client: str, clients: Clients) -> None:
        case = Case(
            "explain",
            'db.from("gear").select().explain({ analyze: true })',
            lambda db: db.from_("gear").select().explain(analyze=True),
        )
        refused(clients.ask(client, case), "PGRST107", 406)


class TestJavaScriptOnly:
    def test_geojson_is_not_there(self, clients: Clients) -> None:
        refused(clients.js.answer('db.from("gear").select().geojson()'), "PGRST107", 406)

    def test_returns_and_types_change_nothing(self, clients: Clients) -> None:
        wanted = clients.says("SELECT GenreId FROM Genre ORDER BY GenreId LIMIT 1")
        request = 'db.from("Genre").select("GenreId").order("GenreId").limit(1)'
        assert clients.js.answer(f"{request}.returns()").data == wanted
        assert clients.js.answer(f"{request}.overrideTypes()").data == wanted

    def test_an_aborted_request_ends_there_and_the_next_works(self, clients: Clients) -> None:
        slow = 'db.from("Track").select("*,Playlist(*,Track(*))")'
        said = clients.js.evaluate(f"{slow}.abortSignal(AbortSignal.timeout(30))")
        assert said["error"]["message"].startswith(("AbortError", "TimeoutError"))
        assert clients.js.answer('db.from("Genre").select("GenreId").eq("GenreId", 1)').data == [{"GenreId": 1}]

    def test_many_aborted_requests_keep_nobody_waiting(self, clients: Clients) -> None:
        """Each would read for half a minute; there are eight readers at most."""
        slow = 'db.from("Track").select("*,Playlist(*,Track(*))").order("Name").limit(2000)'
        aborted = f"Promise.all(Array.from({{ length: 12 }}, () => {slow}.abortSignal(AbortSignal.timeout(1500))))"
        assert [each["status"] for each in clients.js.evaluate(aborted)] == [0] * 12
        before = time.monotonic()
        assert clients.js.answer('db.from("Genre").select("GenreId").order("Name").limit(3)').error is None
        assert time.monotonic() - before < 10

    def test_throws_when_asked_to(self, clients: Clients) -> None:
        thrown = clients.js.evaluate('db.from("Trak").select().throwOnError()')["thrown"]
        assert (thrown["name"], thrown["code"]) == ("PostgrestError", "PGRST205")
        assert thrown["hint"] == "Perhaps you meant the table 'public.Track'"


def refused(answer: Answer, code: str, status: int) -> None:
    assert answer.error is not None
    assert answer.error["code"] == code
    assert answer.status in (status, None)
