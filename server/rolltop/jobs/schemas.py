"""What is said of a job."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

JobState = Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]


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
