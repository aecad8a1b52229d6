"""The document at the root (dialect, section 15): Swagger 2.0 that validates, of what the caller may use."""

from collections.abc import Callable
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV2SpecValidator
from starlette.testclient import TestClient
from tests.rows.conftest import LIBRARY, Open, client_of, rows

from rolltop.auth import Actor, Scope
from rolltop.data import Data
from rolltop.data.types import of_declared
from rolltop.rows.saved import Parameter, SavedQuery

BIGINT, TEXT, JSON = of_declared("INTEGER"), of_declared("TEXT"), of_declared("JSON")
QUERIES = (
    SavedQuery("loans_of", "SELECT * FROM loans WHERE lender_id = :member", (Parameter("member", BIGINT),)),
    SavedQuery("page_total", "SELECT sum(pages) FROM books", returns="one", description="All pages of all books."),
    SavedQuery(
        "add_author",
        "INSERT INTO authors (name) VALUES (:name || :more)",
        (Parameter("name", TEXT), Parameter("more", JSON, False, '{"a":1}')),
    ),
    SavedQuery("gone", "SELECT * FROM lost"),
)
ODD = '''
CREATE TABLE "Order Details" (id INTEGER PRIMARY KEY, "a.b:c(d)" TEXT DEFAULT 'it''s', "say ""hi""" INT);
CREATE TABLE "x/{y}~1?#%" ("größe" INT NOT NULL DEFAULT 5, "" REAL DEFAULT 1.5, PRIMARY KEY ("größe", ""));
CREATE TABLE Error (self BOOLEAN DEFAULT TRUE, other JSON DEFAULT '[]', x BLOB DEFAULT x'00',
  k TEXT DEFAULT 'none' CHECK (k IN ('a', 'b')), l TEXT DEFAULT 'too long' CHECK (length(l) <= 3),
  n INT DEFAULT 9 CHECK (n < 5), m INT DEFAULT 'x' REFERENCES "Order Details");
CREATE VIEW "a view" AS SELECT count(*) AS n FROM Error;
'''


def document(client: TestClient) -> dict[str, Any]:
    """The document, which must be valid."""
    made: dict[str, Any] = rows(client.get(""))
    OpenAPIV2SpecValidator(made).validate()
    return made


@pytest.fixture
def client(database: Callable[[str], Data]) -> TestClient:
    """The library with queries."""
    return client_of(database(LIBRARY), QUERIES)


class TestDocument:
    def test_has_a_path_for_each_table_view_and_query(self, client: TestClient) -> None:
        paths = document(client)["paths"]
        assert set(paths["/books"]) == {"get", "post", "patch", "delete"}
        assert set(paths["/rpc/loans_of"]) == {"get", "post"}
        assert set(paths["/rpc/add_author"]) == {"post"}
        assert "/rpc/gone" not in paths
        assert set(paths["/"]) == {"get"}

    def test_describes_columns_in_the_dialect_s_types(self, client: TestClient) -> None:
        books = document(client)["definitions"]["books"]
        assert books["required"] == ["id", "title"]
        assert books["properties"] == {
            "id": {"type": "integer", "format": "bigint", "description": "Note:\nThis is a Primary Key.<pk/>"},
            "title": {"type": "string", "format": "text"},
            "author_id": {
                "type": "integer",
                "format": "bigint",
                "description": "Note:\nThis is a Foreign Key to `authors.id`.<fk table='authors' column='id'/>",
            },
            "pages": {"type": "integer", "format": "bigint", "default": 100},
            "price": {"type": "number", "format": "numeric"},
            "in_print": {"type": "boolean", "format": "boolean", "default": True},
            "tags": {"format": "jsonb"},
            "info": {"format": "jsonb"},
            "out_on": {"type": "string", "format": "date"},
        }

    def test_says_that_a_key_is_both(self, client: TestClient) -> None:
        said = document(client)["definitions"]["covers"]["properties"]["book_id"]["description"]
        assert said == (
            "Note:\nThis is a Primary Key.<pk/>\n\n"
            "Note:\nThis is a Foreign Key to `books.id`.<fk table='books' column='id'/>"
        )

    def test_describes_what_queries_take_and_give(self, client: TestClient) -> None:
        paths = document(client)["paths"]
        assert paths["/rpc/loans_of"]["get"]["parameters"][0] == {
            "name": "member",
            "in": "query",
            "required": True,
            "type": "integer",
            "format": "bigint",
        }
        body = paths["/rpc/loans_of"]["post"]["parameters"][0]["schema"]
        assert body["required"] == ["member"]
        assert body["properties"] == {"member": {"type": "integer", "format": "bigint"}}
        assert set(paths["/rpc/loans_of"]["get"]["responses"]["200"]["schema"]["items"]["properties"]) == {
            *("id", "book_id", "lender_id", "borrower_id"),
        }
        assert paths["/rpc/page_total"]["get"]["summary"] == "All pages of all books."
        assert set(paths["/rpc/add_author"]["post"]["responses"]) == {"204", "default"}

    def test_is_valid_for_odd_names_and_defaults_that_do_not_fit(self, serve: Open) -> None:
        made = document(serve(ODD))
        assert set(made["paths"]["/a%20view"]) == {"get"}
        assert set(made["definitions"]) == {"Order Details", "x/{y}~1?#%", "Error", "a view"}
        properties = made["definitions"]["Error"]["properties"]
        assert not [name for name in "klm" if "default" in properties[name]]
        assert properties["m"]["description"].endswith("<fk table='Order Details' column='id'/>")

    def test_is_valid_without_any_table(self, serve: Open) -> None:
        made = document(serve("PRAGMA user_version = 1"))
        assert (set(made["paths"]), made["definitions"]) == ({"/"}, {})

    def test_follows_the_schema_and_the_queries(self, database: Callable[[str], Data]) -> None:
        data = database(LIBRARY)
        client = client_of(data, QUERIES)
        first = client.get("").content
        assert client.get("").content == first
        data.submit(lambda connection: connection.execute("CREATE TABLE lost (x INT)")).result(10)
        assert {"/lost", "/rpc/gone"} <= set(document(client)["paths"])


