"""Making and changing tables over HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from rolltop.auth import Actor
from rolltop.collections.access import Reader, Writer
from rolltop.collections.schema.schemas import Changed, Changes, CollectionCreate, Delete, Dependents, Impact
from rolltop.collections.schema.service import Schema
from rolltop.collections.schemas import CollectionDetail
from rolltop.data import Cause

router = APIRouter(prefix="/api/collections", tags=["Collections"])


def _schema(request: Request) -> Schema:
    schema: Schema = request.app.state.schema
    return schema


Editor = Annotated[Schema, Depends(_schema)]


@contextmanager
def _told(actor: Actor, response: Response) -> Iterator[Cause]:
    """Who changes the schema; the answer names the change in the history."""
    cause = Cause(actor.id, "schema")
    yield cause
    if cause.change is not None:
        response.headers["X-Rolltop-Change"] = str(cause.change)


@router.post("", status_code=201)
async def create_collection(
    wanted: CollectionCreate, schema: Editor, actor: Writer, response: Response
) -> CollectionDetail:
    """Make a table, or a view that shows what a SELECT finds.

    Columns get types that SQLite holds every program to. Without a `primary_key` the table gets an `id` that counts.
    """
    with _told(actor, response) as cause:
        return await schema.create(wanted, cause)


@router.post("/{name:path}/changes/preview")
async def preview_changes(name: str, wanted: Changes, schema: Editor, _actor: Reader) -> Impact:
    """Show what changes would do to a table, its rows and what uses it. Nothing is done, and nobody has to wait."""
    return await schema.preview(name, wanted)


@router.post("/{name:path}/changes")
async def change_collection(name: str, wanted: Changes, schema: Editor, actor: Writer, response: Response) -> Changed:
    """Change a table or view: everything in the list, in one transaction, or nothing.

    Cells that do not fit, rows that break a rule and views that would break are refused, unless the request says what
    becomes of them: the preview lists them all.
    """
    with _told(actor, response) as cause:
        return await schema.change(name, wanted, cause)


@router.delete("/{name:path}", status_code=204)
async def delete_collection(
    name: str,
    schema: Editor,
    actor: Writer,
    response: Response,
    version: Annotated[str | None, Query(max_length=64, description="The `version` that the caller saw.")] = None,
    dependents: Annotated[
        Dependents, Query(description="Whether foreign keys, views and triggers that need it are deleted, too.")
    ] = "refuse",
) -> None:
    """Delete a table or a view with all its rows. `POST /api/history/{id}/undo` brings it back."""
    wanted = Changes(version=version, changes=[Delete(change="delete")], dependents=dependents)
    with _told(actor, response) as cause:
        await schema.change(name, wanted, cause)
