"""The user's SQLite file, open: one writer, two readers, the loop's own connection, the catalog."""

import asyncio
import concurrent.futures
import logging
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import apsw

from rolltop.data import bounds, connections, copying, errors, inspection
from rolltop.data.catalog import Catalog
from rolltop.data.cause import Cause
from rolltop.data.change import Change, Touched, of_recorded, of_schema
from rolltop.data.history import Limits, Recorded
from rolltop.data.history import log as history_log
from rolltop.data.history.trimming import Trimmer
from rolltop.data.inspection import Inspected
from rolltop.data.readers import Readers
from rolltop.data.reflect import reflect, schema_version
from rolltop.data.streams import Produce, Streams
from rolltop.data.types import SQLValue
from rolltop.data.writer import Unit, Writer

T = TypeVar("T")

log = logging.getLogger("rolltop.data")

READ_SECONDS = 30.0
"""A read that takes longer is interrupted (57014)."""
CATALOG_LOOK_SECONDS = 0.5
"""How stale the catalog may be after another program changed the schema; our own changes are seen at once."""
CATALOG_WAIT_MS = 50
"""How long a look at the schema waits for another program's lock: it may happen on the event loop."""
OUTSIDE_LOOK_SECONDS = 0.5


class Data:
    """One open file. Made by `Data.open`, ended by `close`."""

    def __init__(self, path: Path, first: apsw.Connection, *, in_place: bool, limits: Limits) -> None:
        self.path = path
        self.in_place = in_place
        self.on_change: list[Callable[[Change], None]] = []
        """Called after a commit, on the writer's thread: hand over with `call_soon_threadsafe`, do not block."""
        self._inline = connections.reader(path, in_place=in_place, cache_mib=8, wait_ms=0)
        self._inline_cursor = self._inline.cursor()  # one for all: making a cursor costs a third of a key read
        self._catalog_connection = connections.reader(path, in_place=in_place, cache_mib=2, wait_ms=CATALOG_WAIT_MS)
        self._catalog_lock = threading.Lock()
        self._catalog = reflect(self._catalog_connection)
        self._catalog_looked = time.monotonic()
        self._writer = Writer(
            first,
            limits=limits,
            committed=self._after_commit,
            savepoint_always=lambda: self._catalog.has_deferred_keys,
            changed_outside=self._after_outside_change,
        )
        self._readers = Readers(lambda: connections.reader(path, in_place=in_place))
        self._streams = Streams(self.connect_reader)
        self._queries = Readers(self._connect_query, first=0, most=bounds.AT_ONCE)
        self._query_streams = Streams(self._connect_query)
        self._inspector: apsw.Connection | None = None
        self._inspector_lock = threading.Lock()
        self._closing = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="rolltop-watcher", daemon=True)
        self._trimmer = Trimmer(self._writer.recorder, self._submit_trimming, self.connect_reader)
        self._writer.start()
        self._trimmer.start()
        self._watcher.start()

    @classmethod
    def open(
        cls, path: Path, *, in_place: bool = False, synchronous: str = "FULL", limits: Limits | None = None
    ) -> "Data":
        """Open `path`; make it when it is a workspace's own and not there yet. Raises the errors of `data.errors`.

        `in_place` serves a foreign file as it is found: no journal mode, no page of it changes until someone writes,
        and it has no history until somebody switches it on.
        """
        if synchronous not in ("FULL", "NORMAL", "EXTRA"):
            raise ValueError(f"synchronous must be FULL, NORMAL or EXTRA, not {synchronous!r}")
        path = Path(path).absolute()
        first = connections.open_first(path, in_place=in_place, synchronous=synchronous)
        try:
            limits = limits or Limits()
            if not in_place and limits.bytes and not history_log.is_there(first):
                with first:
                    history_log.switch(first, on=True)
            return cls(path, first, in_place=in_place, limits=limits)
        except apsw.Error as error:
            first.close()
            raise errors.of_opening(path, error) from error

    def close(self) -> None:
        """Finish the writes that wait, interrupt the reads, checkpoint, join the threads. May be called twice."""
        if self._closing.is_set():
            return
        self._closing.set()
        self._readers.stop()
        self._queries.stop()
        self._watcher.join()
        self._trimmer.stop()
        self._streams.close()
        self._query_streams.close()
        with self._inspector_lock:
            if self._inspector is not None:
                self._inspector.close()
        with self._catalog_lock:
            self._catalog_connection.close()
        self._inline.close()
        self._writer.stop()

    @property
    def catalog(self) -> Catalog:
        """What is in the file. Cheap; looks at SQLite's schema version at most twice a second."""
        if time.monotonic() - self._catalog_looked > CATALOG_LOOK_SECONDS:
            return self.fresh_catalog()
        return self._catalog

    def fresh_catalog(self) -> Catalog:
        """The catalog of this very moment: for those who did not find a name in `catalog`."""
        with self._catalog_lock:
            connection = self._catalog_connection
            try:
                if schema_version(connection) != self._catalog.version:
                    with connection:
                        self._catalog = reflect(connection)
                self._catalog_looked = time.monotonic()
            except apsw.BusyError:
                pass  # another program is changing the schema: what was known stays until it is done
            return self._catalog

    @property
    def sqlite_version(self) -> str:
        """The version of the SQLite that reads and writes the file."""
        return apsw.sqlite_lib_version()

    def read_now(self, sql: str, bindings: Sequence[SQLValue] = ()) -> list[tuple[Any, ...]]:
        """The rows of a read that touches a few pages, on the event loop's own connection and in its thread."""
        return self._inline_cursor.execute(sql, bindings).fetchall()

    def read_in_turn(self, sql: str, bindings: Sequence[SQLValue] = ()) -> list[tuple[Any, ...]]:
        """The same, for what is asked often: reads of one turn of the loop share a transaction.

        Its locks cost as much as a read by key (measured). The end of the turn ends it: whoever is told of a write asks
        in a later turn, and sees it.
        """
        if not self._inline.in_transaction:
            loop = asyncio.get_running_loop()
            self._inline_cursor.execute("BEGIN")
            loop.call_soon(self._end_turn)
        return self.read_now(sql, bindings)

    def _end_turn(self) -> None:
        if not self._closing.is_set() and self._inline.in_transaction:
            self._inline_cursor.execute("COMMIT")

    async def read(
        self, work: Callable[[apsw.Connection], T], *, deadline: float | None = READ_SECONDS, single: bool = False
    ) -> T:
        """What `work` returns, run on a reader thread in one read transaction.

        `single` promises one statement, which is a transaction by itself. Raises what `work` raises, `StatementTimeout`
        after `deadline` seconds.
        """
        return await self._read_by(self._readers, work, deadline, single)

    async def _read_by(
        self, readers: Readers, work: Callable[[apsw.Connection], T], deadline: float | None, single: bool
    ) -> T:
        if self._closing.is_set():
            raise errors.Closed("The database is being closed.")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        unit = Unit(work, future, loop, table=None, single=single, alone=False, deadline=deadline)
        readers.put(unit)
        try:
            return await future
        except asyncio.CancelledError:
            unit.abandoned = True
            raise

    async def write(
        self,
        work: Callable[[apsw.Connection], T],
        *,
        table: str | None = None,
        single: bool = False,
        alone: bool = False,
        deadline: float | None = None,
        cause: Cause | None = None,
        after: Callable[[apsw.Connection], None] | None = None,
    ) -> T:
        """What `work` returns, run on the writer thread; comes back after COMMIT, when it is on the disk.

        The history records it as `cause` says. `after` runs once that is done, in the same transaction.

        `table` names the only table written (subscribers hear of it and of what its cascades reach); without it they
        hear that anything may have changed. `single` promises one statement, which needs no savepoint. `alone` gives
        the work a transaction of its own, which a work with a `deadline` in seconds must have: SQLite rolls back the
        whole transaction when it interrupts a write.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._writer.put(
            Unit(
                work, future, loop, table=table, single=single, alone=alone, deadline=deadline, cause=cause, after=after
            )
        )
        return await future

    def submit(
        self,
        work: Callable[[apsw.Connection], T],
        *,
        table: str | None = None,
        alone: bool = False,
        cause: Cause | None = None,
        after: Callable[[apsw.Connection], None] | None = None,
    ) -> "concurrent.futures.Future[T]":
        """The same as `write`, from a worker thread; chunks of long work leave room for others in between."""
        future: concurrent.futures.Future[T] = concurrent.futures.Future()
        unit = Unit(work, future, None, table=table, single=False, alone=alone, deadline=None, cause=cause, after=after)
        self._writer.put(unit)
        return future

    def reshape(
        self,
        work: Callable[[apsw.Connection], T],
        *,
        cause: Cause,
        after: Callable[[apsw.Connection], None] | None = None,
    ) -> "concurrent.futures.Future[T]":
        """A change of the schema, from a worker thread: alone in its transaction, without foreign keys being enforced.

        A table that is dropped to be made anew would otherwise take its children along. The work itself looks at the
        keys before it returns. The history records what is different afterwards, so that it can be undone; a table is
        dropped with `history.kept.retire`, which keeps its rows for that.
        """
        future: concurrent.futures.Future[T] = concurrent.futures.Future()
        unit = Unit(work, future, None, table=None, single=False, alone=True, deadline=None, keys=False, cause=cause)
        unit.after = after
        self._writer.put(unit)
        return future

    def record(self, *, on: bool) -> None:
        """Turn the history of this file on or off; what was recorded stays. Waits for the writer."""
        recorder = self._writer.recorder
        self.submit(lambda _: recorder.switch(on=on), table=history_log.TABLE).result()

    @property
    def recording(self) -> bool:
        """Whether writes are recorded."""
        return self._writer.recorder.on

    @property
    def limits(self) -> Limits:
        """How much history is kept."""
        return self._writer.recorder.limits

    def _submit_trimming(self, work: Callable[[apsw.Connection], T]) -> "concurrent.futures.Future[T]":
        return self.submit(work, table=history_log.TABLE, alone=True)

    def stream(self, produce: Produce) -> AsyncGenerator[bytes]:
        """The chunks that `produce` makes in one read transaction, on a thread of its own."""
        return self._streams.run(produce)

    # ---- SQL that somebody wrote ---------------------------------------------------------------------------------

    def inspect(self, text: str) -> Inspected:
        """What a statement that somebody wrote would do, without running it; from any thread.

        Raises:
            SQLProblem: it cannot be read, speaks of what is not there, or would do what nobody may.
        """
        with self._inspector_lock:
            if self._closing.is_set():
                raise errors.Closed("The database is being closed.")
            if self._inspector is None:
                self._inspector = connections.reader(
                    self.path, in_place=self.in_place, cache_mib=2, wait_ms=CATALOG_WAIT_MS
                )
            try:
                return inspection.inspect(self._inspector, text)
            except apsw.Error as error:
                raise errors.of_running(error) or error from None

    async def query(self, work: Callable[[apsw.Connection], T], *, single: bool = False) -> T:
        """The same as `read` for a statement that somebody wrote: within bounds, on threads of its own."""
        until = time.monotonic() + bounds.WAIT_SECONDS

        def run(connection: apsw.Connection) -> T:
            if time.monotonic() > until:
                raise bounds.too_many()
            with bounds.bounded(connection):
                return work(connection)

        return await self._read_by(self._queries, run, None, single)

    def stream_query(self, produce: Produce, *, counted: bool = True) -> AsyncGenerator[bytes]:
        """The same as `stream` for a statement that somebody wrote.

        One whose rows were not `counted` may never come to an end, so each of its chunks has a query's time.
        """

        def run(connection: apsw.Connection) -> Iterator[bytes]:
            with bounds.bounded(connection, timed=not counted) as renew:
                for chunk in produce(connection):
                    yield chunk
                    renew()

        return self._query_streams.run(run)

    def _connect_query(self) -> apsw.Connection:
        return connections.query_reader(self.path, in_place=self.in_place)

    def connect_reader(self) -> apsw.Connection:
        """A read-only connection of one's own, for a thread that reads for long (streams, exports); close it there."""
        return connections.long_reader(self.path, in_place=self.in_place)

    def snapshot(self) -> apsw.Connection:
        """A connection of one's own that goes on seeing this moment; close it soon, for the log grows meanwhile.

        A file of another program that keeps no log cannot be written as long as it is open.
        """
        return copying.snapshot(self.path, in_place=self.in_place)

    def _after_commit(self, touched: set[Touched], schema_moved: bool, recorded: list[Recorded]) -> None:
        """On the writer's thread: make the catalog fresh, tell subscribers."""
        if schema_moved:
            self._catalog_looked = 0.0
        if not self.on_change:
            return
        if schema_moved:
            self._publish(of_schema(recorded, touched))
        told = of_recorded(recorded)
        known = {change.table for change in told}
        for each in touched:
            for table in {None} if each.table is None else self._catalog.changed_with(each.table) - known:
                told.append(Change(table, kind=each.kind if table == each.table else None, actor=each.actor))
        if schema_moved and not told:
            told = [Change(None)]
        for change in told:
            self._publish(change)

    def _after_outside_change(self, schema_moved: bool) -> None:
        if schema_moved:
            self._catalog_looked = 0.0
        if schema_moved:
            self._publish(Change(None, True))
        self._publish(Change(None))

    def _publish(self, change: Change) -> None:
        for subscriber in tuple(self.on_change):
            try:
                subscriber(change)
            except Exception:  # the writer goes on whatever a subscriber does
                log.exception("A subscriber to changes failed")

    def _watch(self) -> None:
        """Twice a second: are more readers wanted; and, while somebody wants to know, did another program write?"""
        while not self._closing.wait(OUTSIDE_LOOK_SECONDS):
            self._readers.look()
            self._queries.look()
            if self.on_change:
                self._writer.look_outside()
