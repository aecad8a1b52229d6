"""An empty copy of a file's schema in memory: where changes are rehearsed, and where SQLite says who uses what."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import apsw

from rolltop.data import ddl, functions, quote

_NO_SUCH_TRIGGER = re.compile(r"cannot modify .* because it is a view", re.DOTALL)
"""A view need not have a trigger for every kind of statement."""

Named = tuple[str, str]
"""Kind (view or trigger) and name."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of sqlite_schema."""

    kind: str
    name: str
    table: str
    sql: str


Snapshot = tuple[Entry, ...]


def snapshot(connection: apsw.Connection) -> Snapshot:
    """Everything that is declared, in the order of its making."""
    sql = """
        SELECT type, name, tbl_name, sql FROM sqlite_schema
        WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite#_%' ESCAPE '#' ORDER BY rowid
    """
    return tuple(Entry(*row) for row in connection.execute(sql))


@contextmanager
def lenient(connection: apsw.Connection) -> Iterator[None]:
    """SQL that is in the file already may take \"text\" for 'text', as older SQLite allowed."""
    connection.config(apsw.SQLITE_DBCONFIG_DQS_DDL, 1)
    try:
        yield
    finally:
        connection.config(apsw.SQLITE_DBCONFIG_DQS_DDL, 0)


@contextmanager
def twin(entries: Snapshot) -> Iterator[apsw.Connection]:
    """A connection to the copy. What the library does not know (a module, a function) is missing in it."""
    connection = apsw.Connection(":memory:")
    try:
        connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
        connection.config(apsw.SQLITE_DBCONFIG_DQS_DML, 0)
        connection.execute("PRAGMA trusted_schema = OFF")
        functions.register(connection)
        with lenient(connection):
            for kinds in (("table",), ("index",), ("view", "trigger")):
                for entry in entries:
                    if entry.kind in kinds:
                        _make(connection, entry)
        yield connection
    finally:
        connection.close()


def _make(connection: apsw.Connection, entry: Entry) -> None:
    try:
        connection.execute(entry.sql)
    except apsw.Error:
        return  # a shadow table that its virtual table has made, or what this library does not know


def broken(connection: apsw.Connection) -> dict[Named, str]:
    """The views and triggers of a twin that do not work, and why."""
    found: dict[Named, str] = {}
    for name in _names(connection, "view"):
        error = _error(connection, f"SELECT * FROM {quote(name)} LIMIT 0")  # noqa: S608 (quoted)
        if error is not None:
            found["view", name] = error
    with _fired_by_any_column(connection) as waiting:
        for table in _triggered(connection):
            if any(_error(connection, statement) for statement in _firing(connection, table)):
                found |= _broken_triggers(connection, table)
            there = _columns(connection, table)
            for trigger, columns in waiting.get(table, {}).items():
                missing = columns - there
                if missing:
                    found.setdefault(("trigger", trigger), f"no such column: {min(missing)}")
    return found


def reads(connection: apsw.Connection, table: str) -> dict[Named, set[str]]:
    """The views and triggers of a twin that use `table`, and which of its columns (in lower case)."""
    found: dict[Named, set[str]] = {}
    views = set(_names(connection, "view"))
    at = ""

    def _look(action: int, first: str | None, second: str | None, _database: str | None, inner: str | None) -> int:
        touches = action in (apsw.SQLITE_READ, apsw.SQLITE_UPDATE, apsw.SQLITE_INSERT, apsw.SQLITE_DELETE)
        if touches and (first or "").lower() == table.lower():
            columns = {(second or "").lower()} - {""}
            for who in {inner, at} - {None, ""}:
                kind = "view" if who in views else "trigger"
                found.setdefault((kind, str(who)), set()).update(columns)
        return apsw.SQLITE_OK

    connection.authorizer = _look
    try:
        for name in views:
            at = name
            _error(connection, f"SELECT * FROM {quote(name)} LIMIT 0")  # noqa: S608 (quoted)
        at = ""
        with _fired_by_any_column(connection) as waiting:
            for owner in _triggered(connection):
                for statement in _firing(connection, owner):
                    _error(connection, statement)
    finally:
        connection.authorizer = None
    for owner, named in waiting.items():
        if owner.lower() == table.lower():
            for trigger, columns in named.items():
                found.setdefault(("trigger", trigger), set()).update(columns)
    triggers = set(_names(connection, "trigger"))
    return {who: columns for who, columns in found.items() if who[0] == "view" or who[1] in triggers}


