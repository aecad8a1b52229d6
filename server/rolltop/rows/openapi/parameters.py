"""What a request for rows may say: a filter for each column, and what all tables share."""

from rolltop.data import Column, Table
from rolltop.rows.openapi.columns import JSONObject, example
from rolltop.rows.openapi.names import component_names, spelled

_COMPARE = "eq neq gt gte lt lte in is isdistinct"
_FULL_TEXT = "fts plfts phfts wfts"
_PATTERNS = f"like ilike match imatch {_FULL_TEXT}"
_OF_TYPE = {"boolean": "eq neq in is isdistinct", "jsonb": f"eq neq is isdistinct cs cd ov {_FULL_TEXT}"}


def filters(table: Table, name: str) -> list[tuple[str, JSONObject]]:
    """One parameter a column: component key and definition."""
    keys = component_names([column.name for column in table.columns], (), ("",))
    return [(f"filter.{name}.{keys[column.name]}", _filter(column)) for column in table.columns]


def _filter(column: Column) -> JSONObject:
    known = (_OF_TYPE.get(column.type.name, _COMPARE) + (f" {_PATTERNS}" if column.type.textual else "")).split()
    operators = " ".join(f"`{operator}`" for operator in known)
    inside = f" Inside: `{spelled(column.name)}->>key=eq.value`." if column.type.name == "jsonb" else ""
    return {
        "name": spelled(column.name),
        "in": "query",
        "required": False,
        "description": f"For example `{_filter_example(column)}`. Operators: {operators}.{inside}",
        "schema": {"type": "string", "pattern": rf"^(not\.)?({'|'.join(known)})(\(\w+\))?\."},
    }


def _filter_example(column: Column) -> str:
    value = example(column)
    match column.type.name:
        case "boolean":
            return "is.true"
        case "jsonb":
            return "not.is.null"
        case "bigint" | "double precision" | "numeric" | "date" | "timestamp" | "time" if not column.choices:
            return f"gte.{value}"
        case _:
            return f"eq.{value}"


def _query(name: str, schema: JSONObject, description: str) -> JSONObject:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


def _header(name: str, schema: JSONObject, description: str) -> JSONObject:
    return {"name": name, "in": "header", "required": False, "description": description, "schema": schema}


_STRING: JSONObject = {"type": "string"}
_GROUP: JSONObject = {"type": "string", "pattern": r"^\s*\(.+\)\s*$"}
_PREFER_WRITE = (
    "`return=minimal` (the default) answers without a body, `return=representation` with the rows, "
    "`return=headers-only` with `Location`. `count=exact` counts the rows. `tx=rollback` keeps nothing."
)
_PREFER_MISSING = "`missing=default`: keys that `columns` names and an object leaves out get the column's default."
_PREFER_RESOLUTION = (
    "`resolution=merge-duplicates` changes rows whose key is there already, `resolution=ignore-duplicates` skips them."
)
_PREFER_MOST = "`handling=strict, max-affected=N` refuses to touch more than N rows."
SHARED_PARAMETERS: JSONObject = {
    "rows.select": _query(
        "select",
        _STRING,
        "Columns, comma-separated: `name`, `alias:name`, `name::type`, `json->key`; related tables: `table(name)`, "
        "`...table(name)`; aggregates: `count()`, `name.sum()`, `avg`, `min`, `max`. Rows have just these keys.",
    ),
    "rows.order": _query(
        "order", _STRING, "`column.asc` or `column.desc`, then `.nullsfirst` or `.nullslast`; several after commas."
    ),
    "rows.limit": _query("limit", {"type": "integer", "minimum": 0}, "At most so many rows."),
    "rows.offset": _query("offset", {"type": "integer", "minimum": 0}, "Leave out so many rows first."),
    "rows.or": _query("or", _GROUP, "Conditions of which one must hold: `(column.operator.value,…)`; groups nest."),
    "rows.and": _query("and", _GROUP, "Conditions that must all hold: `(column.operator.value,…)`; groups nest."),
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
    "rows.prefer_call": _header(
        "Prefer",
        _STRING,
        f"`count=exact` counts the rows. `tx=rollback` keeps nothing. {_PREFER_MOST}",
    ),
    "rows.prefer_insert": _header("Prefer", _STRING, f"{_PREFER_WRITE} {_PREFER_MISSING} {_PREFER_RESOLUTION}"),
    "rows.prefer_update": _header("Prefer", _STRING, f"{_PREFER_WRITE} {_PREFER_MISSING} {_PREFER_MOST}"),
    "rows.prefer_delete": _header("Prefer", _STRING, f"{_PREFER_WRITE} {_PREFER_MOST}"),
    "rows.prefer_replace": _header("Prefer", _STRING, _PREFER_WRITE),
}
