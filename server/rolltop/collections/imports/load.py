"""Loads a scanned file into a new table: all of it or nothing.

    rows in chunks ─▶ hidden table `_rolltop_import_…`, a transaction a chunk, other writers in between
                   ─▶ renamed to its name in one transaction, so nobody ever sees half of it

What a killed process leaves is the hidden table, which the next start drops. Cells go in as the text they are: SQLite's
affinity makes numbers of them and the CHECK of each column verifies (measured: faster than int() in Python). Only cells
that are written in another way are converted here.
"""

import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice
from time import perf_counter
from typing import Any

import apsw

from rolltop.collections.imports.cells import SPACE, kind_of
from rolltop.collections.imports.content import Cell, Row
from rolltop.collections.imports.declare import checks, ddl, declared
from rolltop.collections.imports.errors import BadKey, CellMisfits, FileChanged, TableExists, misfit
from rolltop.collections.imports.names import free_name
from rolltop.collections.imports.plan import Plan, Planned
from rolltop.collections.imports.readings import Value, convert_all
from rolltop.collections.imports.scan import Scanned
from rolltop.data import Data, quote
from rolltop.errors import RolltopError

log = logging.getLogger("rolltop.collections")

HIDDEN = "_rolltop_import_"
TURN_SECONDS = 0.025
"""Other writers wait for about two turns of ours. So long takes 5,000 rows of 19 columns on a small machine."""
FEWEST_ROWS, MOST_ROWS = 500, 10_000
_CONVERTED_KEPT = 50_000

SHOWN = 200
"""Characters of a cell in an error."""

Values = Sequence[Any]
Progress = Callable[[int], None]


def load(data: Data, scanned: Scanned, plan: Plan, hidden: str, progress: Progress) -> int:
    """Make the table; the number of its rows. `progress` gets the rows done and may raise to stop.

    Raises:
        CellMisfits, BadKey: a row does not fit; nothing is left.
        TableExists: somebody made a table of that name meanwhile.
        FileChanged: the file is not what it was.
    """
    try:
        data.submit(lambda connection: connection.execute(_create(hidden, plan)) and None, table=hidden).result()
        count = _fill(data, scanned, plan, hidden, progress)
        data.submit(lambda connection: _publish(connection, hidden, plan.table)).result()
    except BaseException:
        try:
            data.submit(lambda connection: _drop(connection, [hidden]), table=hidden).result()
        except RolltopError as error:  # a full disk cannot even drop; `drop_leftovers` will
            log.warning("The table of a failed import could not be dropped yet: %s", error.message)
        raise
    return count


