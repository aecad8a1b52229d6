"""Statements on the schedule's table."""

from sqlmodel import Session

from rolltop.backups.tables import ScheduleRow


def schedule(session: Session) -> ScheduleRow | None:
    """The schedule, when one was ever set."""
    return session.get(ScheduleRow, 1)


def save(session: Session, row: ScheduleRow) -> None:
    """Insert it or bring it up to date."""
    session.merge(row)
