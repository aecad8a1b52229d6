"""What subscribers hear after a commit."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rolltop.data.history import KEYS_TOLD, Recorded


@dataclass(frozen=True, slots=True)
class Change:
    """Rows of `table` changed (None: any table may have), or the schema did: then `table` is the one it is about."""

    table: str | None
    schema: bool = False
    number: int | None = None
    """The last change in the history that this tells of; None when none was recorded."""
    keys: tuple[tuple[Any, ...], ...] | None = None
    """The keys of the rows, in the order of the table's columns; None when they are many or not known."""
    kind: str | None = None
    """insert, update or delete; None: not known."""
    rows: int | None = None
    """How many; None: not known."""
    actor: str | None = None
    """The id of the caller; None: not known, or another program."""


@dataclass(frozen=True, slots=True)
class Touched:
    """A table that a piece of work wrote to of which no history was recorded."""

    table: str | None
    kind: str | None = None
    actor: str | None = None
    about: str | None = None
    """The table that a change of the schema is about."""


def of_schema(recorded: Sequence[Recorded], touched: Iterable[Touched]) -> Change:
    """What is told of the schema."""
    if recorded:
        return Change(recorded[-1].table, True, recorded[-1].change, actor=recorded[-1].actor)
    first = next(iter(touched), Touched(None))
    return Change(first.about, True, actor=first.actor)


def of_recorded(recorded: Iterable[Recorded]) -> list[Change]:
    """What the history recorded, that of the same table, kind and actor together."""
    found: dict[tuple[str, str | None, str], Change] = {}
    for each in recorded:
        for written in each.written:
            keys = None if written.keys is None else tuple(written.keys)
            new = Change(written.table, False, each.change, keys, written.kind, written.rows, each.actor)
            place = (written.table, written.kind, each.actor)
            found[place] = _together(found[place], new) if place in found else new
    return list(found.values())


def _together(before: Change, after: Change) -> Change:
    rows = None if before.rows is None or after.rows is None else before.rows + after.rows
    many = before.keys is None or after.keys is None or len(before.keys) + len(after.keys) > KEYS_TOLD
    return replace(after, rows=rows, keys=None if many else (*(before.keys or ()), *(after.keys or ())))
