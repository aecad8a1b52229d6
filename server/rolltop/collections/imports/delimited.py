"""Delimited text as a content: which encoding, delimiter and quote, and what the columns are called."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice

from rolltop.collections.imports import sniff
from rolltop.collections.imports.content import Field, Row
from rolltop.collections.imports.errors import BadDialect, EmptyFile
from rolltop.collections.imports.source import Format, Rows, Source, Watch, encoding_of, head_of, rows


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants of the dialect; None is for us to find out, an empty quote means none."""

    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    header: bool | None = None


@dataclass(frozen=True, slots=True)
class Delimited:
    """A text file whose cells stand between delimiters."""

    source: Source
    form: Format
    header: bool
    fields: list[Field]

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self.source.size

    @property
    def has_nulls(self) -> bool:
        """Text knows empty cells only."""
        return False

    @contextmanager
    def rows(self) -> Iterator[Rows]:
        """The rows below the header."""
        with rows(self.source, self.form) as read:
            if self.header:
                next(read)
            yield read


def delimited(source: Source, wish: Wish, watch: Watch) -> Delimited:
    """Find out how the file is written; `watch` gets the bytes done, of its size, and may raise to stop.

    The file is read from start to end for its encoding, which only the last byte can decide.

    Raises:
        EmptyFile, NotText, BadText, FileChanged: it is not delimited text, and why.
        BadDialect: the wish makes no sense.
    """
    form, header = _dialect(source, wish, watch)
    with rows(source, form) as read:
        first = list(islice(read, 2))
    if not first:
        raise EmptyFile
    return Delimited(source, form, header, _fields(first, header))


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


def _fields(first: list[Row], header: bool) -> list[Field]:
    """The columns by the first rows; without a header each gets an empty one."""
    cells = [cell or "" for cell in first[0]]
    width = len(cells)
    if header and len(first) > 1:
        # A delimiter too many at the end of the header only.
        while width > len(first[1]) and not cells[width - 1].strip():
            width -= 1
    return [Field(cell if header else "") for cell in cells[:width]]
