"""A table in another shape, by SQLite's safe procedure (sqlite.org/lang_altertable.html, section 7).

    new table under a hidden name ─▶ rows copied by one statement ─▶ old one retired ─▶ renamed ─▶ indexes, triggers

Foreign keys are not enforced meanwhile. Memory is bounded: rows go from page to page, cells through a function only
where their type changes.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

import apsw

from rolltop.collections.schema.convert import Conversion
from rolltop.collections.schema.draft import Draft
from rolltop.collections.schema.twin import lenient
from rolltop.data import quote, retire
from rolltop.data.definition import TableText

HIDDEN = "_rolltop_rebuilt"
"""The new table's name until it takes the old one's; a rolled back transaction leaves nothing of it."""
_ROWIDS = ("rowid", "_rowid_", "oid")


class CellsChanged(Exception):
    """A cell that the person's choice refuses came up while rows were copied."""


def carry_out(connection: apsw.Connection, draft: Draft, dropped: Collection[str]) -> bool:
    """Give the table its new shape; whether its rows were written anew. `dropped`: indexes that do not come back."""
    if not draft.otherwise:
        for column in draft.appended:
            connection.execute(f"ALTER TABLE {quote(draft.name)} ADD COLUMN {column.sql}")
        return False
    kept = _belongings(connection, draft.name, dropped)
    draft.text.unqualify(draft.name)
    with lenient(connection):
        connection.execute(draft.text.sql(HIDDEN))
        _copy(connection, draft)
        number = _last_number(connection, draft.name)
        retire(connection, draft.name)
        connection.execute("PRAGMA legacy_alter_table = ON")  # views that name the table, which is gone for a moment
        try:
            connection.execute(f"ALTER TABLE {quote(HIDDEN)} RENAME TO {quote(draft.name)}")
        finally:
            connection.execute("PRAGMA legacy_alter_table = OFF")
        if number is not None and "AUTOINCREMENT" in draft.text.sql(draft.name).upper():
            _set_last_number(connection, draft.name, number)
        for statement in kept:
            connection.execute(statement)
    return True


def _belongings(connection: apsw.Connection, table: str, dropped: Collection[str]) -> list[str]:
    """The SQL of the table's indexes and triggers."""
    sql = """
        SELECT name, sql FROM sqlite_schema
        WHERE type IN ('index', 'trigger') AND lower(tbl_name) = lower(?) AND sql IS NOT NULL ORDER BY rowid
    """
    return [str(statement) for name, statement in connection.execute(sql, (table,)).fetchall() if name not in dropped]


def _copy(connection: apsw.Connection, draft: Draft) -> None:
    columns, values = [], []
    with settled(connection, draft, strictly=True) as expressions:
        for column in draft.text.columns:
            if not column.generated and column.name.lower() in draft.sources:
                columns.append(quote(column.name))
                values.append(expressions[column.name.lower()])
        rowid = _rowid(draft)
        if rowid is not None:
            columns.insert(0, rowid)
            values.insert(0, rowid)
        if not columns:  # a table of new columns alone: as many rows as before
            columns, values = [quote(draft.text.columns[0].name)], ["NULL"]
        # OR ABORT: a table's own ON CONFLICT REPLACE or IGNORE would let rows vanish without a word.
        connection.execute(
            f"INSERT OR ABORT INTO {quote(HIDDEN)} ({', '.join(columns)}) "  # noqa: S608 (names, quoted)
            f"SELECT {', '.join(values)} FROM {quote(draft.name)}"
        )


@contextmanager
def settled(
    connection: apsw.Connection, draft: Draft, *, strictly: bool, names: dict[str, str] | None = None
) -> Iterator[dict[str, str]]:
    """For each column that was there (lower case): the SQL of its cells as they will be, over the present table.

    `strictly` ends the statement at a cell that is refused. `names` tells the present names of renamed columns.
    """
    made: dict[str, str] = {}
    functions: list[str] = []
    for lower, source in draft.sources.items():
        present = quote((names or {}).get(source.lower(), source))
        conversion = draft.conversions.get(lower)
        if conversion is None:
            made[lower] = present
            continue
        function = f"rolltop_settled_{len(functions)}"
        functions.append(function)
        _register(connection, function, conversion, strictly=strictly)
        made[lower] = f"{function}({present})"
    try:
        yield made
    finally:
        for function in functions:
            connection.create_scalar_function(function, None, 1)


def _register(connection: apsw.Connection, name: str, conversion: Conversion, *, strictly: bool) -> None:
    work = conversion.strictly(CellsChanged) if strictly else conversion.settled
    connection.create_scalar_function(name, work, 1, deterministic=True, flags=apsw.SQLITE_DIRECTONLY)


def _rowid(draft: Draft) -> str | None:
    """The name by which rowids are taken along, since rows without a key are known by nothing else."""
    for text in (draft.before, draft.text):
        if text.without_rowid or text.rowid_alias is not None:
            return None
    taken = {column.name.lower() for text in (draft.before, draft.text) for column in text.columns}
    return next((name for name in _ROWIDS if name not in taken), None)


def key_columns(text: TableText) -> list[str]:
    """The columns by which a row of the table is told to people; its rowid when it has no key."""
    if text.primary_key:
        return list(text.primary_key)
    taken = {column.name.lower() for column in text.columns}
    return [name for name in _ROWIDS if name not in taken][:1]


def _last_number(connection: apsw.Connection, table: str) -> int | None:
    """What AUTOINCREMENT has counted to, which may be more than any row has."""
    if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'").get is None:
        return None
    found = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).get
    return None if found is None else int(found)


def _set_last_number(connection: apsw.Connection, table: str, number: int) -> None:
    connection.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
    connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, number))
