# ruff: noqa: S608 (this module is where SQL is made: names are looked up and quoted, values bound)
"""An ordered read as a walk along an index: SQL that starts it at any row. Pure.

A row is known by the values that it is sorted by, the key last. The rows from there on are those that are the same in
all but the key, then those that are the same in all but the last two, and so on: each of these parts is one stretch
of the index, where `(a, id) >= (?, ?)` would be none when NULLs are among the values.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from rolltop.data.types import SQLValue
from rolltop.rows.conditions import kept, order_by, where_of
from rolltop.rows.media import Media
from rolltop.rows.planned import JSON, ReadPlan, Sort
from rolltop.rows.sql import returned
from rolltop.rows.statement import Statement, Text
from rolltop.rows.values import compared

Spot = tuple[SQLValue, ...]
"""What a row is sorted by; the key last."""


@dataclass(slots=True)
class Walk:
    """The rows of a plan in the order of an index that SQLite walks along."""

    plan: ReadPlan
    rows: Statement
    """The rows whose keys are bound, in that order."""
    _spots: dict[tuple[bool, ...] | None, Statement] = field(default_factory=dict)

    def spots(self, start: Spot | None) -> Statement:
        """The spots of a window from `start` on, whose values are bound first, or from the beginning."""
        nulls = None if start is None else tuple(value is None for value in start)
        statement = self._spots.get(nulls)
        if statement is None:
            statement = self._spots[nulls] = _spots(self.plan, nulls)
        return statement


def walk_of(plan: ReadPlan, media: Media) -> Walk | None:
    """The walk of a plan that SQLite runs without sorting; None where the order does not end with the rowid's column,
    or cannot be compared with what is bound."""
    table = plan.table
    if plan.grouped or plan.source.query is not None or table.rowid_alias is None or not plan.order:
        return None
    if not all(map(_is_plain, plan.order)) or plan.order[-1].place.column.name != table.rowid_alias:
        return None
    return Walk(plan, returned(replace(plan, order=()), media, (table.rowid_alias,)))


def _is_plain(sort: Sort) -> bool:
    return not (
        sort.place.steps or sort.related or sort.embed or sort.cast or sort.by_moment or sort.place.type is JSON
    )


def _spots(plan: ReadPlan, nulls: tuple[bool, ...] | None) -> Statement:
    text = Text()
    parts = [_part(text, plan, match) for match in ([""] if nulls is None else _parts(plan.order, nulls))]
    if len(parts) > 1:  # SQLite runs the parts in turn, and none before it is needed
        parts = [f"SELECT * FROM ({part} LIMIT -1 OFFSET 0)" for part in parts]
    text.window = len(text.binds)
    return text.statement(f"{' UNION ALL '.join(parts)} LIMIT ? OFFSET ?")


def _part(text: Text, plan: ReadPlan, match: str) -> str:
    columns = ", ".join(f"{compared(sort.place)} AS _rolltop_{number}" for number, sort in enumerate(plan.order))
    where = where_of(text, kept(plan), match)
    return f"SELECT {columns} FROM {plan.source.sql}{where}{order_by(text, plan.order)}"


def _parts(order: Sequence[Sort], nulls: Sequence[bool]) -> Iterator[str]:
    """The conditions of each stretch from a spot on, in the order of the rows. `?1` is the spot's first value."""
    last = len(order) - 1
    same = [
        f"{compared(sort.place)} {'IS NULL' if null else f'= ?{number + 1}'}"
        for number, (sort, null) in enumerate(zip(order, nulls, strict=True))
    ]
    key = order[last]
    yield _all([*same[:last], f"{compared(key.place)} {'<=' if key.descending else '>='} ?{last + 1}"])
    for number in reversed(range(last)):
        sort, made = order[number], compared(order[number].place)
        if nulls[number]:
            if sort.nulls_first:
                yield _all([*same[:number], f"{made} IS NOT NULL"])
            continue
        yield _all([*same[:number], f"{made} {'<' if sort.descending else '>'} ?{number + 1}"])
        if not sort.nulls_first:
            yield _all([*same[:number], f"{made} IS NULL"])


def _all(tests: Sequence[str]) -> str:
    return " AND ".join(tests)
