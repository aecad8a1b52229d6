"""Statements on the recipes table."""

from collections.abc import Sequence

from sqlalchemy import desc
from sqlmodel import Session, col, select

from rolltop.collections.recipes.tables import RecipeRow


def every(session: Session) -> Sequence[RecipeRow]:
    """All of them, the last changed first."""
    return session.exec(select(RecipeRow).order_by(desc(col(RecipeRow.changed)))).all()


def by_id(session: Session, id: str) -> RecipeRow | None:
    """The recipe of that id."""
    return session.get(RecipeRow, id)


def of_shape(session: Session, shape: str) -> RecipeRow | None:
    """The recipe for files of that shape."""
    return session.exec(select(RecipeRow).where(RecipeRow.shape == shape)).first()


def save(session: Session, row: RecipeRow) -> None:
    """Insert it or bring it up to date."""
    session.merge(row)


def forget(session: Session, row: RecipeRow) -> None:
    """Delete it."""
    session.delete(row)
