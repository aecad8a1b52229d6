"""The OpenAPI 3.1 paths and schemas of the tables and views: what `/rest/v1` does, said per table.

    catalog ─▶ one path a table, its row as read, inserted and updated, a filter a column ─▶ merged by `rolltop.docs`

Pure: the catalog in, plain JSON values out. Components that all tables share (errors, `order`, `limit`, …) carry
names that start with `rows.`, which no table's name can turn into.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from rolltop.data import Catalog, Column, Table

JSONObject = dict[str, Any]

ROOT = "/rest/v1"
# Names that mean something else in the query string; quoted, they are columns.
RESERVED = frozenset({"select", "columns", "on_conflict", "order", "limit", "offset", "and", "or"})

_PLAIN_NAME = re.compile(r"(?! )[\w$ ]+(?:-[\w$ ]+)*(?<! )")


@dataclass(slots=True)
class RowsDocument:
    """The part of an OpenAPI document that comes from the catalog."""

    paths: JSONObject = field(default_factory=dict)
    schemas: JSONObject = field(default_factory=dict)
    parameters: JSONObject = field(default_factory=dict)
    responses: JSONObject = field(default_factory=dict)
    tags: list[JSONObject] = field(default_factory=list)


def document(catalog: Catalog, taken: Iterable[str] = ()) -> RowsDocument:
    """Paths, components and tags for every table and view. `taken` are schema names that are in use elsewhere."""
    tables = sorted(catalog.tables.values(), key=lambda table: table.name.casefold())
    names = _component_names([table.name for table in tables], taken, ("", "_insert", "_update"))
    made = RowsDocument(parameters=dict(_SHARED_PARAMETERS), responses=dict(_SHARED_RESPONSES))
    for table in tables:
        _add(made, table, names)
    return made


def _add(made: RowsDocument, table: Table, names: dict[str, str]) -> None:
    name = names[table.name]
    filters = _filters(table, name)
    made.parameters |= dict(filters)
    made.schemas[name] = row_schema(table, names)
    if table.writable:
        made.schemas[f"{name}_insert"] = insert_schema(table, names)
        made.schemas[f"{name}_update"] = update_schema(table, names)
    made.tags.append({"name": table.name, "description": _tag_description(table)})
    made.paths[f"{ROOT}/{quote(table.name, safe='')}"] = _operations(table, name, [key for key, _ in filters])


# ---- names -----------------------------------------------------------------------------------------------------------


def _component_names(tables: Sequence[str], taken: Iterable[str], endings: tuple[str, ...]) -> dict[str, str]:
    """Table name → component key (`[A-Za-z0-9_]+`), such that none of the keys with these endings meets another."""
    used = set(taken)
    names = {}
    for table in tables:
        base = _slug(table)
        name, number = base, 2
        while any(name + ending in used for ending in endings):
            name, number = f"{base}_{number}", number + 1
        used |= {name + ending for ending in endings}
        names[table] = name
    return names


def _slug(name: str) -> str:
    """The name in the characters that component keys and generated identifiers may have."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_")
    return slug if slug and not slug[0].isdigit() else f"table_{slug}".rstrip("_")


def _spelled(column: str) -> str:
    """The column as a query parameter spells it: quoted when it is not a plain name (dialect, 2)."""
    if _PLAIN_NAME.fullmatch(column) and column not in RESERVED:
        return column
    escaped = column.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


# ---- rows ------------------------------------------------------------------------------------------------------------


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
    schema["examples"] = [_example(column)]
    schema["description"] = _description(table, column, default)
    return schema


def _description(table: Table, column: Column, default: Any) -> str:
    parts = [f"`{column.declared}`." if column.declared else "No declared type."]
    if column.name in table.primary_key:
        parts.append("Primary key." if len(table.primary_key) == 1 else "Part of the primary key.")
    if reference := _reference(table, column):
        parts.append(f"References [`{reference[0]}.{reference[1]}`](#tag/{quote(reference[0], safe='')}).")
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


def _example(column: Column) -> Any:
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


# ---- parameters ------------------------------------------------------------------------------------------------------

_COMPARE = "eq neq gt gte lt lte in is isdistinct"
_PATTERNS = "like ilike match imatch"
_OF_TYPE = {"boolean": "eq neq in is isdistinct", "jsonb": "eq neq is isdistinct cs cd ov"}


