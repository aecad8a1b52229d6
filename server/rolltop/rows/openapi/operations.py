"""What can be done with one table, put together from its schemas, parameters and answers."""

from rolltop.data import Table
from rolltop.rows.openapi.answers import answer, refused, rows_content
from rolltop.rows.openapi.names import spelled
from rolltop.rows.openapi.schemas import JSONObject, example


def operations(table: Table, name: str, filters: list[str]) -> JSONObject:
    possible: JSONObject = {"get": _read(table, name, filters)}
    if table.writable:
        possible["post"] = _insert(table, name)
        if table.primary_key:
            possible["put"] = _replace(table, name)
        possible["patch"] = _update(table, name, filters)
        possible["delete"] = _delete(table, name, filters)
    return possible


def references(*names: str) -> list[JSONObject]:
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
        "parameters": references(
            *filters,
            *("rows.or", "rows.and", "rows.select", "rows.order", "rows.limit", "rows.offset"),
            *("rows.range", "rows.prefer_read"),
        ),
        "responses": {
            "200": answer("The rows.", rows_content(name)),
            "206": answer("A part of the rows that match, when they were counted.", rows_content(name)),
        }
        | refused(
            s400="bad_request",
            s401="unauthorized",
            s403="forbidden",
            s404="not_found",
            s406="not_acceptable",
            s416="out_of_range",
            sdefault="failed",
        ),
    }


_WRITE_REFUSALS = refused(
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
        "parameters": references("rows.columns", "rows.on_conflict", "rows.select", "rows.prefer_insert"),
        "requestBody": _body(body, "text/csv"),
        "responses": {
            "200": answer("Every row was there already and was merged.", rows_content(name)),
            "201": answer("Added. The rows, with `return=representation`.", rows_content(name)),
        }
        | _WRITE_REFUSALS,
    }


def _body(schema: JSONObject, *texts: str) -> JSONObject:
    content = {"application/json": {"schema": schema}} | {text: {"schema": {"type": "string"}} for text in texts}
    return {"required": True, "content": content}


def _replace(table: Table, name: str) -> JSONObject:
    keys = [
        {
            "name": spelled(column),
            "in": "query",
            "required": True,
            "description": f"`eq.` and the row's `{column}`, for example `eq.{example(table.by_name[column])}`.",
            "schema": {"type": "string", "pattern": r"^eq\."},
        }
        for column in table.primary_key
    ]
    return {
        "operationId": f"replace_{name}_row",
        "tags": [table.name],
        "summary": f"Put one row into {table.name}",
        "description": "Adds the row with this key, or changes it if it is there. The body holds the same key.",
        "parameters": [*keys, *references("rows.columns", "rows.select", "rows.prefer_replace")],
        "requestBody": _body({"$ref": f"#/components/schemas/{name}_insert"}),
        "responses": {
            "200": answer("Changed: the row as it is now (`return=representation`).", rows_content(name)),
            "201": answer("Added: the row as it is now (`return=representation`).", rows_content(name)),
            "204": answer("Added or changed."),
        }
        | _WRITE_REFUSALS
        | refused(s405="key_filters"),
    }


def _update(table: Table, name: str, filters: list[str]) -> JSONObject:
    body = {"$ref": f"#/components/schemas/{name}_update"}
    return {
        "operationId": f"update_{name}_rows",
        "tags": [table.name],
        "summary": f"Change rows of {table.name}",
        "description": f"Changes every row that the filters choose; without any it is refused. {_FILTERING}",
        "parameters": references(*filters, "rows.or", "rows.and", "rows.columns", "rows.select", "rows.prefer_update"),
        "requestBody": _body(body),
        "responses": {
            "200": answer("Changed: the rows as they are now (`return=representation`).", rows_content(name)),
            "204": answer("Changed."),
        }
        | _WRITE_REFUSALS,
    }


def _delete(table: Table, name: str, filters: list[str]) -> JSONObject:
    return {
        "operationId": f"delete_{name}_rows",
        "tags": [table.name],
        "summary": f"Delete rows of {table.name}",
        "description": f"Deletes every row that the filters choose; without any it is refused. {_FILTERING}",
        "parameters": references(*filters, "rows.or", "rows.and", "rows.select", "rows.prefer_delete"),
        "responses": {
            "200": answer("Deleted: the rows as they were (`return=representation`).", rows_content(name)),
            "204": answer("Deleted."),
        }
        | {status: answer for status, answer in _WRITE_REFUSALS.items() if status != "413"},
    }
