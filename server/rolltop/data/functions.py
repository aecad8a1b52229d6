"""SQL functions of ours: deterministic, bounded in time, safe on any input."""

import math
import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import apsw
import msgspec

from rolltop.data.arrays import array_elements
from rolltop.data.casts import cast
from rolltop.data.errors import InvalidLiteral
from rolltop.data.fulltext import FullText
from rolltop.data.totals import Rest, average, total
from rolltop.data.types.timestamp import moment


def json_of_cell(value: Any) -> str | None:
    """The JSON text of a cell that its column's type does not expect."""
    if value is None:
        return None
    if isinstance(value, bytes):
        return f'"\\\\x{value.hex()}"'
    if isinstance(value, float):
        return '"Infinity"' if value > 0 else '"-Infinity"'
    return msgspec.json.encode(value).decode()


def lower(value: Any) -> Any:
    """Text in lower case, for all of Unicode."""
    return value.lower() if isinstance(value, str) else value


@lru_cache(maxsize=64)
def _expression(pattern: str, ignore_case: bool) -> Any:
    import re2

    options = re2.Options()
    options.case_sensitive = not ignore_case
    options.log_errors = False
    return re2.compile(pattern, options)


def match(pattern: Any, value: Any, ignore_case: Any) -> int | None:
    """Whether RE2, whose time is linear, finds `pattern` (checked before) anywhere in `value`."""
    if value is None or pattern is None:
        return None
    return int(_expression(pattern, bool(ignore_case)).search(str(value)) is not None)


def order_of_json(value: Any) -> bytes | None:
    """Bytes that sort as Postgres sorts jsonb: null, strings, numbers, booleans, arrays, objects."""
    if value is None:
        return None
    return b"".join(_order_parts(_decoded(value)))


def order_of_operand(text: str) -> bytes:
    """The same for an operand."""
    return b"".join(_order_parts(operand(text)))


def compare(stored: Any, wanted: Any) -> int | None:
    """Below 0, 0 or above 0 as the stored JSON sorts before, with or after the operand."""
    if stored is None or wanted is None:
        return None
    value = _decoded(stored)
    mine, other = b"".join(_order_parts(value)), b"".join(_order_parts(_as_stored(value, operand(wanted))))
    return (mine > other) - (mine < other)


def _decoded(value: Any) -> Any:
    """The JSON value of a cell; text that is not JSON counts as a string."""
    if isinstance(value, int | float):  # a column declared JSON makes numbers of their texts
        return value if abs(value) != math.inf else json_of_cell(value)
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, RecursionError, TypeError):
        return value if isinstance(value, str) else str(value)


def _order_parts(value: Any) -> list[bytes]:
    if value is None:
        return [b"\x01"]
    if isinstance(value, bool):
        return [b"\x05" if value else b"\x04"]
    if isinstance(value, int | float):
        return [b"\x03", _order_of_number(value)]
    if isinstance(value, str):
        return [b"\x02", value.encode(errors="surrogatepass").replace(b"\x00", b"\x00\xff"), b"\x00\x00"]
    if isinstance(value, list):
        parts = [b"\x06", struct.pack(">I", len(value))]
        for element in value:
            parts.extend(_order_parts(element))
        return parts
    parts = [b"\x07", struct.pack(">I", len(value))]
    for key in sorted(value, key=lambda key: (len(key.encode()), key)):
        parts.extend(_order_parts(key))
        parts.extend(_order_parts(value[key]))
    return parts


def _order_of_number(value: int | float) -> bytes:
    """The double with its sign turned so that bytes sort, then what the double lost of a large integer."""
    try:
        nearest = float(value)
    except OverflowError:
        nearest = float("inf") if value > 0 else float("-inf")
    bits = struct.unpack(">Q", struct.pack(">d", nearest + 0.0))[0]
    bits = bits ^ 0xFFFFFFFFFFFFFFFF if bits >> 63 else bits | 1 << 63
    lost = value - int(nearest) if isinstance(value, int) and abs(nearest) < 1e19 else 0
    return struct.pack(">Qq", bits, lost)


class _Spelled(str):
    """An element of a Postgres array literal: matches numbers and booleans that are written the same."""

    __slots__ = ()


def _same(stored: Any, wanted: Any) -> bool:
    if isinstance(wanted, _Spelled) and not isinstance(stored, str):
        if isinstance(stored, bool):
            return str(stored).lower() == wanted
        return isinstance(stored, int | float) and msgspec.json.encode(stored).decode() == str(wanted)
    return isinstance(stored, bool) == isinstance(wanted, bool) and bool(stored == wanted)


