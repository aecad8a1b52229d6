"""One OpenAPI 3.1 document from the application's routes, the catalog of the data file and the saved queries.

FastAPI's document ─▶ complete() ─▶ trimmed to the caller ─────┐
catalog, queries ─▶ rows.openapi, trimmed to the caller ───────┴▶ merged ─▶ bytes and ETag, kept until one changes
"""

import copy
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from rolltop.auth import OF_WHOLE, Actor, Grant
from rolltop.data import Catalog, Data
from rolltop.docs.trim import WHOLE, operations, trimmed
from rolltop.events.schemas import schemas as event_schemas
from rolltop.rows import called, sight
from rolltop.rows import openapi as rows
from rolltop.rows.openapi.kept import Kept
from rolltop.rows.saved import Call, SavedQueries
from rolltop.web.guard import PUBLIC

JSONObject = dict[str, Any]

_TAGS = {
    "Collections": "Tables and views: what there is, how it is built.",
    "Imports": "From a file to a table: send it, look at the preview, load it.",
    "Exports": "From rows to a file: CSV, TSV, JSON, NDJSON, Excel, Parquet, SQLite.",
    "Queries": "SQL under a name, with typed parameters. `/rest/v1/rpc/{name}` calls it.",
    "History": "What was changed, by whom and when, before and after; undo and redo.",
    "Jobs": "Work that goes on after its request was answered: progress, log, cancel, retry.",
    "Events": "What changed, as it changes: one stream of server-sent events.",
    "Backups": "The whole workspace in one file: made, checked, brought back.",
    "Access": "Who may do what: signing in, people, roles, tokens.",
    "Server": "The running server, its workspace, its health.",
    "Desktop": "What only the window can do, such as native dialogs.",
    "Docs": "This document.",
}

_SECURITY_SCHEMES: JSONObject = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "`rolltop token` prints one for your own scripts; the app signs its own pages in.",
    },
    "apikey": {
        "type": "apiKey",
        "in": "header",
        "name": "apikey",
        "description": "The same token, where a client such as supabase-js calls it a key.",
    },
}
_EITHER: list[JSONObject] = [{name: []} for name in _SECURITY_SCHEMES]


@dataclass(frozen=True, slots=True)
class Rendered:
    """The document as it goes out."""

    body: bytes
    etag: str


class Document:
    """The document of one server. `routes` gives FastAPI's own part; it is asked once, at the first request."""

    def __init__(self, routes: Callable[[], JSONObject], data: Data, saved: SavedQueries) -> None:
        self._routes = routes
        self._data = data
        self._saved = saved
        self._static: JSONObject | None = None
        self._kept = Kept[Rendered]()

    def render(self, actor: Actor) -> Rendered:
        """The document of this moment for a caller; made once for all who may do the same."""
        catalog = self._data.fresh_catalog()
        return self._kept.get(catalog, self._saved.now.version, actor.grant, lambda: self._made(catalog, actor))

    def _made(self, catalog: Catalog, actor: Actor) -> Rendered:
        if self._static is None:
            self._static = complete(self._routes())
        calls = called.callable_by(self._data, self._saved, actor)
        body = msgspec.json.encode(merge(self._static, catalog, actor.grant, calls))
        return Rendered(body, f'"{hashlib.sha256(body).hexdigest()[:32]}"')


def merge(static: JSONObject, catalog: Catalog, grant: Grant, calls: Sequence[Call] = ()) -> JSONObject:
    """`static` with the paths, schemas and tags of tables and queries, for a caller with `grant`; itself it stays."""
    made = rows.document(sight.of(catalog, grant.limits), grant, taken=static["components"]["schemas"], calls=calls)
    own = trimmed(static, grant)
    components = own["components"]
    yours = [tag["name"] for tag in made.tags]
    tags = [tag for tag in own["tags"] if tag["name"] not in yours]
    groups = [
        {"name": "Your tables", "tags": [name for name in yours if name != rows.TAG]},
        {"name": "Your queries", "tags": [name for name in yours if name == rows.TAG]},
        {"name": "Rolltop", "tags": [tag["name"] for tag in tags]},
    ]
    return own | {
        "paths": made.paths | own["paths"],
        "components": components
        | {
            "schemas": made.schemas | components["schemas"],
            "parameters": made.parameters,
            "responses": made.responses,
            "headers": made.headers,
        },
        "tags": made.tags + tags,
        "x-tagGroups": [group for group in groups if group["tags"]],
    }


# ---- what FastAPI cannot know ----------------------------------------------------------------------------------------


