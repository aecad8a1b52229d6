"""Rolltop's own database, `rolltop.db`: what SQL in the user's file cannot say.

`check` is cheap and needs no SQLAlchemy: it refuses a file that is not ours or newer than this program before anything
is touched. `open_database` opens and migrates it; the file may be deleted without harm to the user's rows.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from rolltop.db.version import check

if TYPE_CHECKING:
    from rolltop.db.database import Database

__all__ = ["check", "open_database"]


def open_database(path: Path) -> "Database":
    """Load SQLAlchemy and open the file; `Database.open` says what can go wrong."""
    from rolltop.db.database import Database

    return Database.open(path)
