"""Rows in a file of ours, so that they can be read again and again: on each line a JSON array of texts and nulls."""

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO

import msgspec

from rolltop.formats.errors import Unreadable, too_large

Cell = str | None
Row = list[Cell]

LARGEST_CELL = 16 << 20  # characters
LARGEST_ROW = 64 << 20
_WRITE_AT_ONCE = 1 << 20


class RowWriter:
    """Writes rows; `limit` is the most bytes that the file may take."""

    def __init__(self, path: Path, limit: int) -> None:
        self.rows = 0
        self._limit = limit
        self._size = 0
        self._block = bytearray()
        self._encode = msgspec.json.Encoder().encode
        self._file = path.open("wb")  # buffered: a raw file may write less than it is given, on a disk that gets full

    def __enter__(self) -> "RowWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._flush()
        finally:
            self._file.close()

    def write(self, row: Row) -> None:
        """Add a row.

        Raises:
            Unreadable: a cell of it is too large, holds a NUL character or no Unicode, or the file grows too large.
        """
        self.rows += 1
        try:
            line = self._encode(row)
        except UnicodeEncodeError:
            raise self._odd("a text that is not Unicode") from None
        if len(line) > LARGEST_CELL:
            self._check_sizes(row)
        if b"\\u0000" in line and any(cell and "\0" in cell for cell in row):
            raise self._odd("a NUL character")
        self._block += line
        self._block += b"\n"
        if len(self._block) >= _WRITE_AT_ONCE:
            self._flush()

    def _check_sizes(self, row: Row) -> None:
        if any(cell and len(cell) > LARGEST_CELL for cell in row):
            raise too_large(self.rows)
        if sum(len(cell) for cell in row if cell) > LARGEST_ROW:
            raise too_large(self.rows, "one cell or 64 million in all")

    def _odd(self, what: str) -> Unreadable:
        return Unreadable(
            f"Row {self.rows:,} holds {what}.",
            details={"row": self.rows},
            hint="Correct the row.",
            code="imports.bad_text",
        )

    def _flush(self) -> None:
        self._size += len(self._block)
        if self._size > self._limit:
            raise Unreadable(
                f"The file unpacks to more than {self._limit // 1_000_000:,} MB of rows.",
                hint="Raise import_limit_mb in workspace.toml, or split the file.",
                code="imports.unpacks_too_large",
            )
        self._file.write(self._block)
        self._block = bytearray()


class RowReader:
    """An iterator over the rows of such a file; rows written before a column came up get nulls there."""

    def __init__(self, file: IO[bytes], width: int) -> None:
        self._width = width
        self.bytes_read = 0
        self._file = file
        self._decode = msgspec.json.Decoder(Row).decode
        self._rows = self._read()

    def __iter__(self) -> Iterator[Row]:
        return self._rows

    def __next__(self) -> Row:
        return next(self._rows)

    def chunks(self, at_once: int, bytes_at_once: int = 4 << 20) -> Iterator[list[Row]]:
        """The rows in lists of `at_once`, of fewer when they are very long."""
        chunk: list[Row] = []
        began = self.bytes_read
        for row in self._rows:
            chunk.append(row)
            if len(chunk) >= at_once or self.bytes_read - began >= bytes_at_once:
                yield chunk
                chunk, began = [], self.bytes_read
        if chunk:
            yield chunk

    def _read(self) -> Iterator[Row]:
        for line in self._file:
            self.bytes_read += len(line)
            row = self._decode(line)
            if len(row) < self._width:
                row += [None] * (self._width - len(row))
            yield row
