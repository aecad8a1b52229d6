"""What the events of the stream say: the JSON of their `data` lines."""

from typing import Any, Literal

from pydantic import BaseModel, Field
from pydantic.json_schema import models_json_schema

_PLACE = "#/components/schemas/{model}"


class HelloEvent(BaseModel):
    """`hello`: the first event of each stream."""

    instance: str = Field(description="Another one after every start of the server.")


class RowsEvent(BaseModel):
    """`rows`: rows were written. What was written together, or nobody has heard of yet, is told together."""

    table: str | None = Field(description="null: any table may have changed.", examples=["films"])
    kind: Literal["insert", "update", "delete"] | None = Field(
        description="null: not known, as after a change by another program."
    )
    rows: int | None = Field(description="How many; null: not known.", examples=[2])
    keys: list[list[Any]] | None = Field(
        description="Their primary keys, in the order of the key's columns (`_rowid_` without a key). null: they are "
        "many, long or not known.",
        examples=[[[17], [18]]],
    )
    actor: str | None = Field(description="Who wrote; null: not known, or another program did.", examples=["owner"])
    change: int | None = Field(
        description="The change in the history; the last one where several are told together. null: none was recorded.",
        examples=[4711],
    )


class SchemaEvent(BaseModel):
    """`schema`: tables were made, changed or deleted. Read what you know of them, and `/openapi.json`, again."""

    table: str | None = Field(description="Which one; null: not known, or several.", examples=["films"])
    actor: str | None = Field(description="Who did it; null: not known, or another program.", examples=["owner"])
    change: int | None = Field(description="The change in the history; null: none was recorded.", examples=[4712])


class JobEvent(BaseModel):
    """`job`: a job came further, at most five times a second each, or into another state."""

    job: dict[str, Any]


class QueryEvent(BaseModel):
    """`query`: a saved query was made, replaced or deleted. `/openapi.json` is another one."""

    name: str = Field(examples=["books_by"])
    kind: Literal["create", "replace", "delete"]
    actor: str | None = Field(examples=["owner"])
    before: str | None = Field(description="The name it had, where `replace` gave it another.", examples=[None])


class ImportEvent(BaseModel):
    """`import`: a file was opened in the window, and its import waits there."""

    id: str


class ResetEvent(BaseModel):
    """`reset`: events were missed, and are not kept any more. Read anew whatever you show."""


PAYLOADS: dict[str, type[BaseModel]] = {
    "hello": HelloEvent,
    "rows": RowsEvent,
    "schema": SchemaEvent,
    "job": JobEvent,
    "query": QueryEvent,
    "import": ImportEvent,
    "reset": ResetEvent,
}
"""What the `data` of each kind of event is."""


def described() -> dict[str, Any]:
    """The stream as JSON Schema: a list of events, whose `data` is JSON of the schema that belongs to their kind."""
    return {
        "type": "string",
        "contentMediaType": "text/event-stream",
        "contentSchema": {"type": "array", "items": {"oneOf": [_event(*each) for each in PAYLOADS.items()]}},
    }


def schemas() -> dict[str, Any]:
    """The schemas that `described` refers to, by name."""
    _, found = models_json_schema([(each, "serialization") for each in PAYLOADS.values()], ref_template=_PLACE)
    found["$defs"]["JobEvent"]["properties"]["job"] = {"$ref": _PLACE.format(model="Job")}  # the jobs' own schema
    return dict(found["$defs"])


def _event(kind: str, payload: type[BaseModel]) -> dict[str, Any]:
    data = {
        "type": "string",
        "contentMediaType": "application/json",
        "contentSchema": {"$ref": _PLACE.format(model=payload.__name__)},
    }
    properties = {"id": {"type": "string", "pattern": "^[0-9]+$"}, "event": {"const": kind}, "data": data}
    return {"type": "object", "properties": properties, "required": ["event", "data"]}
