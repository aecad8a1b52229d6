"""Delimiter, quote and header from the beginning of the text."""

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence

from rolltop.collections.imports.cells import SPACE, Kind, kind_of
from rolltop.collections.imports.source import options

DELIMITERS = (",", ";", "\t", "|")
HEAD_CHARACTERS = 1 << 18
_ROWS = 500
_TYPED = (
    Kind.NUMBER | Kind.NUMBER_COMMA | Kind.NUMBER_GROUPS | Kind.MOMENT_ISO | Kind.MOMENT_DMY | Kind.MOMENT_MDY
    | Kind.MOMENT_NAMED | Kind.CLOCK | Kind.UUID
)  # fmt: skip


def delimiter_and_quote(head: str) -> tuple[str, str | None, bool]:
    """The delimiter, the quote, and whether a space may stand between the two."""
    found = max((_score(head, delimiter, '"'), -place, delimiter) for place, delimiter in enumerate(DELIMITERS))
    delimiter = found[2] if found[0] > 0 else " " if _is_divided_by_spaces(head) else ","
    edge = re.escape(delimiter)
    if re.search(rf"(?:^|{edge}) *'(?:[^'\r\n]|'')*'(?:{edge}|\r?$)", head, re.MULTILINE) and '"' not in head:
        return delimiter, "'", _spaced(head, edge, "'")
    return delimiter, '"', _spaced(head, edge, '"')


def rows_of(head: str, delimiter: str, quote: str | None, spaced: bool) -> list[list[str]]:
    """The first rows of the text, without the last one where the text was cut."""
    lines = io.StringIO(head, newline="")
    reader = csv.reader(lines, **options(delimiter, quote, spaced))
    rows = []
    try:
        for row in reader:
            if row:
                rows.append(row)
            if len(rows) > _ROWS:
                break
    except csv.Error:  # a cell beyond all limits; the scan will say so
        pass
    return rows[:-1] if len(head) >= HEAD_CHARACTERS and len(rows) > 1 else rows


def has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names the columns.

    Where the cells below are more than text, they decide: a header does not look like them. Otherwise it is one unless
    a value of it is more than text itself, or stands there twice.
    """
    if not rows:
        return True
    first, body = [cell.strip(SPACE) for cell in rows[0]], rows[1:]
    below = [_common_kind(body, place) & _TYPED for place in range(len(first))]
    beside = [bool(cell) and bool(kind_of(cell) & kind) for cell, kind in zip(first, below, strict=True) if kind]
    if beside:
        return not all(beside)
    named = [cell for cell in first if cell]
    if not body and any(kind_of(cell) & _TYPED for cell in named):
        return False
    return len(set(named)) == len(named) and bool(named)


def _common_kind(rows: Sequence[Sequence[str]], place: int) -> int:
    """What all cells of a column have in common; 0 for text."""
    common = ~0
    cells = {row[place] for row in rows if place < len(row) and row[place]}
    for cell in cells:
        kind = kind_of(cell)
        if not kind & Kind.WORD_FOR_NULL:
            common &= kind
    return common if cells and common != ~0 else 0


def _score(head: str, delimiter: str, quote: str) -> float:
    """How evenly the delimiter divides the rows, weighted a little by into how many cells."""
    if delimiter not in head:
        return 0.0
    widths = Counter(len(row) for row in rows_of(head, delimiter, quote, spaced=False))
    if not widths:
        return 0.0
    width, count = max(widths.items(), key=lambda item: (item[1] * (item[0] > 1), item[0]))
    return count / widths.total() * (2 - 1 / width) if width > 1 else 0.0


def _is_divided_by_spaces(head: str) -> bool:
    """Whether one space divides all rows evenly into numbers, times and the like: words may have spaces in them."""
    rows = rows_of(head, " ", '"', spaced=False)
    width = len(rows[0]) if len(rows) > 1 else 0
    if width < 2 or any(len(row) != width for row in rows):
        return False
    return all(_common_kind(rows[1:], place) & _TYPED for place in range(width))


def _spaced(head: str, edge: str, quote: str) -> bool:
    return re.search(rf"{edge} +{quote}", head) is not None
