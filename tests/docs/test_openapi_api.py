"""The live document over HTTP."""

import re
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.testclient import TestClient

from rolltop.app import Application
from rolltop.web.guard import PUBLIC

Operations = list[tuple[str, str, dict[str, Any]]]


def read(client: TestClient) -> dict[str, Any]:
    """The document."""
    response = client.get("/openapi.json")
    assert response.status_code == 200
    document: dict[str, Any] = response.json()
    return document


def run_sql(app: Application, sql: str) -> None:
    """Change the data file as another part of the server would."""
    app.data.submit(lambda connection: connection.execute(sql)).result(10)


class TestReadOpenapi:
    def test_is_valid(self, app: Application, client: TestClient) -> None:
        run_sql(app, 'CREATE TABLE "Order Details" (id INTEGER PRIMARY KEY, note TEXT)')
        OpenAPIV31SpecValidator(read(client)).validate()

    def test_needs_a_token(self, anonymous: TestClient) -> None:
        response = anonymous.get("/openapi.json")
        assert response.status_code == 401
        assert set(response.json()) == {"code", "message", "details", "hint"}

    def test_shows_a_new_table_and_forgets_a_dropped_one(self, app: Application, client: TestClient) -> None:
        assert "/rest/v1/films" not in read(client)["paths"]
        run_sql(app, "CREATE TABLE films (id INTEGER PRIMARY KEY)")
        assert "/rest/v1/films" in read(client)["paths"]
        run_sql(app, "DROP TABLE films")
        assert "/rest/v1/films" not in read(client)["paths"]

    def test_is_unchanged_until_the_schema_changes(self, app: Application, client: TestClient) -> None:
        etag = client.get("/openapi.json").headers["etag"]
        again = client.get("/openapi.json", headers={"If-None-Match": etag})
        assert (again.status_code, again.content) == (304, b"")
        run_sql(app, "CREATE TABLE films (id INTEGER PRIMARY KEY)")
        changed = client.get("/openapi.json", headers={"If-None-Match": etag})
        assert (changed.status_code, changed.headers["etag"] == etag) == (200, False)

    def test_never_speaks_of_our_own_tables(self, app: Application, client: TestClient) -> None:
        run_sql(app, "CREATE TABLE IF NOT EXISTS _rolltop_log (id INTEGER PRIMARY KEY)")
        assert "_rolltop" not in client.get("/openapi.json").text


class TestEveryOperation:
    @pytest.fixture
    def operations(self, app: Application, client: TestClient) -> Operations:
        run_sql(app, "CREATE TABLE films (id INTEGER PRIMARY KEY, title TEXT)")
        items = read(client)["paths"].items()
        return [(path, method, operation) for path, item in items for method, operation in item.items()]

    def test_has_its_own_id_a_tag_and_a_summary(self, operations: Operations) -> None:
        identifiers = [operation["operationId"] for _, _, operation in operations]
        assert len(identifiers) == len(set(identifiers))
        assert not [path for path, _, operation in operations if not operation["tags"] or not operation["summary"]]

    def test_every_tag_is_described(self, client: TestClient, operations: Operations) -> None:
        described = {tag["name"] for tag in read(client)["tags"] if tag["description"]}
        assert {tag for _, _, operation in operations for tag in operation["tags"]} <= described

    def test_says_who_may_call_it(self, operations: Operations) -> None:
        public = {path for path, _, operation in operations if operation.get("security") == []}
        assert public == PUBLIC
        assert not [path for path, _, each in operations if path not in PUBLIC and "401" not in each["responses"]]

    def test_errors_have_the_four_fields(self, client: TestClient, operations: Operations) -> None:
        assert "HTTPValidationError" not in client.get("/openapi.json").text
        shared = read(client)["components"]["responses"]
        for path, method, operation in operations:
            for status, response in operation["responses"].items():
                if re.fullmatch(r"4\d\d|default", status):
                    answer = shared[response["$ref"].rsplit("/", 1)[1]] if "$ref" in response else response
                    schema = answer["content"]["application/json"]["schema"]["$ref"]
                    assert schema.rsplit("/", 1)[1] in ("Error", "RefusedFields"), f"{method} {path} {status}"
