"""The schemas of one table: a row as it is read, added and changed."""

import re
from typing import Any

from rolltop.data import Column, Table

JSONObject = dict[str, Any]


def row_schema(table: Table, names: dict[str, str]) -> JSONObject:
    """A row as it is read: every column is there."""
    schema: JSONObject = {
        "type": "object",
        "title": table.name,
        "description": f"A row of the {table.kind} `{table.name}`.",
        "properties": {column.name: _property(table, column, names, reading=True) for column in table.columns},
        "required": [column.name for column in table.columns],
    }
    if table.primary_key:
        schema["x-primary-key"] = list(table.primary_key)
    return schema


def insert_schema(table: Table, names: dict[str, str]) -> JSONObject:
    """A row as it is added: without what SQLite computes, and with defaults for what may be left out."""
    columns = [column for column in table.columns if not column.generated]
    return {
        "type": "object",
        "title": f"{table.name} (insert)",
        "description": f"A new row of `{table.name}`.",
        "properties": {column.name: _property(table, column, names) for column in columns},
        "required": [column.name for column in columns if _must_be_sent(table, column)],
        "additionalProperties": False,
    }


def update_schema(table: Table, names: dict[str, str]) -> JSONObject:
    """The columns that are changed; the others stay."""
    columns = [column for column in table.columns if not column.generated]
    properties = {column.name: _property(table, column, names) for column in columns}
    for changed in properties.values():
        changed.pop("default", None)  # a default is for new rows only
    return {
        "type": "object",
        "title": f"{table.name} (update)",
        "description": f"What changes in rows of `{table.name}`.",
        "properties": properties,
        "additionalProperties": False,
    }


def _must_be_sent(table: Table, column: Column) -> bool:
    # INTEGER PRIMARY KEY alone is SQLite's row number: given when it is left out (dialect, 17.14).
    return column.not_null and column.default is None and column.name != table.rowid_alias


def _property(table: Table, column: Column, names: dict[str, str], *, reading: bool = False) -> JSONObject:
    schema = _typed(column)
    nullable = not column.not_null and column.name != table.rowid_alias
    if column.choices:
        schema["enum"] = [*column.choices, None] if nullable else list(column.choices)
    if column.max_length is not None and schema.get("type") == "string":
        schema["maxLength"] = column.max_length
    if nullable and "type" in schema:
        schema["type"] = [schema["type"], "null"]
    default = _default(column)
    if default is not None and not reading:
        schema["default"] = default
    if column.generated and reading:
        schema["readOnly"] = True
    if reference := _reference(table, column):
        schema["x-foreign-key"] = _foreign_key(reference, names)
    schema["examples"] = [example(column)]
    schema["description"] = _description(table, column, default)
    return schema


def _description(table: Table, column: Column, default: Any) -> str:
    parts = [f"`{column.declared}`." if column.declared else "No declared type."]
    if column.name in table.primary_key:
        parts.append("Primary key." if len(table.primary_key) == 1 else "Part of the primary key.")
    if reference := _reference(table, column):
        parts.append(f"References `{reference[0]}.{reference[1]}`.")
    if column.generated:
        parts.append("Computed by the database.")
    elif column.default is not None and default is None:
        parts.append(f"Default: `{column.default}`.")
    return " ".join(parts)


def _reference(table: Table, column: Column) -> tuple[str, str] | None:
    """The table and column that a foreign key over this column points to."""
    for key in table.foreign_keys:
        if column.name in key.columns:
            return key.table, key.parent_columns[key.columns.index(column.name)]
    return None


def _foreign_key(reference: tuple[str, str], names: dict[str, str]) -> JSONObject:
    key = {"table": reference[0], "column": reference[1]}
    if reference[0] in names:  # a foreign key may name a table that does not exist
        key["schema"] = f"#/components/schemas/{names[reference[0]]}"
    return key


# ---- types -----------------------------------------------------------------------------------------------------------

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


def _typed(column: Column) -> JSONObject:
    return dict(column.type.schema)


def example(column: Column) -> Any:
    if column.choices:
        return column.choices[0]
    example = _EXAMPLES.get(column.type.name)
    if isinstance(example, str) and column.max_length is not None:
        return example[: column.max_length]
    return example


def _default(column: Column) -> Any:
    """The default as a JSON value, when it is a literal; None for expressions and for none."""
    text = (column.default or "").strip()
    if column.type.name == "boolean":
        return {"1": True, "TRUE": True, "0": False, "FALSE": False}.get(text.upper())
    if len(text) >= 2 and text[0] == text[-1] == "'":
        value = text[1:-1].replace("''", "'")
        return value if column.type.schema.get("type") == "string" else None
    if column.type.name == "bigint" and re.fullmatch(r"[+-]?\d+", text):
        return int(text)
    if column.type.name in ("double precision", "numeric") and re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", text):
        return float(text)
    return None
