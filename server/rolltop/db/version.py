"""Which version `rolltop.db` has, asked without loading SQLAlchemy (it costs half a second of the start)."""

import re
from importlib.resources import files
from pathlib import Path

from pysqlite3 import dbapi2 as sqlite

from rolltop.errors import StartError

_NAME = re.compile(r"^m(\d{4})_\w+\.py$")


class NewerWorkspace(StartError):
    """The workspace was written by a later Rolltop (threat model R6: refused untouched)."""

    code = "workspace.newer"
    exit_code = 6


class DamagedDatabase(StartError):
    """`rolltop.db` cannot be read as a database."""

    code = "workspace.damaged"
    exit_code = 6


def known_revisions() -> list[str]:
    """The numbers of the migrations that this program brings, oldest first."""
    found = (_NAME.match(entry.name) for entry in files("rolltop.db").joinpath("migrations/versions").iterdir())
    return sorted(match[1] for match in found if match)


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
            hint=f"Your tables are in data.db and are not affected. Move {path.name} away to start with a new one.",
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
