"""From the stage into a table that is there: added, changed, left alone or refused, in one transaction.

    stage ─▶ rows in ranges, a statement or two each ─▶ a range that SQLite refuses is halved until single rows are left

So a clean file costs a few statements, and only the ranges around bad rows are looked at row by row. Whether a dry run
or not, the same statements run; a dry run takes them back.
"""

from array import array
from collections.abc import Callable
from dataclasses import dataclass

import apsw

from rolltop.collections.imports.plan import Into, Plan
from rolltop.collections.imports.reasons import REFUSALS, Reason, of_refusal
from rolltop.collections.imports.statements import ROW
from rolltop.data import quote

RANGE = 2_000
"""Rows a statement takes: between two of them a cancel is heard."""

Refuse = Callable[[int, list[Reason]], None]


@dataclass(slots=True)
class Counts:
    """What became of the rows of a file."""

    inserted: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0

    @property
    def landed(self) -> int:
        """Rows of the file that are in the table now."""
        return self.inserted + self.changed + self.unchanged


class Merge:
    """One merge, on the writer's thread and inside its transaction."""

    def __init__(
        self, connection: apsw.Connection, hidden: str, plan: Plan, into: Into, refuse: Refuse, deferred: bool
    ) -> None:
        self.counts = Counts()
        self._connection = connection
        self._hidden = hidden
        self._plan = plan
        self._into = into
        self._refuse = refuse
        self._deferred = deferred
        self._orphans = array("q")
        self._existing, self._change, self._add = _statements(hidden, plan, into)

    def run(self, watch: Callable[[int], None]) -> Counts:
        """Take all rows; `watch` gets how many are done and may raise to stop.

        Raises what `refuse` raises for a row that SQLite refuses.
        """
        last = int(self._connection.execute(f"SELECT max({ROW}) FROM {quote(self._hidden)}").get or 0)  # noqa: S608
        for first in range(1, last + 1, RANGE):
            self._take(first, first + RANGE - 1)
            watch(min(first + RANGE - 1, last))
        self._take_orphans()
        return self.counts

    def _take(self, first: int, last: int) -> None:
        try:
            self._write(first, last)
        except REFUSALS as error:
            if not self._connection.in_transaction:  # a trigger rolled everything back
                raise
            if first < last:
                middle = (first + last) // 2
                self._take(first, middle)
                self._take(middle + 1, last)
                return
            reasons = self._reasons(first, error)
            if any(reason.code == "reference" for reason in reasons):
                self._orphans.append(first)
            else:
                self._reject(first, reasons)

    def _write(self, first: int, last: int) -> None:
        connection = self._connection
        with connection:  # a savepoint: the two statements hold or fall together
            size = int(
                connection.execute(
                    f"SELECT count(*) FROM {quote(self._hidden)} WHERE {ROW} BETWEEN ? AND ?",  # noqa: S608
                    (first, last),
                ).get
            )
            existing = changed = 0
            if self._into.key:
                existing = int(connection.execute(self._existing, (first, last)).get)
                if self._change is not None and existing:
                    connection.execute(self._change, (first, last))
                    changed = connection.changes()
            inserted = 0
            if existing < size:
                connection.execute(self._add, (first, last))
                inserted = connection.changes()
            if self._deferred and connection.status(apsw.SQLITE_DBSTATUS_DEFERRED_FKS)[0]:
                raise apsw.ConstraintError("FOREIGN KEY constraint failed")
        self.counts.inserted += inserted
        self.counts.changed += changed
        self.counts.unchanged += size - inserted - changed  # a trigger may pass a new row over, too

    def _take_orphans(self) -> None:
        """Rows whose parents were not there: those may have come further down in the same file."""
        before = 0
        while len(self._orphans) != before:
            waiting, self._orphans = self._orphans, array("q")
            before = len(waiting)
            for number in waiting:
                self._take(number, number)
        for number in self._orphans:
            try:
                self._write(number, number)
            except REFUSALS as error:
                self._reject(number, self._reasons(number, error))

    def _reject(self, number: int, reasons: list[Reason]) -> None:
        self.counts.refused += 1
        self._refuse(number, reasons)

    def _reasons(self, number: int, error: apsw.Error) -> list[Reason]:
        names = [column.name for column in self._plan.columns]
        listed = ", ".join(map(quote, names))
        sql = f"SELECT {listed} FROM {quote(self._hidden)} WHERE {ROW} = ?"  # noqa: S608 (names quoted)
        (values,) = self._connection.execute(sql, (number,)).fetchall()
        return of_refusal(error, dict(zip(names, values, strict=True)), self._into.table, self._connection)


def _statements(hidden: str, plan: Plan, into: Into) -> tuple[str, str | None, str]:
    """How many rows of a range are in the table by their key; change those that differ; add the others."""
    target, stage = quote(into.table.name), quote(hidden)
    names = ", ".join(quote(column.name) for column in plan.columns)
    between = f"s.{ROW} BETWEEN ?1 AND ?2"
    add = f"INSERT INTO {target} ({names}) SELECT {names} FROM {stage} AS s WHERE {between}"  # noqa: S608
    if not into.key:
        return "", None, f"{add} ORDER BY s.{ROW}"
    # The plus keeps SQLite from looking each row of the table up in the stage, instead of the other way round.
    same = " AND ".join(f"t.{quote(name)} = +s.{quote(name)}" for name in into.key)
    found = f"EXISTS (SELECT 1 FROM {target} AS t WHERE {same})"  # noqa: S608
    existing = f"SELECT count(*) FROM {stage} AS s WHERE {between} AND {found}"  # noqa: S608
    others = [quote(column.name) for column in plan.columns if column.name not in into.key]
    change = None
    if others:
        sets = ", ".join(f"{name} = s.{name}" for name in others)
        differs = " OR ".join(f"t.{name} COLLATE BINARY IS NOT s.{name}" for name in others)
        change = (
            f"UPDATE {target} AS t SET {sets} FROM {stage} AS s "  # noqa: S608
            f"WHERE {between} AND {same} AND ({differs})"
        )
    return existing, change, f"{add} AND NOT {found} ORDER BY s.{ROW}"