def _contains(outer: Any, inner: Any, *, top: bool = True) -> bool:
    """Postgres' `outer @> inner`."""
    if isinstance(outer, dict) and isinstance(inner, dict):
        return all(key in outer and _contains(outer[key], inner[key], top=False) for key in inner)
    if isinstance(outer, list) and isinstance(inner, list):
        return all(any(_contains(mine, wanted, top=False) for mine in outer) for wanted in inner)
    if isinstance(outer, list) and top and not isinstance(inner, dict):
        return any(_same(mine, inner) for mine in outer)
    if isinstance(outer, dict | list) or isinstance(inner, dict | list):
        return False
    return _same(outer, inner) or _same(inner, outer)


@lru_cache(maxsize=64)
def operand(text: str) -> Any:
    """The right side of `cs cd ov`: JSON, else a Postgres array literal whose elements are text."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        elements = array_elements(text)
    if elements is None:
        raise InvalidLiteral("json", text)
    return [None if element is None else _Spelled(element) for element in elements]


def _as_stored(stored: Any, wanted: Any) -> Any:
    """An operand as meant beside a stored value: `{}` is an empty array, too; elements are what is spelled so there."""
    if not isinstance(stored, list):
        return wanted
    if isinstance(wanted, list) and len(wanted) == len(stored):
        pairs = zip(stored, wanted, strict=True)
        return [mine if isinstance(one, _Spelled) and _same(mine, one) else one for mine, one in pairs]
    return [] if wanted == {} else wanted


def contains(stored: Any, wanted: Any) -> int | None:
    """`cs`: whether the stored JSON contains the operand."""
    if stored is None:
        return None
    value = _decoded(stored)
    return int(_contains(value, _as_stored(value, operand(wanted))))


def contained(stored: Any, wanted: Any) -> int | None:
    """`cd`: whether the operand contains the stored JSON."""
    if stored is None:
        return None
    value = _decoded(stored)
    return int(_contains(_as_stored(value, operand(wanted)), value))


def overlaps(stored: Any, wanted: Any) -> int | None:
    """`ov`: whether two arrays share an element."""
    if stored is None:
        return None
    mine, other = _decoded(stored), operand(wanted)
    if not isinstance(mine, list) or not isinstance(other, list):
        return 0
    return int(any(_same(one, two) for one in mine for two in other))


def stripped(value: Any) -> str | None:
    """JSON without the keys that are null, at every depth; null elements of arrays stay."""
    if value is None:
        return None
    try:
        return msgspec.json.encode(_without_nulls(msgspec.json.decode(value))).decode()
    except (msgspec.DecodeError, RecursionError):  # a number beyond any double, or nesting beyond ours: left as it is
        return str(value)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_without_nulls(inner) for inner in value]
    return value


def csv_cell(value: Any, type_name: str, delimiter: str) -> str | None:
    """A cell as RFC 4180 writes it: booleans `t` and `f`, bytes as hexadecimal digits."""
    if value is None:
        return None
    if type_name == "boolean" and value in (0, 1):
        return "t" if value else "f"
    text = value if isinstance(value, str) else str(cast("any", "text", value))
    if any(mark in text for mark in ('"', delimiter, "\r", "\n")):
        return '"' + text.replace('"', '""') + '"'
    return text


FUNCTIONS: dict[str, tuple[Any, int]] = {
    "rolltop_json": (json_of_cell, 1),
    "rolltop_lower": (lower, 1),
    "rolltop_match": (match, 3),
    "rolltop_order": (order_of_json, 1),
    "rolltop_compare": (compare, 2),
    "rolltop_moment": (moment, 1),
    "rolltop_cs": (contains, 2),
    "rolltop_cd": (contained, 2),
    "rolltop_ov": (overlaps, 2),
    "rolltop_cast": (cast, 3),
    "rolltop_stripped": (stripped, 1),
    "rolltop_csv": (csv_cell, 3),
    "rolltop_sum": (total, 4),
    "rolltop_avg": (average, 5),
}


def register(connection: apsw.Connection) -> None:
    """Make the functions known to a connection. Not marked innocuous: a foreign file's schema may not call them."""
    for name, (function, arguments) in FUNCTIONS.items():
        connection.create_scalar_function(name, function, arguments, deterministic=True, flags=apsw.SQLITE_DIRECTONLY)
    search = FullText(connection).holds
    connection.create_scalar_function("rolltop_fts", search, 4, deterministic=True, flags=apsw.SQLITE_DIRECTONLY)
    connection.create_aggregate_function("rolltop_rest", _rest, 1, flags=apsw.SQLITE_DIRECTONLY)


def _rest() -> tuple[Rest, Callable[..., None], Callable[[Rest], str | None]]:
    return Rest(), Rest.step, Rest.final
