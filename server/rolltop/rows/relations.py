"""Which tables can be embedded in which, from foreign keys only (dialect, section 6.1). Pure: catalog in, joins out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from rolltop.data import Catalog, ForeignKey, Table
from rolltop.rows import errors
from rolltop.rows.similar import closest

Cardinality = Literal["many-to-one", "one-to-one", "one-to-many", "many-to-many"]


@dataclass(frozen=True, slots=True)
class Junction:
    """The table between the two sides of a many-to-many, and its foreign key to each."""

    table: Table
    to_origin: ForeignKey
    to_target: ForeignKey


@dataclass(frozen=True, slots=True)
class Relationship:
    """How rows of `target` belong to a row of `origin`: pairwise equal columns, through a junction perhaps."""

    origin: Table
    target: Table
    cardinality: Cardinality
    name: str
    """The constraint's name, or the junction's."""
    columns: tuple[str, ...]
    target_columns: tuple[str, ...]
    forward: bool = False
    """Whether the foreign key is the origin's."""
    junction: Junction | None = None

    @property
    def to_one(self) -> bool:
        """Whether there is at most one row for each row of the origin."""
        return self.cardinality in ("many-to-one", "one-to-one")

    @property
    def hint(self) -> str:
        """How a request names this one among several."""
        return f"{self.target.name}!{self.name}"

    @property
    def far_hint(self) -> str:
        """The same for one of several through the same junction: the junction's key to the target tells them apart."""
        return self.hint if self.junction is None else f"{self.target.name}!{self.junction.to_target.name}"

    @property
    def described(self) -> str:
        """As PGRST201 puts it."""
        if self.junction is not None:
            first, second = self.junction.to_origin, self.junction.to_target
            return f"{self.name} using {_listed(first.name, first.columns)} and {_listed(second.name, second.columns)}"
        return (
            f"{self.name} using {_listed(self.origin.name, self.columns)} "
            f"and {_listed(self.target.name, self.target_columns)}"
        )


def _listed(name: str, columns: Sequence[str]) -> str:
    return f"{name}({', '.join(columns)})"


def of(catalog: Catalog, origin: Table) -> list[Relationship]:
    """All relationships that start at `origin`."""
    return [*_to_parents(catalog, origin), *_to_children(catalog, origin), *_through_junctions(catalog, origin)]


def _to_parents(catalog: Catalog, origin: Table) -> Iterator[Relationship]:
    for key in origin.foreign_keys:
        parent = catalog.table(key.table)
        if parent is not None and _holds(origin, key, parent):
            kind: Cardinality = "one-to-one" if _is_unique(origin, key.columns) else "many-to-one"
            yield Relationship(origin, parent, kind, key.name, key.columns, key.parent_columns, forward=True)


def _to_children(catalog: Catalog, origin: Table) -> Iterator[Relationship]:
    for child, key in catalog.references.get(origin.name, ()):
        if _holds(child, key, origin):
            kind: Cardinality = "one-to-one" if _is_unique(child, key.columns) else "one-to-many"
            yield Relationship(origin, child, kind, key.name, key.parent_columns, key.columns)


def _through_junctions(catalog: Catalog, origin: Table) -> Iterator[Relationship]:
    for table, near in catalog.references.get(origin.name, ()):
        if not _in_primary_key(table, near) or not _holds(table, near, origin):
            continue
        for far in table.foreign_keys:
            target = catalog.table(far.table)
            if far is near or target is None or not _in_primary_key(table, far) or not _holds(table, far, target):
                continue
            junction = Junction(table, near, far)
            columns, target_columns = near.parent_columns, far.parent_columns
            yield Relationship(origin, target, "many-to-many", table.name, columns, target_columns, junction=junction)


def _holds(child: Table, key: ForeignKey, parent: Table) -> bool:
    """Whether the key refers to columns that are there and unique; SQLite calls others a mismatch."""
    return (
        len(key.columns) == len(key.parent_columns)
        and all(name in child.by_name for name in key.columns)
        and _is_unique(parent, key.parent_columns)
    )


def _is_unique(table: Table, columns: Sequence[str]) -> bool:
    wanted = sorted(columns)
    return any(sorted(key) == wanted for key in (table.primary_key, *(unique.columns for unique in table.unique)))


def _in_primary_key(table: Table, key: ForeignKey) -> bool:
    return set(key.columns) <= set(table.primary_key)


def find(catalog: Catalog, origin: Table, target: str, hint: str | None) -> Relationship:
    """The relationship that `target!hint` means; PGRST200 when there is none, PGRST201 when there are several."""
    known = of(catalog, origin)
    found = [relationship for relationship in known if _is_meant(relationship, target, hint)]
    found = found or [relationship for relationship in known if _is_meant_by_far_key(relationship, target, hint)]
    if len(found) == 1:
        return found[0]
    if found:
        hints = [each.hint for each in found]
        raise errors.AmbiguousRelationship(
            origin.name,
            target,
            [(each.cardinality, f"{origin.name} with {each.target.name}", each.described) for each in found],
            [each.far_hint if hints.count(each.hint) > 1 else each.hint for each in found],
        )
    raise errors.NoRelationship(origin.name, target, hint, _similar(known, target, hint))


def _is_meant(relationship: Relationship, target: str, hint: str | None) -> bool:
    by_table = target == relationship.target.name
    by_own_column = relationship.forward and relationship.columns == (target,)
    if relationship.origin.name == relationship.target.name:
        return _is_meant_of_self(relationship, by_table, by_own_column, hint)
    if hint is None:
        by_constraint = relationship.junction is None and target == relationship.name
        return by_table or by_constraint or by_own_column
    sides = ((hint,),) if relationship.junction is None else ()
    return by_table and (
        hint == relationship.name or relationship.columns in sides or relationship.target_columns in sides
    )


def _is_meant_of_self(relationship: Relationship, by_table: bool, by_own_column: bool, hint: str | None) -> bool:
    """Of a table's relationships with itself the table's name means the children, the column the parent."""
    if relationship.junction is not None:
        return by_table and hint == relationship.name
    if relationship.forward:
        return hint is None and by_own_column
    return by_table and (hint is None or relationship.target_columns == (hint,))


def _is_meant_by_far_key(relationship: Relationship, target: str, hint: str | None) -> bool:
    """Whether the hint is the junction's foreign key to the target, or its column.

    PostgREST has no name for one of two ways through a junction, as between the people of `friends(a, b)`.
    """
    if relationship.junction is None or target != relationship.target.name or hint is None:
        return False
    key = relationship.junction.to_target
    return hint == key.name or key.columns == (hint,)


def _similar(known: Sequence[Relationship], target: str, hint: str | None) -> str | None:
    """A name to propose instead of the target, or instead of the hint when the target is right."""
    targets = {relationship.target.name for relationship in known}
    if hint is not None and target in targets:
        hints = [relationship.name for relationship in known if relationship.target.name == target]
        found, wrong = closest(hint, hints), hint
    else:
        found, wrong = closest(target, targets), target
    return None if found is None or found == wrong else f"Perhaps you meant '{found}' instead of '{wrong}'."
