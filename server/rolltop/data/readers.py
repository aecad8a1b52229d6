"""The threads that read: each has a connection of its own, since connections shared by threads fail under load."""

import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

import apsw

from rolltop.data import errors
from rolltop.data.writer import STEPS_BETWEEN_LOOKS, Unit, settle

READERS = 2
MOST = 8
SLOW_SECONDS = 0.25
"""When all readers have been at their reads for so long, one more is started."""
STOP_SECONDS = 3.0
"""SQLite looks at no clock within one call of a function, such as instr() of two long texts: it is left behind."""


class Readers:
    """Two threads, measured to be best, and a few more while slow reads hold them."""

    def __init__(self, connect: Callable[[], apsw.Connection], *, first: int = READERS, most: int = MOST) -> None:
        self._connect = connect
        self._most = most
        self._queue: SimpleQueue[Unit | None] = SimpleQueue()
        self._threads: list[Reader] = []
        for _ in range(first):
            self._add()

    def put(self, unit: Unit) -> None:
        """Queue a read."""
        self._queue.put(unit)
        self.look()

    def look(self) -> None:
        """Start one more reader when all have been busy for long and reads wait."""
        if len(self._threads) >= self._most or self._queue.empty():
            return
        late = time.monotonic() - SLOW_SECONDS
        if all(0.0 < reader.busy_since < late for reader in self._threads):
            self._add()

    def stop(self) -> None:
        """Interrupt what runs and end the threads."""
        for reader in self._threads:
            reader.cancel()
            self._queue.put(None)
        until = time.monotonic() + STOP_SECONDS
        for reader in self._threads:
            reader.join(max(0.0, until - time.monotonic()))

    def _add(self) -> None:
        reader = Reader(self._connect, self._queue, f"rolltop-reader-{len(self._threads)}")
        self._threads.append(reader)
        reader.start()


class Reader(threading.Thread):
    """Takes units from a queue shared with other readers and runs each in one read transaction."""

    def __init__(self, connect: Callable[[], apsw.Connection], queue: "SimpleQueue[Unit | None]", name: str) -> None:
        super().__init__(name=name, daemon=True)
        self._connect = connect
        self._queue = queue
        self.busy_since = 0.0
        """When the present read began, on the monotonic clock; 0 between reads."""
        self._until = 0.0
        self._unit: Unit | None = None
        self._cancelled = False

    def cancel(self) -> None:
        """Interrupt what runs now; the thread itself ends by a None in the queue."""
        self._cancelled = True

    def run(self) -> None:
        """Serve the queue until it yields None."""
        connection: apsw.Connection | None = None
        while (unit := self._queue.get()) is not None:
            if unit.abandoned:
                continue
            self._unit = unit
            self.busy_since = time.monotonic()
            try:
                if connection is None:
                    connection = self._connect()
                    connection.set_progress_handler(self._overdue, STEPS_BETWEEN_LOOKS)
                unit.result = self._run(connection, unit)
            except Exception as error:
                unit.error = self._explained(connection, error)
            self.busy_since, self._unit = 0.0, None
            self._hand_back(unit)
        if connection is not None:
            connection.close()

    def _overdue(self) -> bool:
        if self._cancelled or (self._unit is not None and self._unit.abandoned):
            return True
        return self._until != 0.0 and time.monotonic() > self._until

    def _run(self, connection: apsw.Connection, unit: Unit) -> Any:
        if unit.deadline is not None:
            self._until = self.busy_since + unit.deadline
        try:
            if unit.single:
                return unit.work(connection)
            connection.execute("BEGIN")
            try:
                return unit.work(connection)
            finally:
                if connection.in_transaction:
                    connection.execute("COMMIT")
        finally:
            self._until = 0.0

    @staticmethod
    def _explained(connection: apsw.Connection | None, error: Exception) -> Exception:
        if isinstance(error, apsw.Error):
            number = 0 if connection is None else connection.system_errno
            return errors.of_running(error, number) or error
        return error

    @staticmethod
    def _hand_back(unit: Unit) -> None:
        if unit.loop is None:
            settle([unit])
            return
        try:
            unit.loop.call_soon_threadsafe(settle, [unit])
        except RuntimeError:  # the loop is closed: nobody waits any more
            return
