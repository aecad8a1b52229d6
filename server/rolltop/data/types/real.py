"""Floating point numbers."""

import re
from types import MappingProxyType

from rolltop.data.errors import InvalidLiteral, ValueOutOfRange
from rolltop.data.types.base import ColumnType, SQLValue, odd_cells_apart

FORM = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,6})?", re.ASCII)
INFINITE = {"infinity": 1, "inf": 1, "+infinity": 1, "+inf": 1, "-infinity": -1, "-inf": -1}


class Real(ColumnType):
    """A double: about 15 digits."""

    name = "double precision"
    declared = "REAL"
    example = "1.5"
    words = ("REAL", "FLOA", "DOUB")
    payload = float
    schema = MappingProxyType({"type": "number", "format": "double"})

    def json(self, expression: str, *, held: bool) -> str:
        return expression if held else odd_cells_apart(expression, f"{expression} >= 9e999 OR {expression} <= -9e999")

    def parse(self, literal: str) -> SQLValue:
        text = literal.strip()
        if text.lower() in INFINITE:
            return INFINITE[text.lower()] * float("inf")
        if len(text) > 1000 or not FORM.fullmatch(text):
            raise InvalidLiteral(self.name, literal)
        number = float(text)
        if number in (float("inf"), float("-inf")):
            raise ValueOutOfRange(self.name, literal)
        return number

    def coerce(self, value: object) -> SQLValue:
        number = super().coerce(value)
        if number in (float("inf"), float("-inf")):  # JSON could not give it back as a number (threat model S6)
            raise ValueOutOfRange(self.name, str(value))
        return number

    def check(self, column: str) -> str | None:
        return f"{column} > -9e999 AND {column} < 9e999"
