"""Which version `rolltop.db` has, asked without loading SQLAlchemy (it costs half a second of the start)."""

import re
from importlib.resources import files
from pathlib import Path

from pysqlite3 import dbapi2 as sqlite

from rolltop.errors import StartError

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
    try:
        # Read-write, since a read-only connection cannot recover a hot journal.
        connection = sqlite.connect(path.as_uri() + "?mode=rw", uri=True)
        try:
            tables = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'alembic_version'").fetchall()
            rows = connection.execute("SELECT version_num FROM alembic_version").fetchall() if tables else []
        finally:
            connection.close()
    except sqlite.DatabaseError as error:
        raise DamagedDatabase(
            f"{path.name} in {path.parent} cannot be read: {error}.",
            hint=f"Restore a backup by `rolltop restore`, or move {path.name} away to start with a new one: your "
            "tables are in data.db and are not affected.",
        ) from error
    return str(rows[0][0]) if rows else None


def check(path: Path) -> None:
    """Refuse a database of a later Rolltop.

    Raises:
        NewerWorkspace: its revision is not among ours.
        DamagedDatabase: it is not a database.
    """
    revision = revision_of(path)
    if revision is not None and revision not in known_revisions():
        raise NewerWorkspace(
            "This workspace was used with a later version of Rolltop.",
            details=f"{path} has revision {revision}; this version knows up to {known_revisions()[-1]}.",
            hint="Update Rolltop, or open another workspace with --workspace.",
        )
