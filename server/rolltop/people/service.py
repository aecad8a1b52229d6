"""People: let in, changed, let go; nobody can give or change more than he has himself (threat model A7)."""

import builtins
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlmodel import Session

from rolltop.auth import OWNER, Actor, Scope
from rolltop.auth.actor import digest
from rolltop.db.database import Database
from rolltop.kit.ids import new_id, now, secret
from rolltop.people import errors, passwords, store
from rolltop.people.schemas import Acceptance, OwnPassword, Person, PersonChange, PersonCreate
from rolltop.people.tables import InvitationRow, PersonRow

MOST = 10_000
INVITATION_DAYS = 7


class People:
    """Everybody. `scopes_of` says what a role opens, None for one that is not there; `changed` is called after each
    change, when it is on the disk."""

    def __init__(
        self,
        database: Database,
        scopes_of: Callable[[Session, str], frozenset[Scope] | None],
        changed: Callable[[], None],
    ) -> None:
        self._database = database
        self._scopes_of = scopes_of
        self._changed = changed

    def list(self) -> builtins.list[Person]:
        """Everybody, by name."""
        with self._database.read() as session:
            return [_described(row) for row in store.by_names(session)]

    def get(self, id: str) -> Person:
        """One person.

        Raises:
            NoSuchPerson: there is nobody of that id.
        """
        with self._database.read() as session:
            return _described(_row(session, id))

    def create(self, actor: Actor, wanted: PersonCreate) -> Person:
        """Let somebody in.

        Raises:
            NameTaken, TooManyPeople.
            NoSuchRole, AboveYou: the role is not there, or opens what the caller does not have.
        """
        password = None if wanted.password is None else passwords.hashed(wanted.password)
        with self._database.write() as session:
            if store.number(session) >= MOST:
                raise errors.TooManyPeople(MOST)
            self._check_role(session, actor, wanted.role)
            _check_free(session, None, wanted.name, wanted.email)
            moment = now()
            row = PersonRow(
                id=new_id(),
                name=wanted.name,
                name_key=store.key(wanted.name),
                email=wanted.email,
                email_key=None if wanted.email is None else store.key(wanted.email),
                role=wanted.role,
                active=True,
                password=password,
                created=moment,
                changed=moment,
            )
            store.add(session, row)
            described = _described(row)
        self._changed()
        return described

    def change(self, actor: Actor, id: str, wanted: PersonChange) -> Person:
        """Give somebody another name, address or role, or keep him out. It takes effect at his next request (A3).

        Raises: what `create` raises; OwnerStays, NotYourself.
        """
        asked = wanted.model_dump(exclude_unset=True)
        with self._database.write() as session:
            row = self._editable(session, actor, id)
            if row.id == OWNER.id and (asked.get("role", row.role) != row.role or asked.get("active") is False):
                raise errors.OwnerStays
            if row.id == actor.id and asked.get("active") is False:
                raise errors.NotYourself
            if asked.get("role") is not None and asked["role"] != row.role:
                self._check_role(session, actor, asked["role"])
                row.role = asked["role"]
            _check_free(session, row.id, asked.get("name"), asked.get("email"))
            if asked.get("name") is not None:
                row.name, row.name_key = asked["name"], store.key(asked["name"])
            if "email" in asked:
                row.email = asked["email"]
                row.email_key = None if row.email is None else store.key(row.email)
            if asked.get("active") is not None:
                row.active = asked["active"]
            if not row.active:
                store.end_sessions(session, row.id)
            row.changed = now()
            described = _described(row)
        self._changed()
        return described

    def delete(self, actor: Actor, id: str) -> None:
        """Let somebody go, with his sessions and tokens.

        Raises:
            NoSuchPerson, AboveYou, OwnerStays, NotYourself.
        """
        with self._database.write() as session:
            row = self._editable(session, actor, id)
            if row.id == OWNER.id:
                raise errors.OwnerStays
            if row.id == actor.id:
                raise errors.NotYourself
            store.delete(session, row)
        self._changed()

    # ---- passwords -----------------------------------------------------------------------------------------------

    def set_password(self, actor: Actor, id: str, password: str) -> None:
        """Give somebody a new password; he is signed out everywhere.

        Raises:
            NoSuchPerson, AboveYou.
        """
        kept = passwords.hashed(password)
        with self._database.write() as session:
            _set_password(session, self._editable(session, actor, id), kept)
        self._changed()

    def change_own_password(self, actor: Actor, wanted: OwnPassword) -> None:
        """Give oneself a new password; every other session ends.

        Raises:
            PasswordNotYours: there is a present one, and it is not the one given; or the caller is a script.
        """
        if actor.token:
            raise errors.PasswordNotYours
        kept = passwords.hashed(wanted.password)
        with self._database.read() as session:
            present = _row(session, actor.id).password
        if present is not None and not passwords.fits(wanted.current or "", present):
            raise errors.PasswordNotYours
        with self._database.write() as session:
            _set_password(session, _row(session, actor.id), kept, but=actor.credential)
        self._changed()

    def invite(self, actor: Actor, id: str) -> tuple[str, datetime]:
        """A code by which the person sets his password, once, and the moment it ends; earlier ones are void.

        Raises:
            NoSuchPerson, AboveYou.
        """
        code = secret()
        expires = now() + timedelta(days=INVITATION_DAYS)
        with self._database.write() as session:
            row = self._editable(session, actor, id)
            store.withdraw_invitations(session, row.id)
            store.add(session, InvitationRow(digest=digest(code), person=row.id, expires=expires))
        return code, expires

    def accept(self, wanted: Acceptance) -> str:
        """Set the password of whoever was invited; his id.

        Raises:
            InvitationUnknown: the code was used or is too old, or the person is kept out.
        """
        with self._database.read() as session:
            _invited(session, wanted.code)  # before the work of hashing: anybody may ask
        kept = passwords.hashed(wanted.password)
        with self._database.write() as session:
            row = _invited(session, wanted.code)
            _set_password(session, row, kept)
            id = row.id
        self._changed()
        return id

    def holders(self, session: Session, role: str) -> builtins.list[str]:
        """The names of those who have the role."""
        return [row.name for row in store.with_role(session, role)]

    # ---- who may -------------------------------------------------------------------------------------------------

    def _editable(self, session: Session, actor: Actor, id: str) -> PersonRow:
        row = _row(session, id)
        held = self._scopes_of(session, row.role) or frozenset()
        if not held <= actor.scopes or (row.id == OWNER.id and actor.id != OWNER.id):
            raise errors.AboveYou
        return row

    def _check_role(self, session: Session, actor: Actor, name: str) -> None:
        opened = self._scopes_of(session, name)
        if opened is None:
            raise errors.NoSuchRole(name)
        if name == OWNER.role:
            raise errors.OwnerStays
        if not opened <= actor.scopes or actor.limits:
            raise errors.AboveYou


def _invited(session: Session, code: str) -> PersonRow:
    """Whose invitation the code is."""
    invitation = store.invitation(session, digest(code))
    row = None if invitation is None or invitation.expires <= now() else store.by_id(session, invitation.person)
    if row is None or not row.active:
        raise errors.InvitationUnknown
    return row


def _set_password(session: Session, row: PersonRow, kept: str, *, but: str | None = None) -> None:
    row.password = kept
    row.changed = now()
    store.end_sessions(session, row.id, but=but)
    store.withdraw_invitations(session, row.id)


def _row(session: Session, id: str) -> PersonRow:
    row = store.by_id(session, id)
    if row is None:
        raise errors.NoSuchPerson(id)
    return row


def _check_free(session: Session, id: str | None, *texts: str | None) -> None:
    """Refuse a name or address by which somebody else signs in."""
    for text in texts:
        other = None if text is None else store.called(session, text)
        if text is not None and other is not None and other.id != id:
            raise errors.NameTaken(text)


def _described(row: PersonRow) -> Person:
    return Person(
        id=row.id,
        name=row.name,
        email=row.email,
        role=row.role,
        active=row.active,
        has_password=row.password is not None,
        created=row.created,
        changed=row.changed,
    )
