"""Copies of the user's file that show one moment, and what a copy is like.

    snapshot (a held read transaction) ─▶ copy, page by page while others write ─▶ examine

Pages are copied by SQLite's backup interface: row ids, free pages and the header stay as they are.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import apsw

from rolltop.data import connections, errors, functions
from rolltop.data.quoting import quote

PAGES_AT_ONCE = 1_000
DAMAGES_TOLD = 20
_OF_A_ROW = re.compile(r"(?:CHECK constraint failed in|NULL value in|(?:non-)?[A-Z]+ value in) ")
"""What `integrity_check` says of rows that break a rule of their table; the file itself is whole."""
_STEPS_BETWEEN_LOOKS = 1_000_000

Seen = apsw.Connection
"""A connection that sees one moment."""
Report = Callable[[int, int], None]
"""Told how much is done, of how much; may raise to stop the work."""


@dataclass(frozen=True, slots=True)
class Examined:
    """What a copy is like: rows of each table, rows that break a foreign key, triggers and views, and damage, none
    when it is whole."""

    tables: dict[str, int]
    orphans: int
    programs: int
    damage: tuple[str, ...]


def snapshot(path: Path, *, in_place: bool = False) -> Seen:
    """A connection that goes on seeing the file as it is now; close it soon, for the log grows meanwhile."""
    connection = connections.long_reader(path, in_place=in_place)
    try:
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()  # a transaction begins with its first read
    except BaseException:
        connection.close()
        raise
    return connection


def copy(source: Seen, target: Path, report: Report) -> None:
    """Write what `source` sees to a new file; `report` hears of pages.

    Raises:
        OutOfSpace: the disk is full.
        RolltopError: the source cannot be read.
    """
    with explained(), closing(apsw.Connection(str(target))) as made:
        for pragma in ("journal_mode = OFF", "synchronous = OFF"):  # nobody else sees it yet
            made.execute(f"PRAGMA {pragma}")
        with made.backup("main", source, "main") as running:
            while not running.done:
                running.step(PAGES_AT_ONCE)
                report(running.page_count - running.remaining, running.page_count)


def examine(path: Path, check: Callable[[], None], *, thorough: bool, live: bool = False) -> Examined:
    """What a file is like. `check` may raise to stop.

    `thorough` compares every index with its table as well. `live` is a database that another process may write; without
    it the file must be a finished copy that nobody touches.
    """
    stopped: list[BaseException] = []

    def stop() -> bool:
        try:
            check()
        except BaseException as error:
            stopped.append(error)
        return bool(stopped)

    with explained(), closing(_read_only(path, "mode=ro" if live else "immutable=1")) as connection:
        connection.set_progress_handler(stop, _STEPS_BETWEEN_LOOKS)
        try:
            damage = _damage(connection, "integrity_check" if thorough else "quick_check")
            if damage:
                return Examined({}, 0, 0, damage)
            return Examined(_rows(connection), _orphans(connection), _programs(connection), ())
        except (apsw.CorruptError, apsw.NotADBError) as error:
            return Examined({}, 0, 0, (str(error),))
        except apsw.InterruptError:
            raise stopped[0] from None


@contextmanager
def explained() -> Iterator[None]:
    """Errors of the driver in words of ours, where there are some."""
    try:
        yield
    except apsw.Error as error:
        raise errors.of_running(error) or error from error


def _read_only(path: Path, how: str) -> apsw.Connection:
    """A connection that changes nothing. An immutable file is read without locks, and nothing is made beside it."""
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    connection = apsw.Connection(f"{path.absolute().as_uri()}?{how}", flags)
    connection.set_busy_timeout(connections.BUSY_WAIT_MS)
    connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
    connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
    functions.register(connection)  # checks and indexes may use them
    return connection


def _damage(connection: apsw.Connection, check: str) -> tuple[str, ...]:
    found = [str(text) for (text,) in connection.execute(f"PRAGMA {check}")]
    return tuple(text for text in found if text != "ok" and not _OF_A_ROW.match(text))[:DAMAGES_TOLD]


def _rows(connection: apsw.Connection) -> dict[str, int]:
    """Virtual tables are left out: what they hold lies in tables of their own."""
    sql = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'shadow')"
    listed = connection.execute(sql)
    names = [name for (name,) in listed if name not in ("sqlite_schema", "sqlite_sequence")]
    return {name: connection.execute(f"SELECT count(*) FROM {quote(name)}").get for name in sorted(names)}  # noqa: S608


def _programs(connection: apsw.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM sqlite_schema WHERE type IN ('trigger', 'view')").get)


def _orphans(connection: apsw.Connection) -> int:
    try:
        return int(connection.execute("SELECT count(*) FROM pragma_foreign_key_check").get)
    except apsw.SQLError:  # a key to a table or column that is not there: of other programs, and nothing to count
        return 0
