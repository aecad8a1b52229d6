"""The formats: which there are, and who writes each.

Texts are streamed as SQLite makes them. A format that is one whole (a workbook, a Parquet file, a database) is written
to a file of ours first and sent from there, so that what goes wrong is said before the answer begins.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rolltop.rows.exporting import Result, Rows
from rolltop.rows.media import Media

JSON = Media("array", b"application/json")

WriteFile = Callable[[Path, str, Result, Rows], Iterator[bytes]]
"""(path, table's name, what the columns are, their rows): writes the file, and yields nothing now and then, so that it
is ended when whoever waits for it has gone."""


@dataclass(frozen=True, slots=True)
class TextFormat:
    """Lines of text with something before, between and after them."""

    media_type: str
    media: Media
    before: str = ""
    between: str = "\n"
    after: str = "\n"
    header: bool = False


@dataclass(frozen=True, slots=True)
class FileFormat:
    """A file that is complete only at its end; `load` brings its writer, and the library behind it, in."""

    media_type: str
    load: Callable[[], WriteFile]
    unique_names: bool = False
    """Whether columns are told apart by name, without regard to case."""


def _excel() -> WriteFile:
    from rolltop.exports.excel import write

    return write


def _parquet() -> WriteFile:
    from rolltop.exports.parquet import write

    return write


def _sqlite() -> WriteFile:
    from rolltop.exports.sqlite import write

    return write


FORMATS: dict[str, TextFormat | FileFormat] = {
    "csv": TextFormat("text/csv; charset=utf-8", Media("csv", b"text/csv", words=True), header=True),
    "tsv": TextFormat(
        "text/tab-separated-values; charset=utf-8",
        Media("csv", b"text/tab-separated-values", delimiter="\t", words=True),
        header=True,
    ),
    "json": TextFormat("application/json", JSON, before="[", between=",\n", after="]\n"),
    "ndjson": TextFormat("application/x-ndjson", JSON),
    "xlsx": FileFormat("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", _excel),
    "parquet": FileFormat("application/vnd.apache.parquet", _parquet, unique_names=True),
    "sqlite": FileFormat("application/vnd.sqlite3", _sqlite, unique_names=True),
}
"""By the ending of the file's name."""
