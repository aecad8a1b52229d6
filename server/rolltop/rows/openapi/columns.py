"""What is said of one column: its type, its limits, an example that fits, its default."""

import operator
import re
from typing import Any

from rolltop.data import Column, ColumnType
from rolltop.errors import RolltopError

JSONObject = dict[str, Any]

_EXAMPLES: dict[str, Any] = {
    "bigint": 42,
    "double precision": 0.5,
    "numeric": 9.95,
    "boolean": True,
    "text": "text",
    "date": "2024-05-01",
    "timestamp": "2024-05-01T12:30:00Z",
    "time": "12:30:00",
    "uuid": "6f9619ff-8b86-4d11-b42d-00c04fc964ff",
    "bytea": "\\x00ff",
    "jsonb": {"key": "value"},
}
_NUMBERS = ("bigint", "double precision", "numeric")
_HOLDS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_KEYWORDS = {"<": "exclusiveMaximum", "<=": "maximum", ">": "exclusiveMinimum", ">=": "minimum"}


def typed(column: Column, *, nullable: bool) -> JSONObject:
    """Type, format and what simple CHECKs say."""
    schema = dict(column.type.schema)
    if column.type.name == "timestamp" and not column.held:
        del schema["format"]  # other programs keep moments without a zone, which "date-time" would forbid
    if values := choices(column):
        schema["enum"] = [*values, None] if nullable else values
    if column.type.textual:
        limits = {"minLength": column.min_length, "maxLength": column.max_length}
        schema |= {keyword: limit for keyword, limit in limits.items() if limit is not None}
    if column.type.name in _NUMBERS:
        schema |= _bounds(column)
    if nullable and "type" in schema:
        schema["type"] = [schema["type"], "null"]
    return schema


def _bounds(column: Column) -> JSONObject:
    """The narrowest of the column's bounds, as JSON Schema's keywords."""
    found: JSONObject = {}
    for mark, number in column.bounds:
        keyword = _KEYWORDS[mark]
        narrower = min if mark[0] == "<" else max
        found[keyword] = narrower(found[keyword], number) if keyword in found else number
    return found


def choices(column: Column) -> list[Any]:
    """The values of a CHECK as the column's own type holds them; none when one of them is of another type."""
    if column.type.schema.get("type") not in ("string", "integer", "number"):
        return []
    try:
        values = [column.type.parse(str(choice)) for choice in column.choices]
    except RolltopError:
        return []
    return [] if any(isinstance(value, bytes) for value in values) else values


def usual_example(column_type: ColumnType) -> Any:
    """A value of this type."""
    return _EXAMPLES[column_type.name]


def example(column: Column) -> Any:
    """A value that the column takes, as far as its CHECKs are understood."""
    if values := choices(column):
        return values[0]
    usual = usual_example(column.type)
    if column.type.textual:
        padded = usual.ljust(column.min_length or 0, "x")
        return padded if column.max_length is None else padded[: column.max_length]
    return _within(column, usual) if column.type.name in _NUMBERS else usual


def _within(column: Column, usual: float) -> float:
    """The usual example, or the nearest simple number that lies within the bounds."""
    numbers = [number for _, number in column.bounds]
    middle = [sum(numbers) / len(numbers)] if numbers and column.type.name != "bigint" else []
    nearby = [usual, *numbers, *(number + 1 for number in numbers), *(number - 1 for number in numbers), *middle]
    return next((number for number in nearby if _lies_within(number, column.bounds)), usual)


def _lies_within(number: float, bounds: tuple[tuple[str, int | float], ...]) -> bool:
    return all(_HOLDS[mark](number, bound) for mark, bound in bounds)


def default(column: Column) -> Any:
    """The default as a JSON value, when it is a literal that the CHECKs let pass; None for others and for none."""
    literal = _literal(column)
    if literal is None or ((values := choices(column)) and literal not in values):
        return None
    if isinstance(literal, str):
        least, most = column.min_length or 0, column.max_length
        return literal if len(literal) >= least and (most is None or len(literal) <= most) else None
    return literal if isinstance(literal, bool) or _lies_within(literal, column.bounds) else None


def _literal(column: Column) -> Any:
    text = (column.default or "").strip()
    if column.type.name == "boolean":
        return {"1": True, "TRUE": True, "0": False, "FALSE": False}.get(text.upper())
    if len(text) >= 2 and text[0] == text[-1] == "'":
        value = text[1:-1].replace("''", "'")
        return value if column.type.textual else None
    if column.type.name == "bigint" and re.fullmatch(r"[+-]?\d{1,18}", text):
        return int(text)
    if column.type.name in ("double precision", "numeric") and re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", text):
        return float(text)
    return None
