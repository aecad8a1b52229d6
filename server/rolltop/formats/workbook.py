"""Workbooks: .xlsx, .xls, .xlsb and .ods, a sheet at a time, by calamine.

sheet ─▶ cells as text ─▶ empty edges cut ─▶ header row found ─▶ merged cells filled down ─▶ rows without empty ones
"""

import datetime
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rolltop.formats.asked import Column, Format, Part, Told, Wish
from rolltop.formats.errors import BROKEN_ARCHIVE, Unreadable, damaged, no_part
from rolltop.formats.recognise import encrypted
from rolltop.formats.rowfile import Cell, Row, RowWriter

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

MOST_ENTRIES = 5_000  # threat model F3
MOST_INFLATED = 200_000_000
_INFLATE_AT_ONCE = 1 << 20
_LOOKED_AT = 50  # rows among which the header is looked for
_WHOLE = 1e15
_DTD = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)

Watch = Callable[[float], None]


def read(path: Path, wanted: Format, wish: Wish, out: RowWriter, watch: Watch) -> Told:
    """Write the rows of a sheet, the wished one or the first that has some.

    Raises:
        Unreadable: the workbook is encrypted, damaged, too large or has no such sheet.
    """
    if wanted != "xls":
        check_archive(path)
    watch(0.1)
    workbook = _opened(path)
    parts = _parts(workbook)
    name, sheet = _sheet(workbook, parts, wish.part)
    watch(0.5)
    return _written(sheet, name, parts, wish, out, watch)


def check_archive(path: Path) -> None:
    """Inflate every part once, so that none is larger than it says, and none has a DTD (threat model F3).

    Raises:
        Unreadable: there are too many, they are too large, or XML that defines entities.
    """
    inflated = 0
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if len(entries) > MOST_ENTRIES:
                raise _bomb(f"more than {MOST_ENTRIES:,} parts")
            for entry in entries:
                if entry.flag_bits & 1:
                    raise encrypted()
                before = b""
                with archive.open(entry) as part:
                    while block := part.read(_INFLATE_AT_ONCE):
                        inflated += len(block)
                        if inflated > MOST_INFLATED:
                            raise _bomb(f"over {MOST_INFLATED // 1_000_000} MB")
                        if _DTD.search(before[-20:] + block):
                            raise Unreadable(
                                f"The part {entry.filename!r} of the workbook defines XML entities (DTD), which no "
                                "spreadsheet program does.",
                                hint="Open the workbook in a spreadsheet program and save it again.",
                                code="imports.dtd",
                            )
                        before = block
    except (*BROKEN_ARCHIVE, OSError) as error:
        raise damaged("workbook", error) from error


def _bomb(much: str) -> Unreadable:
    return Unreadable(
        f"The workbook unpacks to {much}.",
        hint="Save the sheet as CSV in your spreadsheet program: CSV files may be of any size.",
        code="imports.unpacks_too_large",
    )


def _opened(path: Path) -> "CalamineWorkbook":
    import python_calamine

    try:
        return python_calamine.CalamineWorkbook.from_path(str(path))
    except python_calamine.PasswordError:
        raise encrypted() from None
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise damaged("workbook", error) from error


def _parts(workbook: "CalamineWorkbook") -> tuple[Part, ...]:
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    return tuple(
        Part(sheet.name, "sheet", hidden=sheet.visible != SheetVisibleEnum.Visible)
        for sheet in workbook.sheets_metadata
        if sheet.typ == SheetTypeEnum.WorkSheet
    )


def _sheet(workbook: "CalamineWorkbook", parts: Sequence[Part], wanted: str | None) -> tuple[str, "CalamineSheet"]:
    if wanted is not None:
        if wanted not in [part.name for part in parts]:
            raise no_part(wanted, parts)
        return wanted, _loaded(workbook, wanted)
    for part in sorted(parts, key=lambda part: part.hidden):
        sheet = _loaded(workbook, part.name)
        if sheet.start is not None:
            return part.name, sheet
    raise Unreadable("The workbook has no sheet with cells.", hint="Check that it was saved.", code="imports.empty")


def _loaded(workbook: "CalamineWorkbook", name: str) -> "CalamineSheet":
    from python_calamine import CalamineError

    try:
        return workbook.get_sheet_by_name(name)
    except (CalamineError, OSError, ValueError) as error:
        raise damaged(f"sheet {name!r}", error) from error


