"""What is said of backups."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from rolltop.jobs.schemas import Job, JobError

__all__ = [
    "Backup",
    "BackupContent",
    "BackupPlan",
    "BackupResult",
    "BackupSchedule",
    "BackupWish",
    "Job",
    "RestoreResult",
    "Restored",
    "Verified",
]

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


class BackupPlan(BaseModel):
    """When backups are made by themselves, and how many of those are kept."""

    model_config = ConfigDict(extra="forbid")

    every: Literal["never", "hours", "day"] = Field(
        default="never", description="Not at all, every so many `hours`, or once a day `at` a time."
    )
    hours: int = Field(default=24, ge=1, le=24 * 366, description="Hours between two backups.")
    at: str = Field(
        default="03:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="The time of day, by this machine's clock."
    )
    keep_last: int | None = Field(
        default=7, ge=1, le=10_000, description="The newest that are kept; null: no number keeps one."
    )
    keep_days: int | None = Field(
        default=None, ge=1, le=36_600, description="Those of so many days are kept as well; null: age keeps none."
    )


class BackupSchedule(BackupPlan):
    """The plan, and how it goes. Backups that were not made by it are never deleted by it."""

    last: datetime | None = Field(description="When the last scheduled backup was made.")
    next: datetime | None = Field(
        description="When the next is due. A machine that sleeps then makes it when it wakes up; one that failed is "
        "tried again an hour later."
    )
    problem: JobError | None = Field(description="Why the last one failed, or null.")


class Verified(BaseModel):
    """What came of a job that verified a backup: all of it is whole."""

    backup: str
    files: int
    bytes: int
    tables: int
    rows: int
