"""Foreign keys as they would be: that they lead somewhere, to a key, of the same type."""

from collections.abc import Iterator, Sequence

import apsw

from rolltop.collections.schema import links
from rolltop.collections.schema.errors import BadReference, InUse
from rolltop.collections.schema.schemas import ReferenceTo
from rolltop.data import quote
from rolltop.data.definition import read
from rolltop.data.reflect import is_hidden
from rolltop.data.types import of_declared

Pointing = tuple[str, Sequence[str], ReferenceTo]
"""The place in the request, the columns here, and where they point to."""


def check(connection: apsw.Connection, table: str, keys: Sequence[Pointing]) -> None:
    """Look at new foreign keys of a table on the twin.

    Raises:
        BadReference: there is no such table or column, it is no key, or the types differ.
    """
    for place, columns, to in keys:
        parent = connection.execute(
            "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND lower(name) = lower(?)", (to.table,)
        ).fetchall()
        if not parent or is_hidden(to.table) or not str(parent[0][1]).upper().startswith("CREATE TABLE"):
            raise BadReference(
                f"There is no table {to.table!r} to point to.",
                place=f"{place}.table",
                hint="Make that table first; a view cannot be pointed to.",
            )
        _check_types(connection, table, place, columns, to, str(parent[0][1]))


def _check_types(
    connection: apsw.Connection, table: str, place: str, columns: Sequence[str], to: ReferenceTo, parent_sql: str
) -> None:
    parent = read(parent_sql)
    wanted = list(to.columns or parent.primary_key)
    if len(wanted) != len(columns):
        raise BadReference(
            f"{len(columns)} columns cannot point to {len(wanted)}.",
            place=f"{place}.columns",
            hint=f"The primary key of {to.table!r} is ({', '.join(parent.primary_key)}).",
        )
    own = read(str(connection.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (table,)).get))
    for name, target in zip(columns, wanted, strict=True):
        there, here = parent.column(target), own.column(name)
        if there is None:
            raise BadReference(
                f"{to.table!r} has no column {target!r}.",
                place=f"{place}.columns",
                hint=f"It has {', '.join(column.name for column in parent.columns[:10])}.",
            )
        if here is not None and here.type and there.type:
            mine, theirs = of_declared(here.type), of_declared(there.type)
            if mine.name != theirs.name:
                raise BadReference(
                    f"{name!r} is of type {mine.name}, {to.table}.{there.name} of type {theirs.name}.",
                    place=place,
                    hint=f"Give {name!r} the type {theirs.declared.lower()} first.",
                )
    if _key_of(connection, to.table, wanted) is None:
        raise BadReference(
            f"({', '.join(wanted)}) is neither the primary key of {to.table!r} nor unique there.",
            place=f"{place}.columns",
            hint="Point to its key, or make those columns unique first.",
        )


def _key_of(connection: apsw.Connection, table: str, columns: Sequence[str]) -> str | None:
    """The key that makes columns of a table a target, as SQLite wants it (sqlite.org/foreignkeys.html, section 3)."""
    text = read(
        str(
            connection.execute(
                "SELECT sql FROM sqlite_schema WHERE type = 'table' AND lower(name) = lower(?)", (table,)
            ).get
        )
    )
    wanted = {name.lower() for name in columns}
    if {name.lower() for name in text.primary_key} == wanted:
        return "primary key"
    sql = 'SELECT name FROM pragma_index_list(?) WHERE "unique" AND NOT partial'
    for (index,) in connection.execute(sql, (table,)).fetchall():
        parts = connection.execute("SELECT name FROM pragma_index_info(?)", (index,)).fetchall()
        if {str(part[0]).lower() for part in parts} == wanted:
            return str(index)
    return None


def mismatched(connection: apsw.Connection, table: str) -> Iterator[links.Child]:
    """The foreign keys to a table that have lost the key they point to."""
    for child in links.children(connection, table):
        try:
            connection.execute(f"PRAGMA foreign_key_check({quote(child.table)})").fetchall()
        except apsw.SQLError:
            yield child


def refuse_mismatched(table: str, children: Sequence[links.Child]) -> None:
    """Raises InUse when there are any."""
    if children:
        used = [{"kind": "foreign key", "name": ", ".join(child.columns), "table": child.table} for child in children]
        error = InUse(f"The key of {table!r}", used)
        error.hint = "Drop those foreign keys first, with `drop_foreign_key` of their tables."
        raise error
