"""Loads a scanned file into a new table: all of it or nothing.

    rows in chunks ─▶ hidden table `_rolltop_import_…`, a transaction a chunk, other writers in between
                   ─▶ renamed to its name in one transaction, so nobody ever sees half of it

What a killed process leaves is the hidden table, which the next start drops. Cells go in as the text they are: SQLite's
affinity makes numbers of them and the CHECK of each column verifies (measured: faster than int() in Python). Only cells
that are written in another way are converted here.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any

import apsw

from rolltop.collections.imports.cells import kind_of
from rolltop.collections.imports.errors import BadKey, CellMisfits, FileChanged, TableExists, misfit
from rolltop.collections.imports.names import free_name
from rolltop.collections.imports.plan import Plan, Planned
from rolltop.collections.imports.readings import convert_all
from rolltop.collections.imports.scan import Scanned, Widths, even
from rolltop.collections.imports.source import Source, chunks
from rolltop.data import Data, quote
from rolltop.data.errors import Closed
from rolltop.data.types import of_declared

HIDDEN = "_rolltop_import_"
ROWS_AT_ONCE = 5_000  # 30 ms or so, after which other writers have their turn
_CONVERTED_KEPT = 50_000

Row = Sequence[Any]
Progress = Callable[[int], None]


def load(data: Data, source: Source, scanned: Scanned, plan: Plan, hidden: str, progress: Progress) -> int:
    """Make the table; the number of its rows. `progress` gets the rows done and may raise to stop.

    Raises:
        CellMisfits, BadKey: a row does not fit; nothing is left.
        TableExists: somebody made a table of that name meanwhile.
        FileChanged: the file is not what it was.
    """
    try:
        data.submit(lambda connection: connection.execute(_create(hidden, plan)) and None).result()
        rows = _fill(data, source, scanned, plan, hidden, progress)
        data.submit(lambda connection: _publish(connection, hidden, plan.table)).result()
    except BaseException:
        with contextlib.suppress(Closed):
            data.submit(lambda connection: _drop(connection, [hidden])).result()
        raise
    return rows


def drop_leftovers(data: Data) -> None:
    """Drop what imports of a killed process have left."""
    reader = data.connect_reader()
    try:
        names = [str(row[0]) for row in reader.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    finally:
        reader.close()
    left = [name for name in names if name.startswith(HIDDEN)]
    if left:
        data.submit(lambda connection: _drop(connection, left)).result()


def _fill(data: Data, source: Source, scanned: Scanned, plan: Plan, hidden: str, progress: Progress) -> int:
    """Insert every row. While a chunk is written the next one is read."""
    insert, prepare = _insert(hidden, plan), _preparer(scanned, plan)
    widths = Widths()
    waiting: Future[None] | None = None
    done = 0
    skip = 1 if scanned.header else 0
    for chunk in chunks(source, scanned.form, ROWS_AT_ONCE):
        rows = even(chunk.rows[skip:], len(scanned.headers), done + 1, widths)
        skip = 0
        batch = _Batch(insert, prepare(rows), rows, done + 1, plan)
        if waiting is not None:
            waiting.result()
            progress(done)
        waiting = data.submit(batch.run, table=hidden)
        done += len(rows)
    if waiting is not None:
        waiting.result()
    if done != scanned.rows:
        raise FileChanged
    progress(done)
    return done


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
        name, column_type = quote(column.name), of_declared(column.type.upper())
        if column.name != plan.key or plan.key_added:
            lines.append(f"{name} {column_type.ddl(name)}")
        elif column.type == "integer":
            lines.append(f"{name} INTEGER PRIMARY KEY")
        else:
            lines.append(f"{name} {column_type.declared} NOT NULL PRIMARY KEY CHECK ({column_type.check(name)})")
    return f"CREATE TABLE {quote(hidden)} (\n  " + ",\n  ".join(lines) + "\n)"


def _insert(hidden: str, plan: Plan) -> str:
    names = ", ".join(quote(column.name) for column in plan.columns)
    values = ", ".join(_value(column) for column in plan.columns)
    return f"INSERT INTO {quote(hidden)} ({names}) VALUES ({values})"  # noqa: S608 (names quoted, values bound)


def _value(column: Planned) -> str:
    """The SQL of a cell: empty ones and words for null become NULL there, which is faster than here."""
    if column.choice.converts:
        return "?"
    value = "nullif(?, '')"
    for word in column.choice.words:
        text = word.replace("'", "''")
        value = f"nullif({value}, '{text}')"
    return value


def _preparer(scanned: Scanned, plan: Plan) -> Callable[[list[list[str]]], Sequence[Row]]:
    """What makes rows to insert of rows of the file: the columns that are wanted, converted where it is needed."""
    converters = [_Converted(column) if column.choice.converts else None for column in plan.columns]
    if not any(converters) and len(plan.columns) == len(scanned.headers):
        return lambda rows: rows

    def _prepare(rows: list[list[str]]) -> Sequence[Row]:
        if not rows:
            return rows
        cells = list(zip(*rows, strict=True))
        kept = [
            cells[column.place] if converted is None else converted.all(cells[column.place])
            for column, converted in zip(plan.columns, converters, strict=True)
        ]
        return list(zip(*kept, strict=True))

    return _prepare


class _Converted(dict[str, str | int | None]):
    """Each different cell of a column is converted once, as long as there are not too many."""

    def __init__(self, column: Planned) -> None:
        super().__init__()
        self._convert = convert_all(column.choice.reading, frozenset(column.choice.words))

    def __missing__(self, cell: str) -> str | int | None:
        value = self[cell] = self._convert(cell)
        return value

    def all(self, cells: Sequence[str]) -> Sequence[str | int | None]:
        """The values of a chunk of cells."""
        if len(self) > _CONVERTED_KEPT:
            self.clear()
        return list(map(self.__getitem__, cells))


class _Batch:
    """One chunk on its way into the hidden table."""

    def __init__(self, insert: str, values: Sequence[Row], rows: list[list[str]], first: int, plan: Plan) -> None:
        self._insert = insert
        self._values = values
        self._rows = rows
        self._first = first
        self._plan = plan
        self._at = 0

    def run(self, connection: apsw.Connection) -> None:
        """Insert the rows; an error names the row, the column and the cell."""
        try:
            connection.executemany(self._insert, self._counted())
        except apsw.ConstraintError as error:
            raise self._explained(str(error)) from error

    def _counted(self) -> Iterator[Row]:
        for self._at, row in enumerate(self._values):  # noqa: B020 (the place of the row that fails)
            yield row

    def _explained(self, error: str) -> Exception:
        row, cells = self._first + self._at, self._rows[self._at]
        key = next((column for column in self._plan.columns if column.name == self._plan.key), None)
        if key is not None and "UNIQUE constraint" in error:
            return BadKey(
                f"Row {row:,}: {cells[key.place][:200]!r} is in an earlier row too: {key.name!r} cannot be the key.",
                details={"row": row, "column": key.name, "value": cells[key.place][:200]},
                hint="Choose another column as the key, or null to have `id` added.",
            )
        for column in self._plan.columns:
            cell = cells[column.place]
            if cell and cell not in column.choice.words and not column.choice.reading.fits(kind_of(cell)):
                return misfit(column.name, column.type, row, cell[:200], None, hint="Import the column as text.")
        return CellMisfits(
            f"Row {row:,} does not fit the table.",
            details={"row": row, "reason": error},
            hint="Import its columns as text.",
        )
