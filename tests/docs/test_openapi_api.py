"""The live document over HTTP."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.testclient import TestClient

from rolltop.app import Application
from rolltop.auth import Actor, Scope
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

    def test_is_trimmed_to_the_caller(
        self, app: Application, client: TestClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run_sql(app, "CREATE TABLE films (id INTEGER PRIMARY KEY)")
        whole = client.get("/openapi.json").headers["etag"]
        reader = Actor("r", "Reader", "reader", frozenset({Scope.ROWS_READ}))
        monkeypatch.setattr(app._guard, "_who", lambda _token: reader)
        paths = read(client)["paths"]
        assert set(paths["/rest/v1/films"]) == {"get"}
        assert "/api/jobs" not in paths
        assert "/api/me" in paths
        for path, item in paths.items():
            if "get" in item and path not in ("/api/events", "/health/ready"):
                assert client.get(path).status_code not in (401, 403, 500), path
        monkeypatch.undo()
        assert client.get("/openapi.json").headers["etag"] == whole

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
                    schema = answer["content"]["application/json"]["schema"]
                    named = {each["$ref"].rsplit("/", 1)[1] for each in schema.get("anyOf", [schema])}
                    assert named in ({"Error"}, {"Error", "RefusedFields"}), f"{method} {path} {status}"


ODD = (
    '''CREATE TABLE "Order Details" (id INTEGER PRIMARY KEY, "Unit Price" REAL, "order" TEXT, "a.b:c(d)" TEXT,
      "say ""hi""" TEXT, "größe" INT, "x-y" TEXT, " z" TEXT, "a->b" TEXT, day DATE, at TIMESTAMP, yes BOOLEAN, j JSON,
      b BLOB, state TEXT CHECK (state IN ('new', 'used')), money DECIMAL, clock TIME, u UUID, untyped)''',
    'CREATE TABLE "x/{y}?#%" (id INTEGER PRIMARY KEY, "a b" TEXT)',
)
EXAMPLE = re.compile(r"For example `(.+?)`\. Operators: (.+)\.")


class TestWhatIsDocumentedIsTrue:
    """Each thing that the document says of rows is asked of the rows themselves."""

    @pytest.fixture
    def tables(self, app: Application, client: TestClient) -> dict[str, Any]:
        for statement in ODD:
            run_sql(app, statement)
        return read(client)

    def test_every_example_of_a_filter_is_understood(self, client: TestClient, tables: dict[str, Any]) -> None:
        for path, parameter in filters(tables):
            found = EXAMPLE.fullmatch(parameter["description"])
            assert found
            response = client.get(path, params={parameter["name"]: found[1]})
            assert response.status_code == 200, f"{parameter['name']}: {response.text}"

    def test_every_operator_of_a_filter_is_understood(self, client: TestClient, tables: dict[str, Any]) -> None:
        for path, parameter in filters(tables):
            found = EXAMPLE.fullmatch(parameter["description"])
            assert found
            value = found[1].split(".", 1)[1]
            for operator in re.findall(r"`(\w+)`", found[2]):
                operand = {"in": f'("{value}")', "is": "null", "cs": "[]", "cd": "[]", "ov": "[]"}.get(operator, value)
                if "`cs`" in found[2] and operator not in ("is", "cs", "cd", "ov"):
                    operand = "{}"
                for negation in ("", "not."):
                    asked = f"{negation}{operator}.{operand}"
                    response = client.get(path, params={parameter["name"]: asked})
                    assert response.status_code == 200, f"{parameter['name']}={asked}: {response.text}"

    def test_rows_go_in_and_come_out_as_the_schemas_say(self, client: TestClient, tables: dict[str, Any]) -> None:
        schemas = tables["components"]["schemas"]
        columns = schemas["Order_Details_insert"]["properties"]
        row = {name: column["examples"][0] for name, column in columns.items()}
        OAS31Validator(schemas["Order_Details_insert"]).validate(row)
        path = "/rest/v1/Order%20Details"
        added = client.post(path, json=row, headers={"Prefer": "return=representation"})
        assert added.status_code == 201, added.text
        assert added.json() == [row]
        OAS31Validator(schemas["Order_Details"]).validate(added.json()[0])
        changed = client.patch(path, params={"id": "eq.42"}, json={"state": "used"})
        assert (changed.status_code, changed.content) == (204, b"")
        deleted = client.delete(path, params={"id": "eq.42"}, headers={"Prefer": "return=representation"})
        assert (deleted.status_code, deleted.json()) == (200, [{**row, "state": "used"}])

    def test_rows_are_put_and_merged(self, client: TestClient, tables: dict[str, Any]) -> None:
        path = "/rest/v1/Order%20Details"
        parameters = [each["name"] for each in tables["paths"][path]["put"]["parameters"] if "name" in each]
        assert parameters == ["id"]
        shown = {"Prefer": "return=representation"}
        row = {"id": 7, "day": "2024-05-01"}
        put = [
            client.put(path, params={"id": "eq.7"}, json=row, headers=shown).status_code,
            client.put(path, params={"id": "eq.7"}, json=row, headers=shown).status_code,
            client.put(path, params={"id": "eq.7"}, json=row).status_code,
            client.put(path, params={"day": "eq.2024-05-01"}, json=row).status_code,
        ]
        assert put == [201, 200, 204, 405]
        assert set(map(str, put)) <= set(tables["paths"][path]["put"]["responses"])
        merging = {"Prefer": "resolution=merge-duplicates"}
        merged = client.post(path, json=row, headers=merging)
        assert merged.status_code == 200
        other_key = client.post(
            path, params={"on_conflict": "day"}, json=row, headers={"Prefer": "resolution=merge-duplicates"}
        )
        assert (other_key.status_code, other_key.json()["code"]) == (400, "42P10")

    def test_csv_is_taken(self, client: TestClient, tables: dict[str, Any]) -> None:
        path = "/rest/v1/Order%20Details"
        assert "text/csv" in tables["paths"][path]["post"]["requestBody"]["content"]
        body = 'id,say "hi"\n8,there\n9,NULL\n'.replace('say "hi"', '"say ""hi"""')
        added = client.post(path, content=body, headers={"Content-Type": "text/csv"})
        assert added.status_code == 201, added.text
        assert [row['say "hi"'] for row in client.get(path, params={"order": "id"}).json()] == ["there", None]

    def test_no_more_rows_than_allowed_are_touched(self, client: TestClient, tables: dict[str, Any]) -> None:
        path = next(path for path, _ in filters(tables))
        client.post(path, json=[{"id": 1}, {"id": 2}])
        refused = client.delete(path, params={"id": "gt.0"}, headers={"Prefer": "handling=strict, max-affected=1"})
        assert (refused.status_code, refused.json()["code"]) == (400, "PGRST124")

    def test_every_media_type_is_answered(self, client: TestClient, tables: dict[str, Any]) -> None:
        path = "/rest/v1/x%2F%7By%7D%3F%23%25"
        client.post(path, json={"id": 1, "a b": "x"})
        for kind in tables["paths"][path]["get"]["responses"]["200"]["content"]:
            response = client.get(path, headers={"Accept": kind})
            assert response.status_code == 200
            assert response.headers["content-type"].startswith(kind)

    def test_every_refusal_has_its_documented_status(self, client: TestClient, tables: dict[str, Any]) -> None:
        path = "/rest/v1/Order%20Details"
        client.post(path, json=[{"id": 1}, {"id": 2}])
        count, one = {"Prefer": "count=exact"}, {"Accept": "application/vnd.pgrst.object+json"}
        asked = [
            ("get", 206, client.get(path, params={"limit": 1}, headers=count)),
            ("get", 206, client.get(path, headers={**count, "Range": "0-0"})),
            ("get", 416, client.get(path, params={"offset": 9}, headers=count)),
            ("get", 406, client.get(path, headers=one)),
            ("get", 400, client.get(path, params={"day": "eq.soon"})),
            ("get", 401, client.get(path, headers={"Authorization": "Bearer nobody"})),
            ("post", 409, client.post(path, json={"id": 1})),
            ("post", 400, client.post(path, json={"nope": 1})),
            ("post", 400, client.post(path, content="{", headers={"Content-Type": "application/json"})),
            ("patch", 400, client.patch(path, json={"state": "new"})),
            ("delete", 400, client.delete(path)),
        ]
        for method, status, response in asked:
            assert response.status_code == status, response.text
            assert str(status) in tables["paths"][path][method]["responses"]

    def test_head_answers_like_get(self, client: TestClient, tables: dict[str, Any]) -> None:
        path = next(iter(filters(tables)))[0]
        response = client.head(path)
        assert (response.status_code, response.content) == (200, b"")


def filters(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each path with each of its filters."""
    parameters = document["components"]["parameters"]
    for path, item in document["paths"].items():
        for each in item.get("get", {}).get("parameters", []) if path.startswith("/rest/") else []:
            name = each["$ref"].rsplit("/", 1)[1]
            if name.startswith("filter."):
                yield path, parameters[name]
