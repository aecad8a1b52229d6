# ruff: noqa: S608 (wraps a statement that `sql` made)
"""Runs the statements that `sql` makes."""

from collections.abc import Sequence
from typing import Any

import apsw

from rolltop.data.types import SQLValue
from rolltop.rows.sql import ROW, ROWS


def fetched(connection: apsw.Connection, statement: str, bindings: Sequence[SQLValue]) -> list[tuple[Any, ...]]:
    """The rows of a `page` or `rows` statement; text that is not UTF-8, which no JSON can hold, is mended."""
    try:
        return connection.execute(statement, bindings).fetchall()
    except UnicodeDecodeError:
        counted = f", {ROWS}" if ROWS in statement else ""
        raw = f"SELECT CAST({ROW} AS BLOB){counted} FROM ({statement})"
        found: list[tuple[Any, ...]] = connection.execute(raw, bindings).fetchall()
    return [(None if row[0] is None else bytes(row[0]).decode(errors="replace"), *row[1:]) for row in found]
