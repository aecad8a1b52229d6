"""Fixes: what makes cells fit that did not, and how the cells of one column are judged with them.

A cell that fits as it stands is left alone by `read_as` and `strip`; words for null, replacements and the longest
length are for every cell of their column.
"""

import enum
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from rolltop.collections.imports.cells import SPACE, kind_of
from rolltop.collections.imports.content import Cell
from rolltop.collections.imports.readings import AS_WRITTEN, BY_TYPE, Reading
from rolltop.collections.imports.readings import Value as Stored
from rolltop.collections.recipes.schemas import CutLong, FillShort, Fix, ReadAs, Replace, Shorten, Strip, TreatAsNull

Value = Stored | None


class Misfit(enum.Enum):
    """What a cell becomes that does not fit."""

    TYPE = enum.auto()
    EMPTY = enum.auto()


@dataclass(frozen=True, slots=True)
class ColumnFixes:
    """The fixes of one column."""

    nulls: frozenset[str] = frozenset()
    replaced: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    stripped: tuple[str, ...] = ()
    readings: tuple[str, ...] = ()
    longest: int | None = None


NO_FIXES = ColumnFixes()


def fixes_of(fixes: Iterable[Fix], source: str) -> ColumnFixes:
    """Those of the column called `source` in the file."""
    nulls: set[str] = set()
    replaced: dict[str, str] = {}
    stripped: list[str] = []
    readings: list[str] = []
    longest: int | None = None
    for fix in fixes:
        if isinstance(fix, FillShort | CutLong) or fix.column != source:
            continue
        match fix:
            case TreatAsNull():
                nulls.update(fix.words)
            case Replace():
                replaced[fix.old] = fix.new
            case Strip():
                stripped.append(fix.text)
            case ReadAs():
                readings.append(fix.reading)
            case Shorten():
                longest = fix.length
    return ColumnFixes(frozenset(nulls), replaced, tuple(stripped), tuple(readings), longest)


def judge(
    reading: Reading, words: Iterable[str], fixes: ColumnFixes, *, required: bool
) -> Callable[[Cell], Value | Misfit]:
    """The function from one cell to what is stored, or to what is wrong with it."""
    if reading in AS_WRITTEN:
        return _judge_text(frozenset(words), fixes, required=required)
    null = frozenset(words) | fixes.nulls | {""}
    readings = (reading, *(each for each in BY_TYPE[reading.type] if each.name in fixes.readings))

    def _value(cell: Cell) -> Value | Misfit:
        text = (cell or "").strip(SPACE)
        text = fixes.replaced.get(text, text)
        if text in null:
            return Misfit.EMPTY if required else None
        for candidate in (text, *_stripped(text, fixes.stripped)):
            value = _read(candidate, readings)
            if value is not Misfit.TYPE:
                return value
        return Misfit.TYPE

    return _value


def without(text: str, marks: Sequence[str]) -> str:
    """`text` without the marks and spaces around it."""
    before = None
    while before != text:
        before = text
        for mark in marks:
            text = text.removeprefix(mark).removesuffix(mark).strip(SPACE)
    return text


def _judge_text(words: frozenset[str], fixes: ColumnFixes, *, required: bool) -> Callable[[Cell], Value | Misfit]:
    null = words | fixes.nulls

    def _value(cell: Cell) -> Value | Misfit:
        text = None if cell is None else fixes.replaced.get(cell, cell)
        if text is None or text in null:
            return Misfit.EMPTY if required else None
        return text if fixes.longest is None else text[: fixes.longest]

    return _value


def _stripped(text: str, marks: Sequence[str]) -> tuple[str, ...]:
    if not marks:
        return ()
    bare = without(text, marks)
    return (bare,) if bare and bare != text else ()


def _read(text: str, readings: Sequence[Reading]) -> Value | Misfit:
    kind = kind_of(text) if text else 0
    for reading in readings:
        if text and reading.fits(kind):
            try:
                return text if reading.convert is None else reading.convert(text)
            except (ValueError, OverflowError, IndexError):  # a moment beyond the years that there are
                continue
    return Misfit.TYPE
