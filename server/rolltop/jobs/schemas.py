"""What is said of a job."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

JobState = Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]
Level = Literal["info", "warning", "error"]


class JobError(BaseModel):
    """Why a job failed: the four fields of every error."""

    code: str = Field(examples=["imports.cell_does_not_fit"])
    message: str = Field(examples=["Row 17 does not fit: 'n/a' in column 'arr_delay' is not an integer."])
    details: Any
    hint: str | None = Field(examples=["Import the column as text."])


class Progress(BaseModel):
    """How far a job is."""

    done: int = Field(description="Units done.", examples=[185000])
    total: int | None = Field(description="Units in all; null while nobody knows.", examples=[336776])
    unit: str = Field(description="What is counted.", examples=["rows"])
    bytes: int | None = Field(
        description="Bytes of the file read so far, where rows are counted; null where there is no file.",
        examples=[18200000],
    )
    rate: float | None = Field(description="Units a second, over the last seconds.", examples=[142000.0])
    eta_seconds: float | None = Field(description="Seconds left at this rate.", examples=[1.1])


class Job(BaseModel):
    """Work that goes on after its request was answered."""

    id: str = Field(examples=["01kb8v3c9tqk6x4m2h7w"])
    kind: str = Field(description="What it does, for programs.", examples=["import.load"])
    title: str = Field(description="What it does, for people.", examples=["Import flights.csv"])
    state: JobState = Field(
        description="`interrupted`: the server stopped before the job had said how it ended; nothing half done is left."
    )
    progress: Progress
    error: JobError | None = Field(description="Set when the state is `failed`.")
    result: Any = Field(description="What came of it; its shape depends on the kind.", examples=[{"table": "flights"}])
    created: datetime
    started: datetime | None
    ended: datetime | None
    actor: str | None = Field(description="Who asked for it; null: the server itself.", examples=["owner"])
    retry_of: str | None = Field(description="The job that this one tries again.", examples=[None])


class JobLine(BaseModel):
    """A line of a job's log."""

    number: int = Field(description="Counts from 1 within the job.", examples=[3])
    time: datetime
    level: Level
    text: str = Field(examples=["336,776 rows, 19 columns."])


class JobLog(BaseModel):
    """A part of what a job said of its work. The last 1,000 lines of each job are kept."""

    lines: list[JobLine]
    next: int | None = Field(
        description="Pass it as `after` for the lines that follow; null when there are no more for now.",
        examples=[None],
    )
