# ruff: noqa: S608 (names are quoted)
"""SQLite files with one table: the declared types, NOT NULL, CHECKs of ours and the key, and the cells as they are."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw

from rolltop.data import quote
from rolltop.rows.exporting import ExportColumn, Result, Rows


def write(path: Path, table: str, result: Result, rows: Rows) -> Iterator[bytes]:
    """Write the database at `path`."""
    columns = result.columns
    parts = [_declaration(column) for column in columns]
    key = result.primary_key
    if key:
        parts.append(f"PRIMARY KEY ({', '.join(map(quote, key))})")
    marks = ", ".join("?" * len(columns))
    with closing(apsw.Connection(str(path))) as connection:
        for statement in ("PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", "BEGIN"):  # nobody else sees it yet
            connection.execute(statement)
        connection.execute(f"CREATE TABLE {quote(table)} ({', '.join(parts)})")
        for batch in rows:
            connection.executemany(f"INSERT INTO {quote(table)} VALUES ({marks})", batch)
            yield b""
        connection.execute("COMMIT")


def _declaration(column: ExportColumn) -> str:
    name = quote(column.name)
    check = column.type.check(name) if column.held else None
    parts = (name, column.declared, "NOT NULL" if column.not_null else "", f"CHECK ({check})" if check else "")
    return " ".join(filter(None, parts))
