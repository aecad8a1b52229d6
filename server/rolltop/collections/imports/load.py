"""Brings the rows of a scanned file into a table: all of them or none, or, if wanted, all that fit.

    rows ─▶ hidden table `_rolltop_import_…`, a transaction a turn, other writers in between
         ─▶ a new table: renamed to its name · one that is there: merged into it. One transaction, so nobody ever sees
            half of it; what does not fit goes to the quarantine in the same one

What a killed process leaves are hidden tables, which the next start drops.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol

import apsw

from rolltop.collections.imports.content import Row
from rolltop.collections.imports.errors import FileChanged, RowRefused, TableChanged, TableExists
from rolltop.collections.imports.feed import Feed
from rolltop.collections.imports.merge import Counts, Merge
from rolltop.collections.imports.names import free_name
from rolltop.collections.imports.plan import Into, Plan
from rolltop.collections.imports.reasons import Reason
from rolltop.collections.imports.rejects import Rejects
from rolltop.collections.imports.scan import Scanned
from rolltop.collections.imports.statements import create, indexes
from rolltop.data import Cause, Data, quote
from rolltop.errors import RolltopError

log = logging.getLogger("rolltop.collections")

HIDDEN = "_rolltop_import_"
_REJECTED = "_rejected"
_under_way: set[str] = set()
"""The hidden tables of the loads of this process that have not ended; those of all others are leftovers."""


class Progress(Protocol):
    """Gets how far the work is, and raises to stop it."""

    def __call__(
        self, done: int, total: int | None = None, unit: str | None = None, size: int | None = None
    ) -> None: ...


Settle = Callable[[apsw.Connection, str, Rejects], None]
"""Does, in the transaction in which the rows land, what is to be done with those that do not: `(…, stage, rejects)`."""


@dataclass(frozen=True, slots=True)
class Read:
    """An open file: its rows, and how many bytes of it have been read."""

    rows: Iterator[tuple[int, Row]]
    size: Callable[[], int | None]


@dataclass(frozen=True, slots=True)
class Rows:
    """What is loaded: numbered rows of so many cells, as often as wanted from the start, and what then becomes of those
    that do not fit."""

    read: Callable[[], AbstractContextManager["Read"]]
    width: int
    count: int | None
    settle: Settle
    cause: Cause


def load(
    data: Data, scanned: Scanned, plan: Plan, hidden: str, progress: Progress, settle: Settle, cause: Cause
) -> "Outcome":
    """Import a file; what became of its rows. To the history a new table is one change, whatever its size.

    Raises:
        RowRefused: a row does not fit and all or nothing was wanted; nothing is left.
        TableExists, TableChanged: somebody made or changed the table meanwhile.
        FileChanged: the file is not what it was.
    """

    @contextmanager
    def _read() -> Iterator[Read]:
        with scanned.content.rows() as rows:
            yield Read(enumerate(rows, 1), lambda: rows.bytes_read)

    rows = Rows(_read, len(scanned.headers), scanned.rows, settle, cause)
    return Load(data, rows, plan, hidden, progress).run()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the rows."""

    counts: Counts
    rejects: Rejects


