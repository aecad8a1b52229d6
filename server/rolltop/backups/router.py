"""Backups over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import FileResponse

from rolltop.auth.access import Administrator
from rolltop.backups.schemas import Backup, BackupWish, Job, Restored
from rolltop.backups.service import Backups

router = APIRouter(prefix="/api/backups", tags=["Backups"])

_FILE = {"schema": {"type": "string", "format": "binary"}}
_BODY = {
    "requestBody": {
        "required": True,
        "description": "The backup file itself, as it is.",
        "content": dict.fromkeys(("application/zip", "application/octet-stream"), _FILE),
    }
}


def _backups(request: Request) -> Backups:
    backups: Backups = request.app.state.backups
    return backups


Kept = Annotated[Backups, Depends(_backups)]


@router.get("")
def list_backups(backups: Kept, _actor: Administrator) -> list[Backup]:
    """The files in the workspace's folder `backups`, newest first."""
    return backups.list()


@router.post("", status_code=202)
def create_backup(backups: Kept, actor: Administrator, wanted: BackupWish | None = None) -> Job:
    """Make a backup of the whole workspace as a job: one moment of both databases, while everybody goes on working.

    The job's result names the backup. When it fails or is cancelled, nothing of it is left.
    """
    return backups.create("manual", secrets=wanted is not None and wanted.secrets, actor=actor.id)


@router.post("/upload", status_code=201, openapi_extra=_BODY)
async def upload_backup(request: Request, backups: Kept, _actor: Administrator) -> Backup:
    """Send a backup file, to verify or restore it here."""
    return await backups.receive(request.headers, request.stream())


@router.get("/restored")
def read_restored(backups: Kept, _actor: Administrator) -> Restored:
    """The last restore that was done. The job of a restore is gone with the state before it."""
    return backups.restored()


@router.get("/{id}")
def read_backup(id: str, backups: Kept, _actor: Administrator) -> Backup:
    """One backup, by what it says of itself."""
    return backups.get(id)


@router.get(
    "/{id}/file",
    response_class=FileResponse,
    responses={200: {"description": "The file.", "content": {"application/zip": _FILE}}},
)
def download_backup(id: str, backups: Kept, _actor: Administrator) -> FileResponse:
    """The backup itself, a zip archive. `POST /api/downloads` makes a link to it."""
    path = backups.file(id)
    return FileResponse(path, media_type="application/zip", filename=path.name)


@router.post("/{id}/verify", status_code=202)
def verify_backup(id: str, backups: Kept, actor: Administrator) -> Job:
    """Read all of a backup as a job: every checksum, both databases, the rows of each table. It fails when something is
    not as it was written, and says what."""
    return backups.verify(id, actor.id)


@router.post("/{id}/restore", status_code=202)
def restore_backup(id: str, backups: Kept, actor: Administrator) -> Job:
    """Bring the whole workspace back to what it was, as a job.

    The backup is checked first, all of it; one that is not whole changes nothing. Then the server opens the restored
    workspace: requests wait for some seconds, event streams begin again, everybody stays signed in. The state before is
    kept as a backup, whose reason is `before_restore`. `GET /api/backups/restored` says when it was done.
    """
    return backups.restore(id, actor.id)


@router.delete("/{id}", status_code=204)
def delete_backup(id: str, backups: Kept, _actor: Administrator) -> None:
    """Delete a backup."""
    backups.delete(id)
