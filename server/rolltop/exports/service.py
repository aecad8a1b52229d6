"""Exports: from a name and a query to the bytes of a file."""

import dataclasses
import shutil
import tempfile
from collections.abc import AsyncGenerator, Iterator
from functools import partial
from pathlib import Path

import apsw

from rolltop.auth import Actor
from rolltop.data import Data
from rolltop.errors import OutOfSpace
from rolltop.exports.errors import NotUTF8, SameName, UnknownFormat
from rolltop.exports.formats import FORMATS, FileFormat, TextFormat
from rolltop.kit.files import FULL, private_folder
from rolltop.rows import exporting
from rolltop.rows.exporting import Result
from rolltop.rows.saved import SavedQueries

_SENT_AT_ONCE = 1 << 18


@dataclasses.dataclass(frozen=True, slots=True)
class Export:
    """A file on its way: how it is called, what it is, and its bytes.

    The first chunk comes when nothing can go wrong any more that is the caller's to mend.
    """

    name: str
    media_type: str
    chunks: AsyncGenerator[bytes]


class Exports:
    """Makes files of rows. `folder` holds those that have to be complete before they are sent."""

    def __init__(self, folder: Path, data: Data, saved: SavedQueries) -> None:
        self._folder = private_folder(folder)
        self._data = data
        self._saved = saved
        for left in self._folder.iterdir():  # of a killed process
            shutil.rmtree(left, ignore_errors=True)

    def export(self, actor: Actor, file: str, query: bytes, *, defused: bool) -> Export:
        """The rows of `table.format`, with the parameters of the rows API in `query`.

        Raises:
            UnknownFormat: the name ends in no format of ours.
            SameName: the format needs unique names.
            RolltopError: what the rows API says of an unknown table, a bad filter or a missing right.
        """
        table, chosen = _taken_apart(file)
        asked = exporting.result(self._data, actor, table, query)
        return self._made(file, table, chosen, asked, defused=defused)

    async def export_query(self, actor: Actor, file: str, query: bytes, body: bytes | None, *, defused: bool) -> Export:
        """The rows that a saved query gives, as `query.format`. Its arguments are in `query`, unless there is a body.

        Raises: the same; besides what the rows API says of arguments, and of a query that writes.
        """
        name, chosen = _taken_apart(file)
        asked = await exporting.result_of_query(self._data, self._saved, actor, name, query, body)
        return self._made(file, name, chosen, asked, defused=defused)

    def _made(self, file: str, table: str, chosen: TextFormat | FileFormat, asked: Result, *, defused: bool) -> Export:
        if isinstance(chosen, TextFormat):
            produce = partial(_text, asked=asked, chosen=chosen, defused=defused)
        else:
            if chosen.unique_names:
                _refuse_same_names(asked)
            produce = partial(self._file, asked=asked, chosen=chosen, table=table)
        return Export(file, chosen.media_type, exporting.stream(self._data, asked, produce))

    def _file(self, connection: apsw.Connection, asked: Result, chosen: FileFormat, table: str) -> Iterator[bytes]:
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            path = Path(folder, "export")
            try:
                yield from chosen.load()(path, table, asked, asked.cells(connection))
            except UnicodeDecodeError:
                raise NotUTF8 from None
            except OSError as error:
                if error.errno not in FULL:
                    raise
                raise OutOfSpace(
                    "The disk or its quota is full; the export was not made.", hint="Free some space, then try again."
                ) from error
            connection.execute("COMMIT")  # the rows are in the file: sending it may take as long as it likes
            with path.open("rb") as made:
                while chunk := made.read(_SENT_AT_ONCE):
                    yield chunk


def _taken_apart(file: str) -> tuple[str, TextFormat | FileFormat]:
    """The name before the ending, and the format that the ending names."""
    name, _, ending = file.rpartition(".")
    chosen = FORMATS.get(ending.lower())
    if chosen is None or not name:
        raise UnknownFormat(file, FORMATS)
    return name, chosen


def _text(connection: apsw.Connection, asked: Result, chosen: TextFormat, *, defused: bool) -> Iterator[bytes]:
    media = dataclasses.replace(chosen.media, defused=defused)
    before = f"{asked.header(media)}\n" if chosen.header else chosen.before
    opening, between = before.encode(), chosen.between.encode()
    for lines in asked.lines(connection, media):
        yield opening + _valid(between.join(lines))
        opening = between
    if opening is not between:  # there is no row
        yield opening
    if opening is between or chosen.before:
        yield chosen.after.encode()


def _valid(text: bytes) -> bytes:
    """Text that is UTF-8; a file of another program may hold some that is not."""
    try:
        text.decode()
    except UnicodeDecodeError:
        return text.decode(errors="replace").encode()
    return text


def _refuse_same_names(asked: Result) -> None:
    seen: set[str] = set()
    for column in asked.columns:
        if column.name.casefold() in seen:
            raise SameName(column.name)
        seen.add(column.name.casefold())
