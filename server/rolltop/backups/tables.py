"""The schedule as `rolltop.db` keeps it."""

from sqlmodel import Field, SQLModel


class ScheduleRow(SQLModel, table=True):
    """The one schedule. `tried` and `done` are moments in ISO 8601, `job` is the last that was started."""

    __tablename__ = "backup_schedule"

    id: int = Field(default=1, primary_key=True)
    every: str
    hours: int
    at: str
    keep_last: int | None
    keep_days: int | None
    tried: str | None = None
    done: str | None = None
    job: str | None = None
