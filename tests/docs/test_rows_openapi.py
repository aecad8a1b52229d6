"""What the document says of tables, whatever they are called: pure, from a catalog read from SQLite."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import apsw
import msgspec
import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from rolltop.auth import Grant, Scope
from rolltop.data.inspection import inspect
from rolltop.data.reflect import reflect
from rolltop.data.types import of_declared as of
from rolltop.docs.service import complete, merge
from rolltop.errors import RolltopError, StartError
from rolltop.rows import openapi, sight
from rolltop.rows.described import describe
from rolltop.rows.openapi.refusals import SHARED_RESPONSES
from rolltop.rows.saved import Call, Parameter, SavedQuery

EVERYTHING = Grant()

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = """
CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT NOT NULL, born INTEGER);
CREATE TABLE books (
  id INTEGER PRIMARY KEY, title TEXT NOT NULL CHECK (length(title) <= 80), author_id INTEGER REFERENCES authors (id),
  pages INTEGER DEFAULT 100, price NUMERIC, in_print BOOLEAN DEFAULT TRUE, tags JSON, out_on DATE, cover BLOB,
  state TEXT NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'used')), seen TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  thick BOOLEAN GENERATED ALWAYS AS (pages > 500));
CREATE TABLE placements (book_id INTEGER REFERENCES books (id), shelf INTEGER, PRIMARY KEY (book_id, shelf));
CREATE VIEW titles AS SELECT title, count(*) AS n FROM books GROUP BY title;
"""
ODD = '''
CREATE TABLE "Order Details" ("Unit Price" REAL, "order" TEXT, "a.b:c(d)" TEXT, "say ""hi""" TEXT, "größe" INT);
CREATE TABLE a (x INT); CREATE TABLE a_insert (x INT); CREATE TABLE "Error" (id INTEGER PRIMARY KEY);
CREATE TABLE "表" (x); CREATE TABLE "数" (x); CREATE TABLE "1st" (x); CREATE TABLE "x/{y}?#" (x);
CREATE TABLE "Docs" (x); CREATE TABLE lost (x REFERENCES nowhere (y), z REFERENCES nowhere);
CREATE TABLE "select" ("from" TEXT DEFAULT 'it''s' CHECK ("from" IN ('it''s', '"', '\')), "class" INT,
  "1" TEXT, "" TEXT);
CREATE TABLE "true" (x INT CHECK (x < 99999999999999999999999)); CREATE TABLE "💡" ("💡" TEXT);
CREATE TABLE "None" (self REAL, model_config TEXT, "schema" JSON, __init__ TEXT, "a b" DATE, a_b DATE, "a-b" DATE);
'''
QUERIES = (
    SavedQuery("books_of", "SELECT * FROM books WHERE author_id = :author", (Parameter("author", of("INTEGER")),)),
    SavedQuery(
        "cheap",
        "SELECT title, price * 2 AS twice FROM books WHERE price < :title AND seen > :since",
        (Parameter("title", of("DECIMAL"), False, 9.5), Parameter("since", of("TIMESTAMP"), False)),
        description="What costs little.",
    ),
    SavedQuery("either", "SELECT b.* FROM authors a LEFT JOIN books b ON b.author_id = a.id"),
    SavedQuery("names", "SELECT name FROM authors"),
    SavedQuery("pages", "SELECT sum(pages) FROM books", returns="one"),
    SavedQuery(
        "über", "SELECT :x AS a, :y AS b", (Parameter("x", of("JSON"), False, "[1]"), Parameter("y", of("BLOB")))
    ),
    SavedQuery("add", "INSERT INTO authors (name) VALUES (:name) RETURNING *", (Parameter("name", of("TEXT")),)),
    SavedQuery("forget", "DELETE FROM placements"),
)
LIMITS = """
CREATE TABLE limits (
  a INT CHECK (a > 5), b INT CHECK (b BETWEEN -3 AND 7 AND b >= 0), c REAL CHECK (0 < c AND c < 1),
  d INT CHECK (d > 1 OR d < -1), e INT CHECK (e > 1 AND e < 5 OR e = 9),
  f TEXT CHECK (length(f) >= 6 AND length(f) < 9),
  g INT CHECK (g IS NULL OR g <= 10), h TEXT CHECK (h > 5), i INT CHECK (i IN ('1', '2')), j TEXT CHECK (j IN (1, 2)),
  k INT CHECK (k IN ('x')), l DECIMAL CHECK (l > -9e999 AND l >= 0.5), m INT CHECK (m <> 3), n INT CHECK (-1 >= n));
"""
STATIC = complete({"openapi": "3.1.0", "info": {"title": "Test", "version": "1"}, "paths": {}})


def document(sql: str, queries: Iterable[SavedQuery] = (), scopes: Iterable[Scope] = tuple(Scope)) -> dict[str, Any]:
    """The whole document over a database made by `sql`, as a reader of the JSON sees it."""
    connection = apsw.Connection(":memory:")
    connection.execute(sql)
    catalog = reflect(connection)
    calls = [Call(each, describe(each.name, each.returns, inspect(connection, each.sql), catalog)) for each in queries]
    made: dict[str, Any] = msgspec.json.decode(
        msgspec.json.encode(merge(STATIC, catalog, Grant(frozenset(scopes)), calls))
    )
    return made


class TestRowSchemas:
    def test_says_type_format_and_nullability(self) -> None:
        row = document(LIBRARY)["components"]["schemas"]["books"]["properties"]
        assert {key: row["id"][key] for key in ("type", "format")} == {"type": "integer", "format": "int64"}
        assert row["pages"]["type"] == ["integer", "null"]
        assert row["out_on"]["format"] == "date"
        assert row["in_print"]["type"] == ["boolean", "null"]
        assert "type" not in row["tags"]

    def test_says_choices_and_length_from_checks(self) -> None:
        row = document(LIBRARY)["components"]["schemas"]["books"]["properties"]
        assert row["state"]["enum"] == ["new", "used"]
        assert row["title"]["maxLength"] == 80

    def test_says_keys_and_references(self) -> None:
        schemas = document(LIBRARY)["components"]["schemas"]
        assert schemas["placements"]["x-primary-key"] == ["book_id", "shelf"]
        assert schemas["books"]["properties"]["author_id"]["x-foreign-key"] == {
            "table": "authors",
            "column": "id",
            "schema": "#/components/schemas/authors",
        }
        assert "authors.id" in schemas["books"]["properties"]["author_id"]["description"]

    def test_every_column_of_a_row_read_is_there(self) -> None:
        schema = document(LIBRARY)["components"]["schemas"]["books"]
        assert schema["required"] == list(schema["properties"])

    def test_every_column_has_an_example_that_fits(self) -> None:
        schema = document(LIBRARY)["components"]["schemas"]["books"]
        example = {name: column["examples"][0] for name, column in schema["properties"].items()}
        OAS31Validator(schema).validate(example)


class TestInsertAndUpdateSchemas:
    def test_only_what_must_be_sent_is_required(self) -> None:
        assert document(LIBRARY)["components"]["schemas"]["books_insert"]["required"] == ["title"]

    def test_generated_columns_and_unknown_keys_are_refused(self) -> None:
        for name in ("books_insert", "books_update"):
            schema = document(LIBRARY)["components"]["schemas"][name]
            assert "thick" not in schema["properties"]
            assert schema["additionalProperties"] is False

    def test_defaults_are_json_when_they_are_literals(self) -> None:
        columns = document(LIBRARY)["components"]["schemas"]["books_insert"]["properties"]
        assert columns["pages"]["default"] == 100
        assert columns["in_print"]["default"] is True
        assert columns["state"]["default"] == "new"
        assert "default" not in columns["seen"]
        assert "CURRENT_TIMESTAMP" in columns["seen"]["description"]

    def test_a_change_requires_and_fills_in_nothing(self) -> None:
        schema = document(LIBRARY)["components"]["schemas"]["books_update"]
        assert "required" not in schema
        assert not [name for name, column in schema["properties"].items() if "default" in column]


class TestLimits:
    @pytest.mark.parametrize(
        ("column", "wanted"),
        [
            ("a", {"exclusiveMinimum": 5}),
            ("b", {"minimum": 0, "maximum": 7}),
            ("c", {"exclusiveMinimum": 0, "exclusiveMaximum": 1}),
            ("d", {}),
            ("e", {}),
            ("f", {"minLength": 6, "maxLength": 8}),
            ("g", {"maximum": 10}),
            ("h", {}),
            ("i", {"enum": [1, 2, None]}),
            ("j", {"enum": ["1", "2", None]}),
            ("k", {}),
            ("l", {"minimum": 0.5}),
            ("m", {}),
            ("n", {"maximum": -1}),
        ],
    )
    def test_come_from_simple_checks(self, column: str, wanted: dict[str, Any]) -> None:
        said = document(LIMITS)["components"]["schemas"]["limits_insert"]["properties"][column]
        usual = {"type", "format", "description", "examples"}
        assert {keyword: value for keyword, value in said.items() if keyword not in usual} == wanted

    def test_the_examples_keep_them_in_sqlite_too(self) -> None:
        connection = apsw.Connection(":memory:")
        connection.execute(LIMITS)
        columns = document(LIMITS)["components"]["schemas"]["limits_insert"]["properties"]
        for name in columns.keys() - {"k", "e", "d"}:  # what these CHECKs mean is not said
            connection.execute(f"INSERT INTO limits ({name}) VALUES (?)", [columns[name]["examples"][0]])


class TestRelated:
    def test_what_select_embeds_is_listed_as_it_is_written(self) -> None:
        sql = """
        CREATE TABLE members (id INTEGER PRIMARY KEY, invited_by INT REFERENCES members (id));
        CREATE TABLE "big books" (id INTEGER PRIMARY KEY);
        CREATE TABLE loans (book INT REFERENCES "big books" (id), lender INT REFERENCES members (id),
          borrower INT, CONSTRAINT taken FOREIGN KEY (borrower) REFERENCES members (id), PRIMARY KEY (book, lender));
        """
        paths = document(sql)["paths"]
        listed = {
            path.rsplit("/", 1)[1]: re.findall(r"^- `(.+)\(\*\)`", item["get"]["description"], re.MULTILINE)
            for path, item in paths.items()
            if path.startswith("/rest/")
        }
        assert listed == {
            "big%20books": ["loans", "members"],
            "loans": ["big books", "lender", "borrower"],
            "members": ["invited_by", "loans!loans_lender_fkey", "loans!taken", "members", "big books"],
        }


class TestRefusals:
    def test_every_code_is_documented_under_its_status(self) -> None:
        elsewhere = {  # before a table was found, with another method, at the start, in a write to a view, or elsewhere
            *("PGRST117", "PGRST125", "55000", "data.closed", "data.stalled"),
            *("PGRST101", "25006", "data.too_many_queries", "history.schema_changed"),
        }
        documented = {
            (status, code)
            for item in document(LIBRARY, QUERIES)["paths"].values()
            for operation in item.values()
            for status, response in operation["responses"].items()
            if "$ref" in response
            for code in refusal(response)["content"]["application/json"]["examples"]
        }
        known = [
            kind
            for kind in kinds_of(RolltopError)
            if kind.__module__.startswith(("rolltop.rows", "rolltop.data"))
            and not kind.__module__.startswith("rolltop.data.history")  # said by /api/history, never by the rows
            and not issubclass(kind, StartError)
        ]
        assert len(known) > 40
        general = {kind.code for kind in RolltopError.__subclasses__()}
        wanted = {(str(kind.status), kind.code) for kind in known if kind.code not in elsewhere | general}
        assert wanted - documented == {("415", "PGRST102")}  # the guard says it first, as web.body_type

    def test_every_example_has_the_four_fields(self) -> None:
        for response in SHARED_RESPONSES.values():
            for code, case in response["content"]["application/json"]["examples"].items():
                assert list(case["value"]) == ["code", "message", "details", "hint"]
                assert case["value"]["code"] == code


def refusal(response: dict[str, Any]) -> dict[str, Any]:
    """A shared response, from the reference to it."""
    found: dict[str, Any] = SHARED_RESPONSES[response["$ref"].rsplit("/", 1)[1]]
    return found


def kinds_of(kind: type[RolltopError]) -> list[type[RolltopError]]:
    """All classes below this one."""
    return [each for below in kind.__subclasses__() for each in (below, *kinds_of(below))]


class TestTrimmed:
    def test_a_reader_sees_no_writes(self) -> None:
        made = trimmed_to(Scope.ROWS_READ)
        methods = {method for item in made["paths"].values() for method in item}
        assert "/rest/v1/books" in made["paths"]
        assert methods == {"get"}
        assert "books_insert" not in made["components"]["schemas"]
        OpenAPIV31SpecValidator(made).validate()

    def test_a_writer_who_may_not_read_sees_only_writes(self) -> None:
        made = trimmed_to(Scope.ROWS_WRITE)
        assert set(made["paths"]["/rest/v1/books"]) == {"post"}  # the others tell of rows by their filters
        assert "/rest/v1/titles" not in made["paths"]
        OpenAPIV31SpecValidator(made).validate()

    def test_nobody_sees_no_table_at_all(self) -> None:
        made = trimmed_to()
        assert not [path for path in made["paths"] if path.startswith("/rest/")]
        assert "books" not in json.dumps(made)

    def test_a_table_has_the_same_name_for_everybody(self) -> None:
        connection = apsw.Connection(":memory:")
        connection.execute('CREATE TABLE "Health" (x)')
        catalog = reflect(connection)
        whole, part = merge(STATIC, catalog, EVERYTHING), merge(STATIC, catalog, Grant(frozenset({Scope.ROWS_READ})))
        assert "Health_2" in whole["components"]["schemas"]
        assert "Health_2" in part["components"]["schemas"]


def trimmed_to(*scopes: Scope) -> dict[str, Any]:
    """The document over the library for a caller with these scopes."""
    connection = apsw.Connection(":memory:")
    connection.execute(LIBRARY)
    return merge(STATIC, reflect(connection), Grant(frozenset(scopes)))


class TestPaths:
    def test_a_table_is_read_and_written_a_view_only_read(self) -> None:
        paths = document(LIBRARY)["paths"]
        assert set(paths["/rest/v1/books"]) == {"get", "post", "put", "patch", "delete"}
        assert set(paths["/rest/v1/titles"]) == {"get"}

    def test_every_column_is_a_filter(self) -> None:
        made = document(LIBRARY)
        names = [parameter["name"] for parameter in parameters_of(made, "/rest/v1/books", "get")]
        assert names[:7] == ["select", "order", "limit", "offset", "id", "title", "author_id"]
        assert {"select", "order", "limit", "offset", "or", "and", "Range", "Prefer"} <= set(names)

    def test_filters_are_spelled_with_an_operator(self) -> None:
        made = document(LIBRARY)
        pages = next(each for each in parameters_of(made, "/rest/v1/books", "get") if each["name"] == "pages")
        assert "`gte.42`" in pages["description"]
        assert "`like`" not in pages["description"]

    def test_operation_ids_are_unique(self) -> None:
        for sql in (LIBRARY, ODD):
            items = document(sql)["paths"].values()
            found = [operation["operationId"] for item in items for operation in item.values()]
            assert len(found) == len(set(found))


class TestOddNames:
    def test_paths_are_percent_encoded(self) -> None:
        paths = document(ODD)["paths"]
        assert {"/rest/v1/Order%20Details", "/rest/v1/%E8%A1%A8", "/rest/v1/x%2F%7By%7D%3F%23"} <= set(paths)

    def test_component_keys_are_valid_and_meet_nobody(self) -> None:
        schemas = document(ODD)["components"]["schemas"]
        assert schemas["a_insert"]["title"] == "a (insert)"
        assert [name for name, schema in schemas.items() if schema["title"] == "a_insert"] == ["a_insert_2"]
        assert schemas["Error"]["required"] == ["code", "message", "details", "hint"]

    def test_odd_columns_are_quoted_as_the_grammar_asks(self) -> None:
        made = document(ODD)
        names = [each["name"] for each in parameters_of(made, "/rest/v1/Order%20Details", "get")]
        assert names[4:8] == ["Unit Price", '"order"', '"a.b:c(d)"', '"say \\"hi\\""']

    def test_a_reference_to_nothing_is_said_without_a_link(self) -> None:
        column = document(ODD)["components"]["schemas"]["lost"]["properties"]["x"]
        assert column["x-foreign-key"] == {"table": "nowhere", "column": "y"}


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    """The document of the library with saved queries."""
    return document(LIBRARY, QUERIES)


class TestSavedQueries:
    def test_a_reading_one_is_called_both_ways_a_writing_one_by_post(self, made: dict[str, Any]) -> None:
        assert set(made["paths"]["/rest/v1/rpc/books_of"]) == {"get", "post"}
        assert set(made["paths"]["/rest/v1/rpc/%C3%BCber"]) == {"get", "post"}
        assert set(made["paths"]["/rest/v1/rpc/add"]) == {"post"}
        assert made["paths"]["/rest/v1/rpc/forget"]["post"]["responses"].keys() >= {"204"}

    def test_arguments_are_typed_and_have_their_defaults(self, made: dict[str, Any]) -> None:
        parameters = made["paths"]["/rest/v1/rpc/cheap"]["get"]["parameters"]
        title, since = parameters[:2]
        assert (title["name"], title["required"], title["schema"]) == (
            "title",
            False,
            {"type": "number", "default": 9.5},
        )
        assert (since["name"], since["schema"]["format"]) == ("since", "date-time")
        body = made["components"]["schemas"]["rpc_cheap_arguments"]
        assert body["properties"]["title"]["type"] == ["number", "null"]
        assert (body["properties"]["title"]["default"], body["required"]) == (9.5, [])
        author = made["paths"]["/rest/v1/rpc/books_of"]["get"]["parameters"][0]
        assert (author["required"], author["schema"]["format"]) == (True, "int64")
        assert made["paths"]["/rest/v1/rpc/cheap"]["get"]["description"].startswith("What costs little.")

    def test_an_argument_goes_before_a_column_of_its_name(self, made: dict[str, Any]) -> None:
        names = [
            each.get("name", each.get("$ref")) for each in made["paths"]["/rest/v1/rpc/cheap"]["get"]["parameters"]
        ]
        assert "#/components/parameters/filter.rpc_cheap.twice" in names
        assert "#/components/parameters/filter.rpc_cheap.title" not in names

    @pytest.mark.parametrize(
        ("name", "wanted"),
        [
            ("books_of", {"type": "array", "items": {"$ref": "#/components/schemas/books"}}),
            ("cheap", {"type": "array", "items": {"$ref": "#/components/schemas/rpc_cheap_row"}}),
            ("either", {"type": "array", "items": {"$ref": "#/components/schemas/rpc_either_row"}}),
            ("names", {"type": "array", "items": {"type": ["string", "null"]}}),
            ("add", {"type": "array", "items": {"$ref": "#/components/schemas/authors"}}),
        ],
    )
    def test_what_they_give(self, made: dict[str, Any], name: str, wanted: dict[str, Any]) -> None:
        answer = made["paths"][f"/rest/v1/rpc/{name}"]["post"]["responses"]["200"]
        assert answer["content"]["application/json"]["schema"] == wanted

    def test_a_row_of_an_outer_join_may_be_null(self, made: dict[str, Any]) -> None:
        schemas = made["components"]["schemas"]
        assert schemas["books"]["properties"]["title"]["type"] == "string"
        assert schemas["rpc_either_row"]["properties"]["title"]["type"] == ["string", "null"]

    @pytest.mark.parametrize(
        ("scopes", "wanted"),
        [
            ([Scope.ROWS_READ], {"books_of", "cheap", "either", "names", "pages", "%C3%BCber"}),
            ([Scope.ROWS_WRITE], {"forget"}),  # what `add` returns it reads
            ([], set()),
        ],
    )
    def test_are_there_for_who_may_call_them(self, scopes: list[Scope], wanted: set[str]) -> None:
        made = document(LIBRARY, QUERIES, scopes)
        OpenAPIV31SpecValidator(made).validate()
        assert {path.rsplit("/", 1)[1] for path in made["paths"] if "/rpc/" in path} == wanted

    def test_a_table_may_be_called_like_them(self) -> None:
        sql = 'CREATE TABLE "Saved queries" (x INT); CREATE TABLE rpc_a_row (x INT); CREATE TABLE "rpc/a" (x INT)'
        made = document(sql, [SavedQuery("a", "SELECT 1 AS x, 2 AS y")])
        OpenAPIV31SpecValidator(made).validate()
        tags = [tag["name"] for tag in made["tags"]]
        assert len(tags) == len(set(tags))
        identifiers = [each["operationId"] for item in made["paths"].values() for each in item.values()]
        assert len(identifiers) == len(set(identifiers))


@pytest.mark.parametrize(
    ("sql", "queries"),
    [(LIBRARY, ()), (LIBRARY, QUERIES), (ODD, ()), ("", ())],
    ids=["library", "queries", "odd", "empty"],
)
class TestWholeDocument:
    def test_is_valid_openapi(self, sql: str, queries: tuple[SavedQuery, ...]) -> None:
        OpenAPIV31SpecValidator(document(sql, queries)).validate()

    def test_is_accepted_by_openapi_typescript(self, sql: str, queries: tuple[SavedQuery, ...], tmp_path: Path) -> None:
        types = typescript(document(sql, queries), tmp_path)
        assert "export interface paths" in types.read_text()


def test_chinook_is_accepted_by_openapi_typescript(chinook: Path, tmp_path: Path) -> None:
    connection = apsw.Connection(str(shutil.copy(chinook, tmp_path / "chinook.db")))
    made: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(merge(STATIC, reflect(connection), EVERYTHING)))
    connection.close()
    OpenAPIV31SpecValidator(made).validate()
    types = typescript(made, tmp_path).read_text()
    assert "InvoiceLine" in types


def parameters_of(made: dict[str, Any], path: str, method: str) -> list[dict[str, Any]]:
    """An operation's parameters, references followed."""
    names = [each["$ref"].rsplit("/", 1)[1] for each in made["paths"][path][method]["parameters"]]
    return [made["components"]["parameters"][name] for name in names]


def typescript(made: dict[str, Any], folder: Path) -> Path:
    """The types that openapi-typescript makes, checked by the TypeScript compiler."""
    modules = ROOT / "ui" / "node_modules"
    node = shutil.which("node")
    if node is None or not (modules / "openapi-typescript").is_dir():
        pytest.fail("This test needs Node and the UI's packages: run scripts/setup, or `npm ci` in ui/.")
    source, types = folder / "openapi.json", folder / "schema.d.ts"
    source.write_bytes(msgspec.json.encode(made))
    for command in (
        [modules / "openapi-typescript" / "bin" / "cli.js", source, "--output", types],
        [modules / "typescript" / "bin" / "tsc", "--noEmit", "--strict", types],
    ):
        ended = subprocess.run([node, *map(str, command)], capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stdout + ended.stderr
    return types


def test_the_same_catalog_gives_the_same_names() -> None:
    connection = apsw.Connection(":memory:")
    connection.execute(ODD)
    first, second = (openapi.document(sight.of(reflect(connection), ()), EVERYTHING) for _ in range(2))
    assert first == second
