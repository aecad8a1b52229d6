"""Text, and columns without a declared type."""

from types import MappingProxyType

from rolltop.data.types.base import ColumnType, SQLValue, odd_cells_apart


class Text(ColumnType):
    """Any Unicode text."""

    name = "text"
    declared = "TEXT"
    example = '"text"'
    words = ("CHAR", "CLOB", "TEXT")
    payload = str
    schema = MappingProxyType({"type": "string"})
    textual = True

    def json(self, expression: str, *, held: bool) -> str:
        return expression if held else odd_cells_apart(expression, f"{expression} >= x''")

    def parse(self, literal: str) -> SQLValue:
        return literal

    def check(self, column: str) -> str | None:
        return f"{column} < x''"  # every text sorts before every BLOB
