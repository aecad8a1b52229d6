# ruff: noqa: S608 (names are quoted, values bound)
"""What a saved query that writes returns, as a table that can be read like any other in the same transaction."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import apsw

from rolltop.data import Catalog, quote
from rolltop.data.types import SQLValue
from rolltop.rows import constraints
from rolltop.rows.described import Described

MOST = 100_000
"""So many rows may be returned."""
SEEN = 100
NO_TABLES = Catalog(-1)
"""For rows that belong to no table, and so have no relationships."""

_NAME = 'temp."_rolltop_returned"'
QUERY = f"SELECT * FROM {_NAME}"

Rows = Sequence[tuple[SQLValue, ...]]
_KINDS: dict[type, str] = {int: "integer", float: "real", str: "text", bytes: "blob", type(None): "null"}


@contextmanager
def table_of(connection: apsw.Connection, described: Described, rows: Rows) -> Iterator[None]:
    """Within it the rows stand in a table, as they are: its columns have no type and so no affinity."""
    names = [quote(column.name) for column in described.table.columns]
    connection.execute(f"CREATE TABLE {_NAME} ({', '.join(names)})")
    connection.executemany(f"INSERT INTO {_NAME} VALUES ({', '.join('?' * len(names))})", rows)
    yield
    connection.execute(f"DROP TABLE {_NAME}")


def kinds(described: Described, rows: Rows) -> list[tuple[str, set[str]]]:
    """The storage classes in each column."""
    columns = described.table.columns
    return [(column.name, {_KINDS[type(row[at])] for row in rows}) for at, column in enumerate(columns)]


def kinds_of(query: str, columns: Sequence[str], wanted: Sequence[str], before: str) -> str:
    """A statement for the storage classes in the first rows of a query that reads; `before` stands in WITH."""
    found = ", ".join(f"typeof({quote(name)})" for name in wanted)
    named = ", ".join(map(quote, columns))
    before = f"{before}, " if before else ""
    return f"WITH {before}seen ({named}) AS ({query}) SELECT {found} FROM seen LIMIT {SEEN}"


def refusal(
    connection: apsw.Connection, error: apsw.Error, described: Described, arguments: Sequence[SQLValue]
) -> Exception:
    """The dialect's error for a constraint that stopped the statement; SQLite names the table only where it can."""
    tables = [table for name, table in described.catalog.tables.items() if name in described.statement.changes]
    subject = str(error).partition("failed: ")[2]
    table = next((one for one in tables if subject.startswith(f"{one.name}.")), tables[0] if tables else None)
    if table is None:
        return error
    attempt = constraints.Attempt(described.catalog, table, {})
    broken = constraints.broken_key(connection, attempt, described.statement.sql, arguments, error)
    return broken or constraints.explained(connection, error, attempt) or error
