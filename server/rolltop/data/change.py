"""What subscribers hear after a commit."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Change:
    """Rows of `table` changed (None: any table may have), and whether the schema did."""

    table: str | None
    schema: bool = False
    number: int | None = None
    """The last change in the history that this tells of; None when none was recorded."""
    keys: tuple[tuple[Any, ...], ...] | None = None
    """The keys of the rows, in the order of the table's columns; None when they are many or not known."""
