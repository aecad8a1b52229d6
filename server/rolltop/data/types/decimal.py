"""Numbers of any kind, kept as whole numbers where they are whole."""

from types import MappingProxyType
from typing import Annotated

from msgspec import Meta

from rolltop.data.errors import InvalidLiteral, ValueOutOfRange
from rolltop.data.types.base import ColumnType, SQLValue, odd_cells_apart
from rolltop.data.types.integer import HIGHEST, LOWEST
from rolltop.data.types.real import FORM


class Decimal(ColumnType):
    """A number with or without a fraction. SQLite's NUMERIC affinity stores it as INTEGER or REAL."""

    name = "numeric"
    declared = "DECIMAL"
    example = "9.90"
    words = ("NUMERIC", "DECIMAL", "NUM")
    payload = Annotated[int, Meta(ge=LOWEST, le=HIGHEST)] | float
    schema = MappingProxyType({"type": "number"})

    def json(self, expression: str, *, held: bool) -> str:
        return expression if held else odd_cells_apart(expression, f"{expression} >= 9e999 OR {expression} <= -9e999")

    def parse(self, literal: str) -> SQLValue:
        text = literal.strip()
        if len(text) > 1000 or not FORM.fullmatch(text):
            raise InvalidLiteral(self.name, literal)
        if text.lstrip("+-").isdigit() and len(text) <= 20 and LOWEST <= (number := int(text)) <= HIGHEST:
            return number
        value = float(text)
        if value in (float("inf"), float("-inf")):
            raise ValueOutOfRange(self.name, literal)
        return value

    def coerce(self, value: object) -> SQLValue:
        if isinstance(value, int) and not LOWEST <= value <= HIGHEST:  # a double would lose digits (threat model S6)
            raise ValueOutOfRange(self.name, str(value)[:200])
        return super().coerce(value)

    def check(self, column: str) -> str | None:
        return f"{column} > -9e999 AND {column} < 9e999"
