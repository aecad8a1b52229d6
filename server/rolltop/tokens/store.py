"""Statements on the table of tokens."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from rolltop.tokens.tables import TokenRow


def newest_first(session: Session, person: str | None = None) -> Sequence[TokenRow]:
    """Every token, or a person's."""
    statement = select(TokenRow).order_by(col(TokenRow.id).desc())
    return session.exec(statement if person is None else statement.where(TokenRow.person == person)).all()


def by_id(session: Session, id: str) -> TokenRow | None:
    """The token of this id."""
    return session.get(TokenRow, id)


def add(session: Session, row: TokenRow) -> None:
    """Keep a new one."""
    session.add(row)


def delete(session: Session, row: TokenRow) -> None:
    """Forget one."""
    session.delete(row)
