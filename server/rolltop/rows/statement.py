"""A statement in the making, and made: SQL and where its values come from."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rolltop.data.types import SQLValue
from rolltop.rows import literals
from rolltop.rows.asked import Slot

Bind = tuple[int, "literals.Convert | SQLValue"]
"""(slot, how its text is read), or (-1, a value that belongs to the shape)."""


@dataclass(slots=True)
class Text:
    """SQL in the making, with its bindings in the order of their marks: whoever renders first comes first."""

    binds: list[Bind] = field(default_factory=list)
    window: int | None = None
    """Where among the bindings those of the request's window (limit, offset; or keys) go."""

    def bind(self, value: "str | Slot | None", convert: literals.Convert) -> str:
        """A placeholder for a literal."""
        if isinstance(value, Slot):
            self.binds.append((value.number, convert))
        else:
            self.binds.append((-1, None if value is None else convert(value)))
        return "?"

    def constant(self, value: SQLValue) -> str:
        """A placeholder for a value of the shape."""
        self.binds.append((-1, value))
        return "?"

    def statement(self, sql: str) -> "Statement":
        """The finished statement."""
        return Statement(sql, tuple(self.binds), len(self.binds) if self.window is None else self.window)


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL and where its values come from; those of the window go in at `window`."""

    sql: str
    binds: tuple[Bind, ...]
    window: int

    def bindings(self, values: Sequence[Any], window: Sequence[SQLValue] = ()) -> list[SQLValue]:
        """The values to bind for one request: its literals, and its limit and offset where the statement has them."""
        made: list[SQLValue] = [
            convert(values[slot]) if slot >= 0 else convert  # type: ignore[operator,misc]
            for slot, convert in self.binds
        ]
        if window:
            made[self.window : self.window] = window
        return made
