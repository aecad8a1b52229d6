"""Times of day, stored as ISO text."""

import datetime
import re
from types import MappingProxyType

from rolltop.data.errors import InvalidDate
from rolltop.data.types.base import ColumnType, SQLValue, odd_cells_apart

_FORM = re.compile(r"\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?", re.ASCII)


class Time(ColumnType):
    """A time of day without a date and without a zone."""

    name = "time"
    declared = "TIME"
    example = '"12:30:00"'
    normalizes = True
    payload = str
    schema = MappingProxyType({"type": "string", "format": "time-local"})

    def json(self, expression: str, *, held: bool) -> str:
        return expression if held else odd_cells_apart(expression, f"{expression} >= x''")

    def parse(self, literal: str) -> SQLValue:
        text = literal.strip()
        if not _FORM.fullmatch(text):
            raise InvalidDate(self.name, literal)
        try:
            datetime.time.fromisoformat(text)
        except ValueError:
            raise InvalidDate(self.name, literal) from None
        return text

    def check(self, column: str) -> str | None:
        return f"{column} GLOB '[0-2][0-9]:[0-5][0-9]*' AND strftime('%H:%M', {column}) IS substr({column}, 1, 5)"
