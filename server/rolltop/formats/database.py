"""Tables of another SQLite file. It is read as data: no trigger, no view and no function of it is ever run."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw

from rolltop.data import quote
from rolltop.data.types import of_declared
from rolltop.formats.asked import Column, ForeignKey, Format, Index, Part, Structure, Told, Wish
from rolltop.formats.errors import Unreadable, damaged, no_part
from rolltop.formats.rowfile import Cell, RowWriter

_BY_NAME = {
    "boolean": "boolean", "bigint": "integer", "double precision": "real", "numeric": "decimal", "date": "date",
    "timestamp": "timestamp", "time": "time", "uuid": "uuid", "jsonb": "json", "bytea": "blob", "text": "text",
}  # fmt: skip
_LONGEST_VALUE = 64 << 20

Watch = Callable[[float], None]


def read(path: Path, _wanted: Format, wish: Wish, out: RowWriter, watch: Watch) -> Told:
    """Write the rows of a table, the wished one or the first that has some.

    Raises:
        Unreadable: the file is damaged or has no such table.
    """
    try:
        with closing(_opened(path)) as connection:
            parts = tuple(_parts(connection))
            name = wish.part if wish.part is not None else next((part.name for part in parts if part.rows), None)
            if name is None:
                raise Unreadable(
                    "The database has no table with rows.", hint="Choose another file.", code="imports.empty"
                )
            found = next((part for part in parts if part.name == name), None)
            if found is None:
                raise no_part(name, parts)
            return _written(connection, found, parts, out, watch)
    except (apsw.Error, UnicodeDecodeError) as error:
        raise damaged("SQLite file", error) from error


def _opened(path: Path) -> apsw.Connection:
    """Read only; nothing of its schema is trusted (threat model F4)."""
    # A file without its write-ahead log beside it is complete; SQLite would want to make one to read in that mode.
    frozen = "" if path.with_name(f"{path.name}-wal").exists() else "&immutable=1"
    uri = f"{path.absolute().as_uri()}?mode=ro{frozen}"
    connection = apsw.Connection(uri, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
    connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
    connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_VIEW, 0)
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0)
    connection.limit(apsw.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
    connection.execute("PRAGMA cell_size_check = ON; PRAGMA query_only = ON")
    return connection


def _parts(connection: apsw.Connection) -> Iterator[Part]:
    """Its ordinary tables; virtual ones are code, and what serves them is of no use without them."""
    listed = connection.execute("SELECT name, type FROM pragma_table_list WHERE schema = 'main'").fetchall()
    for name, kind in sorted((str(name), str(kind)) for name, kind in listed):
        if kind == "table" and not name.lower().startswith(("sqlite_", "_rolltop_")):
            rows = connection.execute(f"SELECT count(*) FROM {quote(name)}").get  # noqa: S608
            yield Part(name, "table", int(rows))


def _written(connection: apsw.Connection, part: Part, parts: tuple[Part, ...], out: RowWriter, watch: Watch) -> Told:
    table = quote(part.name)
    listed = connection.execute('SELECT name, type, "notnull", pk, hidden FROM pragma_table_xinfo(?)', (part.name,))
    columns = [
        (str(name), str(kind), bool(needed), int(key)) for name, kind, needed, key, hidden in listed if hidden == 0
    ]
    names = ", ".join(quote(name) for name, *_ in columns)
    total = max(part.rows or 1, 1)
    for row in connection.execute(f"SELECT {names} FROM {table}"):  # noqa: S608
        out.write([_cell(value) for value in row])
        if out.rows % 2000 == 0:
            watch(min(out.rows / total, 1.0))
    return Told(
        parts=parts,
        part=part.name,
        columns=tuple(Column(name, _BY_NAME[of_declared(kind).name] if kind else None) for name, kind, *_ in columns),
        rows=out.rows,
        structure=_structure(connection, part.name, columns),
    )


def _structure(connection: apsw.Connection, table: str, columns: Sequence[tuple[str, str, bool, int]]) -> Structure:
    keys = sorted((place, name) for name, _, _, place in columns if place)
    return Structure(
        primary_key=tuple(name for _, name in keys),
        not_null=tuple(name for name, _, needed, place in columns if needed and not place),
        indexes=tuple(_indexes(connection, table)),
        foreign_keys=tuple(_foreign_keys(connection, table)),
    )


def _indexes(connection: apsw.Connection, table: str) -> Iterator[Index]:
    """Those on plain columns and whole tables; expressions and conditions are code of another program."""
    listed = connection.execute('SELECT name, "unique", origin, partial FROM pragma_index_list(?)', (table,)).fetchall()
    for name, unique, origin, partial in listed:
        if origin == "pk" or partial:
            continue
        found = connection.execute("SELECT name FROM pragma_index_info(?) ORDER BY seqno", (name,)).fetchall()
        names = [column for (column,) in found]
        if all(isinstance(column, str) for column in names):
            yield Index(tuple(map(str, names)), bool(unique))


def _foreign_keys(connection: apsw.Connection, table: str) -> Iterator[ForeignKey]:
    listed = connection.execute(
        'SELECT id, "table", "from", "to", on_delete, on_update FROM pragma_foreign_key_list(?) ORDER BY id, seq',
        (table,),
    ).fetchall()
    for number in dict.fromkeys(row[0] for row in listed):
        rows = [row for row in listed if row[0] == number]
        parents = tuple(str(row[3]) for row in rows if row[3] is not None)
        yield ForeignKey(tuple(str(row[2]) for row in rows), str(rows[0][1]), parents, str(rows[0][4]), str(rows[0][5]))


def _cell(value: Any) -> Cell:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    return repr(value)
