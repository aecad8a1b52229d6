"""People: let in, changed, let go; signing in by password."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient
from tests.access.conftest import PASSWORD, Caller, bearer, nobody, refused, signed_in
from tests.conftest import LiveServer

from rolltop.app import Application

LIMITS = {"loans": {"actions": ["select"], "rule": "owner=eq.{me.name}"}}


def let_in(client: Any, name: str, **wanted: Any) -> dict[str, Any]:
    answer = client.post("/api/people", json={"name": name, "role": "viewer", "password": PASSWORD, **wanted})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_the_owner_is_there_from_the_first_start(client: TestClient) -> None:
    [owner] = client.get("/api/people").json()
    assert (owner["id"], owner["role"], owner["active"], owner["has_password"]) == ("owner", "owner", True, False)


def test_somebody_signs_in_by_name_or_address(library: TestClient, app: Application) -> None:
    let_in(library, "Ann", email="ann@example.org")
    for name in ("Ann", "ann", "ANN@example.org"):
        assert signed_in(app, name).get("/api/me").json()["name"] == "Ann"
    me = signed_in(app, "Ann").get("/api/me").json()
    assert (me["role"], me["limited"]) == ("viewer", False)
    assert set(me["scopes"]) == {"collections:read", "history:read", "jobs:read", "queries:read", "rows:read"}


def test_wrong_names_and_passwords_get_the_same_answer(library: TestClient, app: Application) -> None:
    let_in(library, "Ann")
    stranger = nobody(app)
    wrong = stranger.post("/api/auth/sign-in", json={"name": "Ann", "password": "not hers"})
    unknown = stranger.post("/api/auth/sign-in", json={"name": "Eve", "password": "not hers"})
    without = stranger.post("/api/auth/sign-in", json={"name": "Owner", "password": "not hers"})
    assert wrong.status_code == unknown.status_code == without.status_code == 401
    assert wrong.json() == unknown.json() == without.json()
    assert wrong.headers["www-authenticate"].startswith("Bearer")


def test_guessing_is_slowed(library: TestClient, app: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    let_in(library, "Ann")
    let_in(library, "Bob")
    ann, stranger = signed_in(app, "Ann"), nobody(app)
    for _ in range(10):
        answer = stranger.post("/api/auth/sign-in", json={"name": "ann", "password": "not hers"})
        refused(answer, 401, "auth.wrong_password")
    answer = stranger.post("/api/auth/sign-in", json={"name": "Ann", "password": PASSWORD})
    refused(answer, 429, "auth.too_many_tries")
    assert 1 <= int(answer.headers["retry-after"]) <= 61
    forwarded = {"X-Forwarded-For": "10.0.0.1"}
    again = stranger.post("/api/auth/sign-in", json={"name": "Ann", "password": PASSWORD}, headers=forwarded)
    assert again.status_code == 429
    assert ann.get("/api/me").status_code == 200
    assert signed_in(app, "Bob").get("/api/me").status_code == 200
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 61)
    assert signed_in(app, "Ann").get("/api/me").status_code == 200


def test_a_new_password_ends_the_other_sessions(library: TestClient, app: Application) -> None:
    let_in(library, "Ann")
    one, other = signed_in(app, "Ann"), signed_in(app, "Ann")
    wanted = {"password": "another one", "current": "not hers"}
    refused(one.put("/api/me/password", json=wanted), 403, "auth.password_not_yours")
    refused(one.put("/api/me/password", json={"password": "another one"}), 403, "auth.password_not_yours")
    assert one.put("/api/me/password", json=wanted | {"current": PASSWORD}).status_code == 204
    assert one.get("/api/me").status_code == 200
    assert other.get("/api/me").status_code == 401
    assert signed_in(app, "Ann", "another one").get("/api/me").status_code == 200


def test_a_script_sets_no_password(library: TestClient, app: Application) -> None:
    token = library.post("/api/tokens", json={"name": "x", "scopes": ["jobs:read"], "tables": {}}).json()["token"]
    script = bearer(app, token)
    assert script.put("/api/me/password", json={"password": PASSWORD}).status_code == 403
    for path in ("/api/tokens", "/api/sessions"):
        assert script.get(path).status_code == 403, path
    admin = library.post("/api/tokens", json={"name": "x", "scopes": ["admin"]}).json()["token"]
    assert bearer(app, admin).put("/api/me/password", json={"password": PASSWORD}).status_code == 403
    answer = nobody(app).post("/api/auth/sign-in", json={"name": "Owner", "password": PASSWORD})
    refused(answer, 401, "auth.wrong_password")


def test_names_in_any_script_sign_in(library: TestClient, app: Application) -> None:
    let_in(library, "Émile")
    for name in ("Émile", "émile", "E\u0301MILE"):
        assert signed_in(app, name).get("/api/me").json()["name"] == "Émile"
        refused(library.post("/api/people", json={"name": name, "role": "viewer"}), 409, "people.name_taken")


def test_tries_at_the_same_time_are_counted(library: TestClient, app: Application) -> None:
    let_in(library, "Ann", email="ann@example.org")
    stranger = nobody(app)

    def guess(number: int) -> int:
        name = "ann@example.org" if number % 2 else "Ann"
        answer = stranger.post("/api/auth/sign-in", json={"name": name, "password": f"guess {number}"})
        return int(answer.status_code)

    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(guess, range(20)))
    assert sorted(found) == [401] * 10 + [429] * 10


def test_a_link_ends_with_the_right_to_it(library: TestClient, app: Application, caller: Caller) -> None:
    ann = caller("ann", others=["select"])
    link, other = (ann.post("/api/downloads", json={"path": "/api/exports/books.csv"}).json()["url"] for _ in range(2))
    stranger = nobody(app)
    assert stranger.get(link).status_code == 200
    library.patch(f"/api/people/{ann.get('/api/me').json()['id']}", json={"active": False}).raise_for_status()
    refused(stranger.get(other), 401, "auth.ticket_unknown")
    refused(library.post("/api/downloads", json={"path": "//[x/api/exports/"}), 422, "auth.not_downloadable")


def test_only_the_owner_takes_the_whole_workspace(library: TestClient, app: Application) -> None:
    let_in(library, "Ada", role="admin")
    ada = signed_in(app, "Ada")
    assert ada.get("/api/backups").status_code == 200
    for method, path in (("GET", "x/file"), ("POST", "x/restore"), ("DELETE", "x")):
        body: dict[str, Any] | None = {} if method == "POST" else None
        assert ada.request(method, f"/api/backups/{path}", json=body).status_code == 403, path
        assert library.request(method, f"/api/backups/{path}", json=body).status_code == 404, path
    sent = ada.post("/api/backups/upload", content=b"x", headers={"Content-Type": "application/zip"})
    assert sent.status_code == 403


def test_short_passwords_are_refused(client: TestClient) -> None:
    wanted = {"name": "Ann", "role": "viewer", "password": "1234567"}
    assert client.post("/api/people", json=wanted).status_code == 422


def test_an_invitation_sets_a_password_once(library: TestClient, app: Application) -> None:
    ann = let_in(library, "Ann", password=None)
    assert ann["has_password"] is False
    first, second = (library.post(f"/api/people/{ann['id']}/invitation", json={}).json() for _ in range(2))
    stranger = nobody(app)

    def accept(invitation: dict[str, Any]) -> Any:
        code = invitation["url"].partition("#invitation=")[2]
        return stranger.post("/api/auth/invitation", json={"code": code, "password": "another one"})

    refused(accept(first), 401, "auth.invitation_unknown")  # the second one replaced it
    session = accept(second)
    assert session.status_code == 200
    assert bearer(app, session.json()["token"]).get("/api/me").json()["name"] == "Ann"
    refused(accept(second), 401, "auth.invitation_unknown")
    assert signed_in(app, "Ann", "another one").get("/api/me").status_code == 200


def test_changes_hold_from_the_next_request_on(library: TestClient, app: Application) -> None:
    id = let_in(library, "Ann")["id"]
    ann = signed_in(app, "Ann")
    refused(ann.post("/rest/v1/books", json={"title": "x"}), 403, "42501")
    assert library.patch(f"/api/people/{id}", json={"role": "editor"}).status_code == 200
    assert ann.post("/rest/v1/books", json={"title": "x"}).status_code == 201
    assert library.patch(f"/api/people/{id}", json={"active": False}).status_code == 200
    assert ann.get("/rest/v1/books").status_code == 401
    answer = nobody(app).post("/api/auth/sign-in", json={"name": "Ann", "password": PASSWORD})
    refused(answer, 401, "auth.wrong_password")
    assert library.delete(f"/api/people/{id}").status_code == 204
    refused(library.get(f"/api/people/{id}"), 404, "people.unknown")


def test_names_and_addresses_are_somebodys(library: TestClient) -> None:
    let_in(library, "Ann", email="ann@example.org")
    for wanted in ({"name": "ANN"}, {"name": "Bob", "email": "Ann@Example.org"}, {"name": "ann@example.org"}):
        answer = library.post("/api/people", json={"role": "viewer", **wanted})
        refused(answer, 409, "people.name_taken")


def test_the_owner_stays(library: TestClient) -> None:
    refused(library.delete("/api/people/owner"), 409, "people.owner_stays")
    refused(library.patch("/api/people/owner", json={"role": "viewer"}), 409, "people.owner_stays")
    refused(library.patch("/api/people/owner", json={"active": False}), 409, "people.owner_stays")
    refused(library.post("/api/people", json={"name": "Eve", "role": "owner"}), 409, "people.owner_stays")
    assert library.patch("/api/people/owner", json={"name": "Olga"}).json()["name"] == "Olga"
    assert library.get("/api/me").json()["name"] == "Olga"


def test_nobody_gives_or_changes_more_than_he_has(library: TestClient, app: Application, caller: Caller) -> None:
    admin = let_in(library, "Ada", role="admin")
    ada = signed_in(app, "Ada")
    refused(ada.put("/api/people/owner/password", json={"password": "another one"}), 403, "people.above_you")
    refused(ada.patch(f"/api/people/{admin['id']}", json={"active": False}), 409, "people.not_yourself")
    keeper = caller("keeper", scopes=["admin", "rows:read"], others=["select", "insert", "update", "delete"])
    refused(keeper.post("/api/people", json={"name": "Eve", "role": "editor"}), 403, "people.above_you")
    refused(
        keeper.put(f"/api/people/{admin['id']}/password", json={"password": "another one"}), 403, "people.above_you"
    )
    wanted = {"name": "more", "scopes": ["rows:write"]}
    refused(keeper.post("/api/roles", json=wanted), 403, "roles.beyond_own_rights")


@pytest.mark.parametrize("member", ["is_admin", "id", "scopes"])
def test_unknown_members_are_refused(client: TestClient, member: str) -> None:
    wanted = {"name": "Eve", "role": "viewer", member: True}
    assert client.post("/api/people", json=wanted).status_code == 422


def test_sessions_are_listed_and_ended(library: TestClient, app: Application) -> None:
    let_in(library, "Ann")
    let_in(library, "Bob")
    here, there, bob = signed_in(app, "Ann"), signed_in(app, "Ann"), signed_in(app, "Bob")
    found = here.get("/api/sessions").json()
    assert [session["current"] for session in found] == [False, True]
    assert len(library.get("/api/sessions").json()) == 3
    other = next(session["id"] for session in found if not session["current"])
    refused(bob.delete(f"/api/sessions/{other}"), 404, "people.unknown_session")
    assert here.delete(f"/api/sessions/{other}").status_code == 204
    assert there.get("/api/me").status_code == 401
    assert here.get("/api/me").status_code == 200
    assert here.delete("/api/auth/session").status_code == 204
    assert here.get("/api/me").status_code == 401


def test_only_the_desk_signs_in_as_the_owner(library: TestClient, app: Application) -> None:
    let_in(library, "Ada", role="admin")
    library.put("/api/people/owner/password", json={"password": PASSWORD}).raise_for_status()
    token = library.post("/api/tokens", json={"name": "x", "scopes": ["admin"]}).json()["token"]
    for caller in (signed_in(app, "Ada"), signed_in(app, "Owner"), bearer(app, token)):
        assert caller.post("/api/auth/codes", json={}).status_code == 403
        assert caller.post("/api/desktop/pick-import", json={}).status_code == 403
    assert library.post("/api/auth/codes", json={}).status_code == 201


def test_only_administrators_manage_people(library: TestClient, app: Application) -> None:
    let_in(library, "Ann", role="editor")
    ann = signed_in(app, "Ann")
    for path in ("/api/people", "/api/people/owner", "/api/roles", "/api/roles/viewer"):
        assert ann.get(path).status_code == 403, path


def test_a_stream_ends_with_the_right_to_it(live: LiveServer) -> None:
    with httpx.Client(base_url=live.url, headers=live.headers, trust_env=False, timeout=30) as owner:
        role = {"name": "reader", "scopes": ["rows:read", "rows:write"], "tables": LIMITS, "others": []}
        for table in ("loans", "members"):
            columns = [{"name": "id", "type": "integer"}, {"name": "owner", "type": "text"}]
            wanted = {"name": table, "columns": columns, "primary_key": ["id"]}
            made = owner.post("/api/collections", json=wanted)
            assert made.status_code == 201, made.text
        assert owner.post("/api/roles", json=role).status_code == 201
        ann = let_in(owner, "Ann", role="reader")
        token = owner.post("/api/auth/sign-in", json={"name": "Ann", "password": PASSWORD}).json()["token"]
        with owner.stream("GET", "/api/events", headers={"Authorization": f"Bearer {token}"}) as stream:
            lines = stream.iter_lines()
            while next(lines) != "event: hello":
                pass
            owner.post("/rest/v1/members", json={"id": 1}).raise_for_status()
            owner.post("/rest/v1/loans", json={"id": 1, "owner": "Bob"}).raise_for_status()
            heard = next(line for line in lines if line.startswith("data: ") and "table" in line)
            told = {"kind": None, "rows": None, "keys": None, "actor": None, "change": None}
            assert json.loads(heard.removeprefix("data: ")) == {"table": "loans", **told}
            owner.patch(f"/api/people/{ann['id']}", json={"active": False}).raise_for_status()
            assert not [line for line in lines if line.startswith("event")]  # it ends
