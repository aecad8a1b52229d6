"""What a database says of a table beyond its columns, said again of the table that it becomes.

Key, NOT NULL, UNIQUE and indexes are made with the table. Foreign keys follow once both tables are there, whichever
comes first; one that the rows do not obey is left out, and the import says so.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rolltop.formats.asked import ForeignKey, Structure

Columns = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """Rules of a new table, by the names of its columns."""

    not_null: frozenset[str] = frozenset()
    unique: tuple[Columns, ...] = ()
    indexes: tuple[Columns, ...] = ()


NO_RULES = Kept()


@dataclass(frozen=True, slots=True)
class Link:
    """A foreign key between tables that are there."""

    columns: Columns
    table: str
    parent_columns: Columns
    on_delete: str
    on_update: str


Relate = Callable[[str, Sequence[Link], str], list[str]]
"""Makes the foreign keys of a table for an actor; says of each that cannot be made why."""


@dataclass(frozen=True, slots=True)
class Landed:
    """A part of a database that has become a table."""

    part: str
    table: str
    names: Mapping[str, str]
    """The name of each column by its header."""
    structure: Structure

    def links(self, parents: Iterable["Landed"]) -> Iterator[Link]:
        """Its foreign keys to these tables, as far as both ends were imported."""
        known = {parent.part.lower(): parent for parent in parents}
        for key in self.structure.foreign_keys:
            parent = known.get(key.table.lower())
            if parent is None:
                continue
            columns = named(key.columns, self.names)
            parent_columns = named(key.parent_columns or parent.structure.primary_key, parent.names)
            if columns and len(columns) == len(parent_columns):
                yield Link(columns, parent.table, parent_columns, key.on_delete.lower(), key.on_update.lower())


def named(headers: Iterable[str], names: Mapping[str, str]) -> Columns:
    """The names of columns; none when one of them was not imported. Capitals make no difference in SQLite."""
    lower = {header.lower(): name for header, name in names.items()}
    found = [lower.get(header.lower()) for header in headers]
    return tuple(name for name in found if name is not None) if None not in found else ()


def kept(structure: Structure, names: Mapping[str, str], complete: Iterable[str], key: Columns) -> Kept:
    """The rules over imported columns. `complete` are columns without a null, `key` is the new table's primary key."""
    whole = set(complete)
    keys = [structure.primary_key, *(index.columns for index in structure.indexes if index.unique)]
    unique = _others([named(each, names) for each in keys], [key])
    plain = [named(index.columns, names) for index in structure.indexes if not index.unique]
    return Kept(
        not_null=frozenset(name for name in named_each(structure.not_null, names) if name in whole),
        unique=unique,
        indexes=_others(plain, [key, *unique]),
    )


def named_each(headers: Iterable[str], names: Mapping[str, str]) -> Iterator[str]:
    """The names of those columns that were imported."""
    for header in headers:
        yield from named([header], names)


def _others(wanted: Iterable[Columns], known: Iterable[Columns]) -> tuple[Columns, ...]:
    """Those that are something and not known already, each once."""
    return tuple(each for each in dict.fromkeys(wanted) if each and each not in set(known))


def shown(structure: Structure, names: Mapping[str, str]) -> Structure:
    """The same by the names that the import gives the columns."""

    def _renamed(key: ForeignKey) -> ForeignKey:
        return ForeignKey(named(key.columns, names), key.table, key.parent_columns, key.on_delete, key.on_update)

    return Structure(
        primary_key=named(structure.primary_key, names),
        not_null=tuple(named_each(structure.not_null, names)),
        indexes=tuple(type(each)(named(each.columns, names), each.unique) for each in structure.indexes),
        foreign_keys=tuple(map(_renamed, structure.foreign_keys)),
    )
