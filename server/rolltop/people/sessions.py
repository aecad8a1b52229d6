"""Signing in with a password, and the sessions that come of it."""

import builtins
from collections.abc import Callable
from datetime import datetime, timedelta

from rolltop.auth import Actor, Credentials, Scope
from rolltop.auth.actor import digest
from rolltop.db.database import Database
from rolltop.kit.ids import new_id, now, secret
from rolltop.people import errors, passwords, store
from rolltop.people.schemas import Session, SignedIn, SignIn
from rolltop.people.tables import SessionRow
from rolltop.people.throttle import Throttle

DAYS = 30
"""A session ends after so many days, used or not."""
_LONGEST_CLIENT = 200


class PeopleSessions:
    """The sessions of people with passwords; those of the local owner's window are `auth.Sessions`."""

    def __init__(self, database: Database, credentials: Credentials, changed: Callable[[], None]) -> None:
        self._database = database
        self._credentials = credentials
        self._changed = changed
        self._throttle = Throttle()

    def sign_in(self, wanted: SignIn, address: str, client: str) -> SignedIn:
        """A session for a name, or an e-mail address, and a password.

        Raises:
            WrongPassword: they do not go together, or the person is kept out.
            TooManyTries: there were too many wrong ones within a minute.
        """
        with self._database.read() as session:
            row = store.called(session, wanted.name)
            account = store.key(wanted.name) if row is None else row.id  # the same by name and by address
            person, kept = (row.id, row.password) if row is not None and row.active else ("", None)
        wait = self._throttle.attempt(account, address)
        if wait:
            raise errors.TooManyTries(wait)
        if not passwords.fits(wanted.password, kept):
            raise errors.WrongPassword
        self._throttle.right(account, address)
        return self.begin(person, client)

    def begin(self, person: str, client: str) -> SignedIn:
        """A session for somebody who has shown who he is."""
        token = secret()
        moment = now()
        expires = moment + timedelta(days=DAYS)
        with self._database.write() as session:
            store.forget_ended(session, moment)
            row = SessionRow(
                id=new_id(),
                digest=digest(token),
                person=person,
                client=client[:_LONGEST_CLIENT],
                created=moment,
                expires=expires,
                used=None,
            )
            store.add(session, row)
        self._changed()
        return SignedIn(token=token, token_type="bearer", expires=expires)  # noqa: S106 (RFC 6750's word)

    def list(self, actor: Actor) -> builtins.list[Session]:
        """The caller's sessions, the newest first; everybody's for an administrator."""
        moment, used = now(), self._credentials.used
        with self._database.read() as session:
            rows = store.sessions(session, _person(actor))
            return [_described(row, actor, used.get(row.id, row.used)) for row in rows if row.expires > moment]

    def end(self, actor: Actor, id: str) -> None:
        """Sign somebody out of one.

        Raises:
            NoSuchSession: there is none of that id among those that the caller may see.
        """
        with self._database.write() as session:
            row = store.session_by_id(session, id)
            if row is None or _person(actor) not in (None, row.person):
                raise errors.NoSuchSession(id)
            store.delete(session, row)
        self._changed()


def _person(actor: Actor) -> str | None:
    """Whose sessions the caller may see; None for everybody's."""
    return None if Scope.ADMIN in actor.scopes else actor.id


def _described(row: SessionRow, actor: Actor, used: datetime | None) -> Session:
    return Session(
        id=row.id,
        person=row.person,
        client=row.client,
        created=row.created,
        expires=row.expires,
        used=used,
        current=row.id == actor.credential,
    )
