"""Cells of a changeset as JSON shows them, bounded."""

import math
from collections.abc import Sequence
from typing import Any

import apsw

LONGEST = 1_000
"""Characters of a text, or bytes, that are shown of one cell."""

Cells = dict[str, Any]


def shown(value: Any) -> Any:
    """The cell as SQLite holds it: text and numbers as they are, bytes as `\\x…`, long ones cut with their length.

    JSON has no word for infinities; they are texts.
    """
    if value is apsw.no_change:
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, bytes):
        text = "\\x" + value[:LONGEST].hex()
        return text if len(value) <= LONGEST else f"{text}… ({len(value):,} bytes)"
    if isinstance(value, str) and len(value) > LONGEST:
        return f"{value[:LONGEST]}… ({len(value):,} characters)"
    return value


def cells(columns: Sequence[str], values: Sequence[Any] | None) -> Cells | None:
    """The cells by column, those left out that a changeset does not hold; None where there is no row."""
    if values is None:
        return None
    return {name: shown(value) for name, value in zip(columns, values, strict=False) if value is not apsw.no_change}


def key_text(value: Any) -> str:
    """A cell of a key as the log's index has it, and as callers name it."""
    return value.hex() if isinstance(value, bytes) else str(value)


def before(change: apsw.TableChange) -> Sequence[Any] | None:
    """The cells before; none where a text is no Unicode, which other programs may have written."""
    try:
        return change.old
    except UnicodeDecodeError:
        return None


def after(change: apsw.TableChange) -> Sequence[Any] | None:
    """The cells afterwards."""
    try:
        return change.new
    except UnicodeDecodeError:
        return None


def key_of(change: apsw.TableChange) -> tuple[Any, ...] | None:
    """The cells of the key, in the order of the columns; None where they cannot be read."""
    values = after(change) if change.op == "INSERT" else before(change)
    return None if values is None else tuple(values[place] for place in sorted(change.pk_columns))
