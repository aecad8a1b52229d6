"""Roles: made, changed, deleted; their rules fit the tables that are there."""

from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.access.conftest import Caller, refused

from rolltop.app import Application


def asked(**tables: dict[str, Any]) -> dict[str, Any]:
    return {"name": "clerk", "scopes": ["rows:read"], "tables": tables, "others": []}


def test_four_are_always_there(client: TestClient) -> None:
    roles = client.get("/api/roles").json()
    assert [role["name"] for role in roles] == ["owner", "admin", "editor", "viewer"]
    assert all(role["fixed"] for role in roles)
    refused(client.put("/api/roles/viewer", json={"scopes": []}), 409, "roles.fixed")
    refused(client.delete("/api/roles/viewer"), 409, "roles.fixed")
    refused(client.post("/api/roles", json={"name": "viewer", "scopes": []}), 409, "roles.name_taken")


def test_one_is_made_changed_and_deleted(library: TestClient) -> None:
    wanted = asked(loans={"actions": ["select"], "rule": "member=eq.{me.id}", "hidden": ["note"]})
    made = library.post("/api/roles", json=wanted).json()
    assert made["tables"]["loans"]["rule"] == "member=eq.{me.id}"
    assert library.get("/api/roles/clerk").json() == made
    assert library.put("/api/roles/clerk", json={"scopes": ["rows:read"]}).json()["tables"] == {}
    assert library.delete("/api/roles/clerk").status_code == 204
    refused(library.get("/api/roles/clerk"), 404, "roles.unknown")


def test_one_that_somebody_has_stays(library: TestClient, caller: Caller) -> None:
    caller("ann")
    assert refused(library.delete("/api/roles/role-of-ann"), 409, "roles.in_use")["details"] == {"people": ["ann"]}


@pytest.mark.parametrize(
    ("rights", "word"),
    [
        ({"rule": "membr=eq.1"}, "membr"),
        ({"rule": "member"}, "unexpected end"),
        ({"rule": "id=eq.x"}, "bigint"),
        ({"rule": "fee=like.*5"}, "operator"),
        ({"rule": "select=id"}, "which rows"),
        ({"rule": "limit=1"}, "which rows"),
        ({"rule": "order=id"}, "which rows"),
        ({"rule": "members.id=eq.1"}, "which rows"),
        ({"rule": "member=eq.{me.salary}"}, "placeholder"),
        ({"rule": "member=like.{me.name}*"}, "placeholder"),
        ({"rule": "member=in.({me.id},x)"}, "placeholder"),
        ({"rule": "id=eq.{me.id}"}, "bigint"),
        ({"rule": "or=(member.eq.{me.id}"}, "parse"),
        ({"rule": "and=(" * 200}, "parse"),
        ({"rule": "member=eq.%00"}, "U+0000"),
        ({"hidden": ["nots"]}, "nots"),
        ({"read_only": ["fees"]}, "fees"),
    ],
)
def test_rules_that_do_not_fit_are_refused(library: TestClient, rights: dict[str, Any], word: str) -> None:
    answer = library.post("/api/roles", json=asked(loans={"actions": ["select"], **rights}))
    problem = refused(answer, 422, "roles.bad_rights")
    assert word in f"{problem['message']} {problem['details']} {problem['hint']}"
    refused(library.get("/api/roles/clerk"), 404, "roles.unknown")


def test_tables_that_are_not_there_are_refused(library: TestClient) -> None:
    answer = library.post("/api/roles", json=asked(lons={"actions": ["select"]}))
    assert "loans" in refused(answer, 422, "roles.bad_rights")["hint"]


@pytest.mark.parametrize(
    ("rule", "ids"),
    [
        ("member=eq.{me.name}", [2, 3]),
        ("member=neq.{me.name}", [1]),
        ("or=(member.eq.{me.name},id.eq.1)", [1, 2, 3]),
        ("and=(member.eq.{me.name},not.or(fee.gt.6,fee.lt.0))", [2]),
        ("member=eq.{me.name}&fee=gte.7", [3]),
        ("note=in.(x,z)", [1, 3]),
        ("note=is.null", []),
        ("member=eq.{me.id}", []),
        ("member=isdistinct.{me.role}", [1, 2, 3]),
        ("", [1, 2, 3]),
    ],
)
def test_rules_mean_what_the_rows_api_means(caller: Caller, rule: str, ids: list[int]) -> None:
    bob = caller("bob", tables={"loans": {"actions": ["select"], "rule": rule}})
    assert [row["id"] for row in bob.get("/rest/v1/loans?order=id").json()] == ids
    assert [row["id"] for row in bob.get("/rest/v1/loans?order=id&id=gt.1").json()] == [id for id in ids if id > 1]


