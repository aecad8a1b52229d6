"""What a change of the schema made different, and how that is taken back.

    schema before ─ work ─▶ schema after        the difference is recorded: forms, names, and the tables that were kept
    undo: the later objects go, the tables get their earlier forms, the earlier objects come back

Whatever the work did, by whatever statements, is seen by what the schema says before and after. A table is the same one
as long as its root page is: under another name or with more columns its rows are still there. To undo is a change of
the schema like any other, so redo needs nothing more.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import apsw
import msgspec

from rolltop.data import functions
from rolltop.data.history import kept
from rolltop.data.quoting import quote
from rolltop.data.reflect import is_hidden
from rolltop.errors import Conflict


class KeysBroken(Conflict):
    """Rows would point to rows that are not there."""

    code = "23503"


class SchemaMoved(Conflict):
    """The schema is not as the change left it."""

    code = "history.schema_changed"


class Thing(NamedTuple):
    """A table, index, trigger or view."""

    kind: str
    name: str
    table: str
    sql: str
    root: int = 0


class Reshaped(NamedTuple):
    """A table of the difference. None for `before`: it is new; for `after`: it is gone."""

    before: str | None
    after: str | None
    sql: str | None = None
    """How it was made before."""
    now: str | None = None
    kept: str | None = None
    """Where the rows of `before` lie, when `after` does not hold them."""
    narrower: bool = False
    """Whether it had fewer columns before."""


class Difference(NamedTuple):
    """All that one change of the schema did."""

    tables: list[Reshaped]
    gone: list[Thing]
    come: list[Thing]

    @property
    def endangered(self) -> list[str]:
        """The tables of now whose rows, or some of their cells, go out of sight when this is undone."""
        return [
            each.after
            for each in self.tables
            if each.after is not None and (each.before is None or each.kept is not None or each.narrower)
        ]


class Before(NamedTuple):
    """The schema, and how many tables were kept, when the work began."""

    things: dict[tuple[str, str], Thing]
    last_kept: int


def seen(connection: apsw.Connection) -> Before:
    """The schema as it is now."""
    last = connection.execute("SELECT max(rowid) FROM _rolltop_log_kept").get
    return Before(_things(connection), int(str(last or 0)))


def difference(connection: apsw.Connection, before: Before) -> tuple[Difference, list[str]]:
    """What became different, and the tables whose rows were not kept."""
    now = _things(connection)
    sql = "SELECT tbl, name FROM _rolltop_log_kept WHERE rowid > ? ORDER BY rowid DESC"
    retired = {str(table): str(name) for table, name in connection.execute(sql, (before.last_kept,))}
    by_root = {thing.root: thing for thing in now.values() if thing.kind == "table"}
    tables: list[Reshaped] = []
    lost: list[str] = []
    images: set[str] = set()
    gone_tables = [thing for thing in before.things.values() if thing.kind == "table"]
    for was in gone_tables:
        if was.name in retired:
            continue
        found = by_root.get(was.root)
        if found is None:
            lost.append(was.name)
            continue
        images.add(found.name)
        if (found.name, found.sql) != (was.name, was.sql):
            narrower = len(kept.plain_columns(connection, found.name)[0]) > len(_columns_of(was.sql) or ())
            tables.append(Reshaped(was.name, found.name, was.sql, found.sql, None, narrower))
    new = {thing.name: thing for thing in now.values() if thing.kind == "table" and thing.name not in images}
    for was in gone_tables:
        if was.name in retired:
            successor = new.pop(was.name, None)
            after, text = (None, None) if successor is None else (successor.name, successor.sql)
            tables.append(Reshaped(was.name, after, was.sql, text, retired[was.name]))
    tables += [Reshaped(None, thing.name, None, thing.sql) for thing in new.values()]
    touched = {name for each in tables for name in (each.before, each.after) if name is not None}
    gone = [each for key, each in before.things.items() if _differs(each, now.get(key), touched)]
    come = [each for key, each in now.items() if _differs(each, before.things.get(key), touched)]
    return Difference(tables, gone, come), lost


def take_back(connection: apsw.Connection, done: Difference) -> None:
    """Make the schema again what it was before.

    Raises:
        SchemaMoved: it is not what the change left.
        KeysBroken: rows would point to rows that are gone meanwhile.
    """
    _refuse_moved(connection, done)
    involved = [name for each in done.tables for name in (each.before, each.after) if name is not None]
    before = {name: count_broken(connection, name) for name in with_children(connection, involved)}
    connection.config(apsw.SQLITE_DBCONFIG_DQS_DDL, 1)  # what is in the file may be as older SQLite allowed
    try:
        with kept.renaming_nothing_else(connection):
            _take_back(connection, done)
    except (apsw.SQLError, apsw.ConstraintError) as error:
        raise _moved(str(error)) from error
    finally:
        connection.config(apsw.SQLITE_DBCONFIG_DQS_DDL, 0)
    for name in with_children(connection, involved):
        if count_broken(connection, name) > before.get(name, 0):
            raise keys_broken(connection, name)


def _take_back(connection: apsw.Connection, done: Difference) -> None:
    for thing in done.come:
        if thing.kind == "virtual":
            connection.execute(f"DROP TABLE {quote(thing.name)}")
        else:
            connection.execute(f"DROP {thing.kind} IF EXISTS {quote(thing.name)}")
    same = [each for each in done.tables if each.kept is None and each.before is not None and each.after is not None]
    for each in done.tables:
        if each.after is not None and each not in same:
            kept.retire(connection, each.after)
    for each in same:
        kept.remake(connection, str(each.after), str(each.before), str(each.sql))
    for each in done.tables:
        if each.kept is not None:
            kept.restore(connection, each.kept)
            before, sql = str(each.before), str(each.sql)
            if _columns_of(sql) not in (None, kept.plain_columns(connection, before)[0]):
                kept.remake(connection, before, before, sql)  # its columns were renamed before it was kept
    for thing in done.gone:
        connection.execute(thing.sql)
        if thing.kind == "virtual" and "content" in thing.sql.lower():
            name = quote(thing.name)
            connection.execute(f"INSERT INTO {name} ({name}) VALUES ('rebuild')")  # noqa: S608 (quoted)


def _refuse_moved(connection: apsw.Connection, done: Difference) -> None:
    now = {name: thing for (_, name), thing in _things(connection).items()}
    for each in done.tables:
        if each.after is not None and (each.after not in now or now[each.after].sql != each.now):
            raise _moved(f"The table {each.after!r} has been changed since.")
    left = {each.after for each in done.tables} | {thing.name for thing in done.come}
    for thing in done.come:
        if thing.name not in now or now[thing.name].sql != thing.sql:
            raise _moved(f"The {thing.kind} {thing.name!r} has been changed since.")
    for name in [*(each.before for each in done.tables), *(thing.name for thing in done.gone)]:
        if name is not None and name in now and name not in left:
            raise _moved(f"The name {name!r} has been taken since.")


def _moved(details: str) -> SchemaMoved:
    return SchemaMoved(
        "The schema is not as the change left it.",
        details=details,
        hint="Undo the later changes of the schema first; GET /api/history?kind=schema lists them.",
    )


def _things(connection: apsw.Connection) -> dict[tuple[str, str], Thing]:
    """The user's objects, by kind and name, in the order in which they can be made."""
    shadows = {str(row[0]) for row in connection.execute("SELECT name FROM pragma_table_list WHERE type = 'shadow'")}
    found: dict[tuple[str, str], Thing] = {}
    for row in connection.execute("SELECT type, name, tbl_name, sql, rootpage FROM sqlite_schema ORDER BY rowid"):
        kind, name, table, sql, root = str(row[0]), str(row[1]), str(row[2]), row[3], row[4]
        if sql is None or is_hidden(name) or is_hidden(table) or name in shadows or table in shadows:
            continue
        if kind == "table" and not root:
            kind = "virtual"
        found[kind, name] = Thing(kind, name, table, str(sql), int(str(root or 0)))
    order = ["table", "index", "view", "virtual", "trigger"]
    return dict(sorted(found.items(), key=lambda item: order.index(item[0][0])))


