"""What a statement that somebody wrote may take (threat model S3): time, memory, the size of a value."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import apsw

from rolltop.data import errors

QUERY_SECONDS = 5.0
QUERY_MEMORY = 256 * 1024 * 1024
LONGEST_VALUE = 8 * 1024 * 1024
"""Bytes of a value or row."""
AT_ONCE = 4
"""So many queries run; others wait for their turn."""
WAIT_SECONDS = 2.0

_FRESHEN = "SELECT 1 FROM sqlite_schema LIMIT 1"
"""A statement is prepared for the schema that its connection saw last; this makes it look at the present one."""
_STEPS_BETWEEN_LOOKS = 300
"""A row takes about 20 steps, and each may make a longest value. Looking so often costs nothing (measured)."""


class TooManyQueries(errors.Busy):
    """All places were taken for as long as a query waits for one."""

    code = "data.too_many_queries"


@contextmanager
def bounded(connection: apsw.Connection, *, timed: bool = True) -> Iterator[Callable[[], None]]:
    """Within it statements of the connection are interrupted (`InterruptError`) after `QUERY_SECONDS` if `timed`,
    and stopped by `MemoryExceeded` when they take more memory than `QUERY_MEMORY`.

    SQLite counts memory for the whole process, so what others take meanwhile is counted, too. What is yielded gives
    the time anew.
    """
    until = 0.0
    most = apsw.memory_used() + QUERY_MEMORY
    exceeded = False

    def look() -> bool:
        nonlocal exceeded
        exceeded = apsw.memory_used() > most
        return exceeded or (timed and time.monotonic() > until)

    def renew() -> None:
        nonlocal until
        until = time.monotonic() + QUERY_SECONDS

    renew()
    longest = connection.limit(apsw.SQLITE_LIMIT_LENGTH)
    connection.limit(apsw.SQLITE_LIMIT_LENGTH, min(longest, LONGEST_VALUE))
    connection.set_progress_handler(look, _STEPS_BETWEEN_LOOKS, id=look)
    try:
        connection.execute(_FRESHEN).fetchall()
        yield renew
    except apsw.InterruptError:
        if not exceeded:
            raise
        raise errors.MemoryExceeded(
            f"The query needs more than {QUERY_MEMORY >> 20} MB of memory.",
            hint="Ask for less: filter before sorting and grouping, and make no long texts.",
        ) from None
    finally:
        connection.set_progress_handler(None, id=look)
        connection.limit(apsw.SQLITE_LIMIT_LENGTH, longest)


def too_many() -> TooManyQueries:
    """The refusal of a query that waited in vain."""
    return TooManyQueries(
        f"{AT_ONCE} queries are running already.", hint="Try again in a moment.", headers={"Retry-After": "1"}
    )
