"""Which rows a piece of work wrote, and how: read from its changeset, for those who are told."""

from dataclasses import dataclass
from typing import Any

import apsw

from rolltop.data.history.values import key_of
from rolltop.data.reflect import is_hidden

KEYS_TOLD = 20
"""Of more rows than this nobody is told which."""

Key = tuple[Any, ...]


@dataclass(slots=True)
class Written:
    """Rows of a table that were written in one way."""

    table: str
    kind: str | None
    """insert, update or delete; None: not known."""
    rows: int | None
    """How many; None: not known."""
    keys: list[Key] | None
    """The keys of all of them, in the order of the table's columns; None when they are many or not known."""


class Found:
    """The rows of a changeset, change by change; hidden ones, which go along, are not told of."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Written] = {}
        self.widths: dict[str, int] = {}
        """How many columns each table had."""
        self.rows = 0

    def add(self, change: apsw.TableChange) -> None:
        """One more."""
        name, kind = change.name, change.op.lower()
        found = self._found.get((name, kind))
        if found is None:
            self.widths[name] = change.column_count
            if is_hidden(name):
                return
            found = self._found[name, kind] = Written(name, kind, 0, [])
        self.rows += 1
        found.rows = (found.rows or 0) + 1
        if found.keys is not None:
            key = key_of(change) if len(found.keys) < KEYS_TOLD else None
            if key is None:
                found.keys = None
            else:
                found.keys.append(key)

    @property
    def written(self) -> list[Written]:
        """What there was, in the order of the changeset."""
        return list(self._found.values())
