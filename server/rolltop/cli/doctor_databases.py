"""What `rolltop doctor` finds in the two databases. They are only read, and by one SQLite library."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Literal, NamedTuple

import apsw

from rolltop.data import copying
from rolltop.db.version import known_revisions
from rolltop.errors import RolltopError

_PARTS = "SELECT count(*) FROM _rolltop_log_part WHERE change NOT IN (SELECT id FROM _rolltop_log)"
_KEPT = "SELECT count(*) FROM _rolltop_log_kept WHERE name NOT IN (SELECT name FROM sqlite_schema)"


class Found(NamedTuple):
    """The members of a `Finding`."""

    check: str
    state: Literal["ok", "note", "problem"]
    message: str
    hint: str | None = None


def look(folder: Path, data: Path, *, served: bool) -> Iterator[Found]:
    """Both databases: there, whole, of a form that we know, and their log true to them."""
    for name, path, way_out in (
        ("data", data, "Restore a backup: `rolltop backup list`, then `rolltop restore`. The file stays as it is."),
        ("own", folder / "rolltop.db", "Restore a backup, or move the file away to start with a new one."),
    ):
        companions = [path.with_name(path.name + end) for end in ("-wal", "-journal")]
        left = [each.name for each in companions if each.exists() and each.stat().st_size]
        if not path.exists():
            yield _missing(name, path, left)
        elif left and not served and path.parent == folder:
            message = f"{path.name} was not closed ({left[0]} is there)."
            yield Found(name, "note", message, "The next start puts it in order.")
        else:
            others = served or path.parent != folder  # another program may write a file that lies elsewhere
            yield from _inside(name, path, way_out, live=others)


def _missing(name: str, path: Path, left: list[str]) -> Found:
    if left:
        hint = "Put the file back, or restore a backup."
        return Found(name, "problem", f"{path.name} is gone, but its log {left[0]} is there.", hint)
    return Found(name, "note", f"There is no {path.name} yet.", "The next start makes it.")


def _inside(name: str, path: Path, way_out: str, *, live: bool) -> Iterator[Found]:
    try:
        examined = copying.examine(path, lambda: None, thorough=True, live=live)
    except (RolltopError, apsw.Error) as error:
        yield Found(name, "problem", f"{path.name} cannot be read: {error}.", way_out)
        return
    if examined.damage:
        yield Found(name, "problem", f"{path.name} is damaged: {examined.damage[0]}.", way_out)
        return
    rows = sum(examined.tables.values())
    yield Found(name, "ok", f"{path.name} is whole: {len(examined.tables)} tables, {rows:,} rows.")
    if examined.orphans:
        hint = "Another program wrote them, or the key was added later. Nothing else is affected."
        yield Found(name, "note", f"{examined.orphans:,} rows of {path.name} break a foreign key.", hint)
    with closing(_reading(path, live=live)) as connection:
        yield from _form(connection, path) if name == "own" else _history(connection, set(examined.tables))


def _form(connection: apsw.Connection, path: Path) -> Iterator[Found]:
    there = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'alembic_version'").get
    revision = connection.execute("SELECT version_num FROM alembic_version").get if there else None
    if revision is None or revision == known_revisions()[-1]:
        return
    if revision in known_revisions():
        hint = "The next start makes a backup and upgrades it."
        yield Found("own", "note", f"{path.name} is of an earlier form.", hint)
    else:
        yield Found("own", "problem", f"{path.name} was used with a later version of Rolltop.", "Update Rolltop.")


def _history(connection: apsw.Connection, tables: set[str]) -> Iterator[Found]:
    """The log of changes: what lies in parts belongs to a change, and what is kept for an undo is there."""
    if not {"_rolltop_log", "_rolltop_log_part", "_rolltop_log_kept"} <= tables:
        return
    lost = int(connection.execute(_PARTS).get)
    gone = int(connection.execute(_KEPT).get)
    if not lost and not gone:
        yield Found("history", "ok", "The log of changes is true to the tables.")
    if lost:
        hint = "They take space and do no harm."
        yield Found("history", "note", f"{lost:,} parts of the log belong to no change.", hint)
    if gone:
        hint = "Another program dropped them: those changes cannot be undone. Everything else can."
        yield Found("history", "note", f"{gone:,} tables that were kept for an undo are gone.", hint)


def _reading(path: Path, *, live: bool) -> apsw.Connection:
    how = "mode=ro" if live else "immutable=1"
    return apsw.Connection(f"{path.absolute().as_uri()}?{how}", apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
