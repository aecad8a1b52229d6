"""What a scan and a load read, whatever the file is: the rows of one table of it.

    file ─▶ a `Content`: fields, size ─▶ `rows()` ─▶ batches of rows of cells; as often as wanted, from the start

A cell is text or None. Text loses nothing: 64-bit integers, decimals and the shortest form of a double come back digit
by digit, days and moments are ISO 8601, booleans `true` and `false`, JSON is JSON, bytes are `\\x` and hexadecimal
digits. None is what a format with nulls calls null; the empty text is an empty cell. Formats with types say so in the
field.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

Cell = str | None
Row = list[Cell]


@dataclass(frozen=True, slots=True)
class Field:
    """A column as it stands in the file."""

    header: str
    """What it is called there; empty when it has no name."""
    type: str | None = None
    """The type that the format itself gives all of its cells, by the names of `readings`; None: its cells decide.

    `string`: text in a format that has numbers, so digits in it are no number; days, UUIDs and the like may be.
    """


class Rows(Protocol):
    """An iterator over the rows below the header, in the order of the file. A row may have too few or too many cells.

    Raises, while they are read:
        RolltopError: the file is damaged there, or has been changed.
    """

    def __iter__(self) -> Iterator[Row]: ...

    def __next__(self) -> Row: ...

    @property
    def bytes_read(self) -> int:
        """How much of the content's `size` has been read; it may be a little ahead of the rows."""

    def chunks(self, at_once: int) -> Iterator[list[Row]]:
        """The rows in lists of `at_once`, of fewer when they are very long."""


class Content(Protocol):
    """One table of a file."""

    @property
    def fields(self) -> list[Field]:
        """Its columns, in the order of the cells."""

    @property
    def size(self) -> int:
        """Bytes to be read for all rows, for progress."""

    @property
    def has_nulls(self) -> bool:
        """Whether the format tells null from an empty text: then empty cells of text stay empty texts, unasked."""

    def rows(self) -> AbstractContextManager[Rows]:
        """Open it at its first row.

        Raises:
            FileChanged: it is not what it was when it was first seen.
        """
