"""Statements on the quarantine's two tables in the user's file. They are made with the first rows that wait.

`_rolltop_quarantines` has an import a row, `_rolltop_quarantine` its rows: cells and reasons as JSON.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import apsw
import msgspec

from rolltop.collections.imports.content import Cell
from rolltop.collections.imports.statements import ROW
from rolltop.data import quote

ORIGINS = "_rolltop_quarantines"
ROWS = "_rolltop_quarantine"
TABLES = frozenset({ORIGINS, ROWS})
_CREATE = (
    f"CREATE TABLE IF NOT EXISTS {ORIGINS} (id TEXT PRIMARY KEY NOT NULL, origin TEXT NOT NULL)",
    f"CREATE TABLE IF NOT EXISTS {ROWS} (import TEXT NOT NULL, row INTEGER NOT NULL, cells TEXT NOT NULL, "
    "reasons TEXT NOT NULL, PRIMARY KEY (import, row))",
)


@dataclass(frozen=True, slots=True)
class Selection:
    """Some of an import's rows: those with a reason of this column and code, or with these numbers; empty is all."""

    column: str | None = None
    code: str | None = None
    rows: Sequence[int] | None = None

    @property
    def sql(self) -> str:
        """The condition on `_rolltop_quarantine AS q`, after the import's."""
        parts = []
        tests = [f"r.value ->> '{name}' = ?" for name in ("column", "code") if getattr(self, name) is not None]
        if tests:
            parts.append(f"EXISTS (SELECT 1 FROM json_each(q.reasons) AS r WHERE {' AND '.join(tests)})")  # noqa: S608
        if self.rows is not None:
            parts.append("q.row IN (SELECT value FROM json_each(?))")
        return "".join(f" AND {part}" for part in parts)

    @property
    def bindings(self) -> tuple[str, ...]:
        """What `sql` binds."""
        words = tuple(word for word in (self.column, self.code) if word is not None)
        return words if self.rows is None else (*words, msgspec.json.encode(list(self.rows)).decode())


def exist(connection: apsw.Connection) -> bool:
    """Whether any rows wait at all."""
    return bool(connection.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (ORIGINS,)).get)


def keep(connection: apsw.Connection, id: str, origin: bytes, rejected: str) -> None:
    """Take the rows of the table `rejected`, in the transaction in which the others land."""
    for statement in _CREATE:
        connection.execute(statement)
    connection.execute(f"INSERT INTO {ORIGINS} VALUES (?, CAST(? AS TEXT))", (id, origin))  # noqa: S608
    connection.execute(
        f"INSERT INTO {ROWS} SELECT ?, row, cells, reasons FROM {quote(rejected)} ORDER BY row",  # noqa: S608
        (id,),
    )


def settle_retried(connection: apsw.Connection, id: str, stage: str, rejected: str | None) -> None:
    """After a retry, in its transaction: rows that landed leave, the others get their reasons of now."""
    landed = f"SELECT {ROW} FROM {quote(stage)}"  # noqa: S608
    if rejected is not None:
        connection.execute(
            f"UPDATE {ROWS} AS q SET reasons = r.reasons FROM {quote(rejected)} AS r "  # noqa: S608
            "WHERE q.import = ? AND q.row = r.row",
            (id,),
        )
        landed += f" EXCEPT SELECT row FROM {quote(rejected)}"  # noqa: S608
    connection.execute(f"DELETE FROM {ROWS} WHERE import = ? AND row IN ({landed})", (id,))  # noqa: S608
    tidy(connection, id)


def tidy(connection: apsw.Connection, id: str) -> None:
    """Forget an import without rows. The tables stay: an undo may bring rows back into them."""
    if connection.execute(f"SELECT 1 FROM {ROWS} WHERE import = ? LIMIT 1", (id,)).get:  # noqa: S608
        return
    connection.execute(f"DELETE FROM {ORIGINS} WHERE id = ?", (id,))  # noqa: S608


def origins(connection: apsw.Connection) -> list[tuple[str, int]]:
    """Every import that left rows, as JSON, with the number of its rows; the newest first."""
    sql = f"SELECT o.origin, (SELECT count(*) FROM {ROWS} AS q WHERE q.import = o.id) FROM {ORIGINS} AS o"  # noqa: S608
    rows: list[Any] = connection.execute(f"{sql} ORDER BY o.id DESC").fetchall()
    return rows


def origin(connection: apsw.Connection, id: str) -> str | None:
    """One of them."""
    found = connection.execute(f"SELECT origin FROM {ORIGINS} WHERE id = ?", (id,)).get  # noqa: S608
    return None if found is None else str(found)


def count(connection: apsw.Connection, id: str, chosen: Selection) -> int:
    """How many rows wait."""
    sql = f"SELECT count(*) FROM {ROWS} AS q WHERE q.import = ?{chosen.sql}"  # noqa: S608
    return int(connection.execute(sql, (id, *chosen.bindings)).get)


def page(connection: apsw.Connection, id: str, chosen: Selection, after: int, limit: int) -> list[tuple[int, str, str]]:
    """Rows with a number above `after`: number, cells, reasons."""
    sql = f"SELECT row, cells, reasons FROM {ROWS} AS q WHERE q.import = ? AND q.row > ?{chosen.sql}"  # noqa: S608
    rows: list[Any] = connection.execute(f"{sql} ORDER BY row LIMIT ?", (id, after, *chosen.bindings, limit)).fetchall()
    return rows


def groups(connection: apsw.Connection, id: str) -> list[tuple[str, str | None, int, int, str]]:
    """For each code and column: how many rows, the first of them, and what is said there. The largest first."""
    sql = (
        f"SELECT r.value ->> 'code', r.value ->> 'column', count(DISTINCT q.row), min(q.row), "  # noqa: S608
        f"r.value ->> 'message' FROM {ROWS} AS q, json_each(q.reasons) AS r WHERE q.import = ? "
        "GROUP BY 1, 2 ORDER BY 3 DESC, 2, 1"
    )
    rows: list[Any] = connection.execute(sql, (id,)).fetchall()
    return rows


def cells(
    connection: apsw.Connection, id: str, code: str, column: str, place: int, limit: int
) -> list[tuple[str | None, int]]:
    """The different cells of a group and how often each occurs, the most frequent first."""
    sql = (
        f"SELECT q.cells ->> ?, count(*) FROM {ROWS} AS q WHERE q.import = ? "  # noqa: S608
        f"{Selection(column, code).sql} GROUP BY 1 ORDER BY 2 DESC LIMIT ?"
    )
    rows: list[Any] = connection.execute(sql, (f"$[{place}]", id, column, code, limit)).fetchall()
    return rows


def replace_row(
    connection: apsw.Connection, id: str, row: int, changed: Sequence[Cell], reasons: Sequence[Mapping[str, Any]]
) -> None:
    """Put other cells and reasons in the place of a row's."""
    sql = f"UPDATE {ROWS} SET cells = CAST(? AS TEXT), reasons = CAST(? AS TEXT) WHERE import = ? AND row = ?"  # noqa: S608
    connection.execute(sql, (msgspec.json.encode(changed), msgspec.json.encode(reasons), id, row))


def discard(connection: apsw.Connection, id: str, chosen: Selection) -> int:
    """Drop rows; how many."""
    sql = f"DELETE FROM {ROWS} AS q WHERE q.import = ?{chosen.sql}"  # noqa: S608
    connection.execute(sql, (id, *chosen.bindings))
    dropped = connection.changes()
    tidy(connection, id)
    return dropped
