"""SQL functions of ours: deterministic, bounded in time, safe on any input."""

from typing import Any

import apsw
import msgspec


def json_of_cell(value: Any) -> str | None:
    """The JSON text of a cell that its column's type does not expect."""
    if value is None:
        return None
    if isinstance(value, bytes):
        return f'"\\\\x{value.hex()}"'
    if isinstance(value, float):
        return '"Infinity"' if value > 0 else '"-Infinity"'
    return msgspec.json.encode(value).decode()


def register(connection: apsw.Connection) -> None:
    """Make the functions known to a connection."""
    connection.create_scalar_function("rolltop_json", json_of_cell, 1, deterministic=True)
