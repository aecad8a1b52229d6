"""Bodies of writes as rows to bind, checked against the table's types.

A body whose values have just the types of their columns is read at full speed: msgspec fills a Struct made for the
table's columns. Any other goes the slow way value by value, which coerces as Postgres does and names the row and the
field of the first value that cannot be.
"""

import csv
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple
from urllib.parse import parse_qsl

import msgspec

from rolltop.data import Column, Table
from rolltop.data.types import SQLValue
from rolltop.data.types.json import stored
from rolltop.data.types.timestamp import in_utc
from rolltop.errors import BadRequest
from rolltop.rows import errors
from rolltop.rows.similar import closest

DEEPEST = 100
MOST_KEYSETS = 50
MOST_ROWS = 500_000
MOST_VALUES = 8_000_000
"""A small value takes ten times its text's size in memory: 100 MB of empty objects took 5 GB (measured)."""

Kind = Literal["json", "csv", "form"]
_TEXTS: dict[bytes, Kind] = {b"text/csv": "csv", b"application/x-www-form-urlencoded": "form"}

Row = Sequence[Any]
MISSING = msgspec.UNSET
"""Stands in a row for a value that the column's default is to fill."""

_UNFIT_FOR_STRUCT = re.compile(r'["\\\x00-\x1f]')
"""msgspec refuses to rename a field to a name with one of these."""
_SPACE = b" \t\r\n"


class Payload(NamedTuple):
    """The rows of a body: values in the order of `columns`. `whole` when no value is MISSING."""

    columns: tuple[str, ...]
    rows: list[Row]
    whole: bool = True


class NulInText(BadRequest):
    """Text with the character U+0000, which Postgres and SQLite's functions do not take."""

    code = "22P05"

    def __init__(self) -> None:
        super().__init__("unsupported Unicode escape sequence", details="\\u0000 cannot be converted to text.")


@dataclass(slots=True)
class _Keys:
    """A Struct for one set of keys."""

    columns: tuple[str, ...]
    one: "msgspec.json.Decoder[Any]"
    many: "msgspec.json.Decoder[Any]"
    converts: tuple[tuple[int, Callable[[Any], SQLValue], bool], ...]
    """(index, how the value is turned into the stored one, whether equal texts may share the work)"""

    def rows(self, body: bytes, *, single: bool) -> list[Row]:
        """The rows of a body that fits; msgspec's errors and InvalidLiteral when it does not."""
        structs = [self.one.decode(body)] if single else self.many.decode(body)
        rows: list[Row] = list(map(msgspec.structs.astuple, structs))
        for index, convert, shared in self.converts:
            values = [row[index] for row in rows]
            if shared:
                known = {value: value if value is None else convert(value) for value in set(values)}
                if all(key is value for key, value in known.items()):
                    continue
                made = [known[value] for value in values]
            else:
                made = [None if value is None else convert(value) for value in values]
            rows = [(*row[:index], value, *row[index + 1 :]) for row, value in zip(rows, made, strict=True)]
        return rows


