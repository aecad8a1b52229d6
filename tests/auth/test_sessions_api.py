"""Signing a window or a browser in by a one-time code."""

import time

import pytest
from starlette.testclient import TestClient


def _new_code(client: TestClient) -> str:
    response = client.post("/api/auth/codes", json={})
    assert response.status_code == 201
    code: str = response.json()["code"]
    assert response.json()["url"].endswith(f"/#code={code}")
    return code


def test_a_code_gives_a_session(client: TestClient) -> None:
    code = _new_code(client)
    del client.headers["Authorization"]
    session = client.post("/api/auth/exchange", json={"code": code}).json()
    assert session["token_type"] == "bearer"
    me = client.get("/api/me", headers={"Authorization": f"Bearer {session['token']}"})
    assert (me.json()["id"], me.json()["name"], me.json()["role"]) == ("owner", "Owner", "owner")


def test_a_code_works_once(client: TestClient) -> None:
    code = _new_code(client)
    assert client.post("/api/auth/exchange", json={"code": code}).status_code == 200
    again = client.post("/api/auth/exchange", json={"code": code})
    assert again.status_code == 401
    assert again.json()["code"] == "auth.bad_code"


def test_a_code_ends_after_a_minute(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    code = _new_code(client)
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 61)
    assert client.post("/api/auth/exchange", json={"code": code}).status_code == 401


def test_signing_out_ends_only_this_session(client: TestClient) -> None:
    first, second = (
        client.post("/api/auth/exchange", json={"code": _new_code(client)}).json()["token"] for _ in range(2)
    )
    assert client.delete("/api/auth/session", headers={"Authorization": f"Bearer {first}"}).status_code == 204
    assert client.get("/api/me", headers={"Authorization": f"Bearer {first}"}).status_code == 401
    assert client.get("/api/me", headers={"Authorization": f"Bearer {second}"}).status_code == 200


def test_the_scripts_token_outlives_a_sign_out(client: TestClient) -> None:
    assert client.delete("/api/auth/session").status_code == 204
    assert client.get("/api/me").status_code == 200


def test_many_codes_do_not_fill_the_memory(client: TestClient) -> None:
    codes = [_new_code(client) for _ in range(110)]
    assert client.post("/api/auth/exchange", json={"code": codes[0]}).status_code == 401
    assert client.post("/api/auth/exchange", json={"code": codes[-1]}).status_code == 200
