"""Schemathesis asks every operation of the document what it promises, of a real server, as the owner and as nobody."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import checks
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation, BaseSchema

from rolltop.web.guard import PUBLIC, SIGNING_IN

if TYPE_CHECKING:
    from tests.conftest import LiveServer

Case = schemathesis.Case[Any]
Operation = APIOperation[Any, Any, Any, Any]

SQL = '''
CREATE TABLE authors (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL CHECK (length(name) <= 20), born INTEGER CHECK (born BETWEEN 1 AND 2100));
CREATE TABLE books (
  id INTEGER PRIMARY KEY, title TEXT NOT NULL, author_id INTEGER REFERENCES authors (id), price NUMERIC, pages REAL,
  in_print BOOLEAN DEFAULT TRUE, tags JSON, out_on DATE, seen TIMESTAMP, cover BLOB, code UUID, clock TIME,
  state TEXT CHECK (state IN ('new', 'used')), twice AS (pages * 2));
CREATE TABLE "odd names, ""all""" ("a b" TEXT, "x.y" REAL, "select" INT, PRIMARY KEY ("a b", "select"));
CREATE TABLE keyless (anything);
CREATE VIEW titles AS SELECT title, author_id FROM books;
INSERT INTO authors VALUES (1, 'Ruiz', 1950), (2, 'Okafor', NULL), (42, 'Lind', 1971);
INSERT INTO books (id, title, author_id, price, tags, out_on, cover) VALUES
  (1, 'Salt', 1, 12.5, '["sea"]', '2001-05-01', x'00ff'), (2, 'North', 2, NULL, NULL, NULL, NULL);
