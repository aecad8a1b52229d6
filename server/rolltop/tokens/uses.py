"""Which roles and tokens speak of a table, and how they follow when it gets another name."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from rolltop.collections.schema import Use
from rolltop.db.database import Database
from rolltop.roles import store as roles
from rolltop.roles.schemas import TableRights
from rolltop.rows import rules
from rolltop.tokens import store

T = TypeVar("T")

_LISTS = ("hidden", "read_only")


class GrantUses:
    """Asked before a change of the schema, told after it; from worker threads."""

    def __init__(self, database: Database, changed: Callable[[], None]) -> None:
        self._database = database
        self._changed = changed

    def of(self, table: str, columns: frozenset[str]) -> Iterator[Use]:
        """The roles and tokens that name the table; or, when columns are given, the roles that speak of them."""
        with self._database.read() as session:
            for role in roles.by_names(session):
                if table in role.tables:
                    if not columns:
                        yield Use("role", role.name)
                    for column in sorted(columns & _columns(role.tables[table])):
                        yield Use("role", role.name, column)
            for token in store.newest_first(session):
                if not columns and token.tables is not None and table in token.tables:
                    yield Use("token", token.name)

    def in_the_way(self, names: Iterable[tuple[str, str]]) -> list[str]:
        """The roles and tokens whose rights would no longer be those meant, if tables with these names (now, then) went
        back to an earlier form: names of columns and tables go back too, and rights would not follow."""
        pairs = list(names)
        found = []
        with self._database.read() as session:
            for role in roles.by_names(session):
                for now, then in pairs:
                    held = [role.tables[each] for each in {now, then} & role.tables.keys()]
                    if held and (now != then or any(map(_columns, held))):
                        found.append(role.name)
            for token in store.newest_first(session):
                if any(now != then and {now, then} & set(token.tables or ()) for now, then in pairs):
                    found.append(token.name)
        return sorted(set(found))

    def follow(self, table: str, name: str, columns: Mapping[str, str]) -> None:
        """The table is called `name` now, and columns have other names, each with the one it had: rights go on to hold.

        Only a rule keeps its words: it no longer fits, and so shuts the table, until somebody mends it. Where another
        column has come to a name that it speaks of, it would fit and mean something else: then nothing is allowed.
        """
        with self._database.write() as session:
            for role in roles.by_names(session):
                if table in role.tables:
                    role.tables = _followed(role.tables, table, name, columns)
            for token in store.newest_first(session):
                if token.tables is not None and table in token.tables:
                    token.tables = _under(token.tables, table, name)
        self._changed()


def _columns(held: dict[str, Any]) -> set[str]:
    """The columns that rights on a table speak of."""
    rights = TableRights.model_validate(held)
    return {*rights.hidden, *rights.read_only, *rules.columns(rules.read(rights.rule))}


def _followed(tables: dict[str, Any], table: str, name: str, columns: Mapping[str, str]) -> dict[str, Any]:
    now = {before.lower(): column for column, before in columns.items()}
    held = dict(tables[table])
    if columns.keys() & set(rules.columns(rules.read(held["rule"]))):
        held["actions"] = []
    for each in _LISTS:
        held[each] = [now.get(column.lower(), column) for column in held.get(each, [])]
    return _under(tables | {table: held}, table, name)


def _under(tables: Mapping[str, T], table: str, name: str) -> dict[str, T]:
    """The same with what is held of `table` under its new name; what an earlier table of that name left is dropped."""
    return {name if each == table else each: held for each, held in tables.items() if each != name or name == table}
