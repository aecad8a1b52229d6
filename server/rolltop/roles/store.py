"""Statements on the table of roles."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from rolltop.roles.tables import RoleRow


def by_names(session: Session) -> Sequence[RoleRow]:
    """Every role, by name."""
    return session.exec(select(RoleRow).order_by(col(RoleRow.name))).all()


def by_name(session: Session, name: str) -> RoleRow | None:
    """The role of exactly this name."""
    return session.get(RoleRow, name)


def add(session: Session, row: RoleRow) -> None:
    """Keep a new one."""
    session.add(row)


def delete(session: Session, row: RoleRow) -> None:
    """Forget one."""
    session.delete(row)
