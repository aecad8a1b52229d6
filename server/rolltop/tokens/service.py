"""Tokens: made, listed, revoked; each with no more rights than the person who made it."""

import builtins
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from rolltop.auth import Action, Actor, Credentials, Rights, Scope, TableRights, visible
from rolltop.auth.actor import digest
from rolltop.data import Data
from rolltop.db.database import Database
from rolltop.kit.ids import new_id, now, secret
from rolltop.roles.service import check_grant
from rolltop.rows.similar import closest
from rolltop.tokens import errors, store
from rolltop.tokens.schemas import NewToken, Token, TokenCreate
from rolltop.tokens.tables import TokenRow

PREFIX = "rtk_"
MOST = 10_000
_HINT = len(PREFIX) + 4


class Tokens:
    """All tokens. `changed` is called after each change, when it is on the disk."""

    def __init__(self, database: Database, data: Data, credentials: Credentials, changed: Callable[[], None]) -> None:
        self._database = database
        self._data = data
        self._credentials = credentials
        self._changed = changed

    def list(self, actor: Actor) -> builtins.list[Token]:
        """The caller's tokens, the newest first; everybody's for an administrator."""
        used = self._credentials.used
        with self._database.read() as session:
            return [_described(row, used.get(row.id, row.used)) for row in store.newest_first(session, _owner(actor))]

    def create(self, actor: Actor, wanted: TokenCreate) -> NewToken:
        """Make a token.

        Raises:
            TokenMakesToken: the caller is a script himself.
            BeyondOwnRights: it opens what its maker may not use.
            NoSuchTable: it opens a table that is not there.
            ExpiredAlready, TooManyTokens.
        """
        if actor.token:
            raise errors.TokenMakesToken
        check_grant(actor, wanted.scopes)
        self._check_tables(actor, wanted.tables)
        moment = now()
        if wanted.expires is not None and wanted.expires <= moment:
            raise errors.ExpiredAlready
        made = PREFIX + secret()
        row = TokenRow(
            id=new_id(),
            name=wanted.name.strip(),
            digest=digest(made),
            hint=made[:_HINT],
            person=actor.id,
            scopes=[scope.value for scope in wanted.scopes],
            tables=None if wanted.tables is None else wanted.model_dump(mode="json")["tables"],
            created=moment,
            expires=None if wanted.expires is None else wanted.expires.astimezone(UTC),
            used=None,
        )
        with self._database.write() as session:
            if len(store.newest_first(session)) >= MOST:
                raise errors.TooManyTokens(MOST)
            store.add(session, row)
            described = _described(row, None)
        self._changed()
        return NewToken(token=made, **described.model_dump())

    def revoke(self, actor: Actor, id: str) -> None:
        """Forget a token: requests with it are refused from now on.

        Raises:
            NoSuchToken: there is none of that id among those that the caller may see.
        """
        with self._database.write() as session:
            row = store.by_id(session, id)
            if row is None or _owner(actor) not in (None, row.person):
                raise errors.NoSuchToken(id)
            store.delete(session, row)
        self._changed()

    def _check_tables(self, actor: Actor, wanted: Mapping[str, builtins.list[Action]] | None) -> None:
        catalog = visible.of(self._data.fresh_catalog(), actor.limits).catalog
        for name in wanted or ():
            if catalog.table(name) is None:
                raise errors.NoSuchTable(name, closest(name, catalog.tables))


def limits_of(row: TokenRow) -> tuple[Rights, ...]:
    """What a token leaves of the rights of its maker."""
    if row.tables is None:
        return ()
    tables = {name: TableRights(frozenset(map(Action, actions))) for name, actions in row.tables.items()}
    return (Rights(MappingProxyType(tables)),)


def _owner(actor: Actor) -> str | None:
    """Whose tokens the caller may see; None for everybody's."""
    return None if Scope.ADMIN in actor.scopes else actor.id


def _described(row: TokenRow, used: datetime | None) -> Token:
    return Token(
        id=row.id,
        name=row.name,
        hint=row.hint,
        person=row.person,
        scopes=[Scope(name) for name in row.scopes],
        tables=None if row.tables is None else {name: list(map(Action, each)) for name, each in row.tables.items()},
        created=row.created,
        expires=row.expires,
        used=used,
    )
