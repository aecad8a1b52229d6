"""Rows that were read out of another format into a file of ours, as a content."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rolltop.collections.imports.content import Field
from rolltop.collections.imports.errors import FileChanged
from rolltop.formats.rowfile import RowReader


@dataclass(frozen=True, slots=True)
class Stored:
    """A file of rows; see `rolltop.formats.rowfile`."""

    path: Path
    size: int
    fields: list[Field]
    has_nulls: bool

    @contextmanager
    def rows(self) -> Iterator[RowReader]:
        """The rows from the first on."""
        try:
            file = self.path.open("rb")
        except OSError as error:
            raise FileChanged from error
        with file:
            yield RowReader(file, len(self.fields))
