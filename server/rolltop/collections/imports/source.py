"""The file on its way in: is it text at all, in which encoding, and its rows.

Every pass reads the file once from start to end with bounded memory.
"""

import codecs
import csv
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from rolltop.collections.imports.content import Row
from rolltop.collections.imports.errors import BadText, EmptyFile, FileChanged, FileMissing, NotText
from rolltop.formats.rowfile import LARGEST_CELL, LARGEST_ROW

BLOCK = 1 << 20
CHARACTERS_AT_ONCE = 4 << 20

_SIGNATURES = (
    (b"%PDF", "a PDF document", "Export the table as CSV where it came from."),
    (b"BZh", "a bzip2 archive", "Unpack it first."),
    (b"\xfd7zXZ", "an xz archive", "Unpack it first."),
    (b"7z\xbc\xaf", "a 7z archive", "Unpack it first."),
    (b"(\xb5/\xfd", "a Zstandard archive", "Unpack it first."),
    (b"PARE", "an encrypted Parquet file", "Write it again without encryption."),
    (b"ARROW1", "an Arrow file", "Write it as CSV first."),
    (b"\x89PNG", "a picture", "Choose a file with rows."),
    (b"\xff\xd8\xff", "a picture", "Choose a file with rows."),
    (b"GIF8", "a picture", "Choose a file with rows."),
    (b"{\\rtf", "a text document", "Export the table as CSV where it came from."),
)
_MARKUP = (b"<!doctype", b"<html", b"<?xml", b"<svg")
_PRINTABLE = bytes([9, 10, 12, 13, *range(32, 256)])
_END = "\x00"
_LAST = [_END]
Watch = Callable[[int], None]
"""Gets the bytes read so far; may raise to stop."""
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True, slots=True)
class Source:
    """A file that lies on this machine, spooled by us (`ours`) or where its owner keeps it."""

    path: Path
    size: int
    ours: bool
    changed: int
    """The time of its last change, in nanoseconds."""

    @classmethod
    def of(cls, path: Path, *, ours: bool) -> "Source":
        """The file as it is now.

        Raises:
            FileMissing: there is no such file, it is no ordinary file, or it cannot be read.
        """
        try:
            status = path.stat()
            if not path.is_file():
                raise FileMissing(f"{path.name} is not a file.", hint="Choose a file.")
            path.open("rb").close()
        except OSError as error:
            reason = error.strerror or "it cannot be read"
            raise FileMissing(f"{path.name} cannot be read: {reason}.", hint="Check that it is still there.") from error
        return cls(path, status.st_size, ours, status.st_mtime_ns)

    def open(self) -> IO[bytes]:
        """Open it for reading.

        Raises:
            FileChanged: it is gone or is not what it was when we first saw it.
        """
        try:
            file = self.path.open("rb")
            status = self.path.stat()
        except OSError as error:
            raise FileChanged from error
        if (status.st_size, status.st_mtime_ns) != (self.size, self.changed):
            file.close()
            raise FileChanged
        return file

    def remove(self) -> None:
        """Delete a spooled file; a person's own file is never touched."""
        if self.ours:
            self.path.unlink(missing_ok=True)


def encoding_of(source: Source, wanted: str | None, watch: Watch) -> str:
    """The encoding, `wanted` or found, by reading the whole file; `watch` gets the bytes read so far.

    A byte order mark decides; else it is UTF-8 if every byte fits, else Windows-1252 if every byte has a meaning there,
    else Latin-1, which gives every byte one.

    Raises:
        EmptyFile, NotText, BadText: there is nothing in it, it is something else, its bytes make no sense.
    """
    with source.open() as file:
        head = file.read(BLOCK)
    if not head.strip() and source.size <= BLOCK:
        raise EmptyFile
    if wanted is not None:
        if not _decodes(source, wanted, watch):
            raise BadText(f"Not all bytes of the file are {wanted.upper()}.", hint="Let the encoding be guessed.")
        return wanted
    marked = next((name for mark, name in _MARKS if head.startswith(mark)), None)
    if marked is None:
        _refuse_other_formats(head)
    if _decodes(source, marked or "utf-8", watch):
        return marked or "utf-8"
    if marked is not None:
        raise BadText(
            f"The file is marked as {marked.removesuffix('-sig').upper()}, but not all of its bytes are.",
            hint="Save it again as CSV in UTF-8.",
        )
    return "cp1252" if _decodes(source, "cp1252", watch) else "latin-1"


def _decodes(source: Source, encoding: str, watch: Watch) -> bool:
    """Whether every byte of the file has a meaning in that encoding."""
    decoder = codecs.getincrementaldecoder(encoding)()
    done = line = 0
    with source.open() as file:
        while block := file.read(BLOCK):
            if encoding != "utf-16":
                _refuse_nul(block, done)
            try:
                text = decoder.decode(block)
            except UnicodeError:
                return False
            if encoding == "utf-16" and "\0" in text:
                raise NotText("There are NUL characters in the file: this is not text.", hint="Choose a CSV file.")
            last_end = max(block.rfind(b"\n"), block.rfind(b"\r"))
            line = line + len(block) if last_end < 0 else len(block) - last_end
            if line > LARGEST_ROW:  # before somebody reads such a line into memory
                raise BadText("A line of the file is longer than 64 MB.", hint="Check that it is a CSV file.")
            done += len(block)
            watch(done)
    try:
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True


