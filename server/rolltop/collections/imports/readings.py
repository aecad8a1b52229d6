"""The types a column can get, and the ways its cells may be written for each.

A *reading* is one way: `date` has five, ISO and the orders of day, month and year with their marks. It knows which
kinds of cells fit, which of them it would not choose by itself, and how a cell becomes the value that is stored.
"""

import datetime
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rolltop.collections.imports.cells import SPACE, TRUE_WORDS, Kind, amount_of, without_gaps
from rolltop.collections.imports.clock import named, time_of_day
from rolltop.data.types.timestamp import in_utc

Value = str | int | bytes
Convert = Callable[[str], Value]
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
    asks: int = 0
    """Guessed only when some cell has one of these bits."""
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


def _bytes(cell: str) -> bytes:
    return bytes.fromhex(cell[2:])


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
        return in_utc(f"{day(date)}T{_clock(time)}" if time else day(date))

    return _iso


def _clock(time: str) -> str:
    """9:05:00 PM → 21:05:00."""
    found = time_of_day(time)
    if found is None:
        raise ValueError(time)
    return found


def _named_day(cell: str) -> str:
    found = named(cell)
    if found is None or found[1] is not None:
        raise ValueError(cell)
    return found[0]


def _named_moment(cell: str) -> str:
    found = named(cell)
    if found is None:
        raise ValueError(cell)
    return in_utc("T".join(filter(None, found)))


def _spaces(cell: str) -> str:
    return without_gaps(cell)


def _comma_and_spaces(cell: str) -> str:
    return _comma(without_gaps(cell))


def _money(convert: Callable[[str], str] | None) -> Convert:
    """A converter for amounts whose number is written in the way that `convert` reads."""

    def _number(cell: str) -> str:
        number = amount_of(cell)[0]
        return number if convert is None else convert(number)

    return _number


_OF_WHOLE = Kind.ZERO_FIRST | Kind.LONG | Kind.SIGNED
_OF_DECIMAL = Kind.ZERO_FIRST | Kind.SIGNED
_OF_REAL = Kind.ZERO_FIRST | Kind.SIGNED | Kind.TOO_LONG


@dataclass(frozen=True, slots=True)
class Way:
    """One way of writing numbers."""

    name: str | None
    amount: int
    number: int
    integer: int
    convert: Callable[[str], str] | None


WAYS = (
    Way(None, Kind.AMOUNT, Kind.NUMBER, Kind.INTEGER, None),
    Way("decimal comma", Kind.AMOUNT_COMMA, Kind.NUMBER_COMMA, Kind.INTEGER_COMMA, _comma_and_spaces),
    Way("commas between thousands", Kind.AMOUNT_GROUPS, Kind.NUMBER_GROUPS, Kind.INTEGER_GROUPS, _groups),
    Way("spaces between thousands", Kind.AMOUNT_SPACES, Kind.NUMBER_SPACES, Kind.INTEGER_SPACES, _spaces),
)


def _of_numbers(type_name: str, loses: int, also: int) -> tuple[Reading, ...]:
    """The readings of a type of numbers, one for each way; `also` are bits that every cell must have besides."""
    return tuple(
        Reading(type_name, way.name, way.amount | way.number | also, loses=loses, convert=way.convert) for way in WAYS
    )


def _of_money() -> tuple[Reading, ...]:
    return tuple(
        Reading(
            "decimal",
            "currency sign" if way.name is None else f"currency sign, {way.name}",
            way.amount | Kind.EXACT,
            loses=_OF_DECIMAL,
            convert=_money(way.convert),
            asks=Kind.CURRENCY,
        )
        for way in WAYS
    )


READINGS: tuple[Reading, ...] = (
    Reading("boolean", None, Kind.BOOLEAN, convert=_boolean, as_stored=Kind.BOOLEAN_DIGIT),
    *(
        Reading("integer", way.name, way.amount | way.number | way.integer, loses=_OF_WHOLE, convert=way.convert)
        for way in WAYS
    ),
    *_of_numbers("decimal", _OF_DECIMAL, Kind.EXACT),
    *_of_money(),
    *_of_numbers("real", _OF_REAL, 0),
    Reading("date", None, Kind.DATE_ISO),
    Reading("date", "year/month/day", Kind.DATE_YMD, convert=_day("ymd")),
    Reading("date", "day/month/year", Kind.DATE_DMY, convert=_day("dmy")),
    Reading("date", "month/day/year", Kind.DATE_MDY, convert=_day("mdy")),
    Reading("date", "month by name", Kind.DATE_NAMED, convert=_named_day),
    Reading("timestamp", None, Kind.MOMENT_ISO, convert=in_utc, as_stored=Kind.MOMENT_AS_STORED),
    Reading("timestamp", "year/month/day", Kind.MOMENT_YMD, convert=_moment("ymd")),
    Reading("timestamp", "day/month/year", Kind.MOMENT_DMY, convert=_moment("dmy")),
    Reading("timestamp", "month/day/year", Kind.MOMENT_MDY, convert=_moment("mdy")),
    Reading("timestamp", "month by name", Kind.MOMENT_NAMED, convert=_named_moment),
    Reading("time", None, Kind.TIME),
    Reading("time", "12-hour clock", Kind.CLOCK, convert=_clock, as_stored=Kind.TIME),
    Reading("uuid", None, Kind.UUID, convert=str.lower, changes=Kind.UPPER),
    Reading("email", None, Kind.EMAIL),
    Reading("url", None, Kind.URL),
    Reading("json", None, Kind.JSON),
    Reading("blob", None, Kind.BYTES, convert=_bytes),
)

TEXT = Reading("text", None, 0)
CHOICE = Reading("choice", None, 0)
AS_WRITTEN = (TEXT, CHOICE)
"""Cells stay what they are, spaces around them and all."""

BY_TYPE: Mapping[str, tuple[Reading, ...]] = {
    **{name: tuple(each for each in READINGS if each.type == name) for name in {each.type for each in READINGS}},
    "choice": (CHOICE,),
    "text": (TEXT,),
}
GUESSED = ("boolean", "integer", "decimal", "real", "date", "timestamp", "time", "uuid", "email", "url", "json", "blob")
TYPES = (*GUESSED, "choice", "text")


def convert_all(reading: Reading, words: frozenset[str]) -> Callable[[str | None], Value | None]:
    """The function for one cell: empty ones and `words` become None, the rest is stripped and converted."""
    convert = reading.convert

    def _value(cell: str | None) -> Value | None:
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
