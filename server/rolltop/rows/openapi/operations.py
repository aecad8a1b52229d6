"""What can be done with one table, put together from its schemas, parameters and answers."""

from rolltop.auth import Grant, Scope
from rolltop.data import Table
from rolltop.rows.openapi.answers import DELETING, READING, WRITING, answer, refused, rows_content
from rolltop.rows.openapi.columns import JSONObject, example
from rolltop.rows.openapi.names import spelled
from rolltop.rows.plan import ACTIONS


def methods(table: Table, grant: Grant) -> frozenset[str]:
    """What a caller with this grant may do with the table: HTTP methods in small letters."""
    possible = ACTIONS if table.writable else {"GET": ACTIONS["GET"]}
    return frozenset(
        method.lower()
        for method, actions in possible.items()
        if all(grant.may(action, table.name) for action in actions) and (method != "PUT" or table.primary_key)
    )


def reading(table: Table, name: str, filters: list[str], related: str) -> JSONObject:
    """GET; `related` is the Markdown of what can be embedded."""
    return {"get": _read(table, name, filters, related)}


def writing(table: Table, name: str, filters: list[str]) -> JSONObject:
    """POST, PATCH, DELETE, and PUT where there is a primary key."""
    possible: JSONObject = {"post": _insert(table, name)}
    if table.primary_key:
        possible["put"] = _replace(table, name)
    return possible | {"patch": _update(table, name, filters), "delete": _delete(table, name, filters)}


def references(*names: str) -> list[JSONObject]:
    """Parameters that stand among the components."""
    return [{"$ref": f"#/components/parameters/{name}"} for name in names]


def _operation(table: Table, identifier: str, summary: str, description: str, needs: Scope) -> JSONObject:
    return {
        "operationId": identifier,
        "tags": [table.name],
        "summary": summary,
        "description": description,
        "security": secured(needs),
    }


def secured(*needs: Scope) -> list[JSONObject]:
    """Either way of sending a token, which must have these rights."""
    return [{name: [scope.value for scope in needs]} for name in ("bearer", "apikey")]


FILTERING = (
    "A filter is `operator.value`; `not.` in front negates it. A parameter may be repeated, and all filters must hold."
)


def _read(table: Table, name: str, filters: list[str], related: str) -> JSONObject:
    described = f"{FILTERING} HEAD answers the same without the body.{related}"
    return _operation(table, f"read_{name}_rows", f"Read rows of {table.name}", described, Scope.ROWS_READ) | {
        "parameters": references(  # what every table has goes first: a table may have a hundred columns
            *("rows.select", "rows.order", "rows.limit", "rows.offset"),
            *filters,
            *("rows.or", "rows.and", "rows.range", "rows.prefer_read"),
        ),
        "responses": {
            "200": answer("The rows.", rows_content(name)),
            "206": answer("A part of the rows that match, when they were counted.", rows_content(name)),
        }
        | READING,
    }


def _insert(table: Table, name: str) -> JSONObject:
    described = "One object or a list of them; a list is added whole or not at all. CSV has a header line."
    one = {"$ref": f"#/components/schemas/{name}_insert"}
    body = {"anyOf": [one, {"type": "array", "items": one}]}
    return _operation(table, f"insert_{name}_rows", f"Add rows to {table.name}", described, Scope.ROWS_WRITE) | {
        "parameters": references("rows.columns", "rows.on_conflict", "rows.select", "rows.prefer_insert"),
        "requestBody": _body(body, "text/csv"),
        "responses": {
            "200": answer("Every row was there already and was merged.", rows_content(name), written=True),
            "201": answer(
                "Added. The rows, with `return=representation`.", rows_content(name), located=True, written=True
            ),
        }
        | WRITING,
    }


def _body(schema: JSONObject, *texts: str) -> JSONObject:
    content = {"application/json": {"schema": schema}} | {text: {"schema": {"type": "string"}} for text in texts}
    return {"required": True, "content": content}


def _replace(table: Table, name: str) -> JSONObject:
    described = "Adds the row with this key, or changes it if it is there. The body holds the same key."
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
    return _operation(table, f"replace_{name}_row", f"Put one row into {table.name}", described, Scope.ROWS_WRITE) | {
        "parameters": [*keys, *references("rows.columns", "rows.select", "rows.prefer_replace")],
        "requestBody": _body({"$ref": f"#/components/schemas/{name}_insert"}),
        "responses": {
            "200": answer("Changed: the row as it is now (`return=representation`).", rows_content(name), written=True),
            "201": answer("Added: the row as it is now (`return=representation`).", rows_content(name), written=True),
            "204": answer("Added or changed.", written=True),
        }
        | WRITING
        | refused(s405="key_filters"),
    }


def _update(table: Table, name: str, filters: list[str]) -> JSONObject:
    described = f"Changes every row that the filters choose; without any it is refused. {FILTERING}"
    return _operation(table, f"update_{name}_rows", f"Change rows of {table.name}", described, Scope.ROWS_WRITE) | {
        "parameters": references(*filters, "rows.or", "rows.and", "rows.columns", "rows.select", "rows.prefer_update"),
        "requestBody": _body({"$ref": f"#/components/schemas/{name}_update"}),
        "responses": {
            "200": answer(
                "Changed: the rows as they are now (`return=representation`).", rows_content(name), written=True
            ),
            "204": answer("Changed.", written=True),
        }
        | WRITING,
    }


def _delete(table: Table, name: str, filters: list[str]) -> JSONObject:
    described = f"Deletes every row that the filters choose; without any it is refused. {FILTERING}"
    return _operation(table, f"delete_{name}_rows", f"Delete rows of {table.name}", described, Scope.ROWS_WRITE) | {
        "parameters": references(*filters, "rows.or", "rows.and", "rows.select", "rows.prefer_delete"),
        "responses": {
            "200": answer(
                "Deleted: the rows as they were (`return=representation`).", rows_content(name), written=True
            ),
            "204": answer("Deleted.", written=True),
        }
        | DELETING,
    }