def test_a_rule_that_does_not_fit_any_more_shuts_the_table(app: Application, caller: Caller) -> None:
    bob = caller("bob", tables={"loans": {"actions": ["select"], "rule": "note=eq.x"}})
    assert bob.get("/rest/v1/loans").status_code == 200
    app.data.submit(lambda one: one.execute("ALTER TABLE loans RENAME COLUMN note TO remark").fetchall()).result(10)
    problem = refused(bob.get("/rest/v1/loans"), 403, "42501")
    assert "note" in problem["details"]
    assert bob.get("/rest/v1/").status_code == 200


def test_rights_follow_new_names(library: TestClient, caller: Caller) -> None:
    rights = {"actions": ["select"], "rule": "member=eq.{me.name}", "hidden": ["note"], "read_only": ["fee"]}
    bob = caller("bob", tables={"loans": rights}, others=["select"])
    version = library.get("/api/collections/loans").json()["version"]
    wanted = {
        "version": version,
        "changes": [
            {"change": "rename_column", "column": "note", "name": "remark"},
            {"change": "rename", "name": "lendings"},
        ],
        "dependents": "drop",
    }
    preview = library.post("/api/collections/loans/changes/preview", json=wanted).json()
    assert {"kind": "role", "name": "role-of-bob"}.items() <= preview["dependents"][-1].items()
    assert library.post("/api/collections/loans/changes", json=wanted).status_code == 200
    assert [set(row) for row in bob.get("/rest/v1/lendings?order=id").json()] == [{"id", "member", "book", "fee"}] * 2
    role = library.get("/api/roles/role-of-bob").json()
    assert role["tables"] == {"lendings": rights | {"hidden": ["remark"]}}


def changed(library: TestClient, table: str, *changes: dict[str, Any]) -> None:
    answer = library.post(f"/api/collections/{table}/changes", json={"changes": list(changes), "dependents": "drop"})
    assert answer.status_code == 200, answer.text


def test_no_undo_takes_names_from_under_rights(library: TestClient, caller: Caller) -> None:
    changed(library, "loans", {"change": "rename_column", "column": "note", "name": "remark"})
    changed(library, "members", {"change": "rename", "name": "staff"})
    changes = library.get("/api/history").json()["changes"]
    rights = {"actions": ["select"], "rule": "member=eq.{me.name}", "hidden": ["remark"]}
    bob = caller("bob", tables={"loans": rights, "staff": {"actions": []}}, others=["select"])
    for change in changes[:2]:
        answer = library.post(f"/api/history/{change['id']}/undo", json={})
        assert refused(answer, 409, "history.rights_in_the_way")["details"] == {"roles_and_tokens": ["role-of-bob"]}
    assert "remark" not in bob.get("/rest/v1/loans").json()[0]
    refused(bob.get("/rest/v1/staff"), 404, "PGRST205")
    library.put("/api/roles/role-of-bob", json={"scopes": ["rows:read"]}).raise_for_status()
    assert library.post(f"/api/history/{changes[0]['id']}/undo", json={}).status_code == 200


def test_a_rule_does_not_pass_to_another_column(library: TestClient, caller: Caller) -> None:
    bob = caller("bob", tables={"loans": {"actions": ["select"], "rule": "member=eq.{me.name}"}}, others=["select"])
    changed(
        library,
        "loans",
        {"change": "rename_column", "column": "member", "name": "lender"},
        {"change": "rename_column", "column": "note", "name": "member"},
    )
    refused(bob.get("/rest/v1/loans"), 404, "PGRST205")
    assert library.get("/api/roles/role-of-bob").json()["tables"]["loans"]["actions"] == []


def test_a_new_name_brings_its_own_rights(library: TestClient, caller: Caller) -> None:
    rights = {"actions": ["select"], "rule": "member=eq.{me.name}", "hidden": ["note"]}
    bob = caller("bob", tables={"loans": rights, "labels": {"actions": ["select"]}})
    opened = {"loans": ["select"], "labels": ["delete"]}
    wanted = {"name": "x", "scopes": ["rows:read", "rows:write"], "tables": opened}
    token = library.post("/api/tokens", json=wanted).json()
    changed(library, "tags", {"change": "delete"})
    changed(library, "labels", {"change": "delete"})
    changed(library, "loans", {"change": "rename", "name": "labels"})
    assert [set(row) for row in bob.get("/rest/v1/labels").json()] == [{"id", "member", "book", "fee"}] * 2
    [kept] = [each for each in library.get("/api/tokens").json() if each["id"] == token["id"]]
    assert kept["tables"] == {"labels": ["select"]}


def test_a_person_with_limits_sees_the_structure_that_he_may(caller: Caller) -> None:
    scopes = ["rows:read", "collections:read"]
    bob = caller("bob", scopes=scopes, tables={"loans": {"actions": ["select"], "hidden": ["note"]}})
    [loans] = bob.get("/api/collections").json()
    assert (loans["name"], loans["columns"], loans["rows"]) == ("loans", 4, None)
    detail = bob.get("/api/collections/loans")
    assert [column["name"] for column in detail.json()["columns"]] == ["id", "member", "book", "fee"]
    assert "note" not in detail.text
    assert "members" not in detail.text
    assert bob.get("/api/collections/members").status_code == 404
