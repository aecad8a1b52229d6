"""Statements on the jobs table."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import desc, update
from sqlmodel import Session, col, select

from rolltop.jobs.tables import JobRow


def newest(session: Session, limit: int) -> Sequence[JobRow]:
    """The last jobs, newest first; ids sort by age."""
    return session.exec(select(JobRow).order_by(desc(col(JobRow.id))).limit(limit)).all()


def by_id(session: Session, id: str) -> JobRow | None:
    """The job of that id."""
    return session.get(JobRow, id)


def save(session: Session, row: JobRow) -> None:
    """Insert the job or bring its row up to date."""
    session.merge(row)


def interrupt_unfinished(session: Session, now: datetime) -> None:
    """What was waiting or running when the last process ended did not come to its end."""
    unfinished = col(JobRow.state).in_(["queued", "running"])
    session.exec(update(JobRow).where(unfinished).values(state="interrupted", ended=now))
