"""Copies of `rolltop.db` that show one moment, made by the same SQLite library that holds it open.

Another library in this process would drop the locks of this one when it closes the file.
"""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from pysqlite3 import dbapi2 as sqlite

from rolltop.db.version import DamagedDatabase
from rolltop.errors import Conflict, OutOfSpace, TooManyRequests

PAGES_AT_ONCE = 1_000

Seen = Any
"""A connection that sees one moment. The driver has no types."""
Report = Callable[[int, int], None]


class NotCopied(Conflict):
    """The system does not let us read `rolltop.db` or write the copy."""

    code = "workspace.not_copied"


def snapshot(path: Path) -> Seen:
    """A connection that goes on seeing the file as it is now."""
    connection = sqlite.connect(path.as_uri() + "?mode=rw", uri=True, check_same_thread=False, isolation_level=None)
    try:
        connection.execute("PRAGMA busy_timeout = 10000")
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()
    except BaseException:
        connection.close()
        raise
    return connection


def copy(source: Seen, target: Path, report: Report) -> None:
    """Write what `source` sees to a new file; `report` hears of pages and may raise to stop.

    Raises:
        OutOfSpace: the disk is full.
        NotCopied: the system refuses a file.
        DamagedDatabase: the source cannot be read.
    """

    def told(_status: int, remaining: int, total: int) -> None:
        report(total - remaining, total)

    with explained(), closing(sqlite.connect(target, isolation_level=None)) as made:
        made.execute("PRAGMA journal_mode = OFF")
        made.execute("PRAGMA synchronous = OFF")
        source.backup(made, pages=PAGES_AT_ONCE, progress=told, sleep=0)


@contextmanager
def explained() -> Iterator[None]:
    """Errors of the driver in words of ours."""
    try:
        yield
    except sqlite.OperationalError as error:
        if "locked" in str(error):
            raise TooManyRequests(
                "rolltop.db is locked by another program.", hint="Close it, then try again."
            ) from error
        if "full" in str(error):
            raise OutOfSpace(
                f"rolltop.db cannot be copied now: {error}.", hint="Free some space on the disk, then try again."
            ) from error
        raise NotCopied(
            f"rolltop.db cannot be copied now: {error}.",
            hint="Look whether the file is there and yours to read and write, then try again.",
        ) from error
    except sqlite.DatabaseError as error:
        raise DamagedDatabase(f"rolltop.db cannot be read: {error}.", hint="Restore a backup.") from error
