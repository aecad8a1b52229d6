"""From a file of any format to a content that scan and load read.

file ─▶ what is it? ─▶ gzip, zip: unpacked ─▶ what is it? ─▶ text: delimited ─▶ content
                                                          └▶ others: a worker writes its rows ─▶ content
"""

import codecs
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from rolltop.collections.imports.archives import parts_of_zip, unpack_gzip, unpack_zip
from rolltop.collections.imports.content import Content, Field
from rolltop.collections.imports.delimited import Wish as DialectWish
from rolltop.collections.imports.delimited import delimited
from rolltop.collections.imports.errors import BadText, EmptyFile
from rolltop.collections.imports.names import table_name
from rolltop.collections.imports.source import BLOCK, Source
from rolltop.collections.imports.spool import Spool
from rolltop.collections.imports.stored import Stored
from rolltop.collections.imports.tally import Nulls
from rolltop.formats.asked import Format, Part, Request, Structure, Told
from rolltop.formats.asked import Wish as FormatWish
from rolltop.formats.asking import ask
from rolltop.formats.errors import Unreadable
from rolltop.formats.recognise import UTF_16, recognise

IN_ARCHIVE = "//"
"""Between a file of an archive and a table of that file, in the name of a part."""
_TEXTS = ("csv", "xlsx", "xls", "xlsb", "ods")
"""Formats without a null of their own."""

Packed = Literal["gzip", "zip"]
Watch = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Wish:
    """How a person wants the file read; None and False are for us to find out, or the usual."""

    dialect: DialectWish = field(default_factory=DialectWish)
    part: str | None = None
    header_row: int | None = None
    flatten: bool = False
    nulls: Nulls | None = None


@dataclass(slots=True)
class Opened:
    """A table of a file, ready to be read, and what is known of the file."""

    content: Content
    format: Format
    packed: Packed | None = None
    """`gzip` or `zip`, when the file was in one."""
    parts: tuple[Part, ...] = ()
    part: str | None = None
    header_row: int | None = None
    notes: tuple[str, ...] = ()
    structure: Structure | None = None
    files: list[Path] = field(default_factory=list)
    """Ours: unpacked files and rows."""

    def remove(self) -> None:
        """Delete what was made to read it."""
        for path in self.files:
            path.unlink(missing_ok=True)


def opened(source: Source, wish: Wish, spool: Spool, watch: Watch) -> Opened:
    """Find out what the file is and open the wished table of it, or the first.

    `watch` gets the bytes done, of the file's size, and may raise to stop.

    Raises:
        EmptyFile, Unreadable, NotText, BadText and their kin: it cannot become a table, and why.
        FileChanged: it is gone, or not what it was.
        OutOfSpace: the disk is full.
    """
    source.open().close()
    if source.size == 0:
        raise EmptyFile
    kind = recognise(source.path)
    if kind == "gzip":
        return _in_archive(unpack_gzip(source.path, spool, watch), source, wish, spool, watch, "gzip")
    if kind == "zip":
        return _of_zip(source, wish, spool, watch)
    return _plain(source, kind, wish, spool, watch)


def _of_zip(source: Source, wish: Wish, spool: Spool, watch: Watch) -> Opened:
    parts = parts_of_zip(source.path)
    name, _, inner = (wish.part or parts[0].name).partition(IN_ARCHIVE)
    path = unpack_zip(source.path, name, spool, watch)
    found = _in_archive(path, source, replace(wish, part=inner or None), spool, watch, "zip")
    inside = tuple(_renamed(part, f"{name}{IN_ARCHIVE}{part.name}") for part in found.parts)
    place = [part.name for part in parts].index(name)
    found.parts = parts[:place] + (inside or parts[place : place + 1]) + parts[place + 1 :]
    found.part = name if found.part is None else f"{name}{IN_ARCHIVE}{found.part}"
    return found


def _renamed(part: Part, name: str) -> Part:
    """The part under another name."""
    return Part(name, part.kind, part.rows, part.hidden)


def _in_archive(path: Path, outer: Source, wish: Wish, spool: Spool, watch: Watch, packed: Packed) -> Opened:
    try:
        inner = Source.of(path, ours=True)
        if inner.size == 0:
            raise EmptyFile
        kind = recognise(path)
        if kind == "gzip" or kind == "zip":
            raise Unreadable(
                "The archive holds another archive.",
                hint="Unpack it, and choose the file in it.",
                code="imports.nested",
            )
        found = _plain(inner, kind, wish, spool, lambda done: watch(done * outer.size // inner.size))
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    found.files.append(path)
    found.packed = packed
    return found


def _plain(source: Source, kind: Format, wish: Wish, spool: Spool, watch: Watch) -> Opened:
    if kind == "csv":
        return Opened(delimited(source, wish.dialect, watch), "csv")
    path = spool.new()
    try:
        asked = FormatWish(wish.part, wish.dialect.header, wish.header_row, wish.flatten)
        with _readable(source, kind, spool) as readable:
            request = Request(str(readable), kind, str(path), asked, spool.limit)
            told = ask(request, lambda share: watch(int(share * source.size)))
        source.open().close()  # unchanged until now
        return _stored(kind, path, told)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


@contextmanager
def _readable(source: Source, kind: Format, spool: Spool) -> Iterator[Path]:
    """The file as its reader takes it: JSON in UTF-16 is written again in UTF-8."""
    with source.open() as file:
        marked = file.read(2) in UTF_16
    if not marked or kind not in ("json", "ndjson"):
        yield source.path
        return
    path = spool.keep(_in_utf_8(source))
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def _in_utf_8(source: Source) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder("utf-16")()
    with source.open() as file:
        try:
            while block := file.read(BLOCK):
                yield decoder.decode(block).encode()
            yield decoder.decode(b"", final=True).encode()
        except UnicodeError as error:
            raise BadText(
                "The file is marked as UTF-16, but not all of its bytes are.", hint="Save it again in UTF-8."
            ) from error


def _stored(kind: Format, path: Path, told: Told) -> Opened:
    fields = [Field(column.header, column.type) for column in told.columns]
    return Opened(
        Stored(path, path.stat().st_size, fields, has_nulls=kind not in _TEXTS),
        kind,
        parts=told.parts,
        part=told.part,
        header_row=told.header_row,
        notes=told.notes,
        structure=told.structure,
        files=[path],
    )


def table_of(found: Opened, file: str) -> str:
    """The name of the table for the part that was opened; `file` is the one by the file's name."""
    if found.part is None or (len(found.parts) == 1 and found.format not in ("sqlite", "json")):
        return file
    return table_name(found.part.replace(IN_ARCHIVE, "/"))
