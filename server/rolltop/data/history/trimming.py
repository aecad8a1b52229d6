# ruff: noqa: S608 (names are quoted, values bound)
"""Lets go of what is older, or more, than the settings keep: a little at a time, between the writes.

    thread ─ every second, if something was written ─▶ step ─▶ step ─▶ step    each a short transaction of the writer
                                                        └─ the oldest entries, then what they left: parts, kept tables

An entry goes first, and what belongs to it in later steps: whatever has no entry any more is what is left to be done,
so a crash in between does no harm. The pages are used again by what is written next; the file does not shrink.
"""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import closing
from typing import Any, NamedTuple

import apsw

from rolltop.data.history import kept, log
from rolltop.data.history.recorder import Limits, Recorder
from rolltop.errors import RolltopError

logger = logging.getLogger("rolltop.data")

LOOK_SECONDS = 1.0
AGE_SECONDS = 600.0
"""So often the age is looked at while nobody writes."""
ENTRIES_AT_ONCE = 200
BYTES_AT_ONCE = 4_000_000
PARTS_AT_ONCE = BYTES_AT_ONCE // log.PART_BYTES
ROWS_AT_ONCE = 2_000
"""Rows of a kept table: some milliseconds."""
PAUSE_SECONDS = 0.01
"""Between two steps, so that the writer is never more than half taken."""

_MICROSECONDS_A_DAY = 86_400 * 1_000_000


class Kept(NamedTuple):
    """What the history holds at a moment."""

    on: bool
    changes: int
    bytes: int
    """Of the file, about: entries, and tables that were dropped and are kept."""
    oldest: int | None
    oldest_at: int | None
    """Microseconds since 1970."""
    newest: int | None
    trimmed: tuple[int, int, int | None]
    """How many entries were let go, their bytes, and when the last were."""
    free_bytes: int
    """Of the file: pages that the next writes will use."""


def look(connection: apsw.Connection) -> Kept:
    """What is kept now, by a few reads of single rows."""
    free = "SELECT freelist_count * page_size FROM pragma_freelist_count, pragma_page_size"
    free_bytes = int(connection.execute(free).get)
    if not log.is_there(connection):
        return Kept(False, 0, 0, None, None, None, (0, 0, None), free_bytes)
    state = "SELECT on_off, trimmed, trimmed_bytes, trimmed_at FROM _rolltop_log_state"
    on, *counts = connection.execute(state).fetchall()[0]
    trimmed: Any = tuple(counts)
    tables = int(connection.execute("SELECT coalesce(sum(bytes), 0) FROM _rolltop_log_kept").get)
    ends: list[Any] = connection.execute(
        "SELECT * FROM (SELECT id, at, total - bytes FROM _rolltop_log ORDER BY id LIMIT 1) "
        "JOIN (SELECT id, total FROM _rolltop_log ORDER BY id DESC LIMIT 1)"
    ).fetchall()
    if not ends:
        return Kept(bool(on), 0, tables, None, None, None, trimmed, free_bytes)
    oldest, at, before, newest, total = ends[0]
    changes = newest - oldest + 1  # numbers are given in turn, and the oldest go first
    return Kept(bool(on), changes, total - before + tables, oldest, at, newest, trimmed, free_bytes)


# ---- a little at a time, on the writer's thread ----------------------------------------------------------------------


