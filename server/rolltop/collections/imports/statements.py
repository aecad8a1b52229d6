"""The SQL of an import's hidden table: the table to be, or the stage on which rows wait for a table that is there."""

from collections.abc import Iterable, Iterator

from rolltop.collections.imports.declare import checks, declared
from rolltop.collections.imports.names import free_name, name_from
from rolltop.collections.imports.plan import Into, Plan, Planned
from rolltop.data import quote

ROW = "_rolltop_row"
"""The column of a stage with the number of the row in the file."""


def create(hidden: str, plan: Plan) -> str:
    """CREATE TABLE for the hidden table."""
    lines = _columns(plan) if plan.into is None else _stage_columns(plan, plan.into)
    return f"CREATE TABLE {quote(hidden)} (\n  " + ",\n  ".join(lines) + "\n)"


def insert(hidden: str, plan: Plan, rows: int = 1) -> str:
    """INSERT for some rows of the file; on a stage the number of each comes first."""
    names = ", ".join(quote(column.name) for column in plan.columns)
    values = ", ".join(_value(column) for column in plan.columns)
    if plan.into is not None:
        names, values = f"{ROW}, {names}", f"?, {values}"
    values = ", ".join([f"({values})"] * rows)
    return f"INSERT INTO {quote(hidden)} ({names}) VALUES {values}"  # noqa: S608 (names quoted, values bound)


def _columns(plan: Plan) -> list[str]:
    """A table of ours: each column has its declared type and the CHECK that holds SQLite to it."""
    alone = plan.key[0] if len(plan.key) == 1 else None
    lines = [f"{quote(plan.key[0])} INTEGER PRIMARY KEY"] if plan.key_added else []
    for column in plan.columns:
        name = quote(column.name)
        if column.name == alone and column.type == "integer" and not plan.key_added:
            lines.append(f"{name} INTEGER PRIMARY KEY")
            continue
        needed = column.name in plan.kept.not_null or (column.name in plan.key and not plan.key_added)
        held = [f"CHECK ({each})" for each in checks(name, column.type, column.choice.choices)]
        rules = ["NOT NULL"] * needed + ["PRIMARY KEY"] * (column.name == alone and not plan.key_added) + held
        lines.append(" ".join([name, declared(column.type), *rules]))
    if alone is None:
        lines.append(f"PRIMARY KEY ({', '.join(map(quote, plan.key))})")
    return lines + [f"UNIQUE ({', '.join(map(quote, columns))})" for columns in plan.kept.unique]


def indexes(plan: Plan, taken: Iterable[str]) -> Iterator[str]:
    """CREATE INDEX for the indexes of the new table; `taken` are all names in the file."""
    names = list(taken)
    for columns in plan.kept.indexes:
        name = free_name(name_from(f"{plan.table}_{'_'.join(columns)}_index", "index"), names)
        names.append(name)
        yield f"CREATE INDEX {quote(name)} ON {quote(plan.table)} ({', '.join(map(quote, columns))})"


def _stage_columns(plan: Plan, into: Into) -> list[str]:
    """The declared types of the table, so that its affinities convert here already; a key by which rows are found must
    be told apart as the table does it."""
    lines = [f"{ROW} INTEGER PRIMARY KEY"]
    for column in plan.columns:
        found = into.table.by_name[column.name]
        collation = f" COLLATE {found.collation}" if found.collation else ""
        lines.append(f"{quote(column.name)} {found.declared}{collation}")
    if into.key:
        lines.append(f"UNIQUE ({', '.join(map(quote, into.key))})")
    return lines


def _value(column: Planned) -> str:
    """The SQL of a cell: empty ones and words for null become NULL there, which is faster than in Python.

    Where the scan has seen none there is nothing to ask (measured: a tenth of the whole load).
    """
    if column.judged or column.choice.converts or not column.choice.nulls:
        return "?"
    value = "?"
    for word in column.choice.words:
        text = word.replace("'", "''")
        value = f"nullif({value}, '{text}')"
    return value