@contextmanager
def _fired_by_any_column(connection: apsw.Connection) -> Iterator[dict[str, dict[str, set[str]]]]:
    """Within it an UPDATE of any column compiles the triggers that wait for certain ones.

    Yields these columns (lower case) by table and trigger.
    """
    waiting: dict[str, dict[str, set[str]]] = {}
    rows = connection.execute("SELECT tbl_name, name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
    connection.execute("SAVEPOINT waiting")
    try:
        for table, name, sql in (map(str, row) for row in rows):
            span, columns = _waited_for(sql)
            if columns:
                waiting.setdefault(table, {})[name] = columns
                connection.execute(f"DROP TRIGGER {quote(name)}")
                with lenient(connection):
                    connection.execute(f"{sql[: span[0]]}{sql[span[1] :]}")
        yield waiting
    finally:
        connection.execute("ROLLBACK TO waiting")
        connection.execute("RELEASE waiting")


def _waited_for(trigger: str) -> tuple[tuple[int, int], set[str]]:
    """Where ` OF a, b` stands in a trigger's SQL, and its columns; none when it waits for no certain ones."""
    placed = ddl.placed_tokens(trigger)
    words = [token.word for token, _ in placed]
    at = next((at for at, word in enumerate(words) if word in ("INSERT", "UPDATE", "DELETE", "ON")), 0)
    if words[at : at + 2] != ["UPDATE", "OF"]:
        return (0, 0), set()
    end = words.index("ON", at)
    columns = {token.name.lower() for token, _ in placed[at + 2 : end] if token.kind == "name"}
    return (placed[at + 1][1][0], placed[end][1][0]), columns


def _columns(connection: apsw.Connection, table: str) -> set[str]:
    """The names of a table's columns, in lower case."""
    return {str(name).lower() for (name,) in connection.execute("SELECT name FROM pragma_table_xinfo(?)", (table,))}


def _names(connection: apsw.Connection, kind: str) -> list[str]:
    return [str(row[0]) for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = ?", (kind,))]


def _triggered(connection: apsw.Connection) -> list[str]:
    sql = "SELECT DISTINCT tbl_name FROM sqlite_schema WHERE type = 'trigger'"
    return [str(row[0]) for row in connection.execute(sql)]


def _firing(connection: apsw.Connection, table: str) -> list[str]:
    """Statements that compile every trigger of a table."""
    rows = connection.execute("SELECT name, hidden FROM pragma_table_xinfo(?)", (table,)).fetchall()
    columns = [quote(str(name)) for name, hidden in rows if hidden == 0]
    same = ", ".join(f"{column} = {column}" for column in columns)
    values = ", ".join(["NULL"] * len(columns))
    name = quote(table)
    return [
        f"EXPLAIN INSERT INTO {name} ({', '.join(columns)}) VALUES ({values})",  # noqa: S608 (names, quoted)
        f"EXPLAIN UPDATE {name} SET {same}",  # noqa: S608
        f"EXPLAIN DELETE FROM {name}",  # noqa: S608
    ]


def _error(connection: apsw.Connection, statement: str) -> str | None:
    try:
        connection.execute(statement)
    except apsw.Error as error:
        return None if _NO_SUCH_TRIGGER.fullmatch(str(error)) else str(error)
    return None


def _broken_triggers(connection: apsw.Connection, table: str) -> dict[Named, str]:
    """Which of a table's triggers fail, each looked at alone."""
    sql = "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND lower(tbl_name) = lower(?)"
    names = [str(row[0]) for row in connection.execute(sql, (table,))]
    found: dict[Named, str] = {}
    for name in names:
        connection.execute("SAVEPOINT alone")
        for other in names:
            if other != name:
                connection.execute(f"DROP TRIGGER {quote(other)}")
        errors = [error for statement in _firing(connection, table) if (error := _error(connection, statement))]
        connection.execute("ROLLBACK TO alone")
        connection.execute("RELEASE alone")
        if errors:
            found["trigger", name] = errors[0]
    return found
