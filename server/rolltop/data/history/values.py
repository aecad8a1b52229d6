"""Cells of a changeset as JSON shows them, bounded."""

from typing import Any

import apsw

LONGEST = 1_000
"""Characters of a text, or bytes, that are shown of one cell."""


def shown(value: Any) -> Any:
    """The cell as SQLite holds it: text and numbers as they are, bytes as `\\x…`, long ones cut with their length."""
    if value is apsw.no_change:
        return None
    if isinstance(value, bytes):
        text = "\\x" + value[:LONGEST].hex()
        return text if len(value) <= LONGEST else f"{text}… ({len(value):,} bytes)"
    if isinstance(value, str) and len(value) > LONGEST:
        return f"{value[:LONGEST]}… ({len(value):,} characters)"
    return value
