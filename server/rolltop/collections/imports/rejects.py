"""Rows that do not fit, kept in a table beside the hidden one until the import is over.

They are written in the same transaction as the rows around them, so that a file full of them costs no memory.
"""

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence

import apsw
import msgspec

from rolltop.collections.imports.content import Cell, Row
from rolltop.collections.imports.reasons import Reason
from rolltop.data import quote

SHOWN_ROWS = 20
"""So many are said in the result of a dry run."""


class Rejects:
    """The rows that one import has refused so far; used on the writer's thread only."""

    def __init__(self, table: str, *, keep: bool) -> None:
        self.table = table
        self._keep = keep
        self.count = 0
        self.groups: Counter[tuple[str | None, str]] = Counter()
        """How many cells there are for each column and reason."""
        self.first: list[tuple[int, list[Reason]]] = []
        self._waiting: list[tuple[int, bytes | None, bytes]] = []
        self._made = False

    def add(self, number: int, cells: Sequence[Cell] | None, reasons: Sequence[Reason]) -> None:
        """Refuse a row; without its cells it is filled in later from the file."""
        self.count += 1
        self.groups.update((reason.column, reason.code) for reason in reasons)
        if len(self.first) < SHOWN_ROWS:
            self.first.append((number, list(reasons)))
        if not self._keep:
            return
        said = msgspec.json.encode([reason.fields() for reason in reasons])
        self._waiting.append((number, None if cells is None else msgspec.json.encode(cells), said))

    def write(self, connection: apsw.Connection) -> None:
        """Put what was refused since the last time into the table."""
        if not self._waiting:
            return
        if not self._made:
            connection.execute(
                f"CREATE TABLE IF NOT EXISTS {quote(self.table)} "
                "(row INTEGER PRIMARY KEY, cells TEXT, reasons TEXT NOT NULL)"
            )
            self._made = True
        sql = f"INSERT INTO {quote(self.table)} VALUES (?, CAST(? AS TEXT), CAST(? AS TEXT))"  # noqa: S608 (our name)
        connection.executemany(sql, self._waiting)
        self._waiting = []

    def fill(self, connection: apsw.Connection, rows: Iterator[tuple[int, Row]]) -> None:
        """Add the cells of rows that were refused without them, from `rows`, which come in their order."""
        name = quote(self.table)
        sql = f"SELECT row FROM {name} WHERE cells IS NULL ORDER BY row"  # noqa: S608 (a name of ours)
        wanted = array("q", (int(row[0]) for row in connection.execute(sql)))
        update = f"UPDATE {name} SET cells = CAST(? AS TEXT) WHERE row = ?"  # noqa: S608
        for row in wanted:
            cells = next(cells for number, cells in rows if number == row)
            connection.execute(update, (msgspec.json.encode(cells), row))