def complete(routes: JSONObject) -> JSONObject:
    """FastAPI's document with the lean routes, who may call what, and the errors in the shape they really have."""
    document = copy.deepcopy(routes)
    document["paths"] |= _lean_paths()
    components = document.setdefault("components", {})
    components["securitySchemes"] = _SECURITY_SCHEMES
    schemas = components.setdefault("schemas", {})
    for framework in ("HTTPValidationError", "ValidationError"):
        schemas.pop(framework, None)  # every error of ours has the four fields
    schemas.setdefault("Error", _ERROR)
    schemas |= _HEALTH_SCHEMA | _REFUSED_SCHEMAS | event_schemas()
    document["security"] = _EITHER
    for path, _, operation in operations(document):
        _correct(path, operation)
    used = {tag for _, _, operation in operations(document) for tag in operation["tags"]}
    document["tags"] = [{"name": name, "description": text} for name, text in _TAGS.items() if name in used]
    return document


def _correct(path: str, operation: JSONObject) -> None:
    """True security and true errors for one operation."""
    responses = operation["responses"]
    if path in PUBLIC:
        operation["security"] = []
    else:
        if "security" in operation:
            scopes = [scope for scope in operation["security"][0]["bearer"] if scope != OF_WHOLE]
            if len(scopes) < len(operation["security"][0]["bearer"]):
                operation[WHOLE] = True
            operation["security"] = [{name: scopes} for name in _SECURITY_SCHEMES]
        responses.setdefault("401", _error("No token, or one that isn't known."))
    if "requestBody" in operation:
        responses.setdefault("400", _error("The body can't be read."))
    if "requestBody" in operation or "parameters" in operation:
        responses["422"] = _error("Something doesn't fit. `fields`, where given, names each refused field.", *_UNFIT)
    for status, response in responses.items():
        if response["description"] == "Successful Response":  # FastAPI's words for every route
            response["description"] = _SUCCESS[status]
        if status >= "4" and "content" not in response:
            response |= _error(response["description"])


_SUCCESS = {"200": "OK.", "201": "Created.", "202": "Accepted: it goes on after this answer.", "204": "Done."}


_UNFIT = ("RefusedFields", "Error")
"""What a 422 may be: fields that FastAPI refused, or one sentence of a service."""


def _error(description: str, *schemas: str) -> JSONObject:
    """A response whose body is of one of these schemas, `Error` when none is named."""
    references = [{"$ref": f"#/components/schemas/{schema}"} for schema in schemas or ("Error",)]
    schema = references[0] if len(references) == 1 else {"anyOf": references}
    return {"description": description, "content": {"application/json": {"schema": schema}}}


_ERROR: JSONObject = {
    "type": "object",
    "title": "Error",
    "description": "What every failed request gets.",
    "properties": {
        "code": {"type": "string", "description": "A stable word for programs.", "examples": ["PGRST205"]},
        "message": {"type": "string", "description": "What happened, for people."},
        "details": {"description": "More about this case, or null."},
        "hint": {"type": ["string", "null"], "description": "What to do, or null."},
    },
    "required": ["code", "message", "details", "hint"],
}
_REFUSED_SCHEMAS: JSONObject = {
    "RefusedFields": {
        "title": "RefusedFields",
        "description": "An error with the fields that were refused.",
        "allOf": [
            {"$ref": "#/components/schemas/Error"},
            {
                "type": "object",
                "properties": {"fields": {"type": "array", "items": {"$ref": "#/components/schemas/FieldError"}}},
                "required": ["fields"],
            },
        ],
    },
    "FieldError": {
        "type": "object",
        "title": "FieldError",
        "description": "One field that was refused.",
        "properties": {
            "field": {"type": "string", "description": "Where it stands, parts joined by dots."},
            "message": {"type": "string"},
        },
        "required": ["field", "message"],
    },
}
_HEALTH_SCHEMA: JSONObject = {
    "Health": {
        "type": "object",
        "title": "Health",
        "description": "That the server runs, and which one it is.",
        "properties": {
            "status": {"type": "string", "enum": ["ok", "starting"]},
            "instance": {"type": "string", "description": "Another one after every start."},
            "version": {"type": "string"},
        },
        "required": ["status", "instance", "version"],
    }
}


def _lean_paths() -> JSONObject:
    """The routes that are answered without FastAPI."""
    health = {"application/json": {"schema": {"$ref": "#/components/schemas/Health"}}}
    running = {"200": {"description": "It runs.", "content": health}}

    def get(operation: str, summary: str, responses: JSONObject) -> JSONObject:
        return {"get": {"operationId": operation, "tags": ["Server"], "summary": summary, "responses": responses}}

    starting = {"503": {"description": "It is still starting.", "content": health}}
    return {
        "/health/live": get("read_liveness", "Whether the process runs", running),
        "/health/ready": get("read_readiness", "Whether every route can be used", running | starting),
        "/api/health": get("read_health", "Which server this is", running),
    }
