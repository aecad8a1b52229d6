"""JSON documents and JSON lines: objects become rows, their members columns.

    bytes ─▶ the text of one element after the other ─▶ msgspec, strictly ─▶ cells

A document is never held whole. Numbers keep their digits: a fraction is read as a decimal, not as a double.
"""

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

import msgspec

from rolltop.formats.asked import Column, Format, Part, Told, Wish
from rolltop.formats.errors import Unreadable, no_part, too_large
from rolltop.formats.rowfile import LARGEST_ROW, Cell, Row, RowWriter
from rolltop.formats.splitter import SPACE, Splitter, no_json

MOST_COLUMNS = 20_000  # a table takes fewer, and the scan says so
_MARK = b"\xef\xbb\xbf"
_LONG_NUMBER = re.compile(rb'(?<![\w".])-?\d{400,}')

Watch = Callable[[float], None]
Elements = Iterator[tuple[int, bytes]]

_decode = msgspec.json.Decoder(float_hook=Decimal).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode


def read(path: Path, wanted: Format, wish: Wish, out: RowWriter, watch: Watch) -> Told:
    """Write the elements as rows.

    Raises:
        Unreadable: it is no JSON, no list of rows, or too deep; the error names the row.
    """
    size = max(path.stat().st_size, 1)
    parts: tuple[Part, ...] = ()
    name = None
    with path.open("rb") as file:
        _pass_over_mark(file)
        if wanted == "ndjson":
            elements = _lines(file)
        elif Splitter(file).peek() == b"[":
            file.seek(0)
            _pass_over_mark(file)
            elements = _of_list(file, last=True)
        else:
            file.seek(0)
            parts, begins = _lists(file)
            name = wish.part if wish.part is not None or not parts else parts[0].name
            if name is not None and name not in begins:
                raise no_part(name, parts)
            file.seek(0 if name is None else begins[name])
            elements = _whole(file) if name is None else _of_list(file, last=False)
        table = _Table(wish.flatten)
        for number, element in elements:
            out.write(table.row(number, element))
            if number % 1000 == 0:
                watch(min(file.tell() / size, 1.0))
    if not out.rows:
        raise Unreadable("The file has no rows.", hint="Check that it was saved completely.", code="imports.empty")
    return Told(parts=parts, part=name, columns=table.columns(), rows=out.rows)


def _pass_over_mark(file: IO[bytes]) -> None:
    if file.read(len(_MARK)) != _MARK:
        file.seek(0)


def _lines(file: IO[bytes]) -> Elements:
    number = 0
    while line := file.readline(LARGEST_ROW + 1):
        if len(line) > LARGEST_ROW:
            raise too_large(number + 1)
        if line.strip(SPACE):
            number += 1
            yield number, line


def _of_list(file: IO[bytes], *, last: bool) -> Elements:
    splitter = Splitter(file)
    number = 0
    for number, element in splitter.elements():
        yield number, element
    if last:
        splitter.end(number)


def _lists(file: IO[bytes]) -> tuple[tuple[Part, ...], dict[str, int]]:
    """The members of the one object that are lists of objects, and where they begin."""
    _pass_over_mark(file)
    splitter = Splitter(file)
    parts: list[Part] = []
    begins: dict[str, int] = {}
    for name in splitter.members():
        if splitter.peek() != b"[":
            splitter.value(1)
            continue
        begin = splitter.position
        count, objects = 0, True
        for _, element in splitter.elements():
            count += 1
            objects = objects and element[:1] == b"{"
        if count and objects:
            key = str(_element(name, 1))
            parts.append(Part(key, "list", count))
            begins[key] = begin
    splitter.end(1)
    return tuple(parts), begins


def _whole(file: IO[bytes]) -> Elements:
    """The one object, as the only row; or, when all of its members are equally long lists of values, as columns."""
    _pass_over_mark(file)
    text = file.read(LARGEST_ROW + 1)
    if len(text) > LARGEST_ROW:
        raise too_large(1, "one cell or 64 million in all")
    members = _element(text, 1)
    if not isinstance(members, dict) or not _is_columns(members):
        yield 1, text
        return
    for number, cells in enumerate(zip(*members.values(), strict=True), 1):
        yield number, _encode(dict(zip(members, cells, strict=True)))


def _is_columns(members: dict[str, Any]) -> bool:
    lists = [each for each in members.values() if isinstance(each, list)]
    if not lists or len(lists) < len(members) or len(set(map(len, lists))) != 1 or not lists[0]:
        return False
    return not any(isinstance(value, dict | list) for each in lists for value in each)


def _element(text: bytes, number: int) -> Any:
    try:
        return _decode(text)
    except RecursionError:
        raise no_json(number, "it is nested too deeply") from None
    except UnicodeDecodeError as error:
        raise no_json(number, f"it is not UTF-8: {error.reason}") from None
    except (msgspec.DecodeError, ValueError) as error:
        if _LONG_NUMBER.search(text):
            raise no_json(number, "a number has more than 400 digits") from None
        raise no_json(number, _why(error)) from None


def _why(error: Exception) -> str:
    text = str(error)
    return text[:1].lower() + text[1:] if text else "it cannot be read"


class _Table:
    """The columns found so far; a member that comes up later adds one, empty in the rows before."""

    def __init__(self, flatten: bool) -> None:
        self._flatten = flatten
        self._places: dict[str, int] = {}
        self._types: list[set[str]] = []
        self._lists: bool | None = None

    def columns(self) -> tuple[Column, ...]:
        """The columns with the types that JSON itself gives them."""
        headers = ["" if self._lists else name for name in self._places]
        return tuple(Column(header, _type(types)) for header, types in zip(headers, self._types, strict=True))

    def row(self, number: int, text: bytes) -> Row:
        """The cells of an element."""
        element = _element(text, number)
        as_list = isinstance(element, list)
        if not as_list and not isinstance(element, dict):
            element = {"value": element}
        if self._lists is None:
            self._lists = as_list
        if as_list != self._lists:
            raise no_json(number, "it is a list among objects" if as_list else "it is no list, as the others are")
        members = {str(place): value for place, value in enumerate(element)} if as_list else element
        row: Row = [None] * len(self._places)
        for name, value in self._flat(members, "") if self._flatten else members.items():
            place = self._place(name, number)
            if place >= len(row):
                row += [None] * (place + 1 - len(row))
            row[place] = self._cell(value, place)
        return row

    def _flat(self, members: dict[str, Any], before: str) -> Iterator[tuple[str, Any]]:
        """The members of nested objects beside the others, under `outer.inner`."""
        for name, value in members.items():
            if isinstance(value, dict) and value:
                yield from self._flat(value, f"{before}{name}.")
            else:
                yield before + name, value

    def _place(self, name: str, number: int) -> int:
        place = self._places.get(name)
        if place is None:
            if len(self._places) >= MOST_COLUMNS:
                raise no_json(number, f"the elements have more than {MOST_COLUMNS:,} different members")
            place = self._places[name] = len(self._places)
            self._types.append(set())
        return place

    def _cell(self, value: Any, place: int) -> Cell:
        if value is None:
            return None
        types = self._types[place]
        if isinstance(value, str):
            types.add("string")
            return value
        if isinstance(value, bool):
            types.add("boolean")
            return "true" if value else "false"
        if isinstance(value, int | Decimal):
            types.add("integer" if isinstance(value, int) else "number")
            return str(value)
        types.add("json")
        return _encode(value).decode()


def _type(types: set[str]) -> str | None:
    """The type that all values have; None when they differ, so that their texts decide."""
    (only,) = types if len(types) == 1 else (None,)
    return None if only == "number" else only
