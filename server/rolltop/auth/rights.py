"""What a caller may do with rows: which tables, which columns, which rows.

Rights only ever take away. A caller carries the rights of his role and those of his token, and may do what all of them
allow. They say nothing of the file: `rows.sight` lays them over its catalog.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


class Action(enum.StrEnum):
    """What can be done with the rows of a table."""

    SELECT = "select"
    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class TableRights:
    """What is allowed on one table.

    `rule` is a filter of the rows API (`owner=eq.{me.id}`): rows that do not match it are not there for the caller, and
    he writes none. Columns in `hidden` are not there either; those in `fixed` are read only.
    """

    actions: frozenset[Action] = frozenset(Action)
    hidden: frozenset[str] = frozenset()
    fixed: frozenset[str] = frozenset()
    rule: str = ""

    @property
    def whole(self) -> bool:
        """Whether every row and column is there for the caller."""
        return not (self.hidden or self.rule)


NOTHING = TableRights(frozenset())


@dataclass(frozen=True, slots=True, eq=False)
class Rights:
    """The rights on each table by name, and those on all others. Two are the same only if they are one object."""

    tables: Mapping[str, TableRights] = field(default_factory=lambda: MappingProxyType({}))
    others: TableRights = NOTHING

    def of(self, table: str) -> TableRights:
        """The rights on the table of this name."""
        return self.tables.get(table, self.others)
