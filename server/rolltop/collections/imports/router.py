"""Imports over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from rolltop.collections.access import Reader, Writer
from rolltop.collections.imports.schemas import (
    DialectChange,
    Import,
    ImportRun,
    Job,
    Mapping,
    PartsWanted,
    UrlWanted,
)
from rolltop.collections.imports.service import Imports
from rolltop.collections.imports.spool import TYPES

router = APIRouter(prefix="/api/imports", tags=["Imports"])

_FILE = {"schema": {"type": "string", "format": "binary"}}
_BODY = {
    "requestBody": {
        "required": True,
        "description": "The file itself, as it is.",
        "content": dict.fromkeys(TYPES, _FILE),
    }
}


def _imports(request: Request) -> Imports:
    imports: Imports = request.app.state.imports
    return imports


Drafts = Annotated[Imports, Depends(_imports)]


@router.get("")
def list_imports(imports: Drafts, _actor: Reader) -> list[Import]:
    """The imports of this server run, newest first."""
    return imports.list()


@router.post("", status_code=202, openapi_extra=_BODY)
async def create_import(
    request: Request,
    imports: Drafts,
    actor: Writer,
    name: Annotated[str, Query(min_length=1, max_length=255, description="The file's name.", examples=["flights.csv"])],
) -> Import:
    """Send a file: delimited text, a workbook, JSON, Parquet or SQLite, plain or in a gzip or zip archive.

    What it is, is found out by its content. It is stored and then scanned as a job; nothing is loaded before `run`.
    """
    return await imports.receive(name, request.headers, request.stream(), actor.id)


@router.post("/from-url", status_code=202)
def create_import_from_url(wanted: UrlWanted, imports: Drafts, actor: Writer) -> Import:
    """Fetch a file from the web and scan it, as a job. Addresses inside this machine and its network are refused."""
    return imports.from_url(wanted, actor.id)


@router.get("/{id}")
def read_import(id: str, imports: Drafts, _actor: Reader) -> Import:
    """One import: what was found in the file, the preview, and what came of it."""
    return imports.get(id)


@router.put("/{id}/dialect", status_code=202)
def change_dialect(id: str, wanted: DialectChange, imports: Drafts, actor: Writer) -> Import:
    """Read the file another way: it is scanned again as a job."""
    return imports.change_dialect(id, wanted, actor.id)


@router.get("/{id}/mapping")
def read_import_mapping(
    id: str,
    imports: Drafts,
    _actor: Reader,
    table: Annotated[str, Query(min_length=1, max_length=255, description="A table that is there.")],
) -> Mapping:
    """Into which columns of a table the file's columns would go by their names, and what would not fit."""
    return imports.mapping(id, table)


@router.post("/{id}/parts", status_code=202)
def import_parts(id: str, wanted: PartsWanted, imports: Drafts, actor: Writer) -> list[Import]:
    """Begin an import for each of several tables of the file: sheets, tables, lists, files of an archive.

    They share the stored file, and are scanned, changed and run on their own.
    """
    return imports.import_parts(id, wanted, actor.id)


@router.post("/{id}/run", status_code=202)
def run_import(id: str, wanted: ImportRun, imports: Drafts, actor: Writer) -> Job:
    """Load the file into a table as a job: into a new one, or into one that is there. All of it or nothing, unless
    rows that do not fit are to be set aside. A dry run only counts."""
    return imports.run(id, wanted, actor.id)


@router.delete("/{id}", status_code=204)
def delete_import(id: str, imports: Drafts, _actor: Writer) -> None:
    """Stop the import if it is running and forget it and the stored file. A table that it made stays."""
    imports.delete(id)
