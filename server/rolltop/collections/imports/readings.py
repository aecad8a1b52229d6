"""The types a column can get, and the ways its cells may be written for each.

A *reading* is one way: `date` has five, ISO and the orders of day, month and year with their marks. It knows which
kinds of cells fit, which of them it would not choose by itself, and how a cell becomes the value that is stored.
"""

import datetime
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rolltop.collections.imports.cells import SPACE, TRUE_WORDS, Kind
from rolltop.data.types.timestamp import in_utc

Convert = Callable[[str], str | int]
"""A cell without the spaces around it → what is bound to the INSERT; SQLite's affinity does the rest."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read cells as a type."""

    type: str
    name: str | None
    """For people; None for the plain way."""
    needs: int
    """All of these bits make a cell fit."""
    loses: int = 0
    """With one of these bits a cell fits, but something of what is written would be lost: nothing to do unasked."""
    convert: Convert | None = None
    """None when SQLite takes the cell as it stands."""
    as_stored: int = 0
    """A cell with one of these bits needs no `convert`."""
    changes: int = 0
    """A cell with one of these bits needs `convert`; without any of the two sets, every cell does."""

    def fits(self, kind: int) -> bool:
        """Whether a cell of that kind can be loaded."""
        return kind & self.needs == self.needs

    def keeps(self, kind: int) -> bool:
        """Whether it can be loaded without loss."""
        return kind & self.needs == self.needs and not kind & self.loses

    def must_convert(self, kind: int) -> bool:
        """Whether SQLite would not store a cell of that kind as it should be."""
        if kind & Kind.PADDED:
            return True
        if self.convert is None or kind & self.as_stored:
            return False
        return bool(kind & self.changes) if self.changes else True


def _comma(cell: str) -> str:
    return cell.replace(".", "").replace(",", ".")


def _groups(cell: str) -> str:
    return cell.replace(",", "")


def _boolean(cell: str) -> int:
    word = cell.lower()
    return 1 if word in TRUE_WORDS else 0


def _day(order: str) -> Callable[[str], str]:
    """A converter for days whose parts come in `order`, such as "dmy"."""
    places = [order.index(part) for part in "ymd"]

    def _iso(cell: str) -> str:
        parts = re.split(r"[./-]", cell, maxsplit=2)
        year, month, day = (int(parts[place]) for place in places)
        return datetime.date(year, month, day).isoformat()

    return _iso


def _moment(order: str) -> Convert:
    day = _day(order)

    def _iso(cell: str) -> str:
        date, _, time = cell.replace("T", " ").partition(" ")
        return in_utc(f"{day(date)}T{_two_digits(time)}" if time else day(date))

    return _iso


def _two_digits(time: str) -> str:
    """9:05:00 → 09:05:00."""
    return time if time[1] != ":" else f"0{time}"


_COMMAS = "commas between thousands"
_OF_WHOLE = Kind.ZERO_FIRST | Kind.LONG | Kind.SIGNED
_OF_DECIMAL = Kind.ZERO_FIRST | Kind.SIGNED
_OF_REAL = Kind.ZERO_FIRST | Kind.SIGNED | Kind.TOO_LONG

READINGS: tuple[Reading, ...] = (
    Reading("boolean", None, Kind.BOOLEAN, convert=_boolean, as_stored=Kind.BOOLEAN_DIGIT),
    Reading("integer", None, Kind.INTEGER | Kind.NUMBER, loses=_OF_WHOLE),
    Reading("integer", "decimal comma", Kind.INTEGER_COMMA | Kind.NUMBER_COMMA, loses=_OF_WHOLE, convert=_comma),
    Reading(
        "integer",
        _COMMAS,
        Kind.INTEGER_GROUPS | Kind.NUMBER_GROUPS,
        loses=_OF_WHOLE,
        convert=_groups,
    ),
    Reading("decimal", None, Kind.NUMBER | Kind.EXACT, loses=_OF_DECIMAL),
    Reading("decimal", "decimal comma", Kind.NUMBER_COMMA | Kind.EXACT, loses=_OF_DECIMAL, convert=_comma),
    Reading("decimal", _COMMAS, Kind.NUMBER_GROUPS | Kind.EXACT, loses=_OF_DECIMAL, convert=_groups),
    Reading("real", None, Kind.NUMBER, loses=_OF_REAL),
    Reading("real", "decimal comma", Kind.NUMBER_COMMA, loses=_OF_REAL, convert=_comma),
    Reading("real", _COMMAS, Kind.NUMBER_GROUPS, loses=_OF_REAL, convert=_groups),
    Reading("date", None, Kind.DATE_ISO),
    Reading("date", "year/month/day", Kind.DATE_YMD, convert=_day("ymd")),
    Reading("date", "day/month/year", Kind.DATE_DMY, convert=_day("dmy")),
    Reading("date", "month/day/year", Kind.DATE_MDY, convert=_day("mdy")),
    Reading("timestamp", None, Kind.MOMENT_ISO, convert=in_utc, as_stored=Kind.MOMENT_AS_STORED),
    Reading("timestamp", "year/month/day", Kind.MOMENT_YMD, convert=_moment("ymd")),
    Reading("timestamp", "day/month/year", Kind.MOMENT_DMY, convert=_moment("dmy")),
    Reading("timestamp", "month/day/year", Kind.MOMENT_MDY, convert=_moment("mdy")),
    Reading("time", None, Kind.TIME),
    Reading("uuid", None, Kind.UUID, convert=str.lower, changes=Kind.UPPER),
    Reading("json", None, Kind.JSON),
)

TEXT = Reading("text", None, 0)
WAYS_OF_NUMBERS = (Kind.NUMBER, Kind.NUMBER_COMMA, Kind.NUMBER_GROUPS)

BY_TYPE: Mapping[str, tuple[Reading, ...]] = {
    **{name: tuple(each for each in READINGS if each.type == name) for name in {each.type for each in READINGS}},
    "text": (TEXT,),
}
TYPES = ("boolean", "integer", "decimal", "real", "date", "timestamp", "time", "uuid", "json", "text")


def convert_all(reading: Reading, words: frozenset[str]) -> Callable[[str | None], str | int | None]:
    """The function for one cell: empty ones and `words` become None, the rest is stripped and converted."""
    convert = reading.convert

    def _value(cell: str | None) -> str | int | None:
        if cell is None:
            return None
        text = cell.strip(SPACE)
        if not text or text in words:
            return None
        try:
            return text if convert is None else convert(text)
        except (ValueError, OverflowError, IndexError):
            return cell  # it does not fit; the CHECK refuses it and the load says where

    return _value
