"""Statements on the table of saved queries."""

from collections.abc import Sequence

from sqlalchemy import func
from sqlmodel import Session, col, select

from rolltop.queries.tables import QueryRow


def by_names(session: Session) -> Sequence[QueryRow]:
    """Every saved query, by name."""
    return session.exec(select(QueryRow).order_by(col(QueryRow.name))).all()


def by_name(session: Session, name: str) -> QueryRow | None:
    """The saved query of exactly this name."""
    return session.exec(select(QueryRow).where(QueryRow.name == name)).one_or_none()


def number(session: Session) -> int:
    """How many there are."""
    return session.exec(select(func.count()).select_from(QueryRow)).one()


def add(session: Session, row: QueryRow) -> None:
    """Keep a new one."""
    session.add(row)


def delete(session: Session, row: QueryRow) -> None:
    """Forget one."""
    session.delete(row)
