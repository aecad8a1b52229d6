"""The desktop over HTTP: the page talks to the window around it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from rolltop.auth.access import AtTheDesk
from rolltop.bridge.desktop import Bridge
from rolltop.bridge.schemas import PageReport
from rolltop.collections.imports.schemas import Import

router = APIRouter(prefix="/api/desktop", tags=["Desktop"])

_ENDINGS = (
    *("csv", "tsv", "tab", "txt", "xlsx", "xlsm", "xls", "xlsb", "ods", "json", "ndjson", "jsonl"),
    *("parquet", "sqlite", "db", "gz", "zip"),
)
IMPORTABLE = [f"Tables ({';'.join(f'*.{ending}' for ending in _ENDINGS)})", "All files (*)"]


def _bridge(request: Request) -> Bridge:
    bridge: Bridge = request.app.state.bridge
    return bridge


Window = Annotated[Bridge, Depends(_bridge)]


@router.post("/ready", status_code=204)
async def report_ready(report: PageReport, bridge: Window, _actor: AtTheDesk) -> None:
    """The page says that it is usable. Without a window nothing happens."""
    bridge.page_ready(report.title, report.user, report.painted)


@router.post(
    "/pick-import",
    status_code=201,
    response_model=Import,
    responses={204: {"description": "No file was chosen."}, 409: {"description": "There is no desktop window."}},
)
async def pick_import(bridge: Window, _actor: AtTheDesk) -> Import | Response:
    """Let the person choose a file in the native dialog, and begin its import."""
    path = await bridge.ask_open(IMPORTABLE)
    return Response(status_code=204) if path is None else await bridge.open_file(path)
