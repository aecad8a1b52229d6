# ruff: noqa: S608 (names are quoted, values bound)
"""Tables that were dropped and are kept out of sight, with all their rows, until the history lets go of them.

A retired table is renamed, which takes no time whatever its size. One with foreign keys is copied into a bare table
first: in the kept one they would go on to forbid, or to follow, what happens to the rows they point to. So is one whose
rules name it.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import apsw
import msgspec

from rolltop.data.history import log
from rolltop.data.quoting import quote
from rolltop.kit.ids import new_id

PREFIX = "_rolltop_kept_"
_ROWIDS = ("rowid", "_rowid_", "oid")


class Bare(NamedTuple):
    """What a copy without rules needs to become the table again."""

    sql: str
    columns: list[str]
    sequence: int | None


def retire(connection: apsw.Connection, table: str) -> None:
    """In place of DROP TABLE: where the history is on, the rows are kept. Foreign keys must not be enforced now.

    The table's indexes and triggers go, as with DROP TABLE.
    """
    if not log.is_on(connection):
        connection.execute(f"DROP TABLE {quote(table)}")
        return
    objects = connection.execute(
        "SELECT type, name FROM sqlite_schema WHERE tbl_name = ? AND type IN ('index', 'trigger') AND sql IS NOT NULL",
        (table,),
    ).fetchall()
    for kind, name in objects:
        connection.execute(f"DROP {kind} {quote(str(name))}")
    kept = f"{PREFIX}{new_id()}"
    how = None if _renamed(connection, table, kept) else msgspec.json.encode(_copied(connection, table, kept)).decode()
    connection.execute("INSERT INTO _rolltop_log_kept (name, tbl, how) VALUES (?, ?, ?)", (kept, table, how))


def _renamed(connection: apsw.Connection, table: str, kept: str) -> bool:
    """Rename the table, if it may bear its rules under another name."""
    if connection.execute("SELECT 1 FROM pragma_foreign_key_list(?)", (table,)).fetchall():
        return False
    try:
        with renaming_nothing_else(connection):
            connection.execute(f"ALTER TABLE {quote(table)} RENAME TO {quote(kept)}")
    except apsw.SQLError:  # its rules name their columns with the table
        return False
    return True


def _copied(connection: apsw.Connection, table: str, kept: str) -> Bare:
    """Copy the rows into a table without rules, and drop theirs."""
    columns, rowid = plain_columns(connection, table)
    listed = ", ".join(map(quote, [*rowid, *columns]))
    sql = str(connection.execute("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?", (table,)).get)
    bare = Bare(sql, [*rowid, *columns], _sequence(connection, table))
    connection.execute(f"CREATE TABLE {quote(kept)} ({', '.join(map(quote, columns))})")
    connection.execute(f"INSERT INTO {quote(kept)} ({listed}) SELECT {listed} FROM {quote(table)}")
    connection.execute(f"DROP TABLE {quote(table)}")
    return bare


def restore(connection: apsw.Connection, kept: str) -> None:
    """Bring a kept table back under its name; its indexes and triggers are the caller's."""
    row = connection.execute("SELECT tbl, how FROM _rolltop_log_kept WHERE name = ?", (kept,)).fetchone()
    if row is None:
        raise apsw.SQLError(f"no such table: {kept}")
    table, how = str(row[0]), row[1]
    if how is None:
        with renaming_nothing_else(connection):
            connection.execute(f"ALTER TABLE {quote(kept)} RENAME TO {quote(table)}")
    else:
        bare = msgspec.json.decode(str(how), type=Bare)
        connection.execute(bare.sql)
        listed = ", ".join(map(quote, bare.columns))
        connection.execute(f"INSERT INTO {quote(table)} ({listed}) SELECT {listed} FROM {quote(kept)}")
        connection.execute(f"DROP TABLE {quote(kept)}")
        _go_on_counting(connection, table, bare.sequence)
    connection.execute("DELETE FROM _rolltop_log_kept WHERE name = ?", (kept,))


