"""The log's tables in the user's file, and the statements on them."""

import time
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import apsw
import msgspec

from rolltop.data.cause import Cause

TABLE = "_rolltop_log"
PART_BYTES = 256 * 1024
"""A changeset larger than this lies in parts of about so many bytes, so that nobody holds all of it."""

# `bytes` stands before `changes`: SQLite reads a row from the left, and never the blob for the sum of sizes.
_TABLES = """
CREATE TABLE IF NOT EXISTS _rolltop_log (
    id INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given twice: scripts keep it
    at INTEGER NOT NULL,                   -- microseconds since 1970
    actor TEXT NOT NULL,
    kind TEXT NOT NULL,
    title TEXT,
    job TEXT,                              -- the job that it was made by
    tbl TEXT,                              -- the table that was meant
    key TEXT,                              -- the key of the only row, as JSON
    row_count INTEGER NOT NULL,
    bytes INTEGER NOT NULL,                -- what the entry takes in the file, about
    total INTEGER NOT NULL,                -- of this and all before it, so that a span's size needs no sum
    of INTEGER,                            -- the change that this one takes back
    undone_by INTEGER,
    lost TEXT,                             -- why it cannot be undone
    tables TEXT,                           -- {name: shape}, as JSON
    steps TEXT,                            -- of a schema change: what became different, as JSON
    words TEXT,                            -- of a schema change: what people called its tables before, as JSON
    changes BLOB                           -- the changeset; NULL when it lies in parts
);
CREATE INDEX IF NOT EXISTS _rolltop_log_by_table ON _rolltop_log (tbl, key);
CREATE TABLE IF NOT EXISTS _rolltop_log_also (
    change INTEGER NOT NULL,
    tbl TEXT NOT NULL,                     -- a table that it reached beside the one that was meant
    PRIMARY KEY (change, tbl)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS _rolltop_log_also_by_table ON _rolltop_log_also (tbl);
CREATE TABLE IF NOT EXISTS _rolltop_log_part (
    id INTEGER PRIMARY KEY,
    change INTEGER NOT NULL,
    bytes BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS _rolltop_log_part_by_change ON _rolltop_log_part (change);
CREATE TABLE IF NOT EXISTS _rolltop_log_shape (
    id INTEGER PRIMARY KEY,
    tbl TEXT NOT NULL,
    columns TEXT NOT NULL,                 -- names in the changeset's order, as JSON
    UNIQUE (tbl, columns)
);
CREATE TABLE IF NOT EXISTS _rolltop_log_kept (
    name TEXT PRIMARY KEY NOT NULL,        -- of the hidden table
    tbl TEXT NOT NULL,                     -- what it was called
    how TEXT,                              -- NULL: it was renamed; else how a bare copy becomes a table again
    change INTEGER,                        -- the change that it is kept for
    bytes INTEGER                          -- NULL until it was measured
);
CREATE TABLE IF NOT EXISTS _rolltop_log_state (
    on_off INTEGER NOT NULL,
    trimmed INTEGER NOT NULL DEFAULT 0,    -- how many entries were let go
    trimmed_bytes INTEGER NOT NULL DEFAULT 0,
    trimmed_at INTEGER
);
"""

_INSERT = (
    "INSERT INTO _rolltop_log "
    "(at, actor, kind, title, job, tbl, key, row_count, bytes, total, of, lost, tables, steps, words, changes) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?9, ?9 + coalesce((SELECT total FROM _rolltop_log ORDER BY id DESC LIMIT 1), 0), "
    "?, ?, ?, ?, ?, ?)"
)
_ENTRY = (
    "SELECT id, at, actor, kind, title, job, tbl, key, row_count, bytes, of, undone_by, lost, tables, steps, words "
    "FROM _rolltop_log"
)

ENTRY_BYTES = 150
"""What an entry takes in the file beside its changeset: the line, its part of an index (measured)."""


class Entry(NamedTuple):
    """A line of the log, without its changeset."""

    id: int
    at: int
    actor: str
    kind: str
    title: str | None
    job: str | None
    table: str | None
    key: str | None
    rows: int
    bytes: int
    of: int | None
    undone_by: int | None
    lost: str | None
    tables: str | None
    steps: str | None
    words: str | None


def is_there(connection: apsw.Connection) -> bool:
    """Whether the file has a log."""
    return bool(connection.execute("SELECT 1 FROM sqlite_schema WHERE name = '_rolltop_log_state'").fetchall())


def is_on(connection: apsw.Connection) -> bool:
    """Whether writes are to be recorded: a file without a log says no."""
    return is_there(connection) and bool(connection.execute("SELECT on_off FROM _rolltop_log_state").get)


