"""What a saved query gives, told from its statement: nothing, values, or rows of a table or of its own."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rolltop.data import Catalog, Column, Table
from rolltop.data.inspection import Inspected, ResultColumn
from rolltop.data.types import of_declared
from rolltop.data.types.expression import EXPRESSION

Shape = Literal["nothing", "value", "values", "rows"]


_DECLARED = {
    frozenset({"integer"}): "INTEGER",
    frozenset({"real"}): "REAL",
    frozenset({"integer", "real"}): "NUMERIC",
    frozenset({"text"}): "TEXT",
    frozenset({"blob"}): "BLOB",
}


@dataclass(frozen=True, slots=True)
class Described:
    """A saved query in one catalog. `table` describes its columns; with `of_table` it is the table's own, with the
    relationships of that."""

    name: str
    catalog: Catalog
    statement: Inspected
    shape: Shape
    first_only: bool
    table: Table
    of_table: bool

    @property
    def untyped(self) -> tuple[str, ...]:
        """The columns whose types only their values tell."""
        return tuple(column.name for column in self.table.columns if column.type is EXPRESSION)

    @property
    def sql(self) -> str:
        """The statement of a query that reads, of its first row only where it gives no more."""
        return f"SELECT * FROM ({self.statement.sql}\n) LIMIT 1" if self.first_only else f"{self.statement.sql}\n"  # noqa: S608

    def with_columns(self, columns: Sequence[ResultColumn], catalog: Catalog) -> "Described":
        """The same for a caller who sees only `catalog`, to whom the query gives these columns."""
        statement = replace(self.statement, columns=tuple(columns))
        made = describe(self.name, "one" if self.first_only else "many", statement, catalog)
        return replace(made, catalog=self.catalog)

    def typed(self, kinds: Iterable[tuple[str, Iterable[str]]]) -> "Described":
        """The same, knowing the storage classes (`typeof`) that were seen in these columns."""
        found = {name: _DECLARED.get(frozenset(seen) - {"null"}) for name, seen in kinds}
        columns = tuple(_typed(column, found.get(column.name)) for column in self.table.columns)
        return replace(self, table=replace(self.table, columns=columns))


def _typed(column: Column, declared: str | None) -> Column:
    if column.type is not EXPRESSION or declared is None:
        return column
    return replace(column, declared=declared, type=of_declared(declared))


def describe(name: str, returns: str, statement: Inspected, catalog: Catalog) -> Described:
    """What a query called `name` gives."""
    own = _table_of(statement.columns, catalog)
    if own is not None:
        columns = tuple(replace(column, not_null=False, key=0) for column in own.columns)  # an outer join gives NULLs
        table = replace(own, columns=columns)
    else:
        table = Table(name, "view", _columns(statement.columns, catalog))
    shape: Shape = "rows"
    if len(statement.columns) < 2:
        shape = "nothing" if not statement.columns else "value" if returns == "one" else "values"
    return Described(name, catalog, statement, shape, returns == "one", table, own is not None)


def _table_of(columns: Sequence[ResultColumn], catalog: Catalog) -> Table | None:
    """The table whose rows these are: all of its columns, in any order, under their names."""
    if len(columns) < 2:  # values
        return None
    tables = {column.table for column in columns}
    table = catalog.table(next(iter(tables)) or "") if len(tables) == 1 else None
    if table is None or any(column.name != column.column for column in columns):
        return None
    names = [column.name for column in columns]
    if len(names) != len(table.columns) or set(names) != set(table.by_name):
        return None
    return replace(table, columns=tuple(table.by_name[name] for name in names))


def _columns(found: Sequence[ResultColumn], catalog: Catalog) -> tuple[Column, ...]:
    """The result's columns, each with a name of its own."""
    used: set[str] = set()
    columns: list[Column] = []
    for one in found:
        name, number = one.name, 1
        while name.lower() in used:
            name, number = f"{one.name}_{number}", number + 1
        used.add(name.lower())
        table = catalog.table(one.table or "")
        origin = None if table is None else table.by_name.get(one.column or "")
        if origin is not None:
            columns.append(replace(origin, name=name, not_null=False, key=0, generated=False, default=None))
        elif one.declared:
            columns.append(Column(name, one.declared, of_declared(one.declared)))
        else:
            columns.append(Column(name, "expression", EXPRESSION))
    return tuple(columns)
