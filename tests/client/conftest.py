"""Real servers on files that another program wrote, as any user's might be: a small library, and Chinook's music."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.client.real import Clients, Row, connected
from tests.conftest import start_server, stop_server

if TYPE_CHECKING:
    from tests.conftest import LiveServer

LIBRARY = """
CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT NOT NULL, born INTEGER);
CREATE TABLE books (
  id INTEGER PRIMARY KEY, title TEXT NOT NULL, author_id INTEGER REFERENCES authors (id), pages INTEGER DEFAULT 100,
  price REAL, in_print BOOLEAN DEFAULT TRUE, tags JSON, out_on DATE, seen TIMESTAMP, cover BLOB);
CREATE TABLE "Order Details" (id INTEGER PRIMARY KEY, "Unit Price" REAL);
CREATE TABLE "a/b?c" (id INTEGER PRIMARY KEY, big INTEGER);
INSERT INTO authors VALUES (1, 'Ruiz', 1950), (2, 'Okafor', NULL), (3, 'Lind', 1971);
INSERT INTO books VALUES
  (1, 'Salt', 1, 210, 12.5, TRUE, '["sea"]', '2001-05-01', '2024-05-01T12:30:00Z', x'00ff'),
  (2, 'Pepper, Ground', 1, 180, 9, FALSE, NULL, '2004-09-15', NULL, NULL),
  (3, 'North', 2, NULL, NULL, NULL, '{"a": 1}', NULL, '2024-06-01T08:00:00.5Z', x'');
INSERT INTO "Order Details" VALUES (1, 18.5), (2, 42);
INSERT INTO "a/b?c" VALUES (1, 9007199254740993), (2, NULL);
"""

COLUMNS = "id, name, price, note"
BY_BASE = f"SELECT {COLUMNS} FROM gear WHERE id BETWEEN :n AND :n + 9 ORDER BY id"
GEAR = Path(__file__).with_name("gear.sql").read_text(encoding="utf-8")


def fill(workspace: Path) -> None:
    """Write the library into the workspace's data file."""
    with closing(sqlite3.connect(workspace / "data.db", timeout=10)) as connection:
        connection.executescript(LIBRARY)


@pytest.fixture(scope="module")
def library(live: "LiveServer") -> "LiveServer":
    """The server with the library."""
    fill(live.workspace)
    return live


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory, chinook: Path) -> Iterator["LiveServer"]:
    """A server on a copy of Chinook, with a table of gear for the types that Chinook lacks."""
    workspace = tmp_path_factory.mktemp("music") / "workspace"
    workspace.mkdir()
    shutil.copyfile(chinook, workspace / "data.db")
    with closing(sqlite3.connect(workspace / "data.db")) as connection:
        connection.executescript(GEAR)
    process, server = start_server(workspace)
    yield server
    assert stop_server(process) == 0


@pytest.fixture(scope="module")
def clients(music: "LiveServer") -> Iterator[Clients]:
    """supabase-js and postgrest-py at the music."""
    with connected(music) as made:
        yield made


@pytest.fixture
def n(clients: Clients) -> Iterator[int]:
    """The first of ten free keys."""
    [last] = clients.says("SELECT max(id) AS id FROM gear")
    yield (last["id"] // 10 + 1) * 10
    clients.write("DELETE FROM gear WHERE id > 5")


def rows_of(clients: Clients, n: int) -> list[Row]:
    """What the file holds under the ten keys."""
    return clients.says(BY_BASE, n=n)
