"""What would help a group of cells: pure, from the different cells and how often each occurs."""

import difflib
import re
from collections import Counter
from collections.abc import Callable, Sequence

from rolltop.collections.imports.cells import SPACE, kind_of
from rolltop.collections.imports.fixing import NO_FIXES, Misfit, judge, without
from rolltop.collections.imports.readings import BY_TYPE, Reading
from rolltop.collections.quarantine.schemas import Suggestion
from rolltop.collections.recipes.schemas import CutLong, FillShort, ReadAs, Replace, Shorten, Strip, TreatAsNull
from rolltop.data import Column

Cells = Sequence[tuple[str, int]]

MOST = 5
"""So many suggestions of a kind."""
_NUMBERS = frozenset({"integer", "decimal", "real"})
_MARKED = re.compile(r"(?P<before>[^\d+.,-]*)(?P<number>[+-]?[\d.,'\s]*\d)(?P<after>\D*)")
_LONGEST_MARK = 20


def for_type(source: str, reading: Reading, cells: Cells) -> list[Suggestion]:
    """For cells that cannot be read as the type."""
    found = [*_other_readings(source, reading, cells)]
    if reading.type in _NUMBERS:
        found += _marks(source, reading, cells)
    found += _null_words(source, cells)
    return sorted(found, key=lambda each: -each.solves)


def for_check(source: str, column: Column, cells: Cells) -> list[Suggestion]:
    """For cells that a CHECK refuses: the nearest of its choices, a shorter text, null."""
    choices = [str(choice) for choice in column.choices]
    found = []
    for cell, count in cells[:MOST] if choices else ():
        near = next((choice for choice in choices if choice.casefold() == cell.strip(SPACE).casefold()), None)
        near = near or next(iter(difflib.get_close_matches(cell, choices, n=1, cutoff=0.6)), None)
        if near is not None:
            fix = Replace(column=source, old=cell, new=near)
            found.append(Suggestion(action="fix", title=f"Replace {cell!r} by {near!r}", solves=count, fix=fix))
    limit = column.max_length
    if limit is not None and (long := sum(count for cell, count in cells if len(cell) > limit)):
        fix_length = Shorten(column=source, length=limit)
        found.append(Suggestion(action="fix", title=f"Cut to {limit} characters", solves=long, fix=fix_length))
    return [*found, *(_nulls(source, cells) if not column.not_null else [])]


def for_reference(source: str, column: Column, cells: Cells) -> list[Suggestion]:
    """For cells that refer to rows that are not there."""
    return _nulls(source, cells) if not column.not_null else []


def for_key(rows: int, key: Sequence[str]) -> list[Suggestion]:
    """For rows whose key the table has."""
    update = Suggestion(action="update", title="Change the rows that are there", solves=rows, key=list(key))
    return [update, Suggestion(action="discard", title="Keep the rows that are there, drop these", solves=rows)]


def for_width(code: str, rows: int) -> list[Suggestion]:
    """For rows with too few or too many cells."""
    if code == "short":
        return [Suggestion(action="fix", title="Leave the missing cells empty", solves=rows, fix=FillShort())]
    return [Suggestion(action="fix", title="Leave the surplus cells out", solves=rows, fix=CutLong())]


def _other_readings(source: str, reading: Reading, cells: Cells) -> list[Suggestion]:
    found = []
    for other in BY_TYPE[reading.type]:
        if other.name is None or other.name == reading.name:
            continue
        solves = _solved(cells, judge(other, (), NO_FIXES, required=True))
        if solves:
            fix = ReadAs.model_validate({"column": source, "reading": other.name})
            found.append(Suggestion(action="fix", title=f"Read as {other.name}", solves=solves, fix=fix))
    return found


def _marks(source: str, reading: Reading, cells: Cells) -> list[Suggestion]:
    """Signs of currency, units and the like around numbers."""
    marks: Counter[str] = Counter()
    for cell, count in cells:
        match = _MARKED.fullmatch(cell.strip(SPACE))
        if match is not None:
            for mark in {match["before"].strip(SPACE), match["after"].strip(SPACE)}:
                if 0 < len(mark) <= _LONGEST_MARK:
                    marks[mark] += count
    found = []
    for mark, _ in marks.most_common(MOST):
        bare = [(without(cell.strip(SPACE), [mark]), count) for cell, count in cells]
        solves = max(_solved(bare, judge(each, (), NO_FIXES, required=True)) for each in BY_TYPE[reading.type])
        if solves:
            fix = Strip(column=source, text=mark)
            found.append(Suggestion(action="fix", title=f"Strip {mark!r}", solves=solves, fix=fix))
    return found


def _null_words(source: str, cells: Cells) -> list[Suggestion]:
    """Words without a digit, said again and again, stand for something that is not known."""
    words = [(cell, count) for cell, count in cells if not any(map(str.isdigit, cell)) and not kind_of(cell)]
    return _nulls(source, words)


def _nulls(source: str, cells: Cells) -> list[Suggestion]:
    words = [cell.strip(SPACE) for cell, _ in cells[:MOST]]
    if not words:
        return []
    solves = sum(count for cell, count in cells if cell.strip(SPACE) in words)
    fix = TreatAsNull(column=source, words=words)
    return [Suggestion(action="fix", title=f"Treat {', '.join(map(repr, words))} as null", solves=solves, fix=fix)]


def _solved(cells: Cells, judged: Callable[[str], object]) -> int:
    return sum(count for cell, count in cells if cell and not isinstance(judged(cell), Misfit))
