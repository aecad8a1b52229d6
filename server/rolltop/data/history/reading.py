"""Reads the log: its lines, the rows of one change, the changes of one row."""

import time
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Literal, NamedTuple

import apsw
import msgspec

from rolltop.data.history import log
from rolltop.data.history.values import Cells, after, before, cells, key_of, key_text

LOOK_SECONDS = 1.0
"""So long is looked through changes of many rows for those of one; then the page ends, and the next goes on there."""

Op = Literal["insert", "update", "delete"]
_OPS: dict[str, Op] = {"INSERT": "insert", "UPDATE": "update", "DELETE": "delete"}


class Wanted(NamedTuple):
    """Which lines; None: whatever it is."""

    before: int | None = None
    """Only with smaller numbers."""
    table: str | None = None
    actor: str | None = None
    kinds: Sequence[str] = ()
    job: str | None = None
    since: int | None = None
    """Microseconds since 1970."""
    until: int | None = None


class RowChanged(NamedTuple):
    """A row of a change. `before` is None for a new row, `after` for one that went; an update has what differs."""

    number: int
    """Its place in the change, from 1."""
    table: str
    op: Op
    key: Cells
    before: Cells | None
    after: Cells | None


class Page(NamedTuple):
    """Some changes of one row, and the number from which to go on; None when there are no more."""

    rows: list[tuple[log.Entry, RowChanged]]
    next: int | None


def entries(connection: apsw.Connection, wanted: Wanted, limit: int) -> list[log.Entry]:
    """Lines, newest first."""
    if not log.is_there(connection):
        return []
    conditions = {
        "id < ?": wanted.before,
        "actor = ?": wanted.actor,
        "job = ?": wanted.job,
        "at >= ?": wanted.since,
        "at < ?": wanted.until,
        "kind IN (SELECT value FROM json_each(?))": msgspec.json.encode(wanted.kinds).decode()
        if wanted.kinds
        else None,
    }
    bound = {text: value for text, value in conditions.items() if value is not None}
    where, bindings = [*bound], [*bound.values()]
    if wanted.table is not None:
        where.append(
            "id IN (SELECT id FROM _rolltop_log WHERE tbl = ? UNION ALL "
            "SELECT change FROM _rolltop_log_also WHERE tbl = ?)"
        )
        bindings += [wanted.table] * 2
    return log.entries(connection, " AND ".join(where) or "TRUE", tuple(bindings), limit)


def entry(connection: apsw.Connection, number: int) -> log.Entry | None:
    """The line of that number."""
    return log.entry(connection, number) if log.is_there(connection) else None


def roots(connection: apsw.Connection, found: Sequence[log.Entry]) -> dict[int, log.Entry]:
    """The changes that these take back, by number; those that were trimmed are missing."""
    numbers = msgspec.json.encode([each.of for each in found if each.of is not None]).decode()
    where = "id IN (SELECT value FROM json_each(?))"
    return {each.id: each for each in log.entries(connection, where, (numbers,), len(found))} if found else {}


def tables(connection: apsw.Connection, change: log.Entry) -> list[str]:
    """Every table that a change reached, the one that was meant first."""
    sql = "SELECT tbl FROM _rolltop_log_also WHERE change = ? ORDER BY tbl"
    also = [str(row[0]) for row in connection.execute(sql, (change.id,))]
    return also if change.table is None else [change.table, *also]


def rows(connection: apsw.Connection, change: log.Entry, after: int, limit: int) -> list[RowChanged]:
    """The rows of a change in the order in which it holds them, from place `after` on."""
    shapes = log.shapes(connection, change)
    chosen = islice(_numbered(connection, change), after, after + limit)
    return [_row(number, each, shapes) for number, each in chosen]


def of_row(connection: apsw.Connection, table: str, key: Sequence[str], before: int | None, limit: int) -> Page:
    """The changes of one row, newest first; `key` as `key_text` writes its cells, in the order of the columns."""
    if not log.is_there(connection):
        return Page([], None)
    wanted = msgspec.json.encode(list(key)).decode()
    sql = (
        "SELECT id FROM (SELECT id FROM _rolltop_log WHERE tbl = ?1 AND (key = ?2 OR key IS NULL) UNION "
        "SELECT change FROM _rolltop_log_also WHERE tbl = ?1) WHERE ?3 IS NULL OR id < ?3 ORDER BY id DESC"
    )
    until = time.monotonic() + LOOK_SECONDS
    found: list[tuple[log.Entry, RowChanged]] = []
    for (number,) in connection.execute(sql, (table, wanted, before)).fetchall():
        change = log.entry(connection, int(str(number)))
        if change is not None:
            found += [(change, each) for each in _of_key(connection, change, table, list(key))]
        if len(found) >= limit or time.monotonic() > until:
            return Page(found, int(str(number)))
    return Page(found, None)


def _of_key(connection: apsw.Connection, change: log.Entry, table: str, key: list[str]) -> list[RowChanged]:
    """What a change did to one row: nothing, one thing, or two where the row was put in the place of another."""
    shapes = log.shapes(connection, change)
    found = []
    for number, each in _numbered(connection, change):
        if each.name == table and [key_text(value) for value in key_of(each) or ()] == key:
            found.append(_row(number, each, shapes))
    return found


def _numbered(connection: apsw.Connection, change: log.Entry) -> Iterator[tuple[int, apsw.TableChange]]:
    return enumerate(apsw.Changeset.iter(log.stream(log.changeset(connection, change.id))), 1)


def _row(number: int, change: apsw.TableChange, shapes: dict[str, list[str]]) -> RowChanged:
    columns = shapes.get(change.name, [])
    key_columns = [columns[place] for place in sorted(change.pk_columns) if place < len(columns)]
    left, now = cells(columns, before(change)), cells(columns, after(change))
    if left is not None and now is not None:  # an update, whose earlier side has the key, too
        left = {name: value for name, value in left.items() if name in now}
    return RowChanged(number, change.name, _OPS[change.op], cells(key_columns, key_of(change)) or {}, left, now)
