"""Moments, stored as ISO 8601 text; in tables of ours in UTC with `Z`."""

import re
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Any

from rolltop.data.errors import InvalidDate
from rolltop.data.types.base import ColumnType, SQLValue, odd_cells_apart

FORM = r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:Z|[+-]\d\d(?::?\d\d)?)?)?"
_FORM = re.compile(FORM, re.ASCII)


class Timestamp(ColumnType):
    """A date with a time of day."""

    name = "timestamp"
    declared = "TIMESTAMP"
    example = '"2024-05-01T12:30:00Z"'
    normalizes = True
    words = ("TIMESTAMP", "DATETIME")
    payload = str
    schema = MappingProxyType({"type": "string", "format": "date-time"})

    def json(self, expression: str, *, held: bool) -> str:
        return expression if held else odd_cells_apart(expression, f"{expression} >= x''")

    def parse(self, literal: str) -> SQLValue:
        text = literal.strip()
        if not _FORM.fullmatch(text):
            raise InvalidDate(self.name, literal)
        try:
            datetime.fromisoformat(text.upper())
        except ValueError:
            raise InvalidDate(self.name, literal) from None
        return text

    def check(self, column: str) -> str | None:
        return f"{column} GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-*T*Z' AND date({column}) IS substr({column}, 1, 10)"


def moment(value: Any) -> Any:
    """A cell as something that sorts by time: moments in UTC and of one length, everything else as it is."""
    if not isinstance(value, str):
        return value
    try:
        read = datetime.fromisoformat(value.upper())
    except ValueError:
        return value
    if read.tzinfo is not None:
        try:
            read = read.astimezone(UTC).replace(tzinfo=None)
        except OverflowError:  # within a day of the first or the last year
            return value
    return read.isoformat(timespec="microseconds")


def days_around(text: str) -> tuple[str, str]:
    """The days between which the texts of this moment begin, whatever their zone: from the first, before the second."""
    day = date.fromisoformat(text[:10])
    earlier = day - timedelta(1) if day > date.min else day
    return earlier.isoformat(), (day + timedelta(2)).isoformat() if day < date.max - timedelta(2) else "~"


def in_utc(text: str) -> str:
    """The moment `text` (already of the right form; without a zone it is UTC) as tables of ours store it."""
    moment = datetime.fromisoformat(text.upper())
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC)
    moment = moment.replace(tzinfo=None)
    return moment.isoformat(timespec="microseconds" if moment.microsecond else "seconds") + "Z"
