"""Arguments of a call: taken from the URL or the body, read by the types of the query's parameters."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from rolltop.data import Column, ColumnType
from rolltop.data.arrays import array_elements
from rolltop.data.errors import InvalidLiteral
from rolltop.data.types import SQLValue
from rolltop.rows import errors, parse, payload, shape
from rolltop.rows.asked import Field
from rolltop.rows.saved import SavedQuery
from rolltop.rows.similar import closest

RESERVED = frozenset({"select", "columns", "on_conflict", "order", "limit", "offset", "and", "or", "not.and", "not.or"})
"""Names that mean something else in the query string."""
_LAST_WORDS = (".order", ".limit", ".offset", ".and", ".or")


def split(query: bytes) -> tuple[bytes, dict[str, str]]:
    """A query string without the arguments in it, and the arguments: what does not read as a filter."""
    if not query:
        return query, {}
    arguments: dict[str, str] = {}
    others: list[bytes] = []
    for part in query.split(b"&"):
        raw_key, _, raw_value = part.partition(b"=")
        key, value = shape.decoded(raw_key), shape.decoded(raw_value)
        if not part or key in RESERVED or key.endswith(_LAST_WORDS) or _is_condition(value):
            others.append(part)
        else:
            arguments[key] = value
    return b"&".join(others), arguments


def _is_condition(text: str) -> bool:
    """Whether a value reads as `[not.]operator.value`."""
    if "." not in text:
        return False
    try:
        parse.condition_of_parameter(Field(""), text)
    except errors.ParseError:
        return False
    return True


def of_body(body: bytes, content_type: bytes | None, columns: Sequence[str] | None) -> tuple[dict[str, Any], bool]:
    """The arguments of a POST, and whether they are texts: the first object's keys, those in `columns` only."""
    kind = payload.kind_of(content_type)
    if not body.strip():
        return {}, False
    payload.check_counts(body, kind)
    objects = payload.objects_of(body, kind)
    first = objects[0] if objects else {}
    if columns is not None:
        first = {name: value for name, value in first.items() if name in columns}
    return first, kind != "json"


def bound(
    query: SavedQuery, order: Sequence[str], given: Mapping[str, Any], others: Mapping[str, SavedQuery], *, texts: bool
) -> list[SQLValue]:
    """The values of the parameters in this order; PGRST202 for an unknown argument or one that is missing."""
    known = {parameter.name: parameter for parameter in query.parameters}
    missing = any(parameter.required and parameter.name not in given for parameter in query.parameters)
    if missing or not given.keys() <= known.keys():
        raise unknown(query.name, given, others)
    values = {
        name: read(name, parameter.type, given[name], text=texts) if name in given else parameter.default
        for name, parameter in known.items()
    }
    return [values[name] for name in order]


def unknown(name: str, given: Mapping[str, Any], queries: Mapping[str, SavedQuery]) -> errors.UnknownFunction:
    """The error for a name, or for arguments that the query of this name does not take."""
    query = queries.get(name)
    if query is None:
        return errors.UnknownFunction(name, given, closest(name, queries))
    names = ", ".join(sorted(parameter.name for parameter in query.parameters))
    similar = closest(", ".join(sorted(given)), [names]) if given else None
    return errors.UnknownFunction(name, given, None if similar is None else f"{name}({names})")


def read(name: str, kind: ColumnType, value: Any, *, text: bool = False) -> SQLValue:
    """The value to bind for an argument; with `text` it is written as in a URL, else it is a JSON value."""
    if text and kind.name == "jsonb" and isinstance(value, str):
        return _json_in_url(kind, value)
    return payload.coerced(Column(name, kind.declared, kind), value, None)


def _json_in_url(kind: ColumnType, text: str) -> SQLValue:
    """JSON, or `{a,"b, c"}`: as which clients write a list where there is no body. Its elements are texts."""
    try:
        return kind.parse(text)
    except InvalidLiteral:
        elements = array_elements(text)
        if elements is None:
            raise
        return kind.parse(msgspec.json.encode(elements).decode())
