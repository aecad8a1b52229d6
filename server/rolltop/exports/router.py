"""Exports over HTTP."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse
from starlette.requests import ClientDisconnect

from rolltop.data.streams import continued
from rolltop.exports.access import Reader
from rolltop.exports.formats import FORMATS
from rolltop.exports.schemas import Formulas
from rolltop.exports.service import Export, Exports

router = APIRouter(prefix="/api/exports", tags=["Exports"])

LOOK_SECONDS = 0.5
"""How often a caller who waits for a file is looked for."""
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file.",
        "content": {each.media_type.partition(";")[0]: _BINARY for each in FORMATS.values()},
    }
}
_ARGUMENTS = {
    "requestBody": {
        "description": "The arguments by name.",
        "content": {"application/json": {"schema": {"type": "object"}, "example": {"member": 1}}},
    }
}


def _exports(request: Request) -> Exports:
    exports: Exports = request.app.state.exports
    return exports


def _query(request: Request) -> bytes:
    """The parameters of the rows API."""
    return "&".join(part for part in request.url.query.split("&") if part.partition("=")[0] != "formulas").encode()


Files = Annotated[Exports, Depends(_exports)]
RowsQuery = Annotated[bytes, Depends(_query)]
FormulasQuery = Annotated[Formulas, Query(description="What becomes of texts that a spreadsheet would run.")]


@router.get("/rpc/{file}", responses=_FILE, response_class=StreamingResponse)
async def export_query(
    request: Request, exports: Files, actor: Reader, file: str, query: RowsQuery, formulas: FormulasQuery = "escape"
) -> StreamingResponse:
    """The rows that a saved query gives as a file: `loans_of.csv?member=1`, or any other ending.

    The arguments stand in the query, beside `select`, filters, `order`, `limit` and `offset`, as in a call. A query of
    one value, or of values, makes a file of one column. One that writes is refused.
    """
    if not _is_call(request):
        return await export(request, exports, actor, f"rpc/{file}", query, formulas)
    made = await exports.export_query(actor, file, query, None, defused=formulas == "escape")
    return await _answer(request, made)


@router.post("/rpc/{file}", responses=_FILE, response_class=StreamingResponse, openapi_extra=_ARGUMENTS)
async def export_query_with_arguments(
    request: Request, exports: Files, actor: Reader, file: str, query: RowsQuery, formulas: FormulasQuery = "escape"
) -> StreamingResponse:
    """The same with the arguments in the body, where a text may look like a filter."""
    made = await exports.export_query(actor, file, query, await request.body(), defused=formulas == "escape")
    return await _answer(request, made)


@router.get("/{file:path}", responses=_FILE, response_class=StreamingResponse)
async def export(
    request: Request, exports: Files, actor: Reader, file: str, query: RowsQuery, formulas: FormulasQuery = "escape"
) -> StreamingResponse:
    """The rows of a table or view as a file: `flights.csv`, or `.tsv .json .ndjson .xlsx .parquet .sqlite`.

    The query says which rows and columns, in the words of the rows API: `select`, filters, `order`, `limit`, `offset`.

    In CSV and TSV a text that starts with `=`, `+`, `-`, `@`, a tab or a carriage return gets an apostrophe in front,
    lest a spreadsheet run it as a formula; `formulas=keep` writes it as it is. Workbooks hold such texts as texts.
    """
    made = exports.export(actor, file, query, defused=formulas == "escape")
    return await _answer(request, made)


async def _answer(request: Request, made: Export) -> StreamingResponse:
    first = await _first(request, made.chunks)
    return StreamingResponse(
        continued(first, made.chunks),
        media_type=made.media_type,
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{quote(made.name, safe='')}"},
    )


def _is_call(request: Request) -> bool:
    """Whether the slash after `rpc` is one of the address; a table may be called `rpc/x`, which is `rpc%2Fx` there."""
    return bytes(request.scope["raw_path"]).lower().startswith(b"/api/exports/rpc/")


async def _first(request: Request, chunks: AsyncGenerator[bytes]) -> bytes:
    """The first chunk, which a workbook has when it is written; nobody's any more when the caller has gone."""
    waiting = asyncio.ensure_future(anext(chunks, b""))
    while not waiting.done():
        await asyncio.wait([waiting], timeout=LOOK_SECONDS)
        if not waiting.done() and await request.is_disconnected():
            waiting.cancel()
            raise ClientDisconnect
    return waiting.result()