def _differs(one: Thing, other: Thing | None, touched: set[str]) -> bool:
    """Whether a thing must be made again: it is different, or goes with its table."""
    if one.kind == "table":
        return False
    goes_along = one.kind in ("index", "trigger") and one.table in touched
    return goes_along or other is None or other.sql != one.sql


def _columns_of(sql: str) -> list[str] | None:
    """The columns of a table that is made so; None when it cannot be made without what its file had."""
    scratch = apsw.Connection(":memory:")
    try:
        scratch.config(apsw.SQLITE_DBCONFIG_DQS_DDL, 1)
        functions.register(scratch)
        scratch.execute(sql)
        name = str(scratch.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").get)
        return kept.plain_columns(scratch, name)[0]
    except apsw.SQLError:
        return None
    finally:
        scratch.close()


# ---- keys ------------------------------------------------------------------------------------------------------------


def count_broken(connection: apsw.Connection, table: str) -> int:
    """How many rows point to nowhere; a file of others may have some."""
    if not connection.execute("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?", (table,)).fetchall():
        return 0
    try:
        return int(str(connection.execute("SELECT count(*) FROM pragma_foreign_key_check(?)", (table,)).get))
    except apsw.SQLError:  # a key that refers to what is no key: SQLite refuses to look, and to enforce it
        return 0


def with_children(connection: apsw.Connection, tables: Iterable[str]) -> list[str]:
    """The tables, and those whose rows point to them."""
    tables = list(tables)
    sql = (
        "SELECT DISTINCT s.name FROM sqlite_schema AS s, pragma_foreign_key_list(s.name) AS k "
        "WHERE s.type = 'table' AND lower(k.\"table\") IN (SELECT lower(value) FROM json_each(?))"
    )
    children = connection.execute(sql, (msgspec.json.encode(tables).decode(),)).fetchall()
    return list(dict.fromkeys([*tables, *(str(row[0]) for row in children)]))


def keys_broken(connection: apsw.Connection, table: str) -> KeysBroken:
    """Which rows of a table point to nowhere."""
    rows: list[tuple[Any, ...]] = connection.execute(
        "SELECT * FROM pragma_foreign_key_check(?) LIMIT 20", (table,)
    ).fetchall()
    return KeysBroken(
        f"Rows of {table!r} would point to rows of {rows[0][2]!r} that are not there.",
        details={"rows": [{"table": row[0], "rowid": row[1], "references": row[2]} for row in rows]},
        hint="Bring those rows back first, or change the rows that point to them.",
    )