def drop_leftovers(data: Data, keep: Collection[str] = ()) -> None:
    """Drop the hidden tables of imports that are over, all but `keep`: those of a killed process or a full disk."""
    reader = data.connect_reader()
    try:
        names = [str(row[0]) for row in reader.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    finally:
        reader.close()
    left = [name for name in names if name.startswith(HIDDEN) and name not in keep]
    if left:
        data.submit(lambda connection: _drop(connection, left)).result()


def _fill(data: Data, scanned: Scanned, plan: Plan, hidden: str, progress: Progress) -> int:
    """Insert every row, a transaction for every few thousand."""
    with scanned.content.rows() as read:
        feed = _Feed(read, scanned, plan)
        insert = _insert(hidden, plan)
        before = -1
        while feed.number > before:
            before = feed.number
            data.submit(lambda connection: feed.give(connection, insert), table=hidden).result()
            progress(feed.number)
    if feed.number != scanned.rows:
        raise FileChanged
    return feed.number


def _publish(connection: apsw.Connection, hidden: str, table: str) -> None:
    names = [str(row[0]) for row in connection.execute("SELECT name FROM sqlite_schema")]
    if table.lower() in map(str.lower, names):
        raise TableExists(table, free_name(table, names))
    connection.execute(f"ALTER TABLE {quote(hidden)} RENAME TO {quote(table)}")


def _drop(connection: apsw.Connection, tables: Sequence[str]) -> None:
    for table in tables:
        connection.execute(f"DROP TABLE IF EXISTS {quote(table)}")


def _create(hidden: str, plan: Plan) -> str:
    lines = [f"{quote(plan.key)} INTEGER PRIMARY KEY"] if plan.key_added else []
    for column in plan.columns:
        name = quote(column.name)
        if column.name != plan.key or plan.key_added:
            lines.append(f"{name} {ddl(name, column.type, column.choice.choices)}")
        elif column.type == "integer":
            lines.append(f"{name} INTEGER PRIMARY KEY")
        else:
            held = " ".join(f"CHECK ({each})" for each in checks(name, column.type, column.choice.choices))
            lines.append(f"{name} {declared(column.type)} NOT NULL PRIMARY KEY {held}")
    return f"CREATE TABLE {quote(hidden)} (\n  " + ",\n  ".join(lines) + "\n)"


def _insert(hidden: str, plan: Plan) -> str:
    names = ", ".join(quote(column.name) for column in plan.columns)
    values = ", ".join(_value(column) for column in plan.columns)
    return f"INSERT INTO {quote(hidden)} ({names}) VALUES ({values})"  # noqa: S608 (names quoted, values bound)


def _value(column: Planned) -> str:
    """The SQL of a cell: empty ones and words for null become NULL there, which is faster than here."""
    if column.choice.converts:
        return "?"
    value = "?"
    for word in column.choice.words:
        text = word.replace("'", "''")
        value = f"nullif({value}, '{text}')"
    return value


class _Converted(dict[Cell, Value | None]):
    """Each different cell of a column is converted once, as long as there are not too many."""

    def __init__(self, column: Planned) -> None:
        super().__init__()
        self._convert = convert_all(column.choice.reading, frozenset(column.choice.words))

    def __missing__(self, cell: Cell) -> Value | None:
        if len(self) >= _CONVERTED_KEPT:
            self.clear()
        value = self[cell] = self._convert(cell)
        return value


class _Feed:
    """The rows of the file as they are inserted. Nothing is kept of them: SQLite pulls one after the other.

    Measured: rows gathered in lists first cost half as much CPU again, most of it for the garbage collector.
    """

    def __init__(self, read: Iterator[Row], scanned: Scanned, plan: Plan) -> None:
        self.number = 0
        self._at_once = FEWEST_ROWS
        self._cells: Row = []
        self._plan = plan
        self._rows = self._shaped(read, len(scanned.headers))

    def give(self, connection: apsw.Connection, insert: str) -> None:
        """Insert the next rows; on the writer's thread. An error names the row, the column and the cell."""
        try:
            begun = perf_counter()
            connection.executemany(insert, islice(self._rows, self._at_once))
            wanted = self._at_once * TURN_SECONDS / max(perf_counter() - begun, 1e-6)
            self._at_once = min(max(int(wanted), FEWEST_ROWS), MOST_ROWS)
        except apsw.ConstraintError as error:
            raise self._explained(str(error)) from error

    def _shaped(self, read: Iterator[Row], width: int) -> Iterator[Values]:
        """The rows with the wanted columns, converted where SQLite would not do it."""
        converted = [(column.place, _Converted(column)) for column in self._plan.columns if column.choice.converts]
        places = [column.place for column in self._plan.columns]
        whole = places == list(range(width))
        for cells in read:
            self.number += 1
            self._cells = cells
            if len(cells) != width:
                cells = (cells + [""] * width)[:width]
            if converted:
                cells = self._converted(cells, converted)
            yield cells if whole else [cells[place] for place in places]

    @staticmethod
    def _converted(cells: list[Any], converted: list[tuple[int, _Converted]]) -> list[Any]:
        made = cells.copy()
        for place, values in converted:
            made[place] = values[cells[place]]
        return made

    def _explained(self, error: str) -> Exception:
        number, cells = self.number, self._cells
        key = next((column for column in self._plan.columns if column.name == self._plan.key), None)
        if key is not None and "UNIQUE constraint" in error:
            cell = (cells[key.place] or "")[:SHOWN]
            return BadKey(
                f"Row {number:,}: {cell!r} is in an earlier row too: {key.name!r} cannot be the key.",
                details={"row": number, "column": key.name, "value": cell},
                hint="Choose another column as the key, or null to have `id` added.",
            )
        for column in self._plan.columns:
            cell = (cells[column.place] if column.place < len(cells) else None) or ""
            if cell.strip(SPACE) not in ("", *column.choice.words) and not column.choice.reading.fits(kind_of(cell)):
                return misfit(column.name, column.type, number, cell[:SHOWN], None, hint="Import the column as text.")
        return CellMisfits(
            f"Row {number:,} does not fit the table.",
            details={"row": number, "reason": error},
            hint="Import its columns as text.",
        )
