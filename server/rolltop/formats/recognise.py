"""What a file is, by its content and never by its name."""

import codecs
import zipfile
from pathlib import Path
from typing import Literal

from rolltop.formats.asked import Format
from rolltop.formats.errors import BROKEN_ARCHIVE, Unreadable, damaged

Recognised = Format | Literal["gzip", "zip"]

_HEAD = 1 << 16
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_SPACE = b" \t\r\n"
_ODS = "application/vnd.oasis.opendocument.spreadsheet"
_WORKBOOKS: dict[str, Format] = {"xl/workbook.xml": "xlsx", "xl/workbook.bin": "xlsb"}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OTHER_PARTS = {
    "word/document.xml": "a Word document",
    "ppt/presentation.xml": "a presentation",
    "META-INF/MANIFEST.MF": "a Java archive",
}


def recognise(path: Path) -> Recognised:
    """The format of the file; `csv` for whatever may be text.

    Raises:
        Unreadable: it is a document or an archive without rows, or is encrypted.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
        file.seek(max(0, file.seek(0, 2) - 4096))
        tail = file.read()
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _of_zip(path)
    if head.startswith(_OLE):
        return _of_ole(path)
    if head.startswith(b"SQLite format 3\x00"):
        return "sqlite"
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"\x1f\x8b"):
        return "gzip"
    if head.startswith(UTF_16):
        return _of_text(_in_utf_8(head), _in_utf_8(head[:2] + tail))
    return _of_text(head, tail)


def _in_utf_8(part: bytes) -> bytes:
    """The text of a part of a file in UTF-16 that begins with its mark, without that."""
    return part.decode("utf-16", "ignore").encode("utf-8", "ignore").removeprefix(codecs.BOM_UTF8)


def _of_text(head: bytes, tail: bytes) -> Format:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip(_SPACE)
    if start.startswith(b"["):
        second = start[1:].lstrip(_SPACE)[:1]
        return "json" if second in (b"{", b"[", b"]") or tail.rstrip(_SPACE).endswith(b"]") else "csv"
    if not start.startswith(b"{"):
        return "csv"
    line, more, rest = start.partition(b"\n")
    whole = line.rstrip(_SPACE).endswith(b"}") and line.count(b"{") == line.count(b"}")
    if more and whole and rest.lstrip(_SPACE).startswith(b"{"):
        return "ndjson"
    return "json"


def _of_zip(path: Path) -> Recognised:
    try:
        with zipfile.ZipFile(path) as archive:
            names = {name.lstrip("/") for name in archive.namelist()}
            if "mimetype" in names and archive.getinfo("mimetype").file_size < 200:
                kind = archive.read("mimetype").decode("ascii", "replace").strip()
                if kind == _ODS:
                    return "ods"
                if kind.startswith("application/vnd.oasis.opendocument"):
                    raise _no_rows("an OpenDocument file without a sheet")
    except (*BROKEN_ARCHIVE, OSError) as error:
        raise damaged("workbook or zip archive", error) from error
    for part, kind_of_workbook in _WORKBOOKS.items():
        if part in names:
            return kind_of_workbook
    for part, what in _OTHER_PARTS.items():
        if part in names:
            raise _no_rows(what)
    return "zip"


def _of_ole(path: Path) -> Format:
    """Old Excel files, and new ones behind a password, lie in the same container; its directory names what is in it."""
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            if "EncryptedPackage".encode("utf-16-le") in block:
                raise encrypted()
            if "WordDocument".encode("utf-16-le") in block:
                raise _no_rows("a Word document")
    return "xls"


def encrypted() -> Unreadable:
    """The workbook wants a password."""
    return Unreadable(
        "The workbook is encrypted: it opens with a password only.",
        hint="Save a copy without a password, and import that.",
        code="imports.encrypted",
    )


def _no_rows(what: str) -> Unreadable:
    return Unreadable(
        f"This is {what}, not a table.",
        hint="Choose a workbook, CSV, JSON, Parquet or SQLite file.",
        code="imports.not_csv",
    )