class TestNegotiation:
    @pytest.mark.parametrize(
        "accept", [None, "*/*", "application/json", "application/openapi+json", "text/html, application/json;q=0.5"]
    )
    def test_answers_one_document(self, client: TestClient, accept: str | None) -> None:
        response = client.get("", headers={} if accept is None else {"Accept": accept})
        assert response.headers["content-type"] == "application/openapi+json; charset=utf-8"
        assert response.json()["swagger"] == "2.0"

    @pytest.mark.parametrize("accept", ["text/csv", "application/vnd.pgrst.object+json", "image/png"])
    def test_refuses_other_forms(self, client: TestClient, accept: str) -> None:
        response = client.get("", headers={"Accept": accept})
        assert (response.status_code, response.json()["code"]) == (406, "PGRST107")
        assert response.json()["message"] == f"None of these media types are available: {accept}"

    def test_is_nothing_that_a_table_answers(self, client: TestClient) -> None:
        response = client.get("books", headers={"Accept": "application/openapi+json"})
        assert (response.status_code, response.json()["code"]) == (406, "PGRST107")

    def test_methods(self, client: TestClient) -> None:
        whole = client.get("")
        head = client.head("")
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(len(whole.content))
        options = client.options("")
        assert (options.status_code, options.headers["allow"], options.content) == (200, "OPTIONS,GET,HEAD", b"")
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            response = client.request(method, "")
            assert (response.status_code, response.json()["code"]) == (405, "PGRST117")

    def test_knows_one_schema(self, client: TestClient) -> None:
        response = client.get("", headers={"Accept-Profile": "private"})
        assert (response.status_code, response.json()["code"]) == (406, "PGRST106")


@pytest.mark.parametrize(
    ("scopes", "wanted"),
    [
        ({Scope.ROWS_READ}, {"/": {"get"}, "/books": {"get"}, "/rpc/loans_of": {"get", "post"}}),
        ({Scope.ROWS_WRITE}, {"/": {"get"}, "/books": {"post"}, "/rpc/add_author": {"post"}}),
        (set(), {"/": {"get"}}),
    ],
)
def test_is_trimmed_to_the_caller(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, scopes: set[Scope], wanted: dict[str, set[str]]
) -> None:
    monkeypatch.setattr("tests.rows.conftest.OWNER", Actor("a", "A", "a", frozenset(scopes)))
    paths = document(client)["paths"]
    seen = {path: set(methods) for path, methods in paths.items()}
    mentioned = ("/", "/books", "/rpc/loans_of", "/rpc/add_author")
    assert {path: methods for path, methods in seen.items() if path in mentioned} == wanted
