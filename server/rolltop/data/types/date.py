"""Calendar days, stored as ISO text."""

import datetime
import re
from types import MappingProxyType

from rolltop.data.errors import InvalidDate
from rolltop.data.types.base import ColumnType, SQLValue, odd_cells_apart

_FORM = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class Date(ColumnType):
    """A day."""

    name = "date"
    declared = "DATE"
    example = '"2024-05-01"'
    normalizes = True
    words = ("DATE",)
    payload = str
    schema = MappingProxyType({"type": "string", "format": "date"})

    def json(self, expression: str, *, held: bool) -> str:
        return expression if held else odd_cells_apart(expression, f"{expression} >= x''")

    def parse(self, literal: str) -> SQLValue:
        text = literal.strip()
        if not _FORM.fullmatch(text):
            raise InvalidDate(self.name, literal)
        try:
            datetime.date.fromisoformat(text)
        except ValueError:
            raise InvalidDate(self.name, literal) from None
        return text

    def check(self, column: str) -> str | None:
        return f"{column} IS date({column})"  # "=" would be NULL for what is no date, and a CHECK lets NULL pass