def step(connection: apsw.Connection, limits: Limits) -> bool:
    """Let go of a little; whether there may be more."""
    if not log.is_there(connection):
        return False
    oldest = connection.execute("SELECT min(id) FROM _rolltop_log").get or log.next_number(connection)
    if _sweep(connection, int(oldest)):
        return True
    count, size, last = _due(connection, limits)
    if not count:
        return False
    connection.execute("DELETE FROM _rolltop_log WHERE id <= ?", (last,))
    connection.execute("DELETE FROM _rolltop_log_also WHERE change <= ?", (last,))
    connection.execute(
        "UPDATE _rolltop_log_state SET trimmed = trimmed + ?, trimmed_bytes = trimmed_bytes + ?, trimmed_at = ?",
        (count, size, time.time_ns() // 1_000),
    )
    return True


def _due(connection: apsw.Connection, limits: Limits) -> tuple[int, int, int]:
    """How many of the oldest entries are to go now, their bytes, and the last of them.

    The newest stays whatever its size: a large table that was deleted a moment ago can be brought back.
    """
    now = time.time_ns() // 1_000
    ends: list[Any] = connection.execute("SELECT id, total FROM _rolltop_log ORDER BY id DESC LIMIT 1").fetchall()
    if not ends:
        return 0, 0, 0
    newest, everything = ends[0]
    found = "SELECT id, at, bytes, total FROM _rolltop_log ORDER BY id LIMIT ?"
    tables: list[Any] = connection.execute("SELECT change, coalesce(bytes, 0) FROM _rolltop_log_kept").fetchall()
    count = size = last = 0
    rows: list[Any] = connection.execute(found, (ENTRIES_AT_ONCE,)).fetchall()
    for id, at, own, total in rows:
        held = everything - total + own + sum(bytes for change, bytes in tables if change >= id)
        old = limits.days > 0 and at < now - limits.days * _MICROSECONDS_A_DAY
        much = held > limits.bytes and (id != newest or limits.bytes == 0)
        if size > BYTES_AT_ONCE or not (old or much):
            break
        count, size, last = count + 1, size + own, id
    return count, size, last


def _sweep(connection: apsw.Connection, oldest: int) -> bool:
    """Take away some of what belonged to entries before `oldest`; whether there was any."""
    parts = "SELECT id FROM _rolltop_log_part WHERE change < ? LIMIT ?"
    connection.execute(f"DELETE FROM _rolltop_log_part WHERE id IN ({parts})", (oldest, PARTS_AT_ONCE))
    if connection.changes():
        return True
    table = connection.execute("SELECT name FROM _rolltop_log_kept WHERE change < ? LIMIT 1", (oldest,)).get
    if table is None:
        return False
    if not kept.thin_out(connection, table, ROWS_AT_ONCE):
        connection.execute("DELETE FROM _rolltop_log_kept WHERE name = ?", (table,))
    return True


class Trimmer(threading.Thread):
    """Looks whether there is too much, and has the writer let go of it."""

    def __init__(
        self,
        recorder: Recorder,
        submit: "Callable[[Callable[[apsw.Connection], Any]], Future[Any]]",
        connect: Callable[[], apsw.Connection],
    ) -> None:
        super().__init__(name="rolltop-trimmer", daemon=True)
        self._recorder = recorder
        self._submit = submit
        self._connect = connect
        self._closing = threading.Event()

    def stop(self) -> None:
        """End after the step that is being done; what is left is done after the next start."""
        self._closing.set()
        self.join()

    def run(self) -> None:
        """Look once a second whether there was a write, and now and then at the age."""
        seen, looked = -1, 0.0
        while not self._closing.wait(LOOK_SECONDS):
            if self._recorder.entries == seen and time.monotonic() < looked + AGE_SECONDS:
                continue
            seen, looked = self._recorder.entries, time.monotonic()
            try:
                self._measure()
                self._trim()
            except (RolltopError, apsw.Error) as error:  # a full disk, a lock of another program: later again
                logger.warning("The history could not be trimmed yet: %s", error)

    def _trim(self) -> None:
        limits = self._recorder.limits
        while self._submit(lambda connection: step(connection, limits)).result():
            if self._closing.wait(PAUSE_SECONDS):
                return

    def _measure(self) -> None:
        """Find out how large the tables are that were kept since the last look: it reads all their pages."""
        with closing(self._connect()) as connection:
            if not log.is_there(connection):
                return
            names = [
                str(row[0]) for row in connection.execute("SELECT name FROM _rolltop_log_kept WHERE bytes IS NULL")
            ]
            sizes = [(_size(connection, name), name) for name in names]
        if sizes:
            sql = "UPDATE _rolltop_log_kept SET bytes = ? WHERE name = ?"
            self._submit(lambda writing: writing.executemany(sql, sizes) and None).result()


def _size(connection: apsw.Connection, table: str) -> int:
    """The bytes of a table's pages, with its indexes."""
    sql = (
        "SELECT coalesce(sum(pgsize), 0) FROM sqlite_schema AS s, dbstat AS d "
        "WHERE s.tbl_name = ? AND d.name = s.name AND d.aggregate = TRUE"
    )
    return int(connection.execute(sql, (table,)).get)
