"""Pages far into a table: found from landmarks, so that a jump does not walk over every row before it.

    position   0      4,096     8,192     12,288    …
    landmark   ·      (3, 17)   (3, 5012) (8, 44)         what the row there is sorted by, the key last

A page at 9,000 starts at the landmark before it. Landmarks are found by the first who walks there (which costs what an
OFFSET costs), and hold as long as nobody writes. Each connection has its own, for only a connection knows by itself
whether anybody wrote (`data_version`).
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

import apsw

from rolltop.data.types import SQLValue
from rolltop.rows import literals
from rolltop.rows.fetching import fetched
from rolltop.rows.walk import Spot, Walk

FAR = 10_000
"""From this offset on landmarks are worth it."""
STEP = 4_096
MOST = 1_024
"""A walk keeps so many landmarks; then every second one goes."""
WALKS = 8
"""So many walks a connection keeps: a megabyte at most in all."""
LONGEST = 200
"""A text or BLOB that is longer is no landmark."""


@dataclass(slots=True)
class _Landmarks:
    """Those of one walk, the first at position `step`."""

    step: int
    spots: list[Spot] = field(default_factory=list)
    ended: bool = False
    """Whether the walk has no landmark more."""


class _Kept:
    """What a connection keeps: the landmarks of its latest walks, as long as nobody writes."""

    def __init__(self) -> None:
        self.version = -1
        self.walks: OrderedDict[tuple[str, tuple[SQLValue, ...]], _Landmarks | None] = OrderedDict()


class Landmarks:
    """Finds pages from landmarks."""

    def __init__(self) -> None:
        self._kept: WeakKeyDictionary[apsw.Connection, _Kept] = WeakKeyDictionary()

    def page(
        self, connection: apsw.Connection, walk: Walk, values: Sequence[Any], limit: int, offset: int
    ) -> tuple[str | None, int] | None:
        """The text and the rows of a page, as the page's statement would give them, within a read transaction; None
        when there are no landmarks on this walk."""
        start = walk.spots(None)
        key = (start.sql, tuple(start.bindings(values)))
        try:
            landmarks = self._landmarks(connection, walk, values, key)
            if landmarks is None:
                return None
            self._reach(connection, walk, values, landmarks, offset)
            number = min(offset // landmarks.step, len(landmarks.spots))
            spot = landmarks.spots[number - 1] if number else None
            spots = _spots(connection, walk, values, spot, limit, offset - number * landmarks.step)
        except (UnicodeDecodeError, _TooLong):
            self._kept[connection].walks[key] = None
            return None
        keys = literals.json_list([found[-1] for found in spots])
        text, rows = fetched(connection, walk.rows.sql, walk.rows.bindings(values, (keys,)))[0]
        return text, rows

    def _landmarks(
        self, connection: apsw.Connection, walk: Walk, values: Sequence[Any], key: tuple[str, tuple[SQLValue, ...]]
    ) -> _Landmarks | None:
        kept = self._kept.setdefault(connection, _Kept())
        version = connection.pragma("data_version")
        if version != kept.version:
            kept.walks.clear()
            kept.version = version
        if key in kept.walks:
            kept.walks.move_to_end(key)
        else:
            kept.walks[key] = _Landmarks(STEP) if _is_a_walk(connection, walk, values) else None
            if len(kept.walks) > WALKS:
                kept.walks.popitem(last=False)
        return kept.walks[key]

    @staticmethod
    def _reach(
        connection: apsw.Connection, walk: Walk, values: Sequence[Any], landmarks: _Landmarks, offset: int
    ) -> None:
        """Find the landmarks up to `offset`."""
        while not landmarks.ended and (len(landmarks.spots) + 1) * landmarks.step <= offset:
            last = landmarks.spots[-1] if landmarks.spots else None
            found = _spots(connection, walk, values, last, 1, landmarks.step)
            if not found:
                landmarks.ended = True
                return
            if any(isinstance(value, str | bytes) and len(value) > LONGEST for value in found[0]):
                raise _TooLong
            landmarks.spots.append(found[0])
            if len(landmarks.spots) == MOST:
                landmarks.spots = landmarks.spots[1::2]
                landmarks.step *= 2


class _TooLong(Exception):
    """A landmark would take too much memory."""


def _spots(
    connection: apsw.Connection, walk: Walk, values: Sequence[Any], start: Spot | None, limit: int, offset: int
) -> list[Spot]:
    statement = walk.spots(start)
    bindings = [*(start or ()), *statement.bindings(values, (limit, offset))]
    return connection.execute(statement.sql, bindings).fetchall()


def _is_a_walk(connection: apsw.Connection, walk: Walk, values: Sequence[Any]) -> bool:
    """Whether SQLite walks from any spot on as it does from the beginning, without sorting."""
    somewhere: Spot = (0,) * len(walk.plan.order)
    statement = walk.spots(somewhere)
    bindings = [*somewhere, *statement.bindings(values, (1, 0))]
    steps = connection.execute(f"EXPLAIN QUERY PLAN {statement.sql}", bindings)
    return not any("TEMP B-TREE" in str(step[3]) for step in steps)