class Load:
    """One load, on the thread of its job; what touches the file runs on the writer's."""

    def __init__(self, data: Data, rows: Rows, plan: Plan, hidden: str, progress: Progress) -> None:
        self._data = data
        self._rows = rows
        self._plan = plan
        self._hidden = hidden
        self._progress = progress
        self._rejects = Rejects(f"{hidden}{_REJECTED}", keep=not plan.treatment.dry_run)

    def run(self) -> Outcome:
        """Load everything; whatever happens, the hidden tables are gone afterwards.

        Raises: what `load` does.
        """
        into, cause = self._plan.into, self._rows.cause
        _under_way.add(self._hidden)
        try:
            self._submit(lambda connection: connection.execute(create(self._hidden, self._plan)) and None)
            count = self._fill()
            if into is None:
                counts = Counts(inserted=count - self._rejects.count)
                cause.table, cause.rows = self._plan.table, counts.inserted
                self._data.reshape(self._publish, cause=cause).result()
            else:
                table = self._hidden if self._plan.treatment.dry_run else into.table.name
                counts = self._data.submit(
                    lambda each: self._merge(each, into), table=table, alone=True, cause=cause
                ).result()
        finally:
            try:
                self._drop()
            finally:
                _under_way.discard(self._hidden)
        counts.refused = self._rejects.count
        return Outcome(counts, self._rejects)

    def _submit(self, work: Callable[[apsw.Connection], object]) -> None:
        self._data.submit(work, table=self._hidden).result()

    def _fill(self) -> int:
        """Put every row into the hidden table, a transaction for every few thousand."""
        with self._rows.read() as read:
            feed = Feed(read.rows, self._rows.width, self._plan, self._hidden, self._refuse)
            going_on = True

            def _turn(connection: apsw.Connection) -> bool:
                more = feed.give(connection)
                self._rejects.write(connection)
                return more

            while going_on:
                going_on = self._data.submit(_turn, table=self._hidden).result()
                self._progress(feed.count, size=read.size())
        if self._rows.count not in (None, feed.count):
            raise FileChanged
        return feed.count

    def _refuse(self, number: int, cells: Row | None, reasons: Sequence[Reason]) -> None:
        if not self._plan.treatment.lenient:
            raise _refusal(number, reasons)
        self._rejects.add(number, cells, reasons)

    def _refuse_staged(self, number: int, reasons: Sequence[Reason]) -> None:
        self._refuse(number, None, reasons)

    def _publish(self, connection: apsw.Connection) -> None:
        """Give the hidden table its name."""
        table = self._plan.table
        names = [str(row[0]) for row in connection.execute("SELECT name FROM sqlite_schema")]
        if table.lower() in map(str.lower, names):
            raise TableExists(table, free_name(table, names))
        if not self._plan.treatment.dry_run:
            _rename(connection, self._hidden, table)
            for statement in indexes(self._plan, [*names, table]):
                connection.execute(statement)
            self._rows.settle(connection, self._hidden, self._rejects)

    def _merge(self, connection: apsw.Connection, into: Into) -> Counts:
        """Bring what waits on the stage into the table; a dry run is taken back."""
        found = connection.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (into.table.name,)).get
        if found != into.table.sql:
            raise TableChanged(into.table.name)

        def _done(rows: int) -> None:
            self._rejects.write(connection)
            self._progress(rows)

        self._progress(0, unit="rows written")
        connection.execute("SAVEPOINT merge")
        deferred = any(key.deferred for key in into.table.foreign_keys)
        counts = Merge(connection, self._hidden, self._plan, into, self._refuse_staged, deferred).run(_done)
        self._rejects.write(connection)
        if self._plan.treatment.dry_run:
            connection.execute("ROLLBACK TO merge")
        else:
            if self._rejects.count:
                with self._rows.read() as read:
                    self._rejects.fill(connection, read.rows)
            self._rows.settle(connection, self._hidden, self._rejects)
        connection.execute("RELEASE merge")
        return counts

    def _drop(self) -> None:
        names = [self._hidden, self._rejects.table]
        try:
            self._submit(lambda connection: _drop(connection, names))
        except RolltopError as error:  # a full disk cannot even drop; `drop_leftovers` will
            log.warning("The hidden tables of an import could not be dropped yet: %s", error.message)


def drop_leftovers(data: Data) -> None:
    """Drop the hidden tables of loads that are over: those of a killed process or a full disk."""
    reader = data.connect_reader()
    try:
        names = [str(row[0]) for row in reader.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    finally:
        reader.close()
    left = [name for name in names if _is_left(name)]
    if left:  # looked at again on the writer's thread: a load may have begun anew meanwhile
        data.submit(lambda connection: _drop(connection, [name for name in left if _is_left(name)])).result()


def _is_left(table: str) -> bool:
    return table.startswith(HIDDEN) and table.removesuffix(_REJECTED) not in _under_way


def _drop(connection: apsw.Connection, tables: Sequence[str]) -> None:
    for table in tables:
        connection.execute(f"DROP TABLE IF EXISTS {quote(table)}")


def _rename(connection: apsw.Connection, hidden: str, table: str) -> None:
    """Nothing refers to the hidden name, so nothing else need be rewritten: SQLite would read every view and trigger of
    the file for that, and refuse to go on for one that is broken."""
    connection.config(apsw.SQLITE_DBCONFIG_LEGACY_ALTER_TABLE, 1)
    try:
        connection.execute(f"ALTER TABLE {quote(hidden)} RENAME TO {quote(table)}")
    finally:
        connection.config(apsw.SQLITE_DBCONFIG_LEGACY_ALTER_TABLE, 0)


def _refusal(number: int, reasons: Sequence[Reason]) -> RowRefused:
    """The error for the first row that does not fit, when all or nothing is wanted."""
    first = reasons[0]
    where = f"Row {number:,}" if first.column is None else f"Row {number:,}, column {first.column!r}"
    value = "" if first.value is None or first.code == "type" else f" ({first.value[:50]!r})"
    return RowRefused(
        f"{where}{value}: {first.message}",
        details={"row": number, **first.fields(), "reasons": [reason.fields() for reason in reasons]},
        hint="Correct the file, or have such rows set aside (bad_rows: quarantine). Nothing was imported.",
    )
