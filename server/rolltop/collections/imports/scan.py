"""Reads a whole file and says what is in it.

    encoding ─▶ dialect ─▶ rows in chunks: widths, every cell's kind ─▶ a guess for each column

Memory is bounded by a chunk of rows and what each column's tally keeps. Progress is in bytes; the file is read twice,
once for its encoding, which only the last byte can decide.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rolltop.collections.imports import sniff
from rolltop.collections.imports.errors import BadDialect, EmptyFile, TooWide
from rolltop.collections.imports.guess import Guess, guess, key_of
from rolltop.collections.imports.names import unique_names
from rolltop.collections.imports.source import Format, Source, encoding_of, head_of, rows
from rolltop.collections.imports.tally import Tally

MOST_COLUMNS = 500  # threat model S7
PREVIEW_ROWS = 100
ROWS_AT_ONCE = (
    1_000  # measured: with 5,000 the cells no longer fit the processor's cache, and it takes half as long again
)
PREVIEW_CELL = 200
_RAGGED_KEPT = 20

Watch = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants of the dialect; None is for us to find out, an empty quote means none."""

    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    header: bool | None = None


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
    """What a file holds."""

    form: Format
    header: bool
    rows: int
    headers: list[str]
    names: list[str]
    tallies: list[Tally]
    guesses: list[Guess]
    key: int | None
    widths: Widths
    preview: list[list[str]]


def scan(source: Source, wish: Wish, watch: Watch) -> Scanned:
    """Read the file from start to end; `watch` gets the bytes done, of twice its size, and may raise to stop.

    Raises:
        EmptyFile, NotText, BadText, TooWide, FileChanged: it cannot become a table, and why.
        BadDialect: the wish makes no sense.
    """
    form, header = _dialect(source, wish, watch)
    headers: list[str] | None = None
    tallies: list[Tally] = []
    widths = Widths()
    preview: list[list[str]] = []
    count = 0
    with rows(source, form) as read:
        for chunk in read.chunks(ROWS_AT_ONCE):
            if headers is None:
                headers, chunk = _headers(chunk, header)
                tallies = [Tally(len(headers)) for _ in headers]
            chunk = even(chunk, len(headers), count + 1, widths)
            preview += [[_cut(cell) for cell in row] for row in chunk[: PREVIEW_ROWS - len(preview)]]
            for tally, cells in zip(tallies, zip(*chunk, strict=True), strict=False):
                tally.add(cells, count + 1)
            count += len(chunk)
            watch(source.size + read.bytes_read)
    if headers is None:
        raise EmptyFile
    names = unique_names(headers)
    guesses = [guess(tally) for tally in tallies]
    key = key_of(names, guesses)
    return Scanned(form, header, count, headers, names, tallies, guesses, key, widths, preview)


def even(chunk: list[list[str]], width: int, first: int, widths: Widths) -> list[list[str]]:
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


def _dialect(source: Source, wish: Wish, watch: Watch) -> tuple[Format, bool]:
    encoding = encoding_of(source, wish.encoding, watch)
    head = head_of(source, encoding, sniff.HEAD_CHARACTERS)
    delimiter, quote, spaced = sniff.delimiter_and_quote(head)
    if wish.delimiter is not None and wish.delimiter != delimiter:
        delimiter, spaced = wish.delimiter, False
    if wish.quote is not None:
        quote = wish.quote or None
    _refuse_unusable(delimiter, quote)
    header = wish.header
    if header is None:
        header = sniff.has_header(sniff.rows_of(head, delimiter, quote, spaced))
    return Format(encoding, delimiter, quote, spaced), header


def _refuse_unusable(delimiter: str, quote: str | None) -> None:
    if delimiter == quote or {delimiter, quote} & {"\r", "\n", "\0"}:
        raise BadDialect(
            "The delimiter and the quote must be two different characters, and no line ends.",
            hint='The usual ones are "," and \'"\'.',
        )


def _headers(chunk: Sequence[list[str]], header: bool) -> tuple[list[str], list[list[str]]]:
    """The headers and the rows that follow; without a header each column gets an empty one."""
    first = chunk[0]
    width = len(first)
    if header and len(chunk) > 1:
        # A delimiter too many at the end of the header only.
        while width > len(chunk[1]) and not first[width - 1].strip():
            width -= 1
        first = first[:width]
    if width > MOST_COLUMNS:
        raise TooWide(width, MOST_COLUMNS)
    return (first, list(chunk[1:])) if header else ([""] * width, list(chunk))


def _cut(cell: str) -> str:
    return cell if len(cell) <= PREVIEW_CELL else cell[:PREVIEW_CELL] + "…"