def _written(
    sheet: "CalamineSheet", name: str, parts: tuple[Part, ...], wish: Wish, out: RowWriter, watch: Watch
) -> Told:
    top, left = sheet.start or (0, 0)
    merged = _Merged(sheet, top, left)
    rows = enumerate(merged.filled(_cells(sheet, top)))
    head = [row for row, _ in zip(rows, range(_LOOKED_AT), strict=False)]
    if not any(any(cells) for _, cells in head) and sheet.height <= _LOOKED_AT:
        raise Unreadable(f"The sheet {name!r} has no cells.", hint="Choose another sheet.", code="imports.empty")
    header_at = _header(head, wish, top)
    width = sheet.width
    names = next((cells for at, cells in head if at == header_at), None)
    begin = min((at for at, cells in head if any(cells)), default=0) if header_at is None else header_at + 1
    empty = 0
    for at, cells in _chained(head, rows):
        if at < begin:
            continue
        if any(cell is not None for cell in cells):
            out.write(cells)
        else:
            empty += 1
        if at % 1000 == 0:
            watch(0.5 + 0.5 * at / sheet.height)
    notes = _notes(head, header_at, top, empty, merged.filled_cells)
    headers = names or [""] * width
    return Told(
        parts=parts,
        part=name,
        columns=tuple(Column(cell or "") for cell in headers),
        rows=out.rows,
        header_row=None if header_at is None else top + header_at + 1,
        notes=tuple(notes),
    )


def _chained(head: list[tuple[int, Row]], rest: Iterator[tuple[int, Row]]) -> Iterator[tuple[int, Row]]:
    yield from head
    yield from rest


def _notes(head: list[tuple[int, Row]], header_at: int | None, top: int, empty: int, merged: int) -> list[str]:
    above = sum(1 for at, cells in head if header_at is not None and at < header_at and any(cells))
    notes = []
    if above:
        notes.append(f"{_count(above, 'row')} above the header in row {top + (header_at or 0) + 1} left out.")
    if empty:
        notes.append(f"{_count(empty, 'empty row')} left out.")
    if merged:
        notes.append(f"{_count(merged, 'cell')} of merged ranges filled with the range's value.")
    return notes


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


class _Merged:
    """Ranges merged over several rows: their value counts in each of those, as people see it."""

    def __init__(self, sheet: "CalamineSheet", top: int, left: int) -> None:
        self.filled_cells = 0
        self._until: dict[int, dict[int, int]] = {}
        for (first, column), (last, last_column) in sheet.merged_cell_ranges or ():
            if column == last_column and last > first >= top and column >= left:
                self._until.setdefault(first - top, {})[column - left] = last - top

    def filled(self, rows: Iterator[Row]) -> Iterator[Row]:
        """The rows, with the value of such a range in all of its rows."""
        if not self._until:
            yield from rows
            return
        open_ranges: dict[int, tuple[int, Cell]] = {}
        for at, cells in enumerate(rows):
            for column, (last, value) in list(open_ranges.items()):
                if at > last:
                    del open_ranges[column]
                elif cells[column] is None and value is not None:
                    cells[column] = value
                    self.filled_cells += 1
            for column, last in self._until.get(at, {}).items():
                if column < len(cells):
                    open_ranges[column] = (last, cells[column])
            yield cells


def _header(head: Sequence[tuple[int, Row]], wish: Wish, top: int) -> int | None:
    """Which row, counted from the first with cells, holds the names; None: none does.

    It is the first row that is about as wide as the rows are, when all of its cells are texts and different ones.
    """
    if wish.header is False:
        return None
    if wish.header_row is not None:
        at = wish.header_row - 1 - top
        if not any(place == at and any(cells) for place, cells in head):
            raise Unreadable(
                f"Row {wish.header_row:,} of the sheet cannot be the header: it is empty or too far down.",
                hint=f"The header is one of the first {_LOOKED_AT} rows.",
                code="imports.no_header",
            )
        return at
    widths = [(at, sum(map(bool, cells))) for at, cells in head if any(cells)]
    if not widths:
        return None
    usual = max(Counter(width for _, width in widths).items(), key=lambda item: (item[1], item[0]))[0]
    at = next((at for at, width in widths if width * 4 >= usual * 3), widths[0][0])
    names = [cell for cell in next(cells for place, cells in head if place == at) if cell]
    if wish.header or (len(set(names)) == len(names) and not any(map(_is_value, names)) and len(widths) > 1):
        return at
    return None


def _is_value(cell: str) -> bool:
    """Whether a cell is rather a value than a name; years are names of columns often enough."""
    return bool(re.fullmatch(r"-?\d+[.,]\d+|-?\d{5,}|-?\d{1,3}|\d{4}-\d\d-\d\d.*|true|false", cell))


def _cells(sheet: "CalamineSheet", top: int) -> Iterator[Row]:
    """The rows from the first with cells on; empty columns on the left calamine leaves out itself."""
    for row in islice(sheet.iter_rows(), top, None):
        yield [_text(value) for value in row]


def _text(value: Any) -> Cell:
    """The text of a cell; empty and error cells are null, a day has no time of day."""
    if value == "":
        return None
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            return None
        return str(int(value)) if value.is_integer() and abs(value) < _WHOLE else repr(value)
    if isinstance(value, datetime.datetime):
        midnight = value.time() == datetime.time()
        return value.date().isoformat() if midnight else value.isoformat(sep=" ")
    if isinstance(value, datetime.timedelta):
        return _duration(value)
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return str(value)


def _duration(value: datetime.timedelta) -> str:
    """Hours beyond a day, as Excel shows [h]:mm:ss."""
    seconds = round(value.total_seconds())
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    return f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
