"""Another try: the quarantined rows go the way of an import's rows, and leave when they land."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import apsw
import msgspec

from rolltop.collections.imports.content import Row
from rolltop.collections.imports.load import HIDDEN, Load, Outcome, Progress, Read, Rows
from rolltop.collections.imports.plan import Plan
from rolltop.collections.imports.rejects import Rejects
from rolltop.collections.quarantine import store
from rolltop.collections.quarantine.origin import Origin
from rolltop.collections.quarantine.store import Selection
from rolltop.data import Cause, Data
from rolltop.kit.ids import new_id

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of it."""

    outcome: Outcome

    def counts(self) -> dict[str, int]:
        """For the job's result."""
        counts = self.outcome.counts
        return {
            "inserted": counts.inserted,
            "changed": counts.changed,
            "unchanged": counts.unchanged,
            "refused": counts.refused,
        }


def try_again(data: Data, origin: Origin, plan: Plan, chosen: Selection, progress: Progress, cause: Cause) -> Tried:
    """Load the chosen rows; those that land leave the quarantine in the same transaction.

    Raises:
        TableChanged: somebody changed the table meanwhile.
    """

    def _settle(connection: apsw.Connection, stage: str, rejects: Rejects) -> None:
        store.settle_retried(connection, origin.id, stage, rejects.table if rejects.count else None)

    @contextmanager
    def _read() -> Iterator[Read]:
        connection = data.connect_reader()
        try:
            yield Read(_rows(connection, origin.id, chosen), lambda: None)
        finally:
            connection.close()

    rows = Rows(_read, len(origin.headers), None, _settle, cause)
    return Tried(Load(data, rows, plan, f"{HIDDEN}{new_id()}", progress).run())


def _rows(connection: apsw.Connection, id: str, chosen: Selection) -> Iterator[tuple[int, Row]]:
    """The chosen rows in their order, a page at a time."""
    after = 0
    while page := store.page(connection, id, chosen, after, _AT_ONCE):
        for number, cells, _ in page:
            yield number, msgspec.json.decode(cells)
        after = page[-1][0]
