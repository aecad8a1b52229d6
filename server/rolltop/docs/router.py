"""The live API document over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from rolltop.auth.access import Caller
from rolltop.docs.service import Document

router = APIRouter(tags=["Docs"])

_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "An OpenAPI 3.1 document.", "content": {"application/json": {"schema": {"type": "object"}}}},
    304: {"description": "Unchanged since the ETag that was sent in `If-None-Match`."},
}


def _document(request: Request) -> Document:
    state = request.app.state
    if not hasattr(state, "document"):
        state.document = Document(request.app.openapi, state.data, state.saved)
    document: Document = state.document
    return document


@router.get("/openapi.json", response_class=Response, responses=_RESPONSES)
def read_openapi(request: Request, document: Annotated[Document, Depends(_document)], actor: Caller) -> Response:
    """This document: every address of this server that you may use, with typed paths for your tables and queries."""
    rendered = document.render(actor)
    headers = {"ETag": rendered.etag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == rendered.etag:
        return Response(status_code=304, headers=headers)
    return Response(rendered.body, media_type="application/json", headers=headers)
