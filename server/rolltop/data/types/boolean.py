"""Booleans, stored as 0 and 1."""

from types import MappingProxyType

from rolltop.data.errors import InvalidLiteral
from rolltop.data.types.base import ColumnType, SQLValue

WORDS = {
    **{"true"[:length]: 1 for length in range(1, 5)},
    **{"yes"[:length]: 1 for length in range(1, 4)},
    **{"false"[:length]: 0 for length in range(1, 6)},
    **{"no"[:length]: 0 for length in range(1, 3)},
    **{"off"[:length]: 0 for length in range(2, 4)},
    "on": 1,
    "1": 1,
    "0": 0,
}


class Boolean(ColumnType):
    """`true` and `false`."""

    name = "boolean"
    declared = "BOOLEAN"
    example = "true or false"
    words = ("BOOL",)
    payload = bool
    schema = MappingProxyType({"type": "boolean"})

    def json(self, expression: str, *, held: bool) -> str:
        odd = "" if held else f" WHEN {expression} IS NOT NULL THEN rolltop_json({expression})"
        return f"json(CASE WHEN {expression} = 1 THEN 'true' WHEN {expression} = 0 THEN 'false'{odd} END)"

    def parse(self, literal: str) -> SQLValue:
        value = WORDS.get(literal.strip().lower())
        if value is None:
            raise InvalidLiteral(self.name, literal)
        return value

    def check(self, column: str) -> str | None:
        return f"{column} IN (0, 1)"
