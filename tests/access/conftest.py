"""A library whose members see their own loans, and callers with roles and tokens of their own."""

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.conftest import BASE_URL

from rolltop.app import Application

PASSWORD = "correct horse"
LIBRARY = """
CREATE TABLE members (id TEXT PRIMARY KEY NOT NULL, name TEXT NOT NULL, salary INTEGER);
CREATE TABLE books (id INTEGER PRIMARY KEY, title TEXT NOT NULL, draft INTEGER NOT NULL DEFAULT 0);
CREATE TABLE loans (
    id INTEGER PRIMARY KEY,
    member TEXT NOT NULL REFERENCES members (id),
    book INTEGER NOT NULL REFERENCES books (id) ON DELETE CASCADE,
    note TEXT,
    fee INTEGER DEFAULT 5
);
CREATE TABLE tags (
    book INTEGER REFERENCES books (id),
    label TEXT REFERENCES labels (label),
    secret INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (book, label)
);
CREATE TABLE labels (label TEXT PRIMARY KEY NOT NULL);
CREATE VIEW loaned AS SELECT loans.id, books.title FROM loans JOIN books ON books.id = loans.book;
INSERT INTO members VALUES ('ann', 'Ann', 100), ('bob', 'Bob', 200);
INSERT INTO books VALUES (1, 'Emma', 0), (2, 'Dracula', 0), (3, 'Unfinished', 1);
INSERT INTO loans VALUES (1, 'ann', 1, 'x', 5), (2, 'bob', 2, 'y', 6), (3, 'bob', 3, 'z', 7);
INSERT INTO labels VALUES ('old'), ('dark');
INSERT INTO tags VALUES (1, 'old', 0), (2, 'old', 1), (2, 'dark', 0);
"""


@pytest.fixture
def library(app: Application, client: TestClient) -> TestClient:
    """The local owner at a workspace with the library."""
    app.data.submit(lambda connection: connection.execute(LIBRARY).fetchall()).result(10)
    return client


Caller = Callable[..., TestClient]


@pytest.fixture
def caller(app: Application, library: TestClient) -> Caller:
    """Makes a person with a role of these rights and signs him in: `caller("ann", scopes=[…], tables={…})`."""

    def made(name: str, **rights: Any) -> TestClient:
        role = f"role-of-{name}"
        wanted = {"name": role, "scopes": ["rows:read", "rows:write"], "others": [], **rights}
        assert library.post("/api/roles", json=wanted).status_code == 201, wanted
        person = {"name": name, "role": role, "password": PASSWORD}
        assert library.post("/api/people", json=person).status_code == 201
        return signed_in(app, name)

    return made


def nobody(app: Application) -> TestClient:
    """Somebody without a token, at the same server."""
    return TestClient(app, base_url=BASE_URL, raise_server_exceptions=False)


def bearer(app: Application, token: str) -> TestClient:
    """Whoever has this token, at the same server."""
    client = nobody(app)
    client.headers["Authorization"] = f"Bearer {token}"
    return client


def signed_in(app: Application, name: str, password: str = PASSWORD) -> TestClient:
    """Somebody at the same server, signed in by password."""
    answer = nobody(app).post("/api/auth/sign-in", json={"name": name, "password": password})
    assert answer.status_code == 200, answer.text
    return bearer(app, answer.json()["token"])


def refused(answer: Any, status: int, code: str) -> dict[str, Any]:
    """The fields of an error that has this status and code."""
    assert answer.status_code == status, answer.text
    assert answer.json()["code"] == code, answer.text
    found: dict[str, Any] = answer.json()
    return found