def switch(connection: apsw.Connection, *, on: bool) -> None:
    """Make the log if it is not there, and remember whether it is on."""
    if not on and not is_there(connection):
        return
    connection.execute(_TABLES)
    connection.execute(
        "INSERT INTO _rolltop_log_state (on_off) SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM _rolltop_log_state)"
    )
    connection.execute("UPDATE _rolltop_log_state SET on_off = ?", (int(on),))


def add(
    connection: apsw.Connection,
    cause: Cause,
    *,
    table: str | None,
    rows: int,
    size: int = 0,
    key: str | None = None,
    lost: str | None = None,
    tables: str | None = None,
    steps: str | None = None,
    changes: bytes | None = None,
    also: Iterable[str] = (),
) -> int:
    """Add a line; its number, which the cause gets too. `also` names the tables beside `table` that it is about."""
    at = time.time_ns() // 1_000
    size += ENTRY_BYTES + len(steps or "") + len(cause.words or "")
    connection.execute(
        _INSERT,
        (
            at, cause.actor, cause.kind, cause.title, cause.job, table, key, rows, size, cause.of, lost, tables, steps,
            cause.words, changes,
        ),
    )  # fmt: skip
    cause.change = connection.last_insert_rowid()
    for name in sorted({*also} - {table}):
        connection.execute("INSERT INTO _rolltop_log_also VALUES (?, ?)", (cause.change, name))
    return cause.change


def add_part(connection: apsw.Connection, change: int, part: bytes) -> None:
    connection.execute("INSERT INTO _rolltop_log_part (change, bytes) VALUES (?, ?)", (change, part))


def next_number(connection: apsw.Connection) -> int:
    """The number that the next line will get."""
    return 1 + int(connection.execute("SELECT seq FROM sqlite_sequence WHERE name = '_rolltop_log'").get or 0)


def shape(connection: apsw.Connection, table: str, columns: list[str]) -> int:
    """The number of a table's form at one time; a new one when it is new."""
    text = msgspec.json.encode(columns).decode()
    known = connection.execute("SELECT id FROM _rolltop_log_shape WHERE tbl = ? AND columns = ?", (table, text)).get
    if known is not None:
        return int(known)
    connection.execute("INSERT INTO _rolltop_log_shape (tbl, columns) VALUES (?, ?)", (table, text))
    return connection.last_insert_rowid()


def shapes(connection: apsw.Connection, entry: Entry) -> dict[str, list[str]]:
    """The columns of each table of the entry, in the changeset's order, as they were then."""
    numbers: dict[str, int] = msgspec.json.decode(entry.tables or "{}")
    return {
        name: msgspec.json.decode(
            str(connection.execute("SELECT columns FROM _rolltop_log_shape WHERE id = ?", (number,)).get)
        )
        for name, number in numbers.items()
    }


def entry(connection: apsw.Connection, number: int) -> Entry | None:
    """The line of that number."""
    row = connection.execute(f"{_ENTRY} WHERE id = ?", (number,)).fetchone()
    return None if row is None else Entry(*row)


def entries(connection: apsw.Connection, where: str, bindings: tuple[Any, ...], limit: int) -> list[Entry]:
    """Lines, newest first."""
    sql = f"{_ENTRY} WHERE {where} ORDER BY id DESC LIMIT ?"
    return [Entry(*row) for row in connection.execute(sql, (*bindings, limit))]


def changeset(connection: apsw.Connection, number: int) -> Iterator[bytes]:
    """The changeset in the order of its bytes; nothing when there is none."""
    whole = connection.execute("SELECT changes FROM _rolltop_log WHERE id = ?", (number,)).get
    if whole is not None:
        yield bytes(whole)
        return
    after = 0
    sql = "SELECT id, bytes FROM _rolltop_log_part WHERE change = ? AND id > ? ORDER BY id LIMIT 1"
    while (row := connection.execute(sql, (number, after)).fetchone()) is not None:
        after = row[0]
        yield row[1]


def stream(parts: Iterator[bytes]) -> Any:
    """A changeset as SQLite asks for it: a function of the most bytes wanted."""
    rest = b""

    def read(most: int) -> bytes:
        nonlocal rest
        if not rest:
            rest = next(parts, b"")
        piece, rest = rest[:most], rest[most:]
        return piece

    return read


def mark_undone(connection: apsw.Connection, number: int, by: int | None) -> None:
    connection.execute("UPDATE _rolltop_log SET undone_by = ? WHERE id = ?", (by, number))


def copy_steps(connection: apsw.Connection, source: int, target: int) -> None:
    connection.execute(
        "UPDATE _rolltop_log SET steps = (SELECT steps FROM _rolltop_log WHERE id = ?) WHERE id = ?", (source, target)
    )


def own_kept(connection: apsw.Connection, change: int) -> None:
    """The tables that have just been kept are kept for this change."""
    connection.execute("UPDATE _rolltop_log_kept SET change = ? WHERE change IS NULL", (change,))
