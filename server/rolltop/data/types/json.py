"""JSON, stored as text (SQLite's JSONB is read too)."""

from types import MappingProxyType
from typing import Any

import msgspec

from rolltop.data.errors import InvalidLiteral
from rolltop.data.types.base import ColumnType, SQLValue


class Json(ColumnType):
    """Any JSON value; compared as Postgres compares jsonb."""

    name = "jsonb"
    declared = "JSON"
    example = "any JSON value"
    words = ("JSON",)
    payload = msgspec.Raw
    schema = MappingProxyType({})
    ordered_as_stored = False

    def json(self, expression: str, *, held: bool) -> str:
        if held:
            return f"json({expression})"
        return f"json(CASE WHEN json_valid({expression}, 5) THEN {expression} ELSE rolltop_json({expression}) END)"

    def parse(self, literal: str) -> SQLValue:
        try:
            msgspec.json.decode(literal)
        except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
            raise InvalidLiteral("json", literal) from None
        return literal

    def coerce(self, value: object) -> SQLValue:
        return msgspec.json.encode(value).decode()

    def check(self, column: str) -> str | None:
        return f"{column} IS NULL OR json_valid({column})"  # before SQLite 3.45 json_valid(NULL) is 0


def stored(raw: Any) -> str | None:
    """The text to store for a raw JSON value; JSON's null in a payload is SQL's NULL."""
    text = bytes(raw).strip()
    return None if text == b"null" else text.decode()
