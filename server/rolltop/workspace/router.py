"""The state of the running server, for everybody it knows."""

import os
from typing import Annotated

from fastapi import APIRouter, Depends, Request

from rolltop.config import default_workspace
from rolltop.web.units import BaseUrl, DataFile
from rolltop.workspace.folder import Workspace
from rolltop.workspace.run import Run
from rolltop.workspace.schemas import DataStatus, Status, WorkspaceStatus

router = APIRouter(prefix="/api", tags=["Server"])


def _workspace(request: Request) -> Workspace:
    workspace: Workspace = request.app.state.workspace
    return workspace


def _run(request: Request) -> Run:
    run: Run = request.app.state.run
    return run


@router.get("/status")
def read_status(
    run: Annotated[Run, Depends(_run)],
    workspace: Annotated[Workspace, Depends(_workspace)],
    data: DataFile,
    base_url: BaseUrl,
) -> Status:
    """Version, address, workspace and data file of the running server."""
    return Status(
        version=run.version,
        url=base_url,
        pid=os.getpid(),
        instance=run.instance,
        mode=run.mode,
        desktop=run.mode == "desktop",
        started=run.started,
        workspace=WorkspaceStatus(
            name=workspace.name,
            path=str(workspace.path),
            default=workspace.path == default_workspace().resolve(),
        ),
        data=DataStatus(
            path=str(data.path),
            size=data.path.stat().st_size,
            sqlite_version=data.sqlite_version,
            in_place=data.in_place,
        ),
    )
