"""What the rows answer, refusals with their codes included."""

from typing import Any

from rolltop.rows.openapi.schemas import JSONObject


def _error(description: str, code: str, message: str, **fields: Any) -> JSONObject:
    example = {"code": code, "message": message, "details": None, "hint": None, **fields}
    schema = {"$ref": "#/components/schemas/Error"}
    return {"description": description, "content": {"application/json": {"schema": schema, "example": example}}}


SHARED_RESPONSES: JSONObject = {
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


def refused(**responses: str) -> JSONObject:
    """Status (`s400=…`) → reference to a shared response."""
    return {status[1:]: {"$ref": f"#/components/responses/rows.{name}"} for status, name in responses.items()}


_CONTENT_RANGE = {
    "Content-Range": {
        "description": "`first-last/total`; `*` for what isn't known.",
        "schema": {"type": "string", "examples": ["0-99/336776"]},
    }
}


def rows_content(name: str) -> JSONObject:
    one = {"$ref": f"#/components/schemas/{name}"}
    return {
        "application/json": {"schema": {"type": "array", "items": one}},
        "application/vnd.pgrst.object+json": {"schema": one},
        "text/csv": {"schema": {"type": "string"}},
    }


def answer(description: str, content: JSONObject | None = None) -> JSONObject:
    response: JSONObject = {"description": description, "headers": _CONTENT_RANGE}
    return response if content is None else response | {"content": content}
