"""Casts between dialect types, as Postgres does them (dialect, section 5.3)."""

import math
from typing import Any

import msgspec

from rolltop.data.errors import CannotCast, ValueOutOfRange
from rolltop.data.types import SQLValue, of_declared
from rolltop.data.types.integer import HIGHEST, LOWEST

_BY_NAME = {
    kind.name: kind
    for kind in map(of_declared, ("TEXT", "INTEGER", "REAL", "DECIMAL", "BOOLEAN", "JSON", "DATE", "TIMESTAMP"))
}
_NUMBERS = frozenset({"bigint", "double precision", "numeric"})


def cast(source: str, target: str, value: Any) -> SQLValue:
    """`value` of the type called `source` as the type called `target`; InvalidLiteral when a text does not read so."""
    if value is None:
        return None
    text = _text(source, value)
    if target == "text":
        return text
    if target == "jsonb":
        return _as_json(source, value, text)
    if source == "jsonb":
        return _from_json(target, text)
    if source in _NUMBERS and target in _NUMBERS:
        return _number(target, value, text)
    if {source, target} == {"boolean", "bigint"}:
        if not isinstance(value, int | float):
            return _BY_NAME[target].parse(text)
        return int(value != 0) if target == "boolean" else _number(target, value, text)
    if {source, target} == {"date", "timestamp"}:
        return text[:10] if target == "date" else f"{text[:10]}T00:00:00"
    if source != "text":
        raise CannotCast(source, target)
    return _BY_NAME[target].parse(text)


def _text(source: str, value: Any) -> str:
    if source == "boolean" and value in (0, 1):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    if isinstance(value, float) and math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _as_json(source: str, value: Any, text: str) -> str:
    if source == "boolean" and value in (0, 1):
        return text
    if source == "text":
        return str(_BY_NAME["jsonb"].parse(text))
    return msgspec.json.encode(text if isinstance(value, bytes) else value).decode()


def _from_json(target: str, text: str) -> SQLValue:
    try:
        decoded = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):  # a number beyond any double
        raise ValueOutOfRange(target, text) from None
    if isinstance(decoded, bool) and target == "boolean":
        return int(decoded)
    if isinstance(decoded, int | float) and not isinstance(decoded, bool) and target in _NUMBERS:
        return _number(target, decoded, text)
    raise CannotCast("jsonb", target)


def _number(target: str, value: Any, text: str) -> SQLValue:
    if isinstance(value, str):
        return _BY_NAME[target].parse(text)
    if math.isinf(value):
        if target == "bigint":
            raise ValueOutOfRange(target, text)
        return text  # JSON has no such number: the word stands in its place
    if target != "bigint":
        return float(value) if target == "double precision" else value
    rounded = int(abs(value) + 0.5) * (1 if value >= 0 else -1) if isinstance(value, float) else int(value)
    if not LOWEST <= rounded <= HIGHEST:
        raise ValueOutOfRange("bigint", text)
    return rounded
