"""Whole numbers of 64 bits."""

import re
from types import MappingProxyType
from typing import Annotated

from msgspec import Meta

from rolltop.data.errors import InvalidLiteral, ValueOutOfRange
from rolltop.data.types.base import ColumnType, SQLValue, odd_cells_apart

LOWEST, HIGHEST = -(2**63), 2**63 - 1
_FORM = re.compile(r"[+-]?[0-9]+", re.ASCII)


class Integer(ColumnType):
    """A number without a fraction, exact to the last digit."""

    name = "bigint"
    declared = "INTEGER"
    example = "42"
    words = ("INT",)
    payload = Annotated[int, Meta(ge=LOWEST, le=HIGHEST)]
    schema = MappingProxyType({"type": "integer", "format": "int64"})

    def json(self, expression: str, *, held: bool) -> str:
        return expression if held else odd_cells_apart(expression, f"{expression} >= 9e999 OR {expression} <= -9e999")

    def parse(self, literal: str) -> SQLValue:
        if len(literal) < 19 and literal.isdigit() and literal.isascii():  # nearly always
            return int(literal)
        text = literal.strip()
        if not _FORM.fullmatch(text):
            raise InvalidLiteral(self.name, literal)
        digits = text.lstrip("+-").lstrip("0") or "0"
        number = int(text) if len(digits) <= 19 else HIGHEST + 1
        if not LOWEST <= number <= HIGHEST:
            raise ValueOutOfRange(self.name, literal)
        return number

    def check(self, column: str) -> str | None:
        return f"{column} = CAST({column} AS INTEGER)"
