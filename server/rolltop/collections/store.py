"""Statements on the labels table."""

from collections.abc import Mapping, Sequence

from sqlalchemy import delete
from sqlmodel import Session, col, select

from rolltop.collections.tables import LabelRow


def labels(session: Session) -> Sequence[LabelRow]:
    """Every label."""
    return session.exec(select(LabelRow)).all()


def forget(session: Session, table: str) -> None:
    """Drop the labels of a table and of its columns."""
    session.exec(delete(LabelRow).where(col(LabelRow.table) == table))


def remember(session: Session, table: str, named: Mapping[str, str]) -> None:
    """Keep the labels of a table's columns; the empty name is the table's own."""
    forget(session, table)
    session.add_all(LabelRow(table=table, column=column, label=label) for column, label in named.items())