@dataclass(slots=True)
class PayloadReader:
    """Reads bodies for one table; remembers the sets of keys it has seen."""

    table: Table
    fixed: frozenset[str] = frozenset()
    """Columns that the caller may not write."""
    _known: dict[frozenset[str], _Keys] = field(default_factory=dict)
    _last: _Keys | None = None

    def read(
        self, body: bytes, content_type: bytes | None, declared: tuple[str, ...] | None, *, missing_default: bool
    ) -> Payload:
        """The rows of `body`; `declared` are the columns of the URL."""
        kind = kind_of(content_type)
        check_counts(body, kind)
        if declared is not None:
            self._check_columns(declared)
        if kind != "json":
            return self._texts(objects_of(body, kind), declared, missing_default=missing_default)
        if declared is None:
            return self._json(body)
        return self._declared(objects_of(body, kind), declared, missing_default=missing_default)

    # ---- JSON at full speed --------------------------------------------------------------------------------------

    def _json(self, body: bytes) -> Payload:
        opening = body.lstrip(_SPACE)[:1]
        single = opening == b"{"
        if b"\\u0000" not in body:
            keys = self._last
            rows = None if keys is None else self._fast(keys, body, single=single)
            if rows is None:
                keys = self._keys_of(body, single=single)
                rows = None if keys is None else self._fast(keys, body, single=single)
            if rows is not None and keys is not None:
                self._last = keys
                return Payload(keys.columns, rows)
        return self._slow(objects_of(body, "json"))

    @staticmethod
    def _fast(keys: _Keys, body: bytes, *, single: bool) -> list[Row] | None:
        try:
            return keys.rows(body, single=single)
        except (msgspec.MsgspecError, BadRequest, RecursionError, UnicodeDecodeError):
            return None

    def _keys_of(self, body: bytes, *, single: bool) -> _Keys | None:
        """The Struct for the keys of the first object; None for bodies without one."""
        try:
            if single:
                first = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
            else:
                raws = msgspec.json.decode(body, type=list[msgspec.Raw])
                if not raws:
                    return None
                first = msgspec.json.decode(raws[0], type=dict[str, msgspec.Raw])
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            return None
        if any(_UNFIT_FOR_STRUCT.search(name) for name in first):
            return None
        return self._keys(tuple(first))

    def _keys(self, names: tuple[str, ...]) -> _Keys | None:
        wanted = frozenset(names)
        known = self._known.get(wanted)
        if known is None:
            self._check_columns(names)
            if len(self._known) >= MOST_KEYSETS:
                self._known.clear()
            known = self._known[wanted] = _made_keys([self.table.by_name[name] for name in names])
        return known

    # ---- value by value ------------------------------------------------------------------------------------------

    def _slow(self, objects: list[dict[str, Any]]) -> Payload:
        if not objects:
            return Payload((), [])
        names = tuple(objects[0])
        self._check_columns(names)
        for each in objects[1:]:
            if each.keys() != objects[0].keys():
                self._check_columns(tuple(each))
                raise errors.BadBody("All object keys must match")
        return self._declared(objects, names, missing_default=False)

    def _declared(self, objects: list[dict[str, Any]], names: tuple[str, ...], *, missing_default: bool) -> Payload:
        """The values of `names`, other keys ignored; missing ones NULL or the default."""
        columns = [self.table.by_name[name] for name in names]
        absent = MISSING if missing_default else None
        rows: list[Row] = []
        whole = True
        for number, each in enumerate(objects, 1):
            row = [
                coerced(column, each[column.name], number if len(objects) > 1 else None)
                if column.name in each
                else absent
                for column in columns
            ]
            whole = whole and MISSING not in row
            rows.append(row)
        return Payload(names, rows, whole)

    def _texts(
        self, objects: list[dict[str, Any]], declared: tuple[str, ...] | None, *, missing_default: bool
    ) -> Payload:
        """The same for objects of strings: CSV and forms. JSON columns read them as JSON."""
        names = declared if declared is not None else tuple(objects[0]) if objects else ()
        if declared is None:
            self._check_columns(names)
        jsons = {name for name in names if self.table.by_name[name].type.name == "jsonb"}
        for number, each in enumerate(objects, 1):
            for name in jsons & each.keys():
                if each[name] is not None:
                    each[name] = _json_cell(self.table.by_name[name], each[name], number)
        return self._declared(objects, names, missing_default=missing_default)

    def _check_columns(self, names: tuple[str, ...]) -> None:
        """Refuse keys that are no columns (PGRST204), generated ones (428C9) and those that are read only (42501)."""
        for name in names:
            column = self.table.by_name.get(name)
            if column is None:
                similar = closest(name, self.table.by_name)
                raise errors.UnknownPayloadColumn(
                    name, self.table.name, hint=None if similar is None else f"Perhaps you meant '{similar}'."
                )
            if column.generated:
                raise errors.GeneratedColumn(name)
            if name in self.fixed:
                raise errors.ColumnNotAllowed(self.table.name, name)


def _made_keys(columns: list[Column]) -> _Keys:
    names = [f"f{number}" for number in range(len(columns))]
    fields: list[Any] = []
    converts: list[tuple[int, Callable[[Any], SQLValue], bool]] = []
    for number, (name, column) in enumerate(zip(names, columns, strict=True)):
        payload = column.type.payload
        fields.append((name, payload if payload is msgspec.Raw else payload | None))
        if payload is msgspec.Raw:
            converts.append((number, _stored_json, False))
        elif column.type.normalizes:
            converts.append((number, _normalizer(column), True))
    struct = msgspec.defstruct(
        "Row",
        fields,
        rename={name: column.name for name, column in zip(names, columns, strict=True)},
        forbid_unknown_fields=True,
        gc=False,
    )
    return _Keys(
        tuple(column.name for column in columns),
        msgspec.json.Decoder(struct),
        msgspec.json.Decoder(list[struct]),  # type: ignore[valid-type]
        tuple(converts),
    )


def _stored_json(raw: Any) -> SQLValue:
    text = stored(raw)
    if text is not None and text.count("[") + text.count("{") > DEEPEST:
        _check_depth(msgspec.json.decode(text))
    return text


def _normalizer(column: Column) -> Callable[[Any], SQLValue]:
    if column.type.name == "timestamp" and column.held:
        return lambda text: _kept(text, in_utc(str(column.type.parse(text))))
    return lambda text: _kept(text, column.type.parse(text))


def _kept(text: str, value: SQLValue) -> SQLValue:
    """`text` itself when nothing changed, so that identity tells."""
    return text if value == text else value