def _filters(table: Table, name: str) -> list[tuple[str, JSONObject]]:
    """One parameter a column: component key and definition."""
    keys = _component_names([column.name for column in table.columns], (), ("",))
    return [(f"filter.{name}.{keys[column.name]}", _filter(column)) for column in table.columns]


def _filter(column: Column) -> JSONObject:
    spelled = _OF_TYPE.get(column.type.name, _COMPARE) + (f" {_PATTERNS}" if column.type.textual else "")
    operators = " ".join(f"`{operator}`" for operator in spelled.split())
    return {
        "name": _spelled(column.name),
        "in": "query",
        "required": False,
        "description": f"For example `{_filter_example(column)}`. Operators: {operators}.",
        "schema": {"type": "string"},
    }


def _filter_example(column: Column) -> str:
    example = _example(column)
    match column.type.name:
        case "boolean":
            return "is.true"
        case "jsonb":
            return "not.is.null"
        case "bigint" | "double precision" | "numeric" | "date" | "timestamp" | "time" if not column.choices:
            return f"gte.{example}"
        case _:
            return f"eq.{example}"


def _query(name: str, schema: JSONObject, description: str) -> JSONObject:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


def _header(name: str, schema: JSONObject, description: str) -> JSONObject:
    return {"name": name, "in": "header", "required": False, "description": description, "schema": schema}


_STRING: JSONObject = {"type": "string"}
_PREFER_WRITE = (
    "`return=minimal` (the default) answers without a body, `return=representation` with the rows, "
    "`return=headers-only` with `Location`. `count=exact` counts the rows. `tx=rollback` keeps nothing."
)
_PREFER_MISSING = "`missing=default`: keys that `columns` names and an object leaves out get the column's default."
_PREFER_RESOLUTION = (
    "`resolution=merge-duplicates` changes rows whose key is there already, `resolution=ignore-duplicates` skips them."
)
_PREFER_MOST = "`handling=strict, max-affected=N` refuses to touch more than N rows."
_SHARED_PARAMETERS: JSONObject = {
    "rows.select": _query(
        "select",
        _STRING,
        "Columns, comma-separated: `name`, `alias:name`, `name::type`, `json->key`. Rows have just these keys.",
    ),
    "rows.order": _query(
        "order", _STRING, "`column.asc` or `column.desc`, then `.nullsfirst` or `.nullslast`; several after commas."
    ),
    "rows.limit": _query("limit", {"type": "integer", "minimum": 0}, "At most so many rows."),
    "rows.offset": _query("offset", {"type": "integer", "minimum": 0}, "Leave out so many rows first."),
    "rows.or": _query("or", _STRING, "Conditions of which one must hold: `(column.operator.value,…)`; groups nest."),
    "rows.and": _query("and", _STRING, "Conditions that must all hold: `(column.operator.value,…)`; groups nest."),
    "rows.on_conflict": _query(
        "on_conflict",
        _STRING,
        "With `resolution`: the columns of the unique key that decides, if not the primary key.",
    ),
    "rows.columns": _query(
        "columns", _STRING, "The keys to take from each object, comma-separated; others are ignored."
    ),
    "rows.range": _header("Range", _STRING, "`first-last`, counted from 0: the page, as with `limit` and `offset`."),
    "rows.prefer_read": _header(
        "Prefer",
        _STRING,
        "`count=exact` counts all rows that match: see `Content-Range`. A part is then answered by 206.",
    ),
    "rows.prefer_insert": _header("Prefer", _STRING, f"{_PREFER_WRITE} {_PREFER_MISSING} {_PREFER_RESOLUTION}"),
    "rows.prefer_update": _header("Prefer", _STRING, f"{_PREFER_WRITE} {_PREFER_MISSING} {_PREFER_MOST}"),
    "rows.prefer_delete": _header("Prefer", _STRING, f"{_PREFER_WRITE} {_PREFER_MOST}"),
    "rows.prefer_replace": _header("Prefer", _STRING, _PREFER_WRITE),
}


# ---- answers ---------------------------------------------------------------------------------------------------------


