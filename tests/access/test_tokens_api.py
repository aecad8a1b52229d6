"""Tokens for scripts: what they open, how long, and who may make and revoke them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.access.conftest import Caller, bearer, refused
from tests.conftest import BASE_URL

from rolltop.app import Application, create_app
from rolltop.config import Config


def made(client: TestClient, **wanted: Any) -> dict[str, Any]:
    answer = client.post("/api/tokens", json={"name": "Script", "scopes": ["rows:read"], **wanted})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_token_opens_what_it_says_and_nothing_else(library: TestClient, app: Application) -> None:
    token = made(library)
    assert token["token"].startswith("rtk_")
    assert token["token"].startswith(token["hint"])
    script = bearer(app, token["token"])
    assert script.get("/rest/v1/books").status_code == 200
    refused(script.post("/rest/v1/books", json={"title": "Ivanhoe"}), 403, "42501")
    assert script.get("/api/queries").status_code == 403
    assert script.get("/api/people").status_code == 403
    assert (script.get("/api/me").json()["id"], script.get("/api/me").json()["scopes"]) == ("owner", ["rows:read"])


def test_it_is_taken_as_apikey_too(library: TestClient) -> None:
    token = made(library)["token"]
    del library.headers["Authorization"]
    assert library.get("/rest/v1/books", headers={"apikey": token}).status_code == 200


def test_the_secret_is_shown_once_and_kept_nowhere(library: TestClient, app: Application) -> None:
    token = made(library)["token"]
    assert token not in library.get("/api/tokens").text
    for file in app.config.workspace.rglob("*"):
        assert not file.is_file() or token.encode() not in file.read_bytes(), file


def test_single_tables_and_actions(library: TestClient, app: Application) -> None:
    token = made(library, scopes=["rows:read", "rows:write"], tables={"books": ["select"], "loans": ["insert"]})
    script = bearer(app, token["token"])
    assert script.get("/rest/v1/books").status_code == 200
    refused(script.patch("/rest/v1/books?id=eq.1", json={"title": "x"}), 403, "42501")
    assert script.post("/rest/v1/loans", json={"member": "ann", "book": 2}).status_code == 201
    refused(script.get("/rest/v1/loans"), 403, "42501")
    refused(script.get("/rest/v1/members"), 404, "PGRST205")
    paths = script.get("/openapi.json").json()["paths"]
    assert {path: set(item) for path, item in paths.items() if path.startswith("/rest/v1/") and "rpc" not in path} == {
        "/rest/v1/books": {"get"},
        "/rest/v1/loans": {"post"},
    }
    assert set(script.get("/rest/v1/").json()["paths"]) == {"/", "/books", "/loans"}


def test_it_ends_on_its_day(library: TestClient, app: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    ends = datetime.now(UTC) + timedelta(hours=1)
    script = bearer(app, made(library, expires=ends.isoformat())["token"])
    assert script.get("/rest/v1/books").status_code == 200

    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> "Later":
            return cls.fromtimestamp((ends + timedelta(seconds=1)).timestamp(), tz)

    monkeypatch.setattr("rolltop.auth.credentials.datetime", Later)
    refused(script.get("/rest/v1/books"), 401, "PGRST301")


def test_a_day_beyond_all_is_refused(library: TestClient) -> None:
    wanted = {"name": "x", "scopes": ["rows:read"], "expires": "9999-12-31T23:59:59-23:59"}
    assert library.post("/api/tokens", json=wanted).status_code == 422


def test_names_of_tables_are_not_told(caller: Caller) -> None:
    ann = caller("ann", tables={"books": {"actions": ["select"]}})
    wanted = {"name": "x", "scopes": ["rows:read"]}
    refused(ann.post("/api/tokens", json=wanted | {"tables": {"loans": ["select"]}}), 422, "tokens.no_such_table")
    answer = ann.post("/api/tokens", json=wanted | {"tables": {"loanss": ["select"]}})
    assert refused(answer, 422, "tokens.no_such_table")["hint"] is None


def test_a_day_that_has_passed_is_refused(library: TestClient) -> None:
    wanted = {"name": "Script", "scopes": ["rows:read"], "expires": "2020-01-01T00:00:00Z"}
    refused(library.post("/api/tokens", json=wanted), 422, "tokens.expired")


def test_a_revoked_one_is_refused_at_once(library: TestClient, app: Application) -> None:
    token = made(library)
    script = bearer(app, token["token"])
    assert script.get("/rest/v1/books").status_code == 200
    assert library.delete(f"/api/tokens/{token['id']}").status_code == 204
    refused(script.get("/rest/v1/books"), 401, "PGRST301")
    refused(library.delete(f"/api/tokens/{token['id']}"), 404, "tokens.unknown")


def test_the_list_says_when_it_was_used(library: TestClient, app: Application) -> None:
    token = made(library)
    assert library.get("/api/tokens").json()[0]["used"] is None
    bearer(app, token["token"]).get("/rest/v1/books")
    assert library.get("/api/tokens").json()[0]["used"] is not None


def test_it_outlives_the_server(workspace: Any) -> None:
    first = create_app(Config(workspace=workspace))
    with TestClient(
        first, base_url=BASE_URL, headers={"Authorization": f"Bearer {first.sessions.owner_token}"}
    ) as owner:
        token = made(owner)["token"]
        assert bearer(first, token).get("/rest/v1/").status_code == 200
    second = create_app(Config(workspace=workspace))
    with TestClient(second, base_url=BASE_URL, headers={"Authorization": f"Bearer {token}"}) as script:
        assert script.get("/rest/v1/").status_code == 200  # the first request waits until the tokens are known
        headers = {"Authorization": f"Bearer {second.sessions.owner_token}"}
        assert script.get("/api/tokens", headers=headers).json()[0]["used"] is not None


@pytest.mark.parametrize("scopes", [[], ["everything"], ["rows:read", 5]])
def test_scopes_that_are_not_there(library: TestClient, scopes: list[Any]) -> None:
    assert library.post("/api/tokens", json={"name": "Script", "scopes": scopes}).status_code == 422


def test_nobody_grants_what_he_lacks(library: TestClient, app: Application, caller: Caller) -> None:
    viewer = caller("viewer", scopes=["rows:read"], others=["select"])
    wanted = {"name": "Script", "scopes": ["rows:write"]}
    refused(viewer.post("/api/tokens", json=wanted), 403, "roles.beyond_own_rights")
    mine = made(viewer)
    script = bearer(app, mine["token"])
    refused(script.post("/rest/v1/books", json={"title": "x"}), 403, "42501")
    refused(script.post("/api/tokens", json={"name": "x", "scopes": ["rows:read"]}), 403, "forbidden")
    admin = bearer(app, made(library, scopes=["admin", "rows:read"])["token"])
    refused(admin.post("/api/tokens", json={"name": "x", "scopes": ["rows:read"]}), 403, "tokens.of_token")
    assert [token["id"] for token in viewer.get("/api/tokens").json()] == [mine["id"]]
    others = made(library)
    refused(viewer.delete(f"/api/tokens/{others['id']}"), 404, "tokens.unknown")
    assert len(library.get("/api/tokens").json()) == 3


def test_it_loses_what_its_maker_loses(library: TestClient, app: Application, caller: Caller) -> None:
    person = caller("clerk", others=["select", "insert"])
    script = bearer(app, made(person, scopes=["rows:read", "rows:write"])["token"])
    assert script.post("/rest/v1/books", json={"title": "x"}).status_code == 201
    answer = library.put("/api/roles/role-of-clerk", json={"scopes": ["rows:read"], "others": ["select"]})
    assert answer.status_code == 200
    refused(script.post("/rest/v1/books", json={"title": "x"}), 403, "42501")
    id = person.get("/api/me").json()["id"]
    assert library.patch(f"/api/people/{id}", json={"active": False}).status_code == 200
    refused(script.get("/rest/v1/books"), 401, "PGRST301")


def test_a_table_that_is_not_there(library: TestClient) -> None:
    wanted = {"name": "Script", "scopes": ["rows:read"], "tables": {"boks": ["select"]}}
    assert "books" in refused(library.post("/api/tokens", json=wanted), 422, "tokens.no_such_table")["hint"]
