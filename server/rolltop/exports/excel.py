"""Excel workbooks, written row by row by XlsxWriter. Texts stay texts: nothing becomes a formula or a link."""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

from rolltop.data.types import SQLValue
from rolltop.exports.errors import CellTooLong, TooManyColumns
from rolltop.rows.exporting import ExportColumn, Result, Rows

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

MOST_ROWS = 1_048_576
MOST_COLUMNS = 16_384
MOST_CHARACTERS = 32_767
_TRUNCATED = -2  # XlsxWriter's answer to a text that is longer
_BEYOND = 10**15
"""Excel shows, and keeps when a cell is edited, 15 digits."""
_LEAST, _MOST = 2.2250738585072014e-308, 9.99999999999999e307
"""Of the numbers that Excel knows besides 0."""
_FIRST_DAY = date(1900, 3, 1)  # before it Excel counts a day that never was
_FORMATS = {"date": "yyyy-mm-dd", "timestamp": "yyyy-mm-dd hh:mm:ss", "time": "hh:mm:ss"}
_WIDTHS = {"date": 11, "timestamp": 19, "time": 9, "uuid": 37}
_WIDEST_HEADER = 40
_LONGEST_NAME = 31
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
    "use_zip64": True,
}

Put = Callable[["Worksheet", int, int, SQLValue], object]


def write(path: Path, table: str, result: Result, rows: Rows) -> Iterator[bytes]:
    """Write the workbook at `path`: one sheet, and further ones where a sheet is full.

    Raises:
        TooManyColumns, CellTooLong: a sheet cannot hold it.
    """
    from xlsxwriter import Workbook

    columns = result.columns
    if len(columns) > MOST_COLUMNS:
        raise TooManyColumns(len(columns), MOST_COLUMNS)
    book = Workbook(str(path), {**_OPTIONS, "tmpdir": str(path.parent)})
    try:
        yield from _fill(book, table, columns, rows)
        book.close()
    finally:
        for sheet in book.worksheets():
            sheet.row_data_fh.close()


def _fill(book: "Workbook", table: str, columns: Sequence[ExportColumn], rows: Rows) -> Iterator[bytes]:
    puts = _puts(book, columns)
    bold = book.add_format({"bold": True})
    sheet = _new_sheet(book, table, 1, columns, bold)
    line, written = 1, 0
    for batch in rows:
        for row in batch:
            if line == MOST_ROWS:
                sheet, line = _new_sheet(book, table, len(book.worksheets()) + 1, columns, bold), 1
            for place, cell in enumerate(row):
                if cell is not None and puts[place](sheet, line, place, cell) == _TRUNCATED:
                    raise CellTooLong(columns[place].name, written + 1, len(str(cell)), MOST_CHARACTERS)
            line, written = line + 1, written + 1
        yield b""


def _new_sheet(
    book: "Workbook", table: str, number: int, columns: Sequence[ExportColumn], bold: "Format"
) -> "Worksheet":
    suffix = f" ({number})" if number > 1 else ""
    name = _NOT_IN_NAMES.sub("_", table).strip("' ")[: _LONGEST_NAME - len(suffix)] or "Rows"
    sheet: Worksheet = book.add_worksheet(f"{'Rows' if name.casefold() == 'history' else name}{suffix}")
    sheet.freeze_panes(1, 0)
    for place, column in enumerate(columns):
        header = min(len(column.name) + 2, _WIDEST_HEADER)
        sheet.set_column(place, place, max(_WIDTHS.get(column.type.name, 10), header))
        sheet.write_string(0, place, column.name, bold)
    return sheet


def _puts(book: "Workbook", columns: Sequence[ExportColumn]) -> list[Put]:
    """How the cells of each column are written."""
    formats = {kind: book.add_format({"num_format": form}) for kind, form in _FORMATS.items()}
    makers: dict[str, Put] = {kind: _moment(reading, formats[kind]) for kind, reading in _READINGS.items()}
    makers |= dict.fromkeys(("bigint", "double precision", "numeric"), _number)
    makers["boolean"] = _boolean
    return [makers.get(column.type.name, _text) for column in columns]


def _text(sheet: "Worksheet", line: int, place: int, cell: SQLValue) -> object:
    return sheet.write_string(line, place, f"\\x{cell.hex()}" if isinstance(cell, bytes) else str(cell))


class _Double(float):
    """XlsxWriter writes 16 digits of a number; some doubles need 17 to be themselves again."""

    def __format__(self, _form: str) -> str:
        return repr(self)


def _number(sheet: "Worksheet", line: int, place: int, cell: SQLValue) -> object:
    """A number, unless Excel would change it."""
    if isinstance(cell, int) and -_BEYOND < cell < _BEYOND:
        return sheet.write_number(line, place, cell)
    if isinstance(cell, float) and (_LEAST <= abs(cell) <= _MOST or cell == 0):
        return sheet.write_number(line, place, _Double(cell))
    return _text(sheet, line, place, cell)


def _boolean(sheet: "Worksheet", line: int, place: int, cell: SQLValue) -> object:
    return sheet.write_boolean(line, place, cell) if cell in (0, 1) else _text(sheet, line, place, cell)


def _date(text: str) -> date | None:
    return found if (found := date.fromisoformat(text)) >= _FIRST_DAY else None


def _timestamp(text: str) -> datetime | None:
    """The moment in UTC, if Excel can hold it: from 1900 on, and to the millisecond."""
    found = datetime.fromisoformat(text.upper())
    if found.tzinfo is not None:
        found = found.astimezone(UTC).replace(tzinfo=None)
    return found if found.date() >= _FIRST_DAY and found.microsecond % 1000 == 0 else None


def _time(text: str) -> time | None:
    """The time of day, if Excel can hold it: to the millisecond."""
    found = time.fromisoformat(text)
    return found if found.microsecond % 1000 == 0 else None


_READINGS: dict[str, Callable[[str], "date | datetime | time | None"]] = {
    "date": _date,
    "timestamp": _timestamp,
    "time": _time,
}


def _moment(read: Callable[[str], "date | datetime | time | None"], form: "Format") -> Put:
    """Writes days and times of day as what they are; what Excel cannot hold or nobody can read stays text."""

    def put(sheet: "Worksheet", line: int, place: int, cell: SQLValue) -> object:
        try:
            found = read(cell) if isinstance(cell, str) else None
        except ValueError:
            found = None
        return _text(sheet, line, place, cell) if found is None else sheet.write_datetime(line, place, found, form)

    return put
