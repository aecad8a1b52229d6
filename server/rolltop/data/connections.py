"""Opens connections to the user's file: pragmas, limits, and what must never happen to a file that is not ours."""

import os
import time
from pathlib import Path
from typing import Any

import apsw

from rolltop.data import errors, functions
from rolltop.data.authorizer import reads_only

OPEN_WAIT_MS = 2_000
"""How long opening waits for another program's lock before it says so."""
BUSY_WAIT_MS = 10_000
CHECK_SECONDS = 0.1
"""The start looks for damage for so long; what it does not reach is found when it is read."""
WAL_LIMIT = 64 * 1024 * 1024
STATEMENTS_KEPT = 400

PRAGMAS = (
    "foreign_keys = ON",  # SQLite forgets it with every connection
    "trusted_schema = OFF",  # functions in a foreign file's views and triggers are not to be trusted
    "temp_store = MEMORY",  # sorting leaves no temporary files
    "recursive_triggers = ON",  # REPLACE fires delete triggers, as people expect
)
OWN_PRAGMAS = (
    "journal_mode = WAL",  # readers and the writer do not wait for one another
    f"journal_size_limit = {WAL_LIMIT}",  # a long reader lets the log grow; it shrinks again
    "mmap_size = 1073741824",  # measured: pages need no copy. Not for foreign files, which others may truncate (SIGBUS)
)
FOREIGN_PRAGMAS = (
    # Damaged pages are noticed when they are read. Only here: with mmap every look at a page checks it all again, and
    # reads take twice the time (measured: a page of 100 rows 250 µs, not 125; a GROUP BY 400 ms, not 120).
    "cell_size_check = ON",
)

LIMITS = {
    apsw.SQLITE_LIMIT_LENGTH: 256 * 1024 * 1024,
    apsw.SQLITE_LIMIT_SQL_LENGTH: 4 * 1024 * 1024,
    apsw.SQLITE_LIMIT_ATTACHED: 0,
    apsw.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 1_000,
    apsw.SQLITE_LIMIT_TRIGGER_DEPTH: 100,
    apsw.SQLITE_LIMIT_WORKER_THREADS: 0,
}


def _configure(connection: apsw.Connection) -> None:
    """What holds for every connection, before it has read a page."""
    connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
    connection.config(apsw.SQLITE_DBCONFIG_DQS_DML, 0)  # "no such column" stays an error instead of becoming text
    connection.config(apsw.SQLITE_DBCONFIG_DQS_DDL, 0)
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0)
    connection.set_busy_timeout(OPEN_WAIT_MS)  # first: whatever follows may have to wait for another program
    for limit, value in LIMITS.items():
        connection.limit(limit, value)
    functions.register(connection)


def _connect(path: Path, flags: int) -> apsw.Connection:
    connection = apsw.Connection(str(path), flags, statementcachesize=STATEMENTS_KEPT)
    _configure(connection)
    return connection


def writer(path: Path, *, in_place: bool, synchronous: str, cache_mib: int = 64) -> apsw.Connection:
    """The one connection that writes."""
    flags = apsw.SQLITE_OPEN_READWRITE | (0 if in_place else apsw.SQLITE_OPEN_CREATE)
    connection = _connect(path, flags)
    for pragma in (*PRAGMAS, *(FOREIGN_PRAGMAS if in_place else OWN_PRAGMAS)):
        connection.execute(f"PRAGMA {pragma}")
    if not in_place:
        connection.execute(f"PRAGMA synchronous = {synchronous}")
    connection.execute(f"PRAGMA cache_size = {-1024 * cache_mib}")
    return connection


