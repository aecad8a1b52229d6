"""Statements on the tables of people, sessions and invitations."""

import unicodedata
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete as delete_from
from sqlalchemy import func
from sqlmodel import Session, col, or_, select

from rolltop.people.tables import InvitationRow, PersonRow, SessionRow


def key(text: str) -> str:
    """A name or address as it is compared: capitals and ways to write a letter make no difference (Unicode UAX 15)."""
    return unicodedata.normalize("NFKC", text.strip()).casefold()


def by_names(session: Session) -> Sequence[PersonRow]:
    """Everybody, by name."""
    return session.exec(select(PersonRow).order_by(col(PersonRow.name_key))).all()


def by_id(session: Session, id: str) -> PersonRow | None:
    """The person of this id."""
    return session.get(PersonRow, id)


def called(session: Session, name: str) -> PersonRow | None:
    """Who has this name or e-mail address, in capitals or not."""
    wanted = key(name)
    return session.exec(
        select(PersonRow).where(or_(PersonRow.name_key == wanted, PersonRow.email_key == wanted))
    ).first()


def with_role(session: Session, role: str) -> Sequence[PersonRow]:
    """Who has the role, by name."""
    return session.exec(select(PersonRow).where(PersonRow.role == role).order_by(col(PersonRow.name_key))).all()


def number(session: Session) -> int:
    """How many people there are."""
    return session.exec(select(func.count()).select_from(PersonRow)).one()


def add(session: Session, row: PersonRow | SessionRow | InvitationRow) -> None:
    """Keep a new one."""
    session.add(row)


def delete(session: Session, row: PersonRow | SessionRow | InvitationRow) -> None:
    """Forget one."""
    session.delete(row)


def sessions(session: Session, person: str | None = None) -> Sequence[SessionRow]:
    """Every session, or a person's, the newest first."""
    statement = select(SessionRow).order_by(col(SessionRow.id).desc())
    return session.exec(statement if person is None else statement.where(SessionRow.person == person)).all()


def session_by_id(session: Session, id: str) -> SessionRow | None:
    """The session of this id."""
    return session.get(SessionRow, id)


def end_sessions(session: Session, person: str, *, but: str | None = None) -> None:
    """Forget a person's sessions, but for one perhaps."""
    for row in sessions(session, person):
        if row.id != but:
            session.delete(row)


def invitation(session: Session, digest: bytes) -> InvitationRow | None:
    """The invitation of this code."""
    return session.get(InvitationRow, digest)


def withdraw_invitations(session: Session, person: str) -> None:
    """Forget the invitations that a person has not used."""
    session.exec(delete_from(InvitationRow).where(col(InvitationRow.person) == person))


def forget_ended(session: Session, moment: datetime) -> None:
    """Forget the sessions and invitations that ended before this moment."""
    session.exec(delete_from(SessionRow).where(col(SessionRow.expires) <= moment))
    session.exec(delete_from(InvitationRow).where(col(InvitationRow.expires) <= moment))
