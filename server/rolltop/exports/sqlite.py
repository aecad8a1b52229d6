# ruff: noqa: S608 (names are quoted)
"""SQLite files with one table: the declared types, the rules of each column and the key, and the cells as they are."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw

from rolltop.data import quote
from rolltop.rows.exporting import ExportColumn, Result, Rows


def write(path: Path, table: str, result: Result, rows: Rows) -> Iterator[bytes]:
    """Write the database at `path`."""
    columns = result.columns
    key = result.primary_key
    ends = [f"PRIMARY KEY ({', '.join(map(quote, key))})"] if key else []
    marks = ", ".join("?" * len(columns))
    with closing(apsw.Connection(str(path))) as connection:
        for statement in ("PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", "BEGIN"):  # nobody else sees it yet
            connection.execute(statement)
        try:
            connection.execute(f"CREATE TABLE {quote(table)} ({', '.join([*map(_ruled, columns), *ends])})")
        except apsw.SQLError:  # a rule of another program uses what this SQLite does not have
            connection.execute(f"CREATE TABLE {quote(table)} ({', '.join([*map(_declaration, columns), *ends])})")
        for batch in rows:
            connection.executemany(f"INSERT INTO {quote(table)} VALUES ({marks})", batch)
            yield b""
        connection.execute("COMMIT")


def _ruled(column: ExportColumn) -> str:
    """The column with the rules of its table; with those of its type where it has no table."""
    if not column.rules:
        return _declaration(column)
    return " ".join(filter(None, (quote(column.name), column.declared, *column.rules)))


def _declaration(column: ExportColumn) -> str:
    name = quote(column.name)
    check = column.type.check(name) if column.held else None
    parts = (name, column.declared, "NOT NULL" if column.not_null else "", f"CHECK ({check})" if check else "")
    return " ".join(filter(None, parts))