def reader(path: Path, *, in_place: bool, cache_mib: int = 64, wait_ms: int = BUSY_WAIT_MS) -> apsw.Connection:
    """A connection that only reads; opened for writing because a read-only one cannot roll back a hot journal."""
    connection = _connect(path, apsw.SQLITE_OPEN_READWRITE)
    for pragma in (*PRAGMAS, *(FOREIGN_PRAGMAS if in_place else OWN_PRAGMAS[1:])):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute(f"PRAGMA cache_size = {-1024 * cache_mib}")
    connection.execute("PRAGMA query_only = ON")
    connection.set_busy_timeout(wait_ms)
    return connection


def long_reader(path: Path, *, in_place: bool) -> apsw.Connection:
    """A reader for whole tables: neither a map of the file nor a large cache, whose pages would count as the server's
    memory while they are used once. It takes the same CPU (measured over 10 million rows)."""
    connection = reader(path, in_place=in_place, cache_mib=8)
    connection.execute("PRAGMA mmap_size = 0")
    return connection


def query_reader(path: Path, *, in_place: bool) -> apsw.Connection:
    """A reader for SQL that somebody wrote, which was looked at before: should a look have missed something, the
    connection itself refuses other files, settings and changes."""
    connection = reader(path, in_place=in_place)
    connection.authorizer = reads_only
    return connection


def open_first(path: Path, *, in_place: bool, synchronous: str) -> apsw.Connection:
    """Open the writer and look whether the file is there, SQLite's, free, writable and whole.

    Opening by SQLite with the right to write also finishes what a crash left behind (a hot journal).
    """
    _look_from_outside(path, in_place=in_place)
    try:
        if not path.exists():
            path.touch(mode=0o600)  # SQLite gives its log and index the same mode (threat model L1)
        connection = writer(path, in_place=in_place, synchronous=synchronous)
        _look_inside(connection, path)
        connection.set_busy_timeout(BUSY_WAIT_MS)
    except apsw.Error as error:
        raise errors.of_opening(path, error) from error
    return connection


def _look_from_outside(path: Path, *, in_place: bool) -> None:
    """What can be told without opening a descriptor (closing one would drop SQLite's locks)."""
    if path.is_dir():
        raise errors.DatabaseMissing(f"{path} is a folder.", hint="Name the SQLite file itself.")
    if not path.exists():
        log = path.with_name(path.name + "-wal")
        if in_place:
            raise errors.DatabaseMissing(f"There is no file {path}.", hint="Check the name.")
        if log.exists():
            raise errors.DatabaseMissing(
                f"{path} is gone, but its log {log.name} is there.",
                hint="Put the file back, or restore a backup. Nothing was changed.",
            )
        if not path.parent.is_dir():
            raise errors.DatabaseMissing(f"There is no folder {path.parent}.", hint="Make it, or choose another.")
    if (path.exists() and not os.access(path, os.W_OK)) or not os.access(path.parent, os.W_OK):
        raise errors.read_only(path)


def _look_inside(connection: apsw.Connection, path: Path) -> None:
    if connection.readonly("main"):
        raise errors.read_only(path)
    connection.execute("BEGIN IMMEDIATE")  # says at once when another program holds the file
    try:
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()
        found = _quick_check(connection)
    finally:
        connection.execute("ROLLBACK")
    if found is not None:
        raise errors.damaged(path, found)


def _quick_check(connection: apsw.Connection) -> str | None:
    """The first damage that SQLite finds in the time allowed."""
    until = time.monotonic() + CHECK_SECONDS
    connection.set_progress_handler(lambda: time.monotonic() > until, 10_000)
    cache, mapped = connection.pragma("cache_size"), connection.pragma("mmap_size")
    connection.pragma("cache_size", -1024)  # each page is looked at once: kept or mapped, they were the server's memory
    connection.pragma("mmap_size", 0)
    try:
        found: Any = connection.execute("PRAGMA quick_check(1)").get
        return None if found == "ok" else str(found)
    except apsw.InterruptError:
        return None
    finally:
        connection.pragma("cache_size", cache)
        connection.pragma("mmap_size", mapped)
        connection.set_progress_handler(None)
