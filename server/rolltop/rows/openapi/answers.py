"""What the rows answer, by status."""

from rolltop.rows.openapi.columns import JSONObject


def refused(**responses: str) -> JSONObject:
    """Status (`s400=…`) → reference to a shared response."""
    return {status[1:]: {"$ref": f"#/components/responses/rows.{name}"} for status, name in responses.items()}


READING: JSONObject = refused(
    s300="ambiguous",
    s400="bad_read",
    s401="unauthorized",
    s403="forbidden",
    s404="not_found",
    s406="not_acceptable",
    s416="out_of_range",
    s422="beyond_limits",
    s429="busy",
    s500="failed",
)
DELETING: JSONObject = refused(
    s300="ambiguous",
    s400="bad_write",
    s401="unauthorized",
    s403="forbidden",
    s404="not_found",
    s406="not_acceptable",
    s409="conflict",
    s415="body_type",
    s422="beyond_limits",
    s429="busy",
    s500="failed",
    s507="no_space",
)
WRITING: JSONObject = DELETING | refused(s413="too_large")
CALLING: JSONObject = READING | refused(s400="bad_call", s404="no_function")
CALLING_TO_WRITE: JSONObject = WRITING | refused(s400="bad_writing_call", s404="no_function", s416="out_of_range")


SHARED_HEADERS: JSONObject = {
    "rows.content_range": {
        "description": "`first-last/total`; `*` for what isn't known.",
        "schema": {"type": "string", "examples": ["0-99/336776"]},
    },
    "rows.preference_applied": {"description": "The preferences that were honoured.", "schema": {"type": "string"}},
    "rows.location": {
        "description": "Where the one new row is read, with `return=headers-only`.",
        "schema": {"type": "string", "examples": ["/books?id=eq.7"]},
    },
    "rows.change": {
        "description": "The number of the change in the history, where something was changed: "
        "`POST /api/history/{id}/undo` takes it back.",
        "schema": {"type": "string", "examples": ["1207"]},
    },
}
_HEADERS = {
    "Content-Range": {"$ref": "#/components/headers/rows.content_range"},
    "Preference-Applied": {"$ref": "#/components/headers/rows.preference_applied"},
}


def rows_content(name: str) -> JSONObject:
    """Rows in each form they come in."""
    one = {"$ref": f"#/components/schemas/{name}"}
    return {
        "application/json": {"schema": {"type": "array", "items": one}},
        "application/vnd.pgrst.object+json": {"schema": one},
        "text/csv": {"schema": {"type": "string"}},
    }


_LOCATION = {"Location": {"$ref": "#/components/headers/rows.location"}}


_CHANGE = {"X-Rolltop-Change": {"$ref": "#/components/headers/rows.change"}}


def answer(
    description: str, content: JSONObject | None = None, *, located: bool = False, written: bool = False
) -> JSONObject:
    """A response that succeeded; `located` when it may say where the new row is, `written` when something changed."""
    more = (_LOCATION if located else {}) | (_CHANGE if written else {})
    response: JSONObject = {"description": description, "headers": _HEADERS | more}
    return response if content is None else response | {"content": content}
