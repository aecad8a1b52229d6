"""Statements on the jobs and their log."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, desc, or_, update
from sqlmodel import Session, col, select

from rolltop.jobs.tables import JobLineRow, JobRow

_UNFINISHED = ("queued", "running")


def newest(
    session: Session,
    limit: int,
    *,
    before: str | None = None,
    states: Collection[str] = (),
    kinds: Collection[str] = (),
    besides: Collection[str] = (),
) -> Sequence[JobRow]:
    """The last jobs, newest first (ids sort by age): those older than `before`, of these states and kinds.

    A kind stands for those below it, too: `import` for `import.load`. `besides` are ids whose state may be old here.
    """
    asked = select(JobRow).order_by(desc(col(JobRow.id))).limit(limit)
    if before is not None:
        asked = asked.where(col(JobRow.id) < before)
    if states:
        asked = asked.where(or_(col(JobRow.state).in_(states), col(JobRow.id).in_(besides)))
    if kinds:
        asked = asked.where(or_(*(_is_of(kind) for kind in kinds)))
    return session.exec(asked).all()


def _is_of(kind: str) -> ColumnElement[bool]:
    return or_(col(JobRow.kind) == kind, col(JobRow.kind).startswith(f"{kind}.", autoescape=True))


def by_id(session: Session, id: str) -> JobRow | None:
    """The job of that id."""
    return session.get(JobRow, id)


def save(session: Session, row: JobRow) -> None:
    """Insert the job or bring its row up to date."""
    session.merge(row)
    session.flush()


def unfinished(session: Session) -> Sequence[str]:
    """The ids of the jobs that were waiting or running when somebody last looked."""
    return session.exec(select(JobRow.id).where(col(JobRow.state).in_(_UNFINISHED))).all()


def interrupt(session: Session, ids: Collection[str], now: datetime) -> None:
    """These did not come to their end."""
    session.exec(update(JobRow).where(col(JobRow.id).in_(ids)).values(state="interrupted", ended=now))


def trim(session: Session, keep: int, since: datetime) -> None:
    """Forget the jobs that ended before `since`, and of the others all but the newest `keep`; never an unfinished."""
    over = col(JobRow.state).not_in(_UNFINISHED)
    last = session.exec(select(JobRow.id).where(over).order_by(desc(col(JobRow.id))).offset(keep).limit(1)).first()
    old: list[Any] = [col(JobRow.ended) < since]
    if last is not None:
        old.append(col(JobRow.id) <= last)
    session.exec(delete(JobRow).where(over, or_(*old)))


# ---- the log ---------------------------------------------------------------------------------------------------------


def add_lines(session: Session, rows: Iterable[JobLineRow]) -> None:
    """Keep more lines."""
    session.add_all(rows)
    session.flush()


def last_line(session: Session, job: str) -> int:
    """The number of the job's last line; 0 when it has none."""
    asked = select(JobLineRow.number).where(JobLineRow.job == job).order_by(desc(col(JobLineRow.number))).limit(1)
    return session.exec(asked).first() or 0


def lines(session: Session, job: str, after: int, limit: int) -> Sequence[JobLineRow]:
    """The lines after the one of this number."""
    asked = select(JobLineRow).where(JobLineRow.job == job, col(JobLineRow.number) > after)
    return session.exec(asked.order_by(col(JobLineRow.number)).limit(limit)).all()


def drop_lines(session: Session, job: str, until: int) -> None:
    """Forget the lines up to this number."""
    session.exec(delete(JobLineRow).where(col(JobLineRow.job) == job, col(JobLineRow.number) <= until))
