"""What subscribers hear after a commit."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Change:
    """Rows of `table` changed (None: any table may have), and whether the schema did."""

    table: str | None
    schema: bool = False
