"""Backups over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import FileResponse

from rolltop.auth.access import Administrator, Owner
from rolltop.backups.scheduling import Scheduler
from rolltop.backups.schemas import Backup, BackupPlan, BackupSchedule, BackupWish, Job, Restored
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


def _scheduler(request: Request) -> Scheduler:
    scheduler: Scheduler = request.app.state.backup_schedule
    return scheduler


Scheduling = Annotated[Scheduler, Depends(_scheduler)]
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
async def upload_backup(request: Request, backups: Kept, _actor: Owner) -> Backup:
    """Send a backup file, to verify or restore it here."""
    return await backups.receive(request.headers, request.stream())


@router.get("/schedule")
def read_backup_schedule(scheduler: Scheduling, _actor: Administrator) -> BackupSchedule:
    """When backups are made by themselves, and how that goes."""
    return scheduler.read()


@router.put("/schedule")
def change_backup_schedule(wanted: BackupPlan, scheduler: Scheduling, _actor: Administrator) -> BackupSchedule:
    """Set when backups are made by themselves and how many of those are kept. The first is made at once.

    They are kept when the number or the age says so. The newest stays in any case, and so do those made by hand,
    before an upgrade or before a restore.
    """
    return scheduler.change(wanted)


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
def download_backup(id: str, backups: Kept, _actor: Owner) -> FileResponse:
    """The backup itself, a zip archive. `POST /api/downloads` makes a link to it."""
    path = backups.file(id)
    return FileResponse(path, media_type="application/zip", filename=path.name)


@router.post("/{id}/verify", status_code=202)
def verify_backup(id: str, backups: Kept, actor: Administrator) -> Job:
    """Read all of a backup as a job: every checksum, both databases, the rows of each table. It fails when something is
    not as it was written, and says what."""
    return backups.verify(id, actor.id)


@router.post("/{id}/restore", status_code=202)
def restore_backup(id: str, backups: Kept, actor: Owner) -> Job:
    """Bring the whole workspace back to what it was, as a job.

    The backup is checked first, all of it; one that is not whole changes nothing. Then the server opens the restored
    workspace: requests wait for some seconds, event streams begin again. The owner stays signed in; other people's
    sessions and tokens are those of the backup. The state before is kept as a backup, whose reason is `before_restore`.
    `GET /api/backups/restored` says when it was done.
    """
    return backups.restore(id, actor.id)


@router.delete("/{id}", status_code=204)
def delete_backup(id: str, backups: Kept, _actor: Owner) -> None:
    """Delete a backup."""
    backups.delete(id)
