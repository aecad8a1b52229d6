"""Numbers of any kind, kept as whole numbers where they are whole."""

from types import MappingProxyType

from rolltop.data.errors import InvalidLiteral, ValueOutOfRange
from rolltop.data.types.base import ColumnType, SQLValue, odd_cells_apart
from rolltop.data.types.integer import HIGHEST, LOWEST
from rolltop.data.types.real import FORM


class Decimal(ColumnType):
    """A number with or without a fraction. SQLite's NUMERIC affinity stores it as INTEGER or REAL."""

    name = "numeric"
    declared = "DECIMAL"
    words = ("NUMERIC", "DECIMAL", "NUM")
    payload = int | float
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

    def check(self, column: str) -> str | None:
        return f"{column} > -9e999 AND {column} < 9e999"
