"""Roles: those that are always there, and those that somebody made; their rules fit the tables that are there."""

import builtins
from collections.abc import Callable, Iterable
from types import MappingProxyType
from typing import Any

from sqlmodel import Session

from rolltop.auth import Action, Actor, Rights, Scope, TableRights
from rolltop.data import Catalog, Data
from rolltop.db.database import Database
from rolltop.errors import RolltopError
from rolltop.kit.ids import now
from rolltop.roles import errors, schemas, store
from rolltop.roles.schemas import Role, RoleRights, RoleWrite
from rolltop.roles.tables import RoleRow
from rolltop.rows import checking
from rolltop.rows.similar import closest

_READING = (Scope.ROWS_READ, Scope.COLLECTIONS_READ, Scope.QUERIES_READ, Scope.JOBS_READ, Scope.HISTORY_READ)
FIXED: dict[str, tuple[str, frozenset[Scope]]] = {
    "owner": ("Whose workspace this is. There is one.", frozenset(Scope)),
    "admin": ("May do everything that the owner may, but not take his place.", frozenset(Scope)),
    "editor": ("Reads and writes tables, queries and imports.", frozenset(Scope) - {Scope.ADMIN}),
    "viewer": ("Reads everything and changes nothing.", frozenset(_READING)),
}
"""The roles that are always there: what each is for, and its scopes."""


class Roles:
    """All roles. `changed` is called after each change, when it is on the disk."""

    def __init__(self, database: Database, data: Data, changed: Callable[[], None]) -> None:
        self._database = database
        self._data = data
        self._changed = changed

    def list(self) -> builtins.list[Role]:
        """Every role: those that are always there, then the others by name."""
        with self._database.read() as session:
            return [*map(_fixed, FIXED), *map(_described, store.by_names(session))]

    def get(self, name: str) -> Role:
        """One role.

        Raises:
            NoSuchRole: there is none of that name.
        """
        if name in FIXED:
            return _fixed(name)
        with self._database.read() as session:
            return _described(_row(session, name))

    def create(self, actor: Actor, wanted: RoleWrite) -> Role:
        """Make a role.

        Raises:
            RoleNameTaken: there is one of that name.
            BeyondOwnRights: it gives what its maker does not have.
            BadRights: it does not fit the tables that are there.
        """
        self._check(actor, wanted)
        with self._database.write() as session:
            if wanted.name in FIXED or store.by_name(session, wanted.name) is not None:
                raise errors.RoleNameTaken(wanted.name)
            moment = now()
            row = RoleRow(name=wanted.name, created=moment, changed=moment, **_fields(wanted))
            store.add(session, row)
        self._changed()
        return self.get(wanted.name)

    def replace(self, actor: Actor, name: str, wanted: RoleRights) -> Role:
        """Give a role other rights; those who have it have them from their next request on.

        Raises: what `create` raises; NoSuchRole, and RoleFixed for those that are always there.
        """
        if name in FIXED:
            raise errors.RoleFixed(name)
        self._check(actor, wanted)
        with self._database.write() as session:
            row = _row(session, name)
            for field, value in _fields(wanted).items():
                setattr(row, field, value)
            row.changed = now()
        self._changed()
        return self.get(name)

    def delete(self, name: str, holders: Callable[[Session, str], builtins.list[str]]) -> None:
        """Forget a role that nobody has; `holders` says who has it.

        Raises:
            NoSuchRole, RoleFixed, RoleInUse.
        """
        if name in FIXED:
            raise errors.RoleFixed(name)
        with self._database.write() as session:
            row = _row(session, name)
            people = holders(session, name)
            if people:
                raise errors.RoleInUse(name, people)
            store.delete(session, row)
        self._changed()

    def _check(self, actor: Actor, wanted: RoleRights) -> None:
        check_grant(actor, wanted.scopes)
        if actor.limits:
            raise errors.BeyondOwnRights([])
        catalog = self._data.fresh_catalog()
        for name, rights in wanted.tables.items():
            _check_table(catalog, name, rights)


def check_grant(actor: Actor, scopes: Iterable[Scope]) -> None:
    """Refuse to grant what the caller does not have himself (threat model A7)."""
    beyond = sorted(set(scopes) - actor.scopes)
    if beyond:
        raise errors.BeyondOwnRights([scope.value for scope in beyond])


def _check_table(catalog: Catalog, name: str, rights: schemas.TableRights) -> None:
    table = catalog.table(name)
    if table is None:
        found = closest(name, catalog.tables)
        hint = None if found is None else f"Perhaps you meant {found!r}."
        raise errors.BadRights(f"There is no table {name!r}.", hint=hint)
    for column in (*rights.hidden, *rights.read_only):
        if column not in table.by_name:
            found = closest(column, table.by_name)
            hint = None if found is None else f"Perhaps you meant {found!r}."
            raise errors.BadRights(f"The table {name!r} has no column {column!r}.", hint=hint)
    try:
        checking.check_rule(catalog, name, rights.rule)
    except RolltopError as problem:
        raise errors.BadRights(
            f"The rule on {name!r} does not fit: {problem.message}", details=problem.details, hint=problem.hint
        ) from None


# ---- what a role gives -----------------------------------------------------------------------------------------------


def scopes_of(row: RoleRow) -> frozenset[Scope]:
    """The parts of Rolltop that a role opens; those that this version does not know open nothing."""
    known = {scope.value: scope for scope in Scope}
    return frozenset(known[name] for name in row.scopes if name in known)


def limits_of(row: RoleRow) -> tuple[Rights, ...]:
    """The rights on tables that a role gives; none where it takes nothing away."""
    if not row.tables and set(row.others) == set(Action):
        return ()
    tables = {name: _table_rights(schemas.TableRights.model_validate(each)) for name, each in row.tables.items()}
    return (Rights(MappingProxyType(tables), TableRights(frozenset(map(Action, row.others)))),)


def held(session: Session, name: str) -> tuple[frozenset[Scope], tuple[Rights, ...]] | None:
    """What a role gives: its scopes, and its rights on tables; None for a role that is not there."""
    if name in FIXED:
        return FIXED[name][1], ()
    row = store.by_name(session, name)
    return None if row is None else (scopes_of(row), limits_of(row))


def scopes_of_role(session: Session, name: str) -> frozenset[Scope] | None:
    """The parts of Rolltop that a role opens; None for a role that is not there."""
    found = held(session, name)
    return None if found is None else found[0]


def _table_rights(rights: schemas.TableRights) -> TableRights:
    return TableRights(
        frozenset(rights.actions), frozenset(rights.hidden), frozenset(rights.read_only), rights.rule.strip()
    )


def _row(session: Session, name: str) -> RoleRow:
    row = store.by_name(session, name)
    if row is None:
        raise errors.NoSuchRole(name)
    return row


def _fields(wanted: RoleRights) -> dict[str, Any]:
    return wanted.model_dump(mode="json", exclude={"name"})


def _described(row: RoleRow) -> Role:
    return Role(
        name=row.name,
        description=row.description,
        scopes=sorted(scopes_of(row)),
        tables={name: schemas.TableRights.model_validate(each) for name, each in row.tables.items()},
        others=[Action(name) for name in row.others],
        fixed=False,
        created=row.created,
        changed=row.changed,
    )


def _fixed(name: str) -> Role:
    description, scopes = FIXED[name]
    return Role(name=name, description=description, scopes=sorted(scopes), fixed=True, created=None, changed=None)
