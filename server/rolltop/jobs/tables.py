"""Jobs as `rolltop.db` keeps them."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel


class JobRow(SQLModel, table=True):
    """A job at its last change of state; progress in between is not worth a write."""

    __tablename__ = "jobs"

    id: str = Field(primary_key=True)
    kind: str
    title: str
    state: str = Field(index=True)
    done: int
    total: int | None
    unit: str
    error: dict[str, Any] | None = Field(sa_column=Column(JSON(none_as_null=True)))
    result: Any = Field(sa_column=Column(JSON(none_as_null=True)))
    created: datetime
    started: datetime | None
    ended: datetime | None
    actor: str | None = None
    retry_of: str | None = None
    input: Any = Field(default=None, sa_column=Column(JSON(none_as_null=True)))


class JobLineRow(SQLModel, table=True):
    """A line of a job's log; numbers count from 1 within the job."""

    __tablename__ = "job_log"

    job: str = Field(primary_key=True, foreign_key="jobs.id")
    number: int = Field(primary_key=True)
    time: datetime
    level: str
    text: str
