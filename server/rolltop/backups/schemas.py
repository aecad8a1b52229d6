"""What is said of backups."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from rolltop.jobs.schemas import Job

__all__ = ["Backup", "BackupContent", "BackupResult", "BackupWish", "Job", "RestoreResult", "Restored", "Verified"]

Reason = Literal["manual", "scheduled", "before_upgrade", "before_restore"]


class BackupWish(BaseModel):
    """What a new backup shall hold."""

    model_config = ConfigDict(extra="forbid")

    secrets: bool = Field(
        default=False,
        description="Put the folder `secrets` (keys) in as well; then keep the file where you keep passwords.",
    )


class BackupContent(BaseModel):
    """What a backup says of itself."""

    format: int = Field(description="The layout of the file.", examples=[1])
    rolltop: str = Field(description="The version that made it.", examples=["0.1.0"])
    created: datetime = Field(description="The moment that it shows.")
    reason: Reason
    workspace: str = Field(description="The workspace's name.", examples=["My workspace"])
    secrets: bool = Field(description="Whether keys are in it.")
    in_place: bool = Field(description="Whether the tables came from a file that was served where it lies.")
    revision: str | None = Field(description="The schema of rolltop.db in it; an older one is brought up to date.")
    tables: dict[str, int] = Field(description="The rows of each table.", examples=[{"flights": 336776}])
    unpacked: int = Field(description="Bytes of all files.")
    left_out: list[str] = Field(description="What of the workspace is not in it.", examples=[["files", "logs"]])


class Backup(BaseModel):
    """A file in the workspace's folder `backups`."""

    id: str = Field(examples=["rolltop-my-workspace-2026-11-24T113000Z"])
    file: str = Field(description="The file's name.", examples=["rolltop-my-workspace-2026-11-24T113000Z.zip"])
    size: int = Field(description="Bytes.")
    changed: datetime = Field(description="When the file was written.")
    content: BackupContent | None = Field(description="Null when the file cannot be read.")
    problem: str | None = Field(description="Why the file cannot be read, or null.")


class BackupResult(BaseModel):
    """What came of a job that made a backup."""

    backup: str = Field(description="Its id.")
    size: int


class RestoreResult(BaseModel):
    """What came of a job that restored a backup."""

    backup: str = Field(description="Its id.")
    reopening: bool = Field(
        description="The server opens the restored workspace now: for some seconds requests wait. Where it cannot, the "
        "workspace is opened at the next start."
    )


class Restored(BaseModel):
    """The last restore that was done."""

    backup: str = Field(description="The backup's file.", examples=["rolltop-my-workspace-2026-11-24T113000Z.zip"])
    decided: datetime
    finished: datetime
    kept: str = Field(
        description="The folder in `backups` that the former files went to. A backup is made of them (its reason is "
        "`before_restore`), then the folder goes."
    )


class Verified(BaseModel):
    """What came of a job that verified a backup: all of it is whole."""

    backup: str
    files: int
    bytes: int
    tables: int
    rows: int