def _error(description: str, code: str, message: str, **fields: Any) -> JSONObject:
    example = {"code": code, "message": message, "details": None, "hint": None, **fields}
    schema = {"$ref": "#/components/schemas/Error"}
    return {"description": description, "content": {"application/json": {"schema": schema, "example": example}}}


_SHARED_RESPONSES: JSONObject = {
    "rows.bad_request": _error(
        "The request can't be understood, or a value doesn't fit its column.",
        "22P02",
        'invalid input syntax for type bigint: "many"',
    ),
    "rows.unauthorized": _error("No token, or one that isn't known.", "PGRST302", "A token is needed."),
    "rows.forbidden": _error("Known, but not allowed.", "42501", "permission denied"),
    "rows.not_found": _error(
        "There is no such table, or an operator that the column's type doesn't have.",
        "PGRST205",
        "Could not find the table 'public.x' in the schema cache",
    ),
    "rows.not_acceptable": _error(
        "No media type of `Accept` is known, or not exactly one row where one object was asked for.",
        "PGRST116",
        "Cannot coerce the result to a single JSON object",
        details="The result contains 2 rows",
    ),
    "rows.conflict": _error(
        "A unique or foreign key would be broken; nothing was changed.",
        "23505",
        'duplicate key value violates unique constraint "books_pkey"',
        details="Key (id)=(1) already exists.",
    ),
    "rows.too_large": _error("The body is too large.", "too_large", "The body is larger than the server takes."),
    "rows.key_filters": _error(
        "The filters are not exactly the primary key.",
        "PGRST105",
        "Filters must include all and only primary key columns with 'eq' operators",
    ),
    "rows.failed": _error("Anything else.", "57014", "canceling statement due to statement timeout"),
    "rows.out_of_range": _error(
        "The page starts beyond the last row.",
        "PGRST103",
        "Requested range not satisfiable",
        details="An offset of 7 was requested, but there are only 3 rows.",
    ),
}


def _refused(**responses: str) -> JSONObject:
    """Status (`s400=…`) → reference to a shared response."""
    return {status[1:]: {"$ref": f"#/components/responses/rows.{name}"} for status, name in responses.items()}


_CONTENT_RANGE = {
    "Content-Range": {
        "description": "`first-last/total`; `*` for what isn't known.",
        "schema": {"type": "string", "examples": ["0-99/336776"]},
    }
}


def _rows_content(name: str) -> JSONObject:
    one = {"$ref": f"#/components/schemas/{name}"}
    return {
        "application/json": {"schema": {"type": "array", "items": one}},
        "application/vnd.pgrst.object+json": {"schema": one},
        "text/csv": {"schema": {"type": "string"}},
    }


def _answer(description: str, content: JSONObject | None = None) -> JSONObject:
    response: JSONObject = {"description": description, "headers": _CONTENT_RANGE}
    return response if content is None else response | {"content": content}


# ---- operations ------------------------------------------------------------------------------------------------------


def _operations(table: Table, name: str, filters: list[str]) -> JSONObject:
    operations: JSONObject = {"get": _read(table, name, filters)}
    if table.writable and table.primary_key:
        operations["put"] = _replace(table, name)
    if table.writable:
        operations |= {
            "post": _insert(table, name),
            "patch": _update(table, name, filters),
            "delete": _delete(table, name, filters),
        }
    return operations


def _references(*names: str) -> list[JSONObject]:
    return [{"$ref": f"#/components/parameters/{name}"} for name in names]


_FILTERING = (
    "A filter is `operator.value`; `not.` in front negates it. A parameter may be repeated, and all filters must hold."
)


def _read(table: Table, name: str, filters: list[str]) -> JSONObject:
    return {
        "operationId": f"read_{name}_rows",
        "tags": [table.name],
        "summary": f"Read rows of {table.name}",
        "description": f"{_FILTERING} HEAD answers the same without the body.",
        "parameters": _references(
            *filters,
            *("rows.or", "rows.and", "rows.select", "rows.order", "rows.limit", "rows.offset"),
            *("rows.range", "rows.prefer_read"),
        ),
        "responses": {
            "200": _answer("The rows.", _rows_content(name)),
            "206": _answer("A part of the rows that match, when they were counted.", _rows_content(name)),
        }
        | _refused(
            s400="bad_request",
            s401="unauthorized",
            s403="forbidden",
            s404="not_found",
            s406="not_acceptable",
            s416="out_of_range",
            sdefault="failed",
        ),
    }


