"""What a caller sees of the file's structure: rights laid over its catalog.

What he must not know of is not there, so no name, hint, relationship or page of a document can tell it: tables on which
he may do nothing, columns that are hidden from him, and keys that speak of either.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from rolltop.auth.rights import Rights
from rolltop.data import Catalog, Table


@dataclass(frozen=True, slots=True, eq=False)
class Visible:
    """The structure as a caller with certain rights sees it. `whole` is the catalog without their effect."""

    whole: Catalog
    catalog: Catalog
    ruled: Mapping[str, tuple[str, ...]]
    """The rules on the rows of each table that has any, as text."""
    fixed: Mapping[str, frozenset[str]]
    """The columns that are read only, by table."""

    @property
    def limited(self) -> bool:
        """Whether rights take anything away, if only from tables that are not there yet."""
        return self.catalog is not self.whole

    def is_whole(self, table: str) -> bool:
        """Whether the caller sees every row and column of the table."""
        seen, whole = self.catalog.table(table), self.whole.tables[table]
        return seen is not None and table not in self.ruled and len(seen.columns) == len(whole.columns)


@lru_cache(maxsize=64)
def of(catalog: Catalog, limits: tuple[Rights, ...]) -> Visible:
    """What a caller with these rights sees of the catalog."""
    if not limits:
        return Visible(catalog, catalog, {}, {})
    held = {name: [rights.of(name) for rights in limits] for name in catalog.tables}
    seen = {name: each for name, each in held.items() if frozenset.intersection(*(one.actions for one in each))}
    hidden = {name: frozenset[str]().union(*(one.hidden for one in each)) for name, each in seen.items()}
    ruled = {name: tuple(one.rule for one in each if one.rule) for name, each in seen.items()}
    fixed = {name: frozenset[str]().union(*(one.fixed for one in each)) for name, each in seen.items()}
    return Visible(
        catalog,
        Catalog(catalog.version, {name: _without(catalog.tables[name], hidden) for name in seen}),
        {name: rules for name, rules in ruled.items() if rules},
        {name: columns for name, columns in fixed.items() if columns},
    )


def _without(table: Table, hidden: Mapping[str, frozenset[str]]) -> Table:
    """The table without its hidden columns, and without keys to what is not seen: `hidden` has every table that is."""
    own = hidden[table.name]
    keys = tuple(
        key
        for key in table.foreign_keys
        if key.table in hidden and own.isdisjoint(key.columns) and hidden[key.table].isdisjoint(key.parent_columns)
    )
    if own.isdisjoint(table.by_name):
        return replace(table, foreign_keys=keys, sql="")
    return replace(
        table,
        columns=tuple(column for column in table.columns if column.name not in own),
        primary_key=table.primary_key if own.isdisjoint(table.primary_key) else (),
        unique=tuple(key for key in table.unique if own.isdisjoint(key.columns)),
        foreign_keys=keys,
        checks=(),  # their text may speak of any column
        rowid_alias=None if table.rowid_alias in own else table.rowid_alias,
        indexed=table.indexed - own,
        sql="",
    )