def _refuse_other_formats(head: bytes) -> None:
    for signature, name, hint in _SIGNATURES:
        if head.startswith(signature):
            raise NotText(f"This is {name}, not CSV.", hint=hint)
    start = head[:1000].lstrip().lower()
    if start.startswith(_MARKUP):
        raise NotText("This is a web page or XML, not CSV.", hint="Save the data itself, not the page that shows it.")
    _refuse_nul(head, 0)
    control = head[:4096].translate(None, _PRINTABLE)
    if len(control) * 20 > len(head[:4096]):
        raise NotText("This is not text.", hint="Choose a CSV file.")


def _refuse_nul(block: bytes, before: int) -> None:
    at = block.find(b"\x00")
    if at < 0:
        return
    if block.count(b"\x00") * 4 > len(block):
        raise NotText(
            "This looks like UTF-16 without its byte order mark, or like no text at all.",
            hint="Save it as CSV in UTF-8.",
        )
    raise NotText(f"There is a NUL byte at position {before + at + 1:,}: this is not text.", hint="Choose a CSV file.")


@dataclass(frozen=True, slots=True)
class Format:
    """How cells are told apart."""

    encoding: str
    delimiter: str
    quote: str | None
    spaced: bool = False
    """`a, "b"`: the quote counts although a space stands before it."""


def head_of(source: Source, encoding: str, characters: int) -> str:
    """The beginning of the file as text; the last line of a longer file may be cut."""
    with source.open() as file, io.TextIOWrapper(file, encoding=encoding, newline="") as text:
        return text.read(characters)


@contextmanager
def rows(source: Source, form: Format) -> Iterator["Rows"]:
    """The rows of the file, lines without anything left out.

    Raises, while they are read:
        BadText: a quotation mark is never closed, or a cell or row is larger than may be.
    """
    with source.open() as file, io.TextIOWrapper(file, encoding=form.encoding, newline="") as text:
        yield Rows(file, text, form)


class Rows:
    """An iterator over rows that knows how far it is."""

    def __init__(self, file: IO[bytes], text: IO[str], form: Format) -> None:
        csv.field_size_limit(LARGEST_CELL)
        self._characters = 0
        self._row_began = 0
        self._file = file
        self._text = text
        self._rows = self._read(csv.reader(self._lines(), **options(form.delimiter, form.quote, form.spaced)))

    def __iter__(self) -> Iterator[Row]:
        return self._rows

    def __next__(self) -> Row:
        return next(self._rows)

    @property
    def bytes_read(self) -> int:
        """How far the file has been read; a little ahead of the rows."""
        return self._file.tell()

    def chunks(self, at_once: int) -> Iterator[list[Row]]:
        """The rows in lists of `at_once`, of fewer when they are very long."""
        chunk: list[Row] = []
        began = 0
        for row in self._rows:
            chunk.append(row)
            if len(chunk) >= at_once or self._characters - began >= CHARACTERS_AT_ONCE:
                yield chunk
                chunk, began = [], self._characters
        if chunk:
            yield chunk

    def _read(self, reader: Iterator[list[Any]]) -> Iterator[Row]:
        number = 0
        try:
            for row in reader:
                if row == _LAST:
                    return
                if row:
                    number += 1
                    yield row
                self._row_began = self._characters
        except csv.Error as error:
            raise _too_large(number + 1) from error
        raise _never_closed(number)

    def _lines(self) -> Iterator[str]:
        """The lines of the file, then one that no text has: swallowed by a cell, it tells that a quote was open."""
        for line in self._text:
            self._characters += len(line)
            if self._characters - self._row_began > LARGEST_ROW:
                raise csv.Error("row larger than row limit")
            yield line
        yield _END


def options(delimiter: str, quote: str | None, spaced: bool) -> dict[str, Any]:
    """The arguments of csv.reader."""
    quoted = {"quoting": csv.QUOTE_NONE} if quote is None else {"quotechar": quote, "doublequote": True}
    return {"delimiter": delimiter, "skipinitialspace": spaced, **quoted}


def _never_closed(row: int) -> BadText:
    return BadText(
        f"The quotation mark opened in row {row:,} of the file is never closed.",
        details={"row": row},
        hint="Correct that row, or set the quote character to none if quotation marks are part of the text.",
    )


def _too_large(row: int) -> BadText:
    return BadText(
        f"Row {row:,} of the file is too large: over 16 million characters in one cell, or 64 million in all.",
        details={"row": row},
        hint="Often a quotation mark is left open there: correct it, or set the quote character to none.",
    )
