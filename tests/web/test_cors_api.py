"""The rows API through the whole door (dialect, sections 1.1, 1.2 and 1.5): tokens, and pages of other origins."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.conftest import BASE_URL

from rolltop.app import Application, create_app
from rolltop.config import Config

FRIEND = "https://app.example"
STRANGER = "https://evil.example"
EXPOSED = (
    "Content-Encoding, Content-Location, Content-Range, Content-Type, Date, Location, "
    "Preference-Applied, Proxy-Status, Range-Unit, X-Rolltop-Change"
)
PREFLIGHT = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "apikey, prefer"}


@pytest.fixture
def friendly(workspace: Path) -> Iterator[TestClient]:
    """The application with an origin that the person allowed, and one table."""
    app = create_app(Config(workspace=workspace, origins=frozenset({FRIEND})))
    with TestClient(app, base_url=BASE_URL) as client:
        client.headers["Authorization"] = f"Bearer {app.sessions.owner_token}"
        app.data.submit(lambda connection: connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY)")).result(10)
        yield client


def cross_origin(headers: Mapping[str, str]) -> set[str]:
    """The names of the headers of CORS."""
    return {name for name in headers if name.startswith("access-control-")}


class TestOrigins:
    def test_a_preflight_of_an_allowed_origin_needs_no_token(self, friendly: TestClient) -> None:
        del friendly.headers["Authorization"]
        response = friendly.options("/rest/v1/t", headers={"Origin": FRIEND, **PREFLIGHT})
        assert (response.status_code, response.content) == (204, b"")
        assert response.headers["access-control-allow-origin"] == FRIEND
        assert response.headers["access-control-allow-methods"] == "GET, POST, PATCH, PUT, DELETE, OPTIONS, HEAD"
        assert response.headers["access-control-allow-headers"] == "Authorization, apikey, prefer"
        assert response.headers["access-control-max-age"] == "86400"
        assert response.headers["vary"] == "Origin"

    @pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
    def test_an_allowed_origin_reads_and_writes(self, friendly: TestClient, method: str) -> None:
        headers = {"Origin": FRIEND, "Sec-Fetch-Site": "cross-site"}
        response = friendly.request(method, "/rest/v1/t?id=eq.1", json={"id": 1}, headers=headers)
        assert response.status_code < 300, response.text
        assert response.headers["access-control-allow-origin"] == FRIEND
        assert response.headers["access-control-expose-headers"] == EXPOSED

    def test_it_may_read_errors_too(self, friendly: TestClient) -> None:
        response = friendly.get("/rest/v1/nothing", headers={"Origin": FRIEND})
        assert (response.status_code, response.headers["access-control-allow-origin"]) == (404, FRIEND)
        del friendly.headers["Authorization"]
        response = friendly.get("/rest/v1/t", headers={"Origin": FRIEND})
        assert (response.status_code, response.headers["access-control-allow-origin"]) == (401, FRIEND)

    @pytest.mark.parametrize("origin", [STRANGER, "null", f"{FRIEND}.evil.example", FRIEND.upper(), f"{FRIEND}:443"])
    def test_no_other_origin_is_let_in(self, friendly: TestClient, origin: str) -> None:
        preflight = friendly.options("/rest/v1/t", headers={"Origin": origin, **PREFLIGHT})
        read = friendly.get("/rest/v1/t", headers={"Origin": origin})
        write = friendly.post("/rest/v1/t", json={}, headers={"Origin": origin})
        assert (read.status_code, write.status_code) == (200, 403)
        for response in (preflight, read, write):
            assert not cross_origin(response.headers)

    def test_without_the_setting_nobody_is(self, client: TestClient) -> None:
        for origin in (FRIEND, "http://localhost:5173", "http://127.0.0.1:3000"):
            response = client.options("/rest/v1/t", headers={"Origin": origin, **PREFLIGHT})
            assert not cross_origin(response.headers)

    def test_options_that_is_no_preflight_says_what_is_allowed(self, friendly: TestClient) -> None:
        response = friendly.options("/rest/v1/t", headers={"Origin": FRIEND})
        assert (response.status_code, response.content) == (200, b"")
        assert response.headers["allow"] == "OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE"
        assert response.headers["access-control-allow-origin"] == FRIEND


class TestTokens:
    @pytest.mark.parametrize(
        ("headers", "code"),
        [
            ({}, "PGRST302"),
            ({"apikey": "wrong"}, "PGRST301"),
            ({"Authorization": "Bearer wrong"}, "PGRST301"),
            ({"Authorization": "Basic eDp5"}, "PGRST301"),
        ],
    )
    @pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE", "OPTIONS"])
    def test_a_refusal_is_in_the_dialect_s_words(
        self, anonymous: TestClient, method: str, headers: dict[str, str], code: str
    ) -> None:
        response = anonymous.request(method, "/rest/v1/t", headers=headers)
        assert response.status_code == 401
        assert response.headers["www-authenticate"].startswith("Bearer")
        assert response.headers["proxy-status"] == f"PostgREST; error={code}"
        assert response.headers["content-type"] == "application/json; charset=utf-8"
        if method != "HEAD":
            assert response.json()["code"] == code

    def test_a_token_in_the_address_is_a_filter(self, app: Application, anonymous: TestClient) -> None:
        token = app.sessions.owner_token
        assert anonymous.get("/rest/v1/t", params={"apikey": token}).json()["code"] == "PGRST302"
        signed_in = anonymous.get("/rest/v1/", headers={"apikey": token})
        assert signed_in.status_code == 200

    def test_one_key_in_both_headers_is_enough(self, app: Application, anonymous: TestClient) -> None:
        token = app.sessions.owner_token
        headers = {"apikey": token, "Authorization": f"bearer {token}", "X-Client-Info": "x", "X-Retry-Count": "1"}
        assert anonymous.get("/rest/v1/", headers=headers).status_code == 200


@pytest.mark.parametrize("method", ["TRACE", "PROPFIND", "CONNECT"])
def test_other_methods_are_refused_in_the_dialect_s_words(client: TestClient, method: str) -> None:
    response = client.request(method, "/rest/v1/t")
    assert (response.status_code, response.json()["code"]) == (405, "PGRST117")
    assert response.json()["message"] == f"Unsupported HTTP method: {method}"
    assert response.headers["proxy-status"] == "PostgREST; error=PGRST117"
