"""The threads that read: each has a connection of its own, since connections shared by threads fail under load."""

import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

import apsw

from rolltop.data import errors
from rolltop.data.writer import STEPS_BETWEEN_LOOKS, Unit, settle


class Reader(threading.Thread):
    """Takes units from a queue shared with other readers and runs each in one read transaction."""

    def __init__(self, connect: Callable[[], apsw.Connection], queue: "SimpleQueue[Unit | None]", name: str) -> None:
        super().__init__(name=name, daemon=True)
        self._connect = connect
        self._queue = queue
        self._until = 0.0
        self._cancelled = False

    def cancel(self) -> None:
        """Interrupt what runs now; the thread itself ends by a None in the queue."""
        self._cancelled = True

    def run(self) -> None:
        """Serve the queue until it yields None."""
        connection: apsw.Connection | None = None
        while (unit := self._queue.get()) is not None:
            try:
                if connection is None:
                    connection = self._connect()
                    connection.set_progress_handler(self._overdue, STEPS_BETWEEN_LOOKS)
                unit.result = self._run(connection, unit)
            except Exception as error:
                unit.error = self._explained(connection, error)
            self._hand_back(unit)
        if connection is not None:
            connection.close()

    def _overdue(self) -> bool:
        return self._cancelled or (self._until != 0.0 and time.monotonic() > self._until)

    def _run(self, connection: apsw.Connection, unit: Unit) -> Any:
        if unit.deadline is not None:
            self._until = time.monotonic() + unit.deadline
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
