"""Reads every row of a table of a file and says what is in it.

    rows in chunks: widths, every cell's kind ─▶ a guess for each column

Memory is bounded by a chunk of rows and what each column's tally keeps.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from rolltop.collections.imports.content import Cell, Content, Row
from rolltop.collections.imports.errors import TooWide
from rolltop.collections.imports.guess import Guess, guess, key_of
from rolltop.collections.imports.names import unique_names
from rolltop.collections.imports.tally import Nulls, Tally

MOST_COLUMNS = 500  # threat model S7
PREVIEW_ROWS = 100
ROWS_AT_ONCE = (
    1_000  # measured: with 5,000 the cells no longer fit the processor's cache, and it takes half as long again
)
PREVIEW_CELL = 200
_RAGGED_KEPT = 20

Watch = Callable[[int], None]


@dataclass(slots=True)
class Widths:
    """Rows whose number of cells differs from the first row's; empty cells too many at the end do not count."""

    short: int = 0
    long: int = 0
    first: list[int] = field(default_factory=list)

    def note(self, row: int, *, short: bool) -> None:
        """Count a row; its number counts from 1 without the header."""
        self.short += short
        self.long += not short
        if len(self.first) < _RAGGED_KEPT:
            self.first.append(row)


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a table of a file holds."""

    content: Content
    rows: int
    headers: list[str]
    names: list[str]
    tallies: list[Tally]
    guesses: list[Guess]
    key: int | None
    widths: Widths
    preview: list[Row]
    nulls: Nulls


def scan(content: Content, watch: Watch, nulls: Nulls | None = None) -> Scanned:
    """Read every row; `watch` gets the bytes done, of the content's size, and may raise to stop.

    `nulls` are the texts that a person wants to be null; None leaves that to the format.

    Raises:
        BadText, TooWide, FileChanged and their kin: it cannot become a table, and why.
    """
    headers = [field.header for field in content.fields]
    if len(headers) > MOST_COLUMNS:
        raise TooWide(len(headers), MOST_COLUMNS)
    nulls = Nulls(empty=not content.has_nulls) if nulls is None else nulls
    tallies = [Tally(len(headers), nulls) for _ in headers]
    widths = Widths()
    preview: list[Row] = []
    count = 0
    with content.rows() as read:
        for chunk in read.chunks(ROWS_AT_ONCE):
            chunk = even(chunk, len(headers), count + 1, widths)
            preview += [[_cut(cell) for cell in row] for row in chunk[: PREVIEW_ROWS - len(preview)]]
            for tally, cells in zip(tallies, zip(*chunk, strict=True), strict=False):
                tally.add(cells, count + 1)
            count += len(chunk)
            watch(read.bytes_read)
    names = unique_names(headers)
    guesses = [guess(tally, field.type) for tally, field in zip(tallies, content.fields, strict=True)]
    key = key_of(names, guesses)
    return Scanned(content, count, headers, names, tallies, guesses, key, widths, preview, nulls)


def even(chunk: list[Row], width: int, first: int, widths: Widths) -> list[Row]:
    """The rows with `width` cells each: short ones are filled up, long ones cut, and both are noted in `widths`."""
    if set(map(len, chunk)) <= {width}:
        return chunk
    made = []
    for number, row in enumerate(chunk, first):
        if len(row) > width:
            if any(row[width:]):
                widths.note(number, short=False)
            row = row[:width]
        elif len(row) < width:
            widths.note(number, short=True)
            row = row + [""] * (width - len(row))
        made.append(row)
    return made


def _cut(cell: Cell) -> Cell:
    return cell if cell is None or len(cell) <= PREVIEW_CELL else cell[:PREVIEW_CELL] + "…"
