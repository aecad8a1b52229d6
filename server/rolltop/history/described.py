"""Lines of the log in words and schemas."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import apsw
import msgspec

from rolltop.data.history import log, reading, reshaping
from rolltop.history.schemas import Change, RowChange, SchemaChange, Way

_VERBS = {
    "insert": "Add {} to",
    "update": "Change {} of",
    "upsert": "Add or change {} of",
    "delete": "Delete {} of",
}


def changes(connection: apsw.Connection, found: Sequence[log.Entry]) -> list[Change]:
    """Each with what can be done with it now."""
    roots = reading.roots(connection, found)
    return [_change(each, roots.get(each.of or 0)) for each in found]


def _change(entry: log.Entry, root: log.Entry | None) -> Change:
    return Change(
        id=entry.id,
        at=datetime.fromtimestamp(entry.at / 1_000_000, UTC),
        actor=entry.actor,
        kind=entry.kind,
        title=entry.title or _title(entry),
        job=entry.job,
        table=entry.table,
        key=None if entry.key is None else msgspec.json.decode(entry.key),
        rows=entry.rows,
        bytes=entry.bytes,
        of=entry.of,
        undone_by=entry.undone_by,
        can=_can(entry, root),
        lost=entry.lost,
    )


def _title(entry: log.Entry) -> str:
    if entry.of is not None:
        return f"{entry.kind.capitalize()} change {entry.of}"
    rows = "one row" if entry.rows == 1 else f"{entry.rows:,} rows"
    return f"{_VERBS.get(entry.kind, 'Write {} of').format(rows)} {entry.table}"


def _can(entry: log.Entry, root: log.Entry | None) -> Way | None:
    """What can be done with a change now. To undo an undo is to redo, so it is offered only while it holds."""
    if entry.lost is not None:
        return None
    if entry.of is None:
        return "undo" if entry.undone_by is None else "redo"
    if root is None:
        return None
    holds = root.undone_by == entry.id if entry.kind == "undo" else root.undone_by is None
    return "undo" if holds else None


def row(found: reading.RowChanged) -> RowChange:
    """A row before and after."""
    return RowChange(**found._asdict())


def objects(entry: log.Entry, *, backwards: bool) -> list[SchemaChange]:
    """What a change of the schema made different, or what would be different if it were taken back."""
    if entry.steps is None:
        return []
    done = msgspec.json.decode(entry.steps, type=reshaping.Difference)
    sides: list[tuple[str, str | None, str | None, str | None, str | None]] = [
        ("table", each.before, each.after, each.sql, each.now) for each in done.tables
    ]
    now = {(thing.kind, thing.name): thing for thing in done.come}
    was = {(thing.kind, thing.name): thing for thing in done.gone}
    for key in dict.fromkeys([*was, *now]):
        left, come = was.get(key), now.get(key)
        if left is None or come is None or left.sql != come.sql:  # others only went along with their table
            sides.append((key[0], left and left.name, come and come.name, left and left.sql, come and come.sql))
    return [_object(*(side if not backwards else (side[0], side[2], side[1], side[4], side[3]))) for side in sides]


def _object(kind: Any, before: str | None, after: str | None, sql: str | None, now: str | None) -> SchemaChange:
    return SchemaChange(kind=kind, before=before, after=after, sql_before=sql, sql_after=now)
