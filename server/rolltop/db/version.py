"""Which version `rolltop.db` has, asked without loading SQLAlchemy (it costs half a second of the start)."""

import re
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

from pysqlite3 import dbapi2 as sqlite

from rolltop.errors import StartError

CHECK_SECONDS = 0.1
_NAME = re.compile(r"^m\d{4}_\w+\.py$")
_OWN = re.compile(r'^revision = "(\w+)"', re.MULTILINE)
_BEFORE = re.compile(r'^down_revision = "(\w+)"', re.MULTILINE)


class NewerWorkspace(StartError):
    """The workspace was written by a later Rolltop (threat model R6: refused untouched)."""

    code = "workspace.newer"
    exit_code = 6


class DamagedDatabase(StartError):
    """`rolltop.db` cannot be read as a database."""

    code = "workspace.damaged"
    exit_code = 6


def known_revisions() -> list[str]:
    """The migrations that this program brings, oldest first: each names the one before it."""
    following: dict[str | None, str] = {}
    for entry in files("rolltop.db").joinpath("migrations/versions").iterdir():
        if _NAME.match(entry.name):
            text = entry.read_text(encoding="utf-8")
            before = _BEFORE.search(text)
            own = _OWN.search(text)
            if own is not None:
                following[None if before is None else before[1]] = own[1]
    found: list[str] = []
    while (after := following.get(found[-1] if found else None)) is not None:
        found.append(after)
    return found


def revision_of(path: Path) -> str | None:
    """The revision written in the file; None for a file that does not exist or was never migrated."""
    if not path.exists():
        return None
    with _opened(path) as connection:
        tables = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'alembic_version'").fetchall()
        rows = connection.execute("SELECT version_num FROM alembic_version").fetchall() if tables else []
    return str(rows[0][0]) if rows else None


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """A connection that reads, and writes only what SQLite must: a read-only one cannot recover a hot journal."""
    try:
        with closing(sqlite.connect(path.as_uri() + "?mode=rw", uri=True)) as connection:
            yield connection
    except sqlite.DatabaseError as error:
        raise _damaged(path, str(error)) from error


def _damaged(path: Path, found: str) -> DamagedDatabase:
    return DamagedDatabase(
        f"{path.name} in {path.parent} cannot be read: {found}.",
        hint=f"Restore a backup with `rolltop restore`, or move {path.name} away to start with a new one: your "
        "tables are in data.db and are not affected.",
    )


def check(path: Path) -> None:
    """Refuse a database of a later Rolltop.

    Raises:
        NewerWorkspace: its revision is not among ours.
        DamagedDatabase: it is not a database, or not a whole one. Looked for as long as `CHECK_SECONDS`.
    """
    revision = revision_of(path)
    if revision is not None and revision not in known_revisions():
        raise NewerWorkspace(
            "This workspace was used with a later version of Rolltop.",
            details=f"{path} has revision {revision}; this version knows up to {known_revisions()[-1]}.",
            hint="Update Rolltop, or open another workspace with --workspace.",
        )
    if path.exists():
        _look_for_damage(path)


def _look_for_damage(path: Path) -> None:
    until = time.monotonic() + CHECK_SECONDS
    with _opened(path) as connection:
        connection.set_progress_handler(lambda: time.monotonic() > until, 10_000)
        try:
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        except sqlite.OperationalError as error:
            if "interrupted" not in str(error):
                raise
            return
    if found != "ok":
        raise _damaged(path, found)