'''
QUERIES: list[dict[str, Any]] = [
    {
        "name": "books_of",
        "sql": "SELECT * FROM books WHERE author_id = :author AND pages < :most",
        "parameters": [{"name": "author", "type": "bigint"}, {"name": "most", "type": "numeric", "default": 1e9}],
    },
    {
        "name": "echo",
        "sql": "SELECT :day AS day, :at AS at, :inside AS inside, :raw AS raw, :yes AS yes, :code AS code",
        "parameters": [
            {"name": name, "type": kind, "required": False}
            for name, kind in {
                **{"day": "date", "at": "timestamp", "inside": "jsonb", "raw": "bytea", "yes": "boolean"},
                "code": "uuid",
            }.items()
        ],
    },
    {"name": "pages", "sql": "SELECT sum(pages) FROM books", "returns": "one"},
    {"name": "names", "sql": "SELECT name FROM authors"},
    {
        "name": "add_author",
        "sql": "INSERT INTO authors (name) VALUES (substr(:name, 1, 20)) RETURNING *",
        "parameters": [{"name": "name", "type": "text"}],
    },
    {"name": "forget", "sql": "DELETE FROM keyless"},
]
ENDLESS = "/api/events"  # a stream that only its reader ends
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
bounded = settings(
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def document(live: "LiveServer") -> BaseSchema:
    """The document of a server with a few small tables."""
    with closing(sqlite3.connect(live.workspace / "data.db", timeout=10)) as connection:
        connection.executescript(SQL)
    for query in QUERIES:
        assert httpx.post(f"{live.url}/api/queries", json=query, headers=live.headers, timeout=60).status_code == 201
    return schemathesis.openapi.from_url(f"{live.url}/openapi.json", headers=live.headers)


def operations(document: BaseSchema) -> Iterator[Operation]:
    """Every operation that ends by itself."""
    for result in document.get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()
        if operation.path != ENDLESS:
            yield operation


def test_the_owner_gets_what_is_documented(document: BaseSchema, live: "LiveServer") -> None:
    failures: set[str] = set()
    reached: dict[str, set[int]] = {}
    for operation in operations(document):

        @settings(bounded, max_examples=25 if operation.path.startswith("/rest/") else 10)
        @given(case=operation.as_strategy(), dropped=st.sampled_from(["nothing", "some", "all but the body"]))
        def ask(case: Case, dropped: str) -> None:
            if dropped != "nothing" and case.path.startswith("/rest/"):
                _make_likely(case, with_filters=dropped == "some")
            response = case.call(headers=live.headers, timeout=20)
            reached.setdefault(case.operation.label, set()).add(response.status_code)
            failures.update(f"{case.operation.label}: {each}" for each in _failures(case, response))

        ask()
    assert not failures, "\n".join(sorted(failures))
    rows = {label: statuses for label, statuses in reached.items() if " /rest/" in label}
    calls = {label: statuses for label, statuses in rows.items() if "/rpc/" in label}
    assert len(rows) - len(calls) == 4 * 5 - 1 + 1  # no PUT without a key, and a view is only read
    assert len(calls) == 4 * 2 + 2  # those that write are not called by GET
    assert not [label for label, statuses in rows.items() if not any(status < 300 for status in statuses)]


def test_nobody_gets_401_as_documented(document: BaseSchema) -> None:
    asked = {operation: _ask_as_nobody(operation) for operation in operations(document)}
    documented = {operation.path for operation in asked if operation.definition.raw.get("security") == []}
    assert documented == PUBLIC
    answered = {operation.path for operation, statuses in asked.items() if 401 not in statuses}
    assert PUBLIC - SIGNING_IN <= answered <= PUBLIC
    signing_in = set().union(*(statuses for operation, statuses in asked.items() if operation.path in SIGNING_IN))
    assert signing_in <= {401, 422, 429}  # what nobody gave is refused, in whichever way comes first
    assert all(statuses == {401} for operation, statuses in asked.items() if operation.path not in PUBLIC)


def _ask_as_nobody(operation: Operation) -> set[int]:
    """The statuses that an operation answers to requests without a token."""
    statuses = set()

    @settings(bounded, max_examples=3)
    @given(case=operation.as_strategy())
    def ask(case: Case) -> None:
        response = case.call(timeout=20)
        statuses.add(response.status_code)
        assert not _failures(case, response)

    ask()
    return statuses


def _make_likely(case: Case, *, with_filters: bool) -> None:
    """Leave out what is nearly always refused when it is random, and filter by the document's own examples."""
    asked = {}
    for parameter in case.operation.query:
        described = parameter.definition["description"]
        if found := re.match(r"(?:For example|`eq\.`.* for example) `(.+?)`\.", described):
            asked[parameter.name] = found[1]
    if case.method == "GET":
        related = re.findall(r"^- `(.+?)`:", case.operation.definition.raw["description"], re.MULTILINE)
        asked = (asked if with_filters else {}) | {"select": ",".join(["*", *related]), "limit": "3"}
    elif case.method == "PUT" and isinstance(case.body, dict):
        case.body |= {name.strip('"'): value.removeprefix("eq.") for name, value in asked.items()}
    elif case.method == "POST":
        asked = {}
    case.query = asked
    case.headers.pop("Prefer", None)
    if case.method == "POST":
        case.headers["Prefer"] = "return=representation, tx=rollback"


def _failures(case: Case, response: Any) -> list[str]:
    """What of the answer is not as documented."""
    bodiless = response.status_code == 201 and not response.content  # without return=representation, as described
    excluded = [checks.content_type_conformance, checks.response_schema_conformance] if bodiless else []
    try:
        case.validate_response(response, checks=CHECKS, excluded_checks=excluded)
    except FailureGroup as group:
        return [f"{response.status_code} {str(each)[:500]} {response.text[:300]}" for each in group.exceptions]
    return _undocumented_code(case, response)


def _undocumented_code(case: Case, response: Any) -> list[str]:
    """Refusals of rows have their codes in the document."""
    if response.status_code < 300 or not case.path.startswith("/rest/"):
        return []
    resolved = case.operation.responses.get(str(response.status_code)).definition
    documented = resolved["content"]["application/json"]["examples"]
    code = response.json()["code"]
    return [] if code in documented else [f"{response.status_code} with the code {code} is not documented"]
