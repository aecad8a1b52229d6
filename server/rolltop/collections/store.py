"""Statements on the labels table."""

from collections.abc import Mapping, Sequence

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from rolltop.collections.tables import LabelRow


def labels(session: Session) -> Sequence[LabelRow]:
    """Every label."""
    return session.exec(select(LabelRow)).all()


def forget(session: Session, table: str) -> None:
    """Drop the labels of a table and of its columns."""
    session.exec(delete(LabelRow).where(col(LabelRow.table) == table))


def drop_columns(session: Session, table: str, columns: Sequence[str]) -> None:
    """Drop the labels of columns that are gone."""
    lower = {column.lower() for column in columns}
    for row in session.exec(select(LabelRow).where(col(LabelRow.table) == table)).all():
        if row.column.lower() in lower and row.column:
            session.delete(row)
    session.flush()


def rename_columns(session: Session, table: str, renamed: Mapping[str, str]) -> None:
    """Let labels follow their columns; `renamed` tells the old name of each new one."""
    moved = [
        LabelRow(table=table, column=new, label=row.label, description=row.description)
        for new, old in renamed.items()
        for row in session.exec(select(LabelRow).where(LabelRow.table == table, LabelRow.column == old)).all()
    ]
    drop_columns(session, table, [*renamed.values(), *renamed])  # what is left of another that was called so
    session.add_all(moved)
    session.flush()


def rename_table(session: Session, table: str, name: str) -> None:
    """Let labels follow their table."""
    forget(session, name)
    session.exec(update(LabelRow).where(col(LabelRow.table) == table).values(table=name))
    session.expunge_all()  # what the session has seen of them has another key now


def describe(session: Session, table: str, column: str, label: str | None, description: str | None) -> None:
    """Set what people call a table or column and what it means; None leaves it, an empty text takes it away."""
    row = session.get(LabelRow, (table, column)) or LabelRow(table=table, column=column)
    row.label = row.label if label is None else label
    row.description = row.description if description is None else description
    if row.label or row.description:
        session.add(row)
    elif row in session:
        session.delete(row)
    session.flush()


def remember(session: Session, table: str, named: Mapping[str, str]) -> None:
    """Keep the labels of a table's columns; the empty name is the table's own."""
    forget(session, table)
    session.add_all(LabelRow(table=table, column=column, label=label) for column, label in named.items())
