"""The real clients, asked the same: supabase-js in a Node process, postgrest-py with and without asyncio, and ours.

A `Case` is one request, written for each of them, and the SQL that gives the same rows. What a client says is compared
with what SQLite itself says about the file, so that no answer is ever held against a copy of itself.
"""

import asyncio
import json
import os
import re
import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from postgrest import APIError, AsyncPostgrestClient, SyncPostgrestClient

from rolltop import connect

if TYPE_CHECKING:
    from tests.conftest import LiveServer

JS = Path(__file__).parent / "js"
PATIENCE_SECONDS = 30
CLIENTS = ("supabase-js", "postgrest-py", "postgrest-py async", "rolltop.connect")
Row = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One request: an expression of JavaScript, a function from a Python client to its request, and the same in SQL.

    A client that has no such method is left out. In SQL a column whose name ends with `:json` holds JSON text.
    """

    name: str
    js: str | None
    python: Callable[..., Any] | None
    sql: str = ""

    def written_for(self, client: str) -> bool:
        """Whether this client can say it."""
        return (self.js if client == "supabase-js" else self.python) is not None


@dataclass(frozen=True)
class Answer:
    """What a client gave: `error` has the four fields, or is None. Python's clients do not tell the status."""

    data: Any = None
    count: int | None = None
    error: Row | None = None
    status: int | None = None


def every(cases: list[Case]) -> pytest.MarkDecorator:
    """Parametrize a test with each case and each client that can say it."""
    pairs = [(case, client) for case in cases for client in CLIENTS if case.written_for(client)]
    return pytest.mark.parametrize(("case", "client"), pairs, ids=[f"{case.name}, {client}" for case, client in pairs])


class JavaScript:
    """A Node process that evaluates expressions with supabase-js connected to a server."""

    def __init__(self, server: "LiveServer") -> None:
        node = shutil.which("node")
        if node is None or not (JS / "node_modules").is_dir():
            pytest.fail("This test needs Node and its packages: run scripts/setup, or `npm ci` in tests/client/js.")
        environment = {**os.environ, "ROLLTOP_URL": server.url, "ROLLTOP_TOKEN": server.token}
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            [node, "evaluate.mjs"], cwd=JS, env=environment, stdin=pipe, stdout=pipe, text=True, encoding="utf-8"
        )

    def evaluate(self, code: str, **values: Any) -> Any:
        """What the expression gives; a request gives supabase-js' answer, something thrown `{"thrown": …}`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        patience = threading.Timer(PATIENCE_SECONDS, self._process.kill)
        patience.start()
        self._process.stdin.write(json.dumps({"code": code, "values": values}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        patience.cancel()
        assert line, f"Node ended, or waited more than {PATIENCE_SECONDS} seconds: {code}"
        said = json.loads(line)
        return said["is"] if "thrown" not in said else said

    def answer(self, code: str, **values: Any) -> Answer:
        """What a request of supabase-js gives."""
        said = self.evaluate(code, **values)
        assert "thrown" not in said, said
        return Answer(said["data"], said["count"], said["error"], said["status"])

    def close(self) -> None:
        """End the process."""
        with self._process:
            assert self._process.stdin is not None
            self._process.stdin.close()


class Clients:
    """All of them, connected to one server, and the file behind it."""

    def __init__(self, server: "LiveServer") -> None:
        self.server = server
        self.file = server.workspace / "data.db"
        self.js = JavaScript(server)
        self._loop = asyncio.Runner()
        where, headers = f"{server.url}/rest/v1", server.headers
        quiet = httpx.Timeout(PATIENCE_SECONDS)
        session = httpx.Client(timeout=quiet, trust_env=False)
        self.python = SyncPostgrestClient(where, headers=headers, http_client=session)
        asyncs = httpx.AsyncClient(timeout=quiet, trust_env=False)
        self._async = AsyncPostgrestClient(where, headers=headers, http_client=asyncs)
        self.rolltop = connect(server.workspace)

    def ask(self, client: str, case: Case, **values: Any) -> Answer:
        """The answer to a case; `values` are the names that it uses."""
        if client == "supabase-js":
            assert case.js is not None
            return self.js.answer(case.js, **values)
        assert case.python is not None
        try:
            if client == "postgrest-py async":
                given = self._loop.run(_awaited(case.python(self._async, **values)))
            else:
                asked = self.python if client == "postgrest-py" else self.rolltop
                given = case.python(asked, **values).execute()
        except APIError as error:
            return Answer(error=error.json())
        return Answer() if given is None else Answer(given.data, given.count)

    def says(self, sql: str, **values: Any) -> list[Row]:
        """What SQLite says about the file."""
        return says(self.file, sql, **values)

    def write(self, sql: str, **values: Any) -> None:
        """Change the file as another program would."""
        with closing(sqlite3.connect(self.file, timeout=10)) as connection, connection:
            connection.execute(sql, values)

    def close(self) -> None:
        """Close the connections."""
        self.js.close()
        self.python.aclose()
        self.rolltop.close()
        self._loop.run(self._async.aclose())
        self._loop.close()


async def _awaited(request: Any) -> Any:
    return await request.execute()


@contextmanager
def connected(server: "LiveServer") -> Iterator[Clients]:
    """The clients, closed at the end."""
    made = Clients(server)
    try:
        yield made
    finally:
        made.close()


def says(file: Path, sql: str, **values: Any) -> list[Row]:
    """The rows that SQLite gives. It has a REGEXP, and indexes of the words in the tracks' names: `words`, `plain`."""
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=10)) as connection:
        connection.create_function("regexp", 2, lambda pattern, text: text and bool(re.search(pattern, text)))
        if "MATCH" in sql:
            for table, tokenizer in (("words", "porter unicode61"), ("plain", "unicode61")):
                connection.execute(f"CREATE VIRTUAL TABLE temp.{table} USING fts5(Name, tokenize='{tokenizer}')")
                connection.execute(f"INSERT INTO {table} (rowid, Name) SELECT TrackId, Name FROM Track")
        connection.row_factory = _named
        return connection.execute(sql, values).fetchall()


def _named(cursor: sqlite3.Cursor, row: tuple[Any, ...]) -> Row:
    names = [description[0] for description in cursor.description]
    return dict(_decoded(name, value) for name, value in zip(names, row, strict=True))


def _decoded(name: str, value: Any) -> tuple[str, Any]:
    """A column `x:json` is x, decoded; `x:bool` a boolean."""
    plain, _, kind = name.rpartition(":")
    if kind == "json":
        return plain, None if value is None else json.loads(value)
    if kind == "bool":
        return plain, None if value is None else bool(value)
    return name, value
