"""Exports: from a name and a query to the bytes of a file."""

import dataclasses
import shutil
import tempfile
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import apsw

from rolltop.auth import Actor
from rolltop.data import Data
from rolltop.errors import OutOfSpace
from rolltop.exports.errors import NotUTF8, SameName, UnknownFormat
from rolltop.exports.formats import FORMATS, FileFormat, TextFormat
from rolltop.kit.files import FULL, private_folder
from rolltop.rows import plan
from rolltop.rows.exporting import Result, result
from rolltop.rows.planned import Source

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

    def __init__(self, folder: Path, data: Data) -> None:
        self._folder = private_folder(folder)
        self._data = data
        for left in self._folder.iterdir():  # of a killed process
            shutil.rmtree(left, ignore_errors=True)

    def export(self, actor: Actor, file: str, query: bytes, *, defused: bool) -> Export:
        """The rows of `table.format`, with the parameters of the rows API in `query`.

        Raises:
            UnknownFormat: the name ends in no format of ours.
            SameName: the format needs unique names.
            RolltopError: what the rows API says of an unknown table, a bad filter or a missing right.
        """
        table, _, ending = file.rpartition(".")
        chosen = FORMATS.get(ending.lower())
        if chosen is None or not table:
            raise UnknownFormat(file, FORMATS)
        catalog = self._data.fresh_catalog()
        asked = result(catalog, actor, Source(plan.find_table(catalog, table)), query)
        if isinstance(chosen, TextFormat):
            stream = self._data.stream(lambda connection: _text(connection, asked, chosen, defused=defused))
        else:
            if chosen.unique_names:
                _refuse_same_names(asked)
            stream = self._data.stream(lambda connection: self._file(connection, asked, chosen, table))
        return Export(file, chosen.media_type, stream)

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
