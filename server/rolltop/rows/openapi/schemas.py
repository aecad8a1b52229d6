"""The schemas of one table: a row as it is read, added and changed."""

from typing import Any

from rolltop.data import Column, Table
from rolltop.rows.openapi.columns import JSONObject, default, example, typed


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
    schema = typed(column, nullable=not column.not_null and column.name != table.rowid_alias)
    literal = default(column)
    if literal is not None and not reading:
        schema["default"] = literal
    if column.generated and reading:
        schema["readOnly"] = True
    if reference := reference_of(table, column):
        schema["x-foreign-key"] = _foreign_key(reference, names)
    schema["examples"] = [example(column)]
    schema["description"] = _description(table, column, literal)
    return schema


def _description(table: Table, column: Column, literal: Any) -> str:
    parts = [f"`{column.declared}`." if column.declared else "No declared type."]
    if column.name in table.primary_key:
        parts.append("Primary key." if len(table.primary_key) == 1 else "Part of the primary key.")
    if reference := reference_of(table, column):
        parts.append(f"References `{reference[0]}.{reference[1]}`.")
    if column.generated:
        parts.append("Computed by the database.")
    elif column.default is not None and literal is None and column.default.upper() != "NULL":
        parts.append(f"Default: `{column.default}`.")
    return " ".join(parts)


def reference_of(table: Table, column: Column) -> tuple[str, str] | None:
    """The table and column that a foreign key over this column points to; None for a key that names no columns."""
    for key in table.foreign_keys:
        if column.name in key.columns and len(key.columns) == len(key.parent_columns):
            return key.table, key.parent_columns[key.columns.index(column.name)]
    return None


def _foreign_key(reference: tuple[str, str], names: dict[str, str]) -> JSONObject:
    key = {"table": reference[0], "column": reference[1]}
    if reference[0] in names:  # a foreign key may name a table that does not exist
        key["schema"] = f"#/components/schemas/{names[reference[0]]}"
    return key
