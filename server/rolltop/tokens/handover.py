"""Whose every token and session is, handed over to the door."""

import dataclasses
import threading
from collections.abc import Iterator
from datetime import datetime

from sqlmodel import Session

from rolltop.auth import OWNER, Actor, Credential, Credentials, Scope, Sessions
from rolltop.db.database import Database
from rolltop.people import store as people
from rolltop.roles.service import held
from rolltop.tokens import store
from rolltop.tokens.service import limits_of


class Handover:
    """Reads everybody's roles, sessions and tokens, and gives them to the door as one."""

    def __init__(self, database: Database, credentials: Credentials, sessions: Sessions) -> None:
        self._database = database
        self._credentials = credentials
        self._sessions = sessions
        self._lock = threading.Lock()

    def __call__(self) -> None:
        """What rolltop.db says now is what holds from the next request on."""
        with self._lock, self._database.read() as session:
            self._credentials.replace(dict(self._found(session)))
        self._sessions.tell()

    def write_down(self) -> None:
        """Keep when tokens and sessions were last used; until then only memory knows."""
        used, self._credentials.used = self._credentials.used, {}
        if used:
            with self._database.write() as session:
                for token in store.newest_first(session):
                    token.used = used.get(token.id, token.used)
                for signed_in in people.sessions(session):
                    signed_in.used = used.get(signed_in.id, signed_in.used)

    def _found(self, session: Session) -> Iterator[tuple[bytes, Credential]]:
        roles = {}
        actors: dict[str, Actor] = {}
        for person in people.by_names(session):
            if person.id == OWNER.id:
                self._sessions.owner = dataclasses.replace(OWNER, name=person.name)
            if person.role not in roles:
                roles[person.role] = held(session, person.role)
            role = roles[person.role]
            if person.active and role is not None:
                actors[person.id] = Actor(person.id, person.name, person.role, *role)
        for signed_in in people.sessions(session):
            actor = actors.get(signed_in.person)
            if actor is not None:
                yield signed_in.digest, _of(actor, signed_in.id, signed_in.expires)
        for token in store.newest_first(session):
            maker = actors.get(token.person)
            if maker is not None:
                scopes = maker.scopes & {scope for scope in Scope if scope.value in token.scopes}
                limits = maker.limits + limits_of(token)
                bearer = dataclasses.replace(maker, scopes=scopes, limits=limits, token=True)
                yield token.digest, _of(bearer, token.id, token.expires)


def _of(actor: Actor, id: str, expires: datetime | None) -> Credential:
    return Credential(dataclasses.replace(actor, credential=id), expires)
