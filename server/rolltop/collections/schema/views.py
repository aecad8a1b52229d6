"""Views: saved SELECTs that are read like tables."""

import apsw

from rolltop.collections.schema.expressions import select
from rolltop.data import ddl, quote


def create(connection: apsw.Connection, name: str, statement: str, place: str = "select") -> None:
    """Make a view; what it reads is tried out on the twin."""
    connection.execute(f"CREATE VIEW {quote(name)} AS {select(statement, place)}")


def rename(connection: apsw.Connection, name: str, new: str) -> None:
    """Give a view another name, which SQLite has no statement for: it is made again in its author's words."""
    sql = source(connection, name)
    spans = [span for _, span in ddl.placed_tokens(sql)]  # CREATE VIEW name …
    _make_again(connection, name, f"CREATE VIEW {quote(new)}{sql[spans[2][1] :]}", new)


def change(connection: apsw.Connection, name: str, statement: str) -> None:
    """Let a view show something else."""
    _make_again(connection, name, f"CREATE VIEW {quote(name)} AS {select(statement, 'select')}", name)


def source(connection: apsw.Connection, name: str) -> str:
    """The SQL of a view."""
    return str(connection.execute("SELECT sql FROM sqlite_schema WHERE type = 'view' AND name = ?", (name,)).get)


def _make_again(connection: apsw.Connection, name: str, sql: str, new: str) -> None:
    """Triggers of a view go with it, so they are made again, too."""
    rows = connection.execute("SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?", (name,))
    triggers = [str(row[0]) for row in rows]
    connection.execute(f"DROP VIEW {quote(name)}")
    connection.execute(sql)
    for trigger in triggers:
        connection.execute(_on(trigger, new))


def _on(trigger: str, view: str) -> str:
    """A trigger's SQL for a view of another name."""
    placed = ddl.placed_tokens(trigger)
    at = next(at for at, (token, _) in enumerate(placed) if token.word == "ON")
    start, end = placed[at + 1][1]
    return f"{trigger[:start]}{quote(view)}{trigger[end:]}"