_WRITE_REFUSALS = _refused(
    s400="bad_request",
    s401="unauthorized",
    s403="forbidden",
    s404="not_found",
    s406="not_acceptable",
    s409="conflict",
    s413="too_large",
    sdefault="failed",
)


def _insert(table: Table, name: str) -> JSONObject:
    one = {"$ref": f"#/components/schemas/{name}_insert"}
    body = {"anyOf": [one, {"type": "array", "items": one}]}
    return {
        "operationId": f"insert_{name}_rows",
        "tags": [table.name],
        "summary": f"Add rows to {table.name}",
        "description": "One object or a list of them; a list is added whole or not at all. CSV has a header line.",
        "parameters": _references("rows.columns", "rows.on_conflict", "rows.select", "rows.prefer_insert"),
        "requestBody": _body(body, "text/csv"),
        "responses": {
            "200": _answer("Every row was there already and was merged.", _rows_content(name)),
            "201": _answer("Added. The rows, with `return=representation`.", _rows_content(name)),
        }
        | _WRITE_REFUSALS,
    }


def _body(schema: JSONObject, *texts: str) -> JSONObject:
    content = {"application/json": {"schema": schema}} | {text: {"schema": {"type": "string"}} for text in texts}
    return {"required": True, "content": content}


def _replace(table: Table, name: str) -> JSONObject:
    keys = [
        {
            "name": _spelled(column),
            "in": "query",
            "required": True,
            "description": f"`eq.` and the row's `{column}`, for example `eq.{_example(table.by_name[column])}`.",
            "schema": {"type": "string", "pattern": r"^eq\."},
        }
        for column in table.primary_key
    ]
    return {
        "operationId": f"replace_{name}_row",
        "tags": [table.name],
        "summary": f"Put one row into {table.name}",
        "description": "Adds the row with this key, or changes it if it is there. The body holds the same key.",
        "parameters": [*keys, *_references("rows.columns", "rows.select", "rows.prefer_replace")],
        "requestBody": _body({"$ref": f"#/components/schemas/{name}_insert"}),
        "responses": {
            "200": _answer("Changed: the row as it is now (`return=representation`).", _rows_content(name)),
            "201": _answer("Added: the row as it is now (`return=representation`).", _rows_content(name)),
            "204": _answer("Added or changed."),
        }
        | _WRITE_REFUSALS
        | _refused(s405="key_filters"),
    }


def _update(table: Table, name: str, filters: list[str]) -> JSONObject:
    body = {"$ref": f"#/components/schemas/{name}_update"}
    return {
        "operationId": f"update_{name}_rows",
        "tags": [table.name],
        "summary": f"Change rows of {table.name}",
        "description": f"Changes every row that the filters choose; without any it is refused. {_FILTERING}",
        "parameters": _references(*filters, "rows.or", "rows.and", "rows.columns", "rows.select", "rows.prefer_update"),
        "requestBody": _body(body),
        "responses": {
            "200": _answer("Changed: the rows as they are now (`return=representation`).", _rows_content(name)),
            "204": _answer("Changed."),
        }
        | _WRITE_REFUSALS,
    }


def _delete(table: Table, name: str, filters: list[str]) -> JSONObject:
    return {
        "operationId": f"delete_{name}_rows",
        "tags": [table.name],
        "summary": f"Delete rows of {table.name}",
        "description": f"Deletes every row that the filters choose; without any it is refused. {_FILTERING}",
        "parameters": _references(*filters, "rows.or", "rows.and", "rows.select", "rows.prefer_delete"),
        "responses": {
            "200": _answer("Deleted: the rows as they were (`return=representation`).", _rows_content(name)),
            "204": _answer("Deleted."),
        }
        | {status: answer for status, answer in _WRITE_REFUSALS.items() if status != "413"},
    }


def _tag_description(table: Table) -> str:
    key = ", ".join(f"`{column}`" for column in table.primary_key)
    kind = "Table" if table.kind == "table" else "View"
    return f"{kind} with {len(table.columns)} columns" + (f", key {key}." if key else ".")
