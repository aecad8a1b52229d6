"""What is in the user's file: tables, views, columns, keys. Read from SQLite by `reflect`, never guessed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from rolltop.data.quoting import quote
from rolltop.data.types import ColumnType


@dataclass(frozen=True, slots=True)
class Column:
    """A column as declared."""

    name: str
    declared: str
    """The declared type as written; empty when there is none."""
    type: ColumnType
    not_null: bool = False
    default: str | None = None
    """The DEFAULT as SQL text."""
    generated: bool = False
    key: int = 0
    """The position in the primary key, from 1; 0 when it is not part of it."""
    choices: tuple[str | int | float, ...] = ()
    """The values of a CHECK (column IN (…))."""
    min_length: int | None = None
    max_length: int | None = None
    """The limits of CHECK (length(column) <= N) and its kin."""
    bounds: tuple[tuple[str, int | float], ...] = ()
    """The numbers between which CHECKs hold the column, each behind its `<`, `<=`, `>` or `>=`."""
    held: bool = False
    """Whether STRICT or a CHECK of ours keeps cells of another storage class out."""
    collation: str | None = None

    @property
    def json(self) -> str:
        """The SQL for this column's value inside `json_object()`."""
        return self.type.json(quote(self.name), held=self.held)


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A reference to another table; `name` is declared or derived (`table_column_fkey`)."""

    name: str
    columns: tuple[str, ...]
    table: str
    parent_columns: tuple[str, ...]
    on_delete: str = "NO ACTION"
    on_update: str = "NO ACTION"
    deferred: bool = False


@dataclass(frozen=True, slots=True)
class UniqueKey:
    """A full unique key: neither partial nor over expressions. The primary key is not among them."""

    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CheckRule:
    """A CHECK: declared or derived name, and the expression as text."""

    name: str
    expression: str


@dataclass(frozen=True)
class Table:
    """A table or a view. Lookups by name are exact, as in the dialect."""

    name: str
    kind: Literal["table", "view"]
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...] = ()
    primary_key_name: str = ""
    unique: tuple[UniqueKey, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    checks: tuple[CheckRule, ...] = ()
    without_rowid: bool = False
    strict: bool = False
    rowid: str | None = None
    """A name by which SQL reaches the rowid; None for views, WITHOUT ROWID and tables that shadow all three names."""
    rowid_alias: str | None = None
    """The INTEGER PRIMARY KEY column, which is the rowid."""
    triggers: bool = False
    indexed: frozenset[str] = frozenset()
    """The columns by which an index finds rows: each is the first of one."""
    sorted_by_index: frozenset[str] = frozenset()
    """The columns in whose order an index may give rows, after those before them in it."""
    sql: str = ""

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        """The columns by exact name."""
        return {column.name: column for column in self.columns}

    @property
    def writable(self) -> bool:
        """Whether rows can be written: views cannot."""
        return self.kind == "table"


@dataclass(frozen=True, eq=False)
class Catalog:
    """All tables and views of one schema version, without SQLite's and Rolltop's own. Two are never equal."""

    version: int
    tables: Mapping[str, Table] = field(default_factory=dict)

    def table(self, name: str) -> Table | None:
        """The table or view of exactly this name."""
        return self.tables.get(name)

    @cached_property
    def references(self) -> Mapping[str, tuple[tuple[Table, ForeignKey], ...]]:
        """For each referenced table the tables and foreign keys that point to it."""
        found: dict[str, list[tuple[Table, ForeignKey]]] = {}
        for table in self.tables.values():
            for key in table.foreign_keys:
                found.setdefault(key.table, []).append((table, key))
        return {name: tuple(keys) for name, keys in found.items()}

    @cached_property
    def has_deferred_keys(self) -> bool:
        """Whether any foreign key is checked only at COMMIT."""
        return any(key.deferred for table in self.tables.values() for key in table.foreign_keys)

    def changed_with(self, name: str) -> frozenset[str | None]:
        """The tables that a write to `name` may change by cascades; None among them when triggers may change any."""
        seen: set[str | None] = set()
        waiting = [name]
        while waiting:
            current = waiting.pop()
            if current in seen:
                continue
            seen.add(current)
            table = self.tables.get(current)
            if table is not None and table.triggers:
                seen.add(None)
            for child, key in self.references.get(current, ()):
                if {key.on_delete, key.on_update} & {"CASCADE", "SET NULL", "SET DEFAULT"}:
                    waiting.append(child.name)
        return frozenset(seen)
