"""A small .xlsb workbook, record by record: no library writes this format. By [MS-XLSB], section 2."""

import io
import struct
import zipfile
from collections.abc import Sequence

Value = str | int | float | bool | None

_TYPES = """<?xml version="1.0" encoding="UTF-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="bin" ContentType="application/vnd.ms-excel.sheet.binary.macroEnabled.main"/></Types>"""
_RELATIONS = """<?xml version="1.0" encoding="UTF-8"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>"""
_RELATION = (
    '<Relationship Id="rId{}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{}" '
    'Target="{}"/>'
)
_DAY = 1
"""The style of a cell that is a day."""


def workbook(name: str, rows: Sequence[Sequence[Value]], days: Sequence[int] = ()) -> bytes:
    """A workbook with one sheet; numbers in the columns `days` are days since 1900."""
    sheet = [_record(129), _record(148, struct.pack("<4I", 0, len(rows) - 1, 0, max(map(len, rows)) - 1)), _record(145)]
    for at, row in enumerate(rows):
        sheet.append(_record(0, struct.pack("<IIHBBBI", at, 0, 300, 0, 0, 0, 0)))
        sheet += [_cell(column, value, _DAY if column in days else 0) for column, value in enumerate(row)]
    sheet += [_record(146), _record(130)]
    book = [
        _record(131), _record(143), _record(156, struct.pack("<II", 0, 1) + _text("rId1") + _text(name)), _record(144),
        _record(132),
    ]  # fmt: skip
    formats = [struct.pack("<HHHHHBBHH", 0, format, 0, 0, 0, 0, 0, 0, 0) for format in (0, 14)]
    styles = [
        _record(278), _record(617, struct.pack("<I", 2)), *(_record(47, each) for each in formats), _record(618),
        _record(279),
    ]  # fmt: skip
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr("_rels/.rels", _RELATIONS.format(_RELATION.format(1, "officeDocument", "xl/workbook.bin")))
        relations = _RELATION.format(1, "worksheet", "worksheets/sheet1.bin") + _RELATION.format(
            2, "styles", "styles.bin"
        )
        archive.writestr("xl/_rels/workbook.bin.rels", _RELATIONS.format(relations))
        archive.writestr("xl/workbook.bin", b"".join(book))
        archive.writestr("xl/styles.bin", b"".join(styles))
        archive.writestr("xl/worksheets/sheet1.bin", b"".join(sheet))
    return file.getvalue()


def _record(kind: int, content: bytes = b"") -> bytes:
    return _number(kind) + _number(len(content)) + content


def _number(value: int) -> bytes:
    """Seven bits a byte, the lowest first."""
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


def _text(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def _cell(column: int, value: Value, style: int) -> bytes:
    begin = struct.pack("<II", column, style)
    match value:
        case None:
            return _record(1, begin)
        case bool():
            return _record(4, begin + bytes([value]))
        case "#N/A":
            return _record(3, begin + b"\x2a")
        case str():
            return _record(6, begin + _text(value))
        case _:
            return _record(5, begin + struct.pack("<d", value))
