"""The document at `/rest/v1/`: Swagger 2.0, which is what the tools of this dialect read (dialect, section 15).

Tables and columns keep their own names here, as these tools want them; the OpenAPI 3.1 document has the rest to say.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from rolltop.auth import Grant
from rolltop.data import Column, ColumnType, Table
from rolltop.data.types.expression import EXPRESSION
from rolltop.rows.openapi.calls import allowed, json_default, path_of
from rolltop.rows.openapi.columns import JSONObject, choices, default
from rolltop.rows.openapi.operations import methods
from rolltop.rows.openapi.parameters import SHARED_PARAMETERS, filters
from rolltop.rows.openapi.schemas import reference_of
from rolltop.rows.saved import Call, Parameter
from rolltop.rows.sight import Sight

_TYPES = {"bigint": "integer", "double precision": "number", "numeric": "number", "boolean": "boolean"}
_FORMS = ["application/json", "application/vnd.pgrst.object+json", "text/csv"]
_ERROR: JSONObject = {
    "description": "Every error has these four fields.",
    "schema": {
        "type": "object",
        "properties": {
            "code": {"type": "string"},
            "message": {"type": "string"},
            "details": {},
            "hint": {"type": "string"},
        },
    },
}
_REFUSED: JSONObject = {"default": {"$ref": "#/responses/error"}}


def document(sight: Sight, grant: Grant, calls: Sequence[Call], version: str) -> JSONObject:
    """All tables, views and saved queries that a caller with this grant may use."""
    tables = sorted(sight.catalog.tables.values(), key=lambda table: table.name.casefold())
    tables = [table for table in tables if methods(table, grant)]
    paths: JSONObject = {"/": {"get": _introspection()}}
    parameters = {name.removeprefix("rows."): _flat(shared) for name, shared in SHARED_PARAMETERS.items()}
    for table in tables:
        by_column = {f"rowFilter.{key}": _flat(made) for key, made in filters(table, table.name)}
        parameters |= by_column | {f"body.{table.name}": _body(table.name, _row_of(table.name))}
        paths[f"/{quote(table.name, safe='')}"] = _operations(table, list(by_column), methods(table, grant))
    paths |= {path_of(call.query): _call(call) for call in allowed(calls, grant)}
    return {
        "swagger": "2.0",
        "info": {
            "title": "Rolltop rows API",
            "description": "Tables, views and saved queries in the dialect of PostgREST. "
            "`/openapi.json` says more, in OpenAPI 3.1.",
            "version": version,
        },
        "basePath": "/rest/v1",
        "consumes": ["application/json", "text/csv"],
        "produces": _FORMS,
        "securityDefinitions": {
            "bearer": {
                "type": "apiKey",
                "in": "header",
                "name": "Authorization",
                "description": "`Bearer` and a token.",
            },
            "apikey": {"type": "apiKey", "in": "header", "name": "apikey", "description": "A token."},
        },
        "security": [{"bearer": []}, {"apikey": []}],
        "paths": paths,
        "definitions": {table.name: _definition(table) for table in tables},
        "parameters": parameters,
        "responses": {"error": _ERROR},
    }


def _introspection() -> JSONObject:
    return {
        "tags": ["Introspection"],
        "summary": "This document",
        "produces": ["application/openapi+json"],
        "responses": {"200": {"description": "OK"}},
    }


def _pointed(kind: str, name: str) -> JSONObject:
    """A reference to something whose name may hold any character."""
    return {"$ref": f"#/{kind}/{quote(name.replace('~', '~0').replace('/', '~1'), safe='~')}"}


def _row_of(table: str) -> JSONObject:
    return _pointed("definitions", table)


def _flat(parameter: JSONObject) -> JSONObject:
    """A parameter of OpenAPI 3 as Swagger 2.0 writes it: without a schema of its own."""
    schema: JSONObject = parameter["schema"]
    return {key: value for key, value in parameter.items() if key != "schema"} | schema


def _body(name: str, schema: JSONObject, *, required: bool = False) -> JSONObject:
    return {"name": name, "in": "body", "required": required, "schema": schema}


# ---- tables ----------------------------------------------------------------------------------------------------------


def _operations(table: Table, by_column: list[str], possible: frozenset[str]) -> JSONObject:
    rows = {"description": "OK", "schema": {"type": "array", "items": _row_of(table.name)}}
    page = ["select", "order", "limit", "offset", "range", "prefer_read"]
    body = f"body.{table.name}"
    read = {"200": rows, "206": {"description": "Partial Content"}}
    added = {"200": {"description": "OK"}, "201": {"description": "Created"}}
    changed = {"200": {"description": "OK"}, "204": {"description": "No Content"}}
    chosen = [*by_column, "or", "and", "select"]
    made = {
        "get": _operation(table.name, [*by_column, "or", "and", *page], read),
        "post": _operation(table.name, [body, "select", "columns", "on_conflict", "prefer_insert"], added),
        "patch": _operation(table.name, [*chosen, body, "columns", "prefer_update"], changed),
        "delete": _operation(table.name, [*chosen, "prefer_delete"], changed),
    }
    return {method: operation for method, operation in made.items() if method in possible}


def _operation(tag: str, parameters: list[str], responses: JSONObject) -> JSONObject:
    return {
        "tags": [tag],
        "parameters": [_pointed("parameters", name) for name in parameters],
        "responses": responses | _REFUSED,
    }


def _definition(table: Table) -> JSONObject:
    required = [column.name for column in table.columns if column.not_null or column.name in table.primary_key]
    made = {"type": "object", "properties": {column.name: _column(table, column) for column in table.columns}}
    return made | ({"required": required} if required else {})


def _column(table: Table, column: Column) -> JSONObject:
    made = _value(column.type)
    if values := choices(column):
        made["enum"] = values
    if column.type.textual and column.max_length is not None:
        made["maxLength"] = column.max_length
    literal = default(column)
    if literal is not None:
        made["default"] = literal
    notes = []
    if column.name in table.primary_key:
        notes.append("Note:\nThis is a Primary Key.<pk/>")
    if reference := reference_of(table, column):
        parent, key = reference
        notes.append(f"Note:\nThis is a Foreign Key to `{parent}.{key}`.<fk table='{parent}' column='{key}'/>")
    return made | ({"description": "\n\n".join(notes)} if notes else {})


def _value(column_type: ColumnType) -> JSONObject:
    """Type and format; JSON and expressions may be anything."""
    if column_type is EXPRESSION:
        return {}
    if column_type.name == "jsonb":
        return {"format": "jsonb"}
    return {"type": _TYPES.get(column_type.name, "string"), "format": column_type.name}


# ---- saved queries ---------------------------------------------------------------------------------------------------


def _call(call: Call) -> JSONObject:
    query = call.query
    tag = f"(rpc) {query.name}"
    said: JSONObject = {"summary": query.description} if query.description else {}
    arguments: JSONObject = {
        "type": "object",
        "properties": {parameter.name: _argument(parameter) for parameter in query.parameters},
    }
    if required := [parameter.name for parameter in query.parameters if parameter.required]:
        arguments["required"] = required
    responses = _given(call)
    made = {
        "post": _operation(tag, ["prefer_call"], responses)
        | said
        | {"parameters": [_body("args", arguments, required=bool(required)), _pointed("parameters", "prefer_call")]}
    }
    if not call.described.statement.writes:
        made["get"] = _operation(tag, [], responses) | said | {"parameters": list(map(_in_query, query.parameters))}
    return made


def _given(call: Call) -> JSONObject:
    """What a query gives."""
    described = call.described
    if described.shape == "nothing":
        return {"204": {"description": "No Content"}}
    columns = described.table.columns
    row: JSONObject = (
        {"type": "object", "properties": {column.name: _value(column.type) for column in columns}}
        if described.shape == "rows"
        else _value(columns[0].type)
    )
    return {
        "200": {"description": "OK", "schema": row if described.shape == "value" else {"type": "array", "items": row}}
    }


def _argument(parameter: Parameter) -> JSONObject:
    value: Any = json_default(parameter)
    return _value(parameter.type) | ({} if value is None else {"default": value})


def _in_query(parameter: Parameter) -> JSONObject:
    """An argument in the address, where JSON is text."""
    said = _argument(parameter)
    if parameter.type.name == "jsonb":
        said = {"type": "string", "format": "jsonb"}
    return {"name": parameter.name, "in": "query", "required": parameter.required} | said
