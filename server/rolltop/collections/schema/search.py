"""Full-text search over chosen columns: an FTS5 index over the table's own rows, kept by triggers.

It is plain SQLite that any tool reads and writes through: `SELECT rowid FROM films_fts('night')`.
"""

from collections.abc import Sequence

import apsw

from rolltop.collections.schema.errors import BadSearch
from rolltop.data import ddl, quote
from rolltop.data.definition import TableText
from rolltop.data.quoting import quote_text
from rolltop.data.reflect import fts_trigger_names

TOKENIZER = "porter unicode61"


def index_name(table: str) -> str:
    """The name of a table's search index."""
    return f"{table}_fts"


def create(connection: apsw.Connection, table: str, text: TableText, columns: Sequence[str]) -> None:
    """Make the index and fill it.

    Raises:
        BadSearch: the table's rows have no lasting number, or a column cannot be searched.
    """
    rowid = text.rowid_alias
    if rowid is None:
        raise BadSearch(
            f"{table!r} has no integer primary key, by which a search finds its rows.",
            hint="Add a column `id` of type integer and make it the primary key first.",
        )
    try:
        connection.execute(_index(table, columns, rowid))
        for statement in _triggers(table, columns, rowid):
            connection.execute(statement)
    except apsw.SQLError as error:
        raise BadSearch(
            f"{table!r} cannot be searched by {', '.join(map(repr, columns))}: {error}.",
            hint="Columns named `rank` or `rowid` cannot be searched; rename them first.",
        ) from error
    name = quote(index_name(table))
    connection.execute(f"INSERT INTO {name} ({name}) VALUES ('rebuild')")  # noqa: S608 (quoted)


def drop(connection: apsw.Connection, table: str) -> None:
    """Delete the index and its triggers."""
    for trigger in fts_trigger_names(table):
        connection.execute(f"DROP TRIGGER IF EXISTS {quote(trigger)}")
    connection.execute(f"DROP TABLE IF EXISTS {quote(index_name(table))}")


def present(connection: apsw.Connection, table: str, text: TableText) -> list[str]:
    """The columns of the table's own search; none when it has none that Rolltop made."""
    found = connection.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (index_name(table),)).get
    if found is None or text.rowid_alias is None:
        return []
    columns = _columns(connection, index_name(table))
    return columns if found == _index(table, columns, text.rowid_alias) else []


def of_others(connection: apsw.Connection, table: str) -> list[tuple[str, list[str]]]:
    """Search indexes over this table that other programs made, with their columns."""
    found = []
    sql = "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND sql LIKE 'create virtual table%fts%'"
    for name, statement in connection.execute(sql).fetchall():
        index = str(name)
        tokens = ddl.tokens_of(str(statement))
        content = next(
            (
                tokens[at + 2].name
                for at, token in enumerate(tokens[:-2])
                if token.word == "CONTENT" and tokens[at + 1].text == "="
            ),
            None,
        )
        if content is not None and content.lower() == table.lower() and index.lower() != index_name(table).lower():
            found.append((index, _columns(connection, index)))
    return found


def _columns(connection: apsw.Connection, name: str) -> list[str]:
    sql = "SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0"
    return [str(row[0]) for row in connection.execute(sql, (name,))]


def _index(table: str, columns: Sequence[str], rowid: str) -> str:
    options = {"content": table, "content_rowid": rowid, "tokenize": TOKENIZER}
    parts = [*map(quote, columns), *(f"{key}={quote_text(value)}" for key, value in options.items())]
    return f"CREATE VIRTUAL TABLE {quote(index_name(table))} USING fts5({', '.join(parts)})"


def _triggers(table: str, columns: Sequence[str], rowid: str) -> list[str]:
    """After each write the old words go and the new ones come (sqlite.org/fts5.html, section 4.4.3)."""
    name, listed = quote(index_name(table)), ", ".join(map(quote, columns))
    new = ", ".join(f"new.{quote(column)}" for column in (rowid, *columns))
    old = ", ".join(f"old.{quote(column)}" for column in (rowid, *columns))
    come = f"INSERT INTO {name} (rowid, {listed}) VALUES ({new});"  # noqa: S608 (names, quoted)
    go = f"INSERT INTO {name} ({name}, rowid, {listed}) VALUES ('delete', {old});"  # noqa: S608
    inserted, deleted, updated = map(quote, fts_trigger_names(table))
    on = quote(table)
    return [
        f"CREATE TRIGGER {inserted} AFTER INSERT ON {on} BEGIN {come} END",
        f"CREATE TRIGGER {deleted} AFTER DELETE ON {on} BEGIN {go} END",
        f"CREATE TRIGGER {updated} AFTER UPDATE ON {on} BEGIN {go} {come} END",
    ]
