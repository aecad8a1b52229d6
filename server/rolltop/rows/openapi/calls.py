"""The paths of the saved queries: their parameters, and what they give (dialect, section 13)."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import msgspec

from rolltop.auth import Grant
from rolltop.data import Catalog
from rolltop.data.ddl import tokens_of
from rolltop.rows.described import Described
from rolltop.rows.openapi.answers import CALLING, CALLING_TO_WRITE, answer, refused, rows_content
from rolltop.rows.openapi.columns import JSONObject, usual_example
from rolltop.rows.openapi.embeds import related
from rolltop.rows.openapi.names import component_names, spelled
from rolltop.rows.openapi.operations import FILTERING, references, secured
from rolltop.rows.openapi.parameters import filters
from rolltop.rows.openapi.schemas import row_schema
from rolltop.rows.saved import Call, Parameter, SavedQuery

TAG = "Saved queries"
_FIRST = ("rows.select", "rows.order", "rows.limit", "rows.offset")
_LAST = ("rows.or", "rows.and")


@dataclass(frozen=True, slots=True)
class CallParts:
    """What the saved queries add to a document."""

    paths: JSONObject
    schemas: JSONObject
    parameters: JSONObject


def path_of(query: SavedQuery) -> str:
    """Where it is called, below the root of the rows."""
    return f"/rpc/{quote(query.name, safe='')}"


def allowed(calls: Iterable[Call], grant: Grant) -> list[Call]:
    """The queries that a caller with this grant may call, by name."""
    return sorted((call for call in calls if call.needs <= grant.scopes), key=lambda call: call.query.name.casefold())


def parts(catalog: Catalog, calls: Sequence[Call], tables: dict[str, str], taken: Collection[str]) -> CallParts:
    """Paths and components of these queries; `tables` are the component names of the tables."""
    made = CallParts({}, {}, {})
    names = component_names([f"rpc_{call.query.name}" for call in calls], taken, ("_arguments", "_row"))
    for call in calls:
        _add(made, catalog, call, names[f"rpc_{call.query.name}"], tables)
    return made


def _add(made: CallParts, catalog: Catalog, call: Call, name: str, tables: dict[str, str]) -> None:
    query, described = call.query, call.described
    table, writes = described.table, described.statement.writes
    made.schemas[f"{name}_arguments"] = _arguments(query)
    row = tables.get(table.name) if described.of_table and _keeps_rows(described) else None
    if described.shape == "rows" and row is None:
        row = f"{name}_row"
        made.schemas[row] = row_schema(table, tables) | {"description": f"A row that `{query.name}` gives."}
    by_column = [] if described.shape == "nothing" else filters(table, name)
    own = {parameter.name for parameter in query.parameters}
    by_column = [(key, made_filter) for key, made_filter in by_column if made_filter["name"] not in own]
    made.parameters.update(by_column)
    shared = [*_FIRST, *(key for key, _ in by_column), *_LAST] if described.shape != "nothing" else []
    operation = _operation(call, row, related(catalog, table) if described.of_table else "")
    operations: JSONObject = {}
    if not writes:
        operations["get"] = operation | {
            "operationId": f"get_{name}",
            "parameters": [
                *(_parameter(parameter) for parameter in query.parameters),
                *references(*shared, "rows.range", "rows.prefer_read"),
            ],
            "responses": operation["responses"] | CALLING,
        }
    operations["post"] = operation | {
        "operationId": f"post_{name}",
        "parameters": references(*shared, "rows.prefer_call" if writes else "rows.prefer_read"),
        "requestBody": {
            "required": any(parameter.required for parameter in query.parameters),
            "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}_arguments"}}},
        },
        "responses": operation["responses"]
        | (CALLING_TO_WRITE if writes else CALLING | refused(s413="too_large", s415="body_type")),
    }
    made.paths[path_of(query)] = operations


def _keeps_rows(described: Described) -> bool:
    """Whether the rows are the table's own, which an outer join's need not be: it may give NULL for all of one."""
    words = {token.word for token in tokens_of(described.statement.sql)}
    return not words & {"LEFT", "RIGHT", "FULL"}


def _operation(call: Call, row: str | None, related_tables: str) -> JSONObject:
    query, shape = call.query, call.described.shape
    does = "It changes rows: all of it is done, or nothing." if call.described.statement.writes else "It only reads."
    filtering = "" if shape == "nothing" else f" {FILTERING}"
    return {
        "tags": [TAG],
        "summary": f"Call {query.name}",
        "description": "\n\n".join(filter(None, (query.description, f"{does}{filtering}{related_tables}"))),
        "security": secured(*sorted(call.needs)),
        "responses": _responses(call.described, row),
    }


def _responses(described: Described, row: str | None) -> JSONObject:
    if described.shape == "nothing":
        return {"204": answer("Done.", written=described.statement.writes)}
    content = rows_content(row) if row is not None else _values(described)
    return {
        "200": answer("What the query gives.", content, written=described.statement.writes),
        "206": answer("A part of it, when it was counted.", content),
    }


def _values(described: Described) -> JSONObject:
    """The content of a query that gives one value or a list of them."""
    [column] = described.table.columns
    value = result_type(column.type.schema)
    whole = value if described.shape == "value" else {"type": "array", "items": value}
    return {
        "application/json": {"schema": whole},
        "application/vnd.pgrst.object+json": {"schema": value},
        "text/csv": {"schema": {"type": "string"}},
    }


def result_type(schema: Any) -> JSONObject:
    """The schema of a value that may be NULL; of an expression it may be anything."""
    made = dict(schema)
    if "type" in made:
        made["type"] = [made["type"], "null"]
    return made


def _arguments(query: SavedQuery) -> JSONObject:
    """The body of a call."""
    return {
        "type": "object",
        "title": f"{query.name} (arguments)",
        "description": f"What `{query.name}` is called with.",
        "properties": {parameter.name: _argument(parameter) for parameter in query.parameters},
        "required": [parameter.name for parameter in query.parameters if parameter.required],
        "additionalProperties": False,
    }


def _argument(parameter: Parameter) -> JSONObject:
    return result_type(parameter.type.schema) | _said(parameter)


def _said(parameter: Parameter) -> JSONObject:
    """Description, example and default of a parameter."""
    described = f"{parameter.type.name}."
    said: JSONObject = {"examples": [usual_example(parameter.type)]}
    if not parameter.required:
        value = json_default(parameter)
        described += " May be left out." if value is None else ""
        said |= {} if value is None else {"default": value}
    return said | {"description": described}


def json_default(parameter: Parameter) -> Any:
    """The default as a JSON value; None where there is none that JSON can say."""
    value: Any = parameter.default
    if value is None or value in (float("inf"), float("-inf")):
        return None
    match parameter.type.name:
        case "boolean":
            return bool(value)
        case "bytea":
            return f"\\x{value.hex()}"
        case "jsonb":
            return msgspec.json.decode(value)
        case _:
            return value


def _parameter(parameter: Parameter) -> JSONObject:
    """An argument in the address."""
    said = _said(parameter)
    if parameter.type.name == "jsonb":  # written as JSON text
        schema: JSONObject = {"type": "string", "contentMediaType": "application/json"}
    else:
        schema = dict(parameter.type.schema)
        if "default" in said:
            schema["default"] = said["default"]
    return {
        "name": spelled(parameter.name),
        "in": "query",
        "required": parameter.required,
        "description": said["description"],
        "schema": schema,
    }