def as_stored(column: Column, literal: str) -> SQLValue:
    """The value that a filter's literal is stored as."""
    made = column.type.parse(literal)
    return in_utc(str(made)) if column.type.name == "timestamp" and column.held else made


def coerced(column: Column, value: Any, number: int | None) -> SQLValue:
    """The value to store, as Postgres would read it; its error names the row (from 1) and the field."""
    if value is None:
        return None
    _check_text(value)
    try:
        made = column.type.coerce(value)
        return in_utc(str(made)) if column.type.name == "timestamp" and column.held else made
    except BadRequest as error:
        error.details = error.details or _where(column, number)
        error.hint = error.hint or f"A {column.type.name} is written as {column.type.example}."
        raise


def _where(column: Column, number: int | None) -> str:
    field_name = f'field "{column.name}"'
    return field_name.capitalize() if number is None else f"Row {number}, {field_name}"


def _check_text(value: Any) -> None:
    """Refuse U+0000 anywhere in the value, and values nested too deeply."""
    if isinstance(value, str):
        if "\x00" in value:
            raise NulInText
    elif isinstance(value, dict | list):
        _check_depth(value)


def _check_depth(value: Any, depth: int = 1) -> None:
    if depth > DEEPEST:
        raise errors.BadBody("Empty or invalid json", details=f"The JSON is nested more than {DEEPEST} levels deep.")
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, dict | list):
            _check_depth(inner, depth + 1)
        elif isinstance(inner, str) and "\x00" in inner:
            raise NulInText


def _decoded(body: bytes) -> Any:
    """The JSON value of a body, strictly; PGRST102 for anything else."""
    try:
        return msgspec.json.decode(body)
    except msgspec.ValidationError as error:  # a number that no double holds
        raise errors.BadBody("Empty or invalid json", details=f"{error}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise errors.BadBody("Empty or invalid json", details=f"{error}.") from None
    except RecursionError:
        raise errors.BadBody("Empty or invalid json", details="The JSON is nested too deeply.") from None


def kind_of(content_type: bytes | None) -> Kind:
    """The kind of body; PGRST102 for types that are not taken."""
    kind = (content_type or b"application/json").partition(b";")[0].strip().lower()
    if kind == b"application/json" or kind.startswith(b"application/vnd.pgrst."):
        return "json"
    known = _TEXTS.get(kind)
    if known is None:
        raise errors.BadBody(f"Content-Type not acceptable: {kind.decode('latin-1')}")
    return known


def check_counts(body: bytes, kind: Kind) -> None:
    """Refuse a body of too many parts before it is read: 413. Counts marks, also those within texts."""
    if len(body) < MOST_ROWS:
        return
    match kind:
        case "json":
            rows, values = body.count(b"{"), body.count(b",")
        case "csv":
            rows, values = body.count(b"\n") + body.count(b"\r"), body.count(b",")
        case "form":
            rows, values = body.count(b"&"), 0
    if rows > MOST_ROWS or values > MOST_VALUES:
        raise errors.BodyTooLarge(
            f"The body holds more than {MOST_ROWS:,} rows or {MOST_VALUES:,} values.",
            hint="Send the rows in several requests, or import a file instead.",
        )


def objects_of(body: bytes, kind: Kind) -> list[dict[str, Any]]:
    """The objects of a body; those of CSV and forms hold texts only."""
    if kind == "csv":
        return _csv_objects(body)
    if kind == "form":
        return [dict(parse_qsl(_text(body), keep_blank_values=True, strict_parsing=False))]
    decoded = _decoded(body)
    objects = decoded if isinstance(decoded, list) else [decoded]
    for each in objects:
        if not isinstance(each, dict):
            raise errors.BadBody("Empty or invalid json", hint="Send an object, or an array of objects.")
    return objects


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise errors.BadBody("Empty or invalid body", details="The body is not UTF-8.") from None


def _csv_objects(body: bytes) -> list[dict[str, Any]]:
    """The lines of a CSV body by header; `NULL` is null, nothing is the empty string."""
    try:
        lines = [line for line in csv.reader(io.StringIO(_text(body), newline=""), strict=True) if line]
    except csv.Error as error:
        raise errors.BadBody("Empty or invalid CSV", details=f"{error}.") from None
    if not lines:
        raise errors.BadBody("Empty or invalid CSV", hint="The first line must name the columns.")
    header, *rest = lines
    if any(len(line) != len(header) for line in rest):
        raise errors.BadBody("All lines must have same number of fields")
    return [{name: None if cell == "NULL" else cell for name, cell in zip(header, line, strict=True)} for line in rest]


def _json_cell(column: Column, text: str, number: int) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        error = errors.InvalidJsonCell(text)
        error.details = _where(column, number)
        raise error from None
