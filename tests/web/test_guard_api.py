"""The door (threat model B1 to B7, A1): each attack beside a harmless control."""

import pytest
from starlette.testclient import TestClient

from rolltop.app import Application
from rolltop.web import bodies


class TestHost:
    @pytest.mark.parametrize("host", ["127.0.0.1:8377", "localhost:8377", "[::1]:8377", "LOCALHOST:8377"])
    def test_our_own_names_are_answered(self, client: TestClient, host: str) -> None:
        assert client.get("/api/health", headers={"Host": host}).status_code == 200

    @pytest.mark.parametrize(
        "host",
        [
            "evil.example",
            "evil.example:8377",
            "127.0.0.1",
            "127.0.0.1:80",
            "localhost.evil.example:8377",
            "0.0.0.0:8377",
            "",
        ],
    )
    @pytest.mark.parametrize("path", ["/", "/api/health", "/health/live", "/docs", "/assets/x.js", "/rest/v1/t"])
    def test_any_other_is_misdirected_on_every_path(self, client: TestClient, host: str, path: str) -> None:
        response = client.get(path, headers={"Host": host})
        assert response.status_code == 421
        assert response.json()["code"] == "web.unknown_host"

    def test_a_forwarded_host_changes_nothing(self, client: TestClient) -> None:
        headers = {"Host": "evil.example", "X-Forwarded-Host": "127.0.0.1:8377", "Forwarded": "host=127.0.0.1:8377"}
        assert client.get("/api/health", headers=headers).status_code == 421


class TestOrigin:
    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
    @pytest.mark.parametrize(
        "headers",
        [
            {"Origin": "https://evil.example"},
            {"Origin": "http://127.0.0.1:9999"},
            {"Origin": "null"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
        ],
    )
    def test_a_foreign_page_changes_nothing(self, client: TestClient, method: str, headers: dict[str, str]) -> None:
        response = client.request(method, "/rest/v1/t", headers=headers, json={})
        assert response.status_code == 403
        assert response.json()["code"] == "web.foreign_origin"

    @pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
    def test_a_foreign_page_opens_no_event_stream(self, client: TestClient, headers: dict[str, str]) -> None:
        response = client.get("/api/events", headers=headers)
        assert (response.status_code, response.json()["code"]) == (403, "web.foreign_origin")
        assert (
            client.get("/api/jobs", headers=headers).status_code == 200
        )  # what is read once is not shown to it anyway

    def test_our_own_page_may(self, client: TestClient) -> None:
        headers = {"Origin": "http://127.0.0.1:8377", "Sec-Fetch-Site": "same-origin"}
        assert client.post("/api/auth/codes", json={}, headers=headers).status_code == 201

    def test_no_foreign_origin_is_let_in_by_cors(self, client: TestClient) -> None:
        response = client.options(
            "/rest/v1/t", headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"}
        )
        assert not [name for name in response.headers if name.startswith("access-control-")]


class TestToken:
    @pytest.mark.parametrize("path", ["/api/status", "/api/nothing", "/rest/v1/t", "/rest", "/openapi.json", "/api"])
    def test_nobody_is_refused_everywhere(self, anonymous: TestClient, path: str) -> None:
        response = anonymous.get(path)
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"].startswith("Bearer")
        assert set(response.json()) == {"code", "message", "details", "hint"}

    @pytest.mark.parametrize(
        "value",
        ["Bearer wrong", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "bearer\x80", "Bearer " + "x" * 10_000, ""],
    )
    def test_bad_credentials_are_refused_calmly(self, anonymous: TestClient, value: str) -> None:
        response = anonymous.get("/api/status", headers={b"Authorization": value.encode("latin-1")})
        assert response.status_code == 401

    @pytest.mark.parametrize("name", ["apikey", "access_token", "token", "Authorization"])
    def test_a_token_in_the_url_does_not_count(self, app: Application, anonymous: TestClient, name: str) -> None:
        assert anonymous.get("/api/status", params={name: app.sessions.owner_token}).status_code == 401

    def test_either_header_is_enough(self, client: TestClient) -> None:
        token = client.headers["Authorization"].removeprefix("Bearer ")
        del client.headers["Authorization"]
        assert client.get("/api/me", headers={"apikey": token}).status_code == 200
        assert client.get("/api/me", headers={"Authorization": f"bEaReR {token}"}).status_code == 200

    def test_only_authorization_counts_when_both_are_there(self, client: TestClient) -> None:
        token = client.headers["Authorization"].removeprefix("Bearer ")
        response = client.get("/api/me", headers={"Authorization": "Bearer wrong", "apikey": token})
        assert response.status_code == 401


class TestBodies:
    @pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded", "application/jsonx"])
    def test_only_json_is_taken(self, client: TestClient, kind: str | None) -> None:
        headers = {"Content-Type": kind} if kind else {}
        response = client.post("/api/auth/exchange", content=b'{"code": "x"}', headers=headers)
        assert response.status_code == 415

    def test_compressed_bodies_are_refused(self, client: TestClient) -> None:
        response = client.post("/rest/v1/t", content=b"x", headers={"Content-Encoding": "gzip"})
        assert response.status_code == 415

    @pytest.mark.parametrize("body", [b"{", b"", b"\xff", b"[" * 100_000, b'"\\ud800"', b"nul"])
    def test_what_is_not_json_is_said_so(self, client: TestClient, body: bytes) -> None:
        response = client.post(
            "/api/auth/exchange", content=body, headers={"Content-Type": "application/json", "Content-Length": "9"}
        )
        assert response.status_code in (400, 415, 422)
        assert {"code", "message", "details", "hint"} <= set(response.json())

    @pytest.mark.parametrize("chunked", [False, True])
    @pytest.mark.parametrize("path", ["/api/auth/exchange", "/api/queries"])
    def test_large_ones_are_refused(self, client: TestClient, path: str, chunked: bool) -> None:
        size = bodies.MOST_BYTES + 1
        body = (b" " * 100_000 for _ in range(size // 100_000 + 1)) if chunked else b" " * size
        response = client.post(path, content=body, headers={"Content-Type": "application/json"})
        assert (response.status_code, response.json()["code"]) == (413, "web.body_too_large")

    def test_pieces_are_put_together(self, client: TestClient) -> None:
        pieces = iter([b'{"code": ', b'"x"', b"}"])
        response = client.post("/api/auth/exchange", content=pieces, headers={"Content-Type": "application/json"})
        assert response.status_code == 401

    def test_unknown_fields_are_named(self, client: TestClient) -> None:
        response = client.post("/api/auth/exchange", json={"code": "x", "is_admin": True})
        assert response.status_code == 422
        assert response.json()["fields"][0]["field"] == "is_admin"


class TestMethods:
    def test_trace_is_refused(self, client: TestClient) -> None:
        assert client.request("TRACE", "/api/health").status_code == 405

    def test_a_wrong_method_is_said_so(self, client: TestClient) -> None:
        response = client.delete("/api/status")
        assert response.status_code == 405
        assert response.json()["code"] == "method_not_allowed"


@pytest.mark.parametrize("path", ["/", "/api/health", "/api/nothing", "/rest/v1/nothing", "/assets/nothing.js"])
def test_every_answer_has_the_security_headers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
