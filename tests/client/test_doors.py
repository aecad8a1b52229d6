"""How the real clients come in: tokens, schemas, headers of their own, and the errors that they make of a refusal."""

from typing import Any

import httpx
import pytest
from postgrest import APIError, SyncPostgrestClient
from tests.client.real import CLIENTS, PATIENCE_SECONDS, Case, Clients, every

GENRE = 'from("Genre").select("GenreId").eq("GenreId", 1)'
ONE = [{"GenreId": 1}]


def postgrest(clients: Clients, **headers: str) -> SyncPostgrestClient:
    """postgrest-py with these headers and no others of its own."""
    session = httpx.Client(trust_env=False, timeout=PATIENCE_SECONDS)
    return SyncPostgrestClient(f"{clients.server.url}/rest/v1", headers=headers, http_client=session)


class TestToken:
    def test_is_enough_as_the_key_of_supabase(self, clients: Clients) -> None:
        assert clients.js.answer(f"connect(token).{GENRE}").data == ONE

    @pytest.mark.parametrize("headers", ["{ apikey: token }", "{ Authorization: `bearer ${token}` }"])
    def test_goes_in_either_header(self, headers: str, clients: Clients) -> None:
        client = f"new PostgrestClient(`${{url}}/rest/v1`, {{ headers: {headers} }})"
        assert clients.js.answer(f"{client}.{GENRE}").data == ONE

    def test_goes_in_either_header_of_python(self, clients: Clients) -> None:
        token = clients.server.token
        for headers in ({"apikey": token}, {"Authorization": f"Bearer {token}"}):
            with postgrest(clients, **headers) as db:
                assert db.from_("Genre").select("GenreId").eq("GenreId", 1).execute().data == ONE

    def test_is_all_that_a_client_of_python_needs(self, clients: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        with SyncPostgrestClient(f"{clients.server.url}/rest/v1", headers=clients.server.headers) as db:
            assert db.from_("Genre").select("GenreId").eq("GenreId", 1).execute().data == ONE

    def test_is_needed(self, clients: Clients) -> None:
        answer = clients.js.answer(f"new PostgrestClient(`${{url}}/rest/v1`).{GENRE}")
        assert answer.error is not None
        assert (answer.status, answer.error["code"]) == (401, "PGRST302")
        with postgrest(clients) as db, pytest.raises(APIError) as refused:
            db.from_("Genre").select().execute()
        assert refused.value.code == "PGRST302"

    def test_must_be_known(self, clients: Clients) -> None:
        answer = clients.js.answer(f'connect("another").{GENRE}')
        assert answer.error is not None
        assert (answer.status, answer.error["code"]) == (401, "PGRST301")


class TestSchema:
    @pytest.mark.parametrize("client", CLIENTS)
    def test_public_is_there(self, client: str, clients: Clients) -> None:
        case = Case(
            "public",
            f'db.schema("public").{GENRE}',
            lambda db: db.schema("public").from_("Genre").select("GenreId").eq("GenreId", 1),
        )
        assert clients.ask(client, case).data == ONE

    @pytest.mark.parametrize("client", CLIENTS)
    @pytest.mark.parametrize("write", [False, True])
    def test_others_are_not(self, write: bool, client: str, clients: Clients) -> None:
        request = 'delete().eq("GenreId", 1)' if write else "select()"
        case = Case(
            "private",
            f'db.schema("private").from("Genre").{request}',
            lambda db: (
                db.schema("private").from_("Genre").delete().eq("GenreId", 1)
                if write
                else db.schema("private").from_("Genre").select()
            ),
        )
        assert clients.ask(client, case).error == {
            "code": "PGRST106",
            "message": "Invalid schema: private",
            "details": None,
            "hint": "Only the following schemas are exposed: public",
        }


class TestHeaders:
    def test_of_supabase_are_known_or_ignored(self, clients: Clients) -> None:
        code = f'db.{GENRE}.setHeader("X-Client-Info", "mine").setHeader("X-Supabase-Api-Version", "2024-01-01")'
        assert clients.js.answer(code).data == ONE

    def test_may_prefer_strictly(self, clients: Clients) -> None:
        strict = clients.js.answer(f'db.{GENRE}.setHeader("Prefer", "handling=strict, colour=red")')
        assert strict.error is not None
        assert (strict.status, strict.error["code"], strict.error["details"]) == (
            400,
            "PGRST122",
            "Invalid preferences: colour=red",
        )


def refusal(js: str, python: Any, **fields: Any) -> tuple[Case, dict[str, Any]]:
    return Case(fields["code"], js, python), {"details": None, "hint": None, **fields}


REFUSALS = [
    refusal(
        'db.from("Trak").select()',
        lambda db: db.from_("Trak").select(),
        code="PGRST205",
        message="Could not find the table 'public.Trak' in the schema cache",
        hint="Perhaps you meant the table 'public.Track'",
    ),
    refusal(
        'db.from("Track").select("Naem")',
        lambda db: db.from_("Track").select("Naem"),
        code="42703",
        message="column Track.Naem does not exist",
        hint='Perhaps you meant to reference the column "Track.Name".',
    ),
    refusal(
        'db.from("Track").select().eq("TrackId", "one")',
        lambda db: db.from_("Track").select().eq("TrackId", "one"),
        code="22P02",
        message='invalid input syntax for type bigint: "one"',
    ),
    refusal(
        'db.from("Track").select().filter("TrackId", "equals", 1)',
        lambda db: db.from_("Track").select().filter("TrackId", "equals", "1"),
        code="PGRST100",
        message='"failed to parse filter (equals.1)" (line 1, column 1)',
        details="unexpected 'e'",
    ),
    refusal(
        'db.from("Track").select().contains("Milliseconds", { a: 1 })',
        lambda db: db.from_("Track").select().contains("Milliseconds", {"a": 1}),
        code="42883",
        message="operator does not exist: bigint @> unknown",
        hint="No operator matches the given name and argument types. You might need to add explicit type casts.",
    ),
    refusal(
        'db.from("Track").select("Name, Albun(Title)")',
        lambda db: db.from_("Track").select("Name, Albun(Title)"),
        code="PGRST200",
        message="Could not find a relationship between 'Track' and 'Albun' in the schema cache",
        details="Searched for a foreign key relationship between 'Track' and 'Albun' in the schema 'public', "
        "but no matches were found.",
        hint="Perhaps you meant 'Album' instead of 'Albun'.",
    ),
    refusal(
        'db.from("Track").select("Name").eq("Album.Title", "x")',
        lambda db: db.from_("Track").select("Name").eq("Album.Title", "x"),
        code="PGRST108",
        message="'Album' is not an embedded resource in this request",
        hint="Verify that 'Album' is included in the 'select' query parameter.",
    ),
    refusal(
        'db.from("Artist").select("Name, Album(Title)").order("Album(Title)")',
        lambda db: db.from_("Artist").select("Name, Album(Title)").order("Album(Title)"),
        code="PGRST118",
        message="A related order on 'Album' is not possible",
        details="'Artist' and 'Album' do not form a many-to-one or one-to-one relationship",
    ),
    refusal(
        'db.from("Track").select().limit(-1)',
        lambda db: db.from_("Track").select().limit(-1),
        code="PGRST103",
        message="Requested range not satisfiable",
        details="Limit should be greater than or equal to zero.",
    ),
]


@every([case for case, _ in REFUSALS])
def test_an_error_has_four_true_fields(case: Case, client: str, clients: Clients) -> None:
    wanted = next(fields for other, fields in REFUSALS if other is case)
    assert clients.ask(client, case).error == wanted


def test_a_failed_head_tells_its_code(clients: Clients) -> None:
    """Its answer has no body: the status and Proxy-Status are all there is."""
    code = 'db.from("Trak").select("*", { head: true, count: "exact" })'
    assert clients.js.answer(code).status in (404, 204)  # an empty 404 is "No Content" to this version
    address, headers = f"{clients.server.url}/rest/v1/Trak", clients.server.headers
    response = httpx.head(address, headers=headers, trust_env=False, timeout=PATIENCE_SECONDS)
    assert response.headers["proxy-status"] == "PostgREST; error=PGRST205"
