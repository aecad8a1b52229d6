"""A workspace whose tables have every type and every trouble."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

import apsw
import pytest
from starlette.testclient import TestClient
from tests.conftest import BASE_URL

from rolltop.app import create_app
from rolltop.config import Config

ROWS = """
CREATE TABLE things (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, price DECIMAL, size REAL, ok BOOLEAN, made DATE, seen TIMESTAMP, at TIME,
  tags JSON, code UUID, raw BLOB);
INSERT INTO things VALUES
  (1, 'Salt', 12.5, 0.1, 1, '2024-05-01', '2024-05-01T12:30:00Z', '12:30:00', '["a","b"]',
   '00000000-0000-4000-8000-000000000001', x'00ff'),
  (2, 'Pepper, "ground"', 9, 1e300, 0, '1850-01-01', '2024-05-01T12:30:00.123456Z', '00:00:59', '{"a": null}',
   NULL, x''),
  (3, '', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (9007199254740993, '=1+1', -0.25, -2.0, 1, '2000-02-29', '1999-12-31T23:59:59Z', '23:59', '"x"', NULL, NULL),
  (5, ' @SUM(A1)', 1, 1, 1, NULL, NULL, NULL, '-5', NULL, NULL),
  (6, '-5', 1, 1, 1, NULL, NULL, NULL, NULL, NULL, NULL),
  (7, 'two' || char(10) || 'lines' || char(9) || 'tab', 1, 1, 1, NULL, NULL, NULL, NULL, NULL, NULL);
CREATE VIEW dear AS SELECT id, name, price FROM things WHERE price > 5;
CREATE TABLE parts (id INTEGER PRIMARY KEY, thing INTEGER REFERENCES things (id), label TEXT);
INSERT INTO parts VALUES (1, 1, 'lid'), (2, 1, 'jar');
CREATE TABLE "Odd, ""name"" 1/2" ("=x" ANY, "b c" DATE);
INSERT INTO "Odd, ""name"" 1/2" VALUES ('=cmd', '=today()'), (x'01', 5), (1.5, 'soon');
CREATE TABLE many (id INTEGER PRIMARY KEY, word TEXT);
INSERT INTO many
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500) SELECT i, 'w' || i FROM n;
CREATE TABLE empty (id INTEGER PRIMARY KEY, word TEXT);
"""

Serve = Callable[[str], TestClient]


@contextmanager
def served(workspace: Path, sql: str) -> Iterator[TestClient]:
    """A signed-in client on a workspace whose data.db is made by the SQL."""
    workspace.mkdir()
    connection = apsw.Connection(str(workspace / "data.db"))
    connection.execute(sql)
    connection.close()
    app = create_app(Config(workspace=workspace))
    with TestClient(app, base_url=BASE_URL, raise_server_exceptions=False) as client:
        client.headers["Authorization"] = f"Bearer {app.sessions.owner_token}"
        yield client


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Makes a signed-in client on a data.db made by the SQL."""
    with ExitStack() as open_until_the_end:
        numbers = count()
        yield lambda sql: open_until_the_end.enter_context(served(tmp_path / f"workspace-{next(numbers)}", sql))


@pytest.fixture
def things(serve: Serve) -> TestClient:
    """A client on the tables above."""
    return serve(ROWS)