def remake(connection: apsw.Connection, table: str, before: str, sql: str) -> None:
    """Give a table its earlier form and name, `before` by `sql`; the present form is kept.

    The columns stand in for one another by their places, so renamed ones are the same and later ones are left out.
    """
    retire(connection, table)
    kept, how = connection.execute("SELECT name, how FROM _rolltop_log_kept ORDER BY rowid DESC LIMIT 1").fetchall()[0]
    connection.execute(sql)
    columns, rowid = plain_columns(connection, before)
    here = plain_columns(connection, str(kept))[0][: len(columns)]
    target = ", ".join(map(quote, [*rowid, *columns[: len(here)]]))
    source = ", ".join(map(quote, [*rowid, *here]))
    connection.execute(f"INSERT INTO {quote(before)} ({target}) SELECT {source} FROM {quote(str(kept))}")
    sequence = _sequence(connection, str(kept)) if how is None else msgspec.json.decode(str(how), type=Bare).sequence
    _go_on_counting(connection, before, sequence)


def thin_out(connection: apsw.Connection, kept: str, rows: int) -> bool:
    """Take so many rows out of a kept table, or the table when none is left; whether it is still there.

    To drop a large table at once would hold the writer up for as long as it takes to read it.
    """
    key = _key(connection, kept)
    if key:
        listed = ", ".join(map(quote, key))
        chosen = f"SELECT {listed} FROM {quote(kept)} LIMIT ?"
        connection.execute(f"DELETE FROM {quote(kept)} WHERE ({listed}) IN ({chosen})", (rows,))
        if connection.changes():
            return True
    connection.execute(f"DROP TABLE IF EXISTS {quote(kept)}")
    return False


def _key(connection: apsw.Connection, table: str) -> list[str]:
    """What names a row: the rowid, or the key where there is none; nothing where no name is left for the rowid."""
    found = connection.execute("SELECT name, pk FROM pragma_table_xinfo(?)", (table,)).fetchall()
    if connection.execute("SELECT wr FROM pragma_table_list(?) WHERE schema = 'main'", (table,)).get:
        return [str(name) for name, place in found if place]
    return _free_rowids(str(name) for name, _ in found)


def _free_rowids(columns: Iterable[str]) -> list[str]:
    """The names of the rowid that no column takes."""
    taken = {name.lower() for name in columns}
    return [name for name in _ROWIDS if name not in taken][:1]


@contextmanager
def renaming_nothing_else(connection: apsw.Connection) -> Iterator[None]:
    """Foreign keys, views and triggers of others go on to mean the name of a table that is renamed meanwhile."""
    was = connection.execute("PRAGMA legacy_alter_table").get
    connection.execute("PRAGMA legacy_alter_table = ON")
    try:
        yield
    finally:
        connection.execute(f"PRAGMA legacy_alter_table = {was}")


def plain_columns(connection: apsw.Connection, table: str) -> tuple[list[str], list[str]]:
    """What a copy must hold: every column that is not computed, and the rowid where no column is it."""
    found = connection.execute("SELECT name, pk, hidden FROM pragma_table_xinfo(?)", (table,)).fetchall()
    rows = [(str(name), bool(pk), bool(hidden)) for name, pk, hidden in found]
    columns = [name for name, _, hidden in rows if not hidden]
    indexed = connection.execute("SELECT 1 FROM pragma_index_list(?) WHERE origin = 'pk'", (table,)).fetchall()
    is_rowid = sum(pk for _, pk, _ in rows) == 1 and not indexed
    listed = "SELECT wr FROM pragma_table_list(?) WHERE schema = 'main'"
    if is_rowid or connection.execute(listed, (table,)).get:
        return columns, []
    return columns, _free_rowids(name for name, _, _ in rows)


def _sequence(connection: apsw.Connection, table: str) -> int | None:
    """Where the table's AUTOINCREMENT is; the log has one, so SQLite's table of them is there."""
    found = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).get
    return None if found is None else int(str(found))


def _go_on_counting(connection: apsw.Connection, table: str, sequence: int | None) -> None:
    if sequence is not None and _sequence(connection, table) is not None:
        connection.execute("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", (sequence, table))
    elif sequence is not None and "AUTOINCREMENT" in str(
        connection.execute("SELECT upper(sql) FROM sqlite_schema WHERE name = ?", (table,)).get
    ):
        connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, sequence))
