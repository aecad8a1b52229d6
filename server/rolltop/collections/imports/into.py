"""Plans for a table that is there already: which column of the file goes where, and by which key rows are found."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from rolltop.collections.imports.errors import BadColumns, BadKey, NotATable
from rolltop.collections.imports.fixing import NO_FIXES, fixes_of
from rolltop.collections.imports.guess import best
from rolltop.collections.imports.names import name_from
from rolltop.collections.imports.plan import (
    Into,
    Plan,
    Planned,
    by_place,
    check_fit,
    is_included,
    requiring,
    treated,
)
from rolltop.collections.imports.scan import Scanned
from rolltop.collections.imports.schemas import ImportRun, MappedColumn, Mapping, given
from rolltop.collections.recipes.schemas import Recipe
from rolltop.data import Column, Table

TYPES = {
    "boolean": "boolean",
    "bigint": "integer",
    "double precision": "real",
    "numeric": "decimal",
    "date": "date",
    "timestamp": "timestamp",
    "time": "time",
    "uuid": "uuid",
    "jsonb": "json",
    "text": "text",
    "bytea": "blob",
}
"""The types of imports by those of tables."""


def plan_into(scanned: Scanned, table: Table, wanted: ImportRun, recipe: Recipe | None = None) -> Plan:
    """Check the wish for a table that is there against the scan.

    Raises:
        NotATable: it is a view.
        BadColumns, BadKey: the columns or the key do not match.
        RaggedFile, CellMisfits: the file does not fit them; the error names the first row.
    """
    if table.kind != "table":
        raise NotATable(table.name)
    columns = tuple(_columns(scanned, table, wanted, recipe))
    _check_columns(columns, table, wanted)
    key: tuple[str, ...] = ()
    if wanted.target == "update":
        wish = given(wanted, "key")
        asked = list(table.primary_key) if wish is ... else [wish] if isinstance(wish, str) else wish or []
        key = key_of(table, [column.name for column in columns], asked)
    made = Plan(
        table.name,
        tuple(requiring(column, *key) for column in columns),
        into=Into(table, key),
        treatment=treated(wanted, recipe.fixes if recipe is not None else []),
    )
    check_fit(scanned, made)
    return made


def match(scanned: Scanned, place: int, table: Table) -> Column | None:
    """The column of the table that is called like that of the file, capitals and marks left aside."""
    header, name = scanned.headers[place].strip(), scanned.names[place]
    wanted = {header.lower(), name.lower(), name_from(header, "column").lower()}
    exact = table.by_name.get(header) or table.by_name.get(name)
    return exact or next((column for column in table.columns if column.name.lower() in wanted), None)


def mapping(scanned: Scanned, table: Table) -> Mapping:
    """Where each column of the file goes by its name, and what is missing then.

    Raises:
        NotATable: it is a view.
    """
    if table.kind != "table":
        raise NotATable(table.name)
    columns = []
    for place, source in enumerate(scanned.names):
        found = match(scanned, place, table)
        type_name = None if found is None or found.generated else TYPES[found.type.name]
        choice = None if type_name is None else best(scanned.tallies[place], type_name)
        fields: dict[str, object] = {"source": source, "name": None, "type": None, "reading": None, "misfits": 0}
        if found is not None and choice is not None:
            fields |= {"name": found.name, "type": type_name, "reading": choice.reading.name, "misfits": choice.misfits}
        columns.append(MappedColumn.model_validate(fields))
    named = [column.name for column in columns]
    return Mapping(
        table=table.name,
        columns=columns,
        missing=[each.name for each in table.columns if _is_needed(table, each) and each.name not in named],
        keys=[list(key) for key in _keys(table)],
    )


def of_column(scanned: Scanned, place: int, column: Column, recipe: Recipe | None) -> Planned:
    """The cells at `place` on their way into the column.

    Raises:
        BadColumns: it is computed.
    """
    if column.generated:
        raise BadColumns(
            f"The column {column.name!r} is computed by SQLite: nothing can be imported into it.",
            hint="Leave it out (include: false).",
        )
    type_name = TYPES[column.type.name]
    choice = best(scanned.tallies[place], type_name)
    if type_name == "timestamp" and choice.reading.name is None and not column.held:
        # Other programs' tables keep their moments as they write them.
        choice = replace(choice, reading=replace(choice.reading, convert=None))
    source = scanned.names[place]
    fixes = NO_FIXES if recipe is None else fixes_of(recipe.fixes, source)
    return Planned(place, source, column.name, type_name, choice, fixes)


def _columns(scanned: Scanned, table: Table, wanted: ImportRun, recipe: Recipe | None) -> Iterable[Planned]:
    wished = by_place(scanned, wanted.columns or [])
    lost: list[str] = []
    for place, source in enumerate(scanned.names):
        wish = wished.get(place)
        if not (wish.include if wish is not None else is_included(scanned, place)):
            continue
        named = wish.name if wish is not None else None
        column = match(scanned, place, table) if named is None else table.by_name.get(named)
        if column is None:
            lost.append(source if named is None else named)
            continue
        yield of_column(scanned, place, column, recipe)
    if lost:
        listed = ", ".join(map(repr, lost[:10]))
        raise BadColumns(
            f"The table {table.name!r} has no column {listed}.",
            details={"missing": lost[:50], "columns": [column.name for column in table.columns]},
            hint="Say into which column each goes (name), or leave it out (include: false).",
        )


def _check_columns(columns: tuple[Planned, ...], table: Table, wanted: ImportRun) -> None:
    names = [column.name for column in columns]
    if not names:
        raise BadColumns("No column of the file goes into the table.", hint="Say into which column each goes.")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise BadColumns(f"Two columns of the file go into {twice!r}.", hint="Leave one of them out (include: false).")
    needed = [column.name for column in table.columns if _is_needed(table, column) and column.name not in names]
    if needed and wanted.target == "append":
        listed = ", ".join(map(repr, needed))
        raise BadColumns(
            f"The table needs a value for {listed} in every row, and the file has none.",
            details={"missing": needed},
            hint="Say which column of the file goes there, or give the column a default.",
        )


def _is_needed(table: Table, column: Column) -> bool:
    fills_itself = column.default is not None or column.generated or column.name == table.rowid_alias
    return column.not_null and not fills_itself


def _keys(table: Table) -> list[tuple[str, ...]]:
    return [key for key in (table.primary_key, *(unique.columns for unique in table.unique)) if key]


def key_of(table: Table, names: Sequence[str], asked: Sequence[str]) -> tuple[str, ...]:
    """The columns by which rows are found: a key of the table with exactly these columns, all among `names`.

    Raises:
        BadKey: there is no such key, or the file lacks a column of it.
    """
    keys = _keys(table)
    key = next((key for key in keys if set(key) == set(asked)), None)
    listed = [list(key) for key in keys]
    if key is None:
        said = f"{', '.join(map(repr, asked))} is no key of {table.name!r}" if asked else f"{table.name!r} has no key"
        raise BadKey(
            f"{said}: rows cannot be told apart by it.",
            details={"keys": listed},
            hint="Choose a primary or unique key of the table." if keys else "Append instead, or give it a unique key.",
        )
    absent = [name for name in key if name not in names]
    if absent:
        raise BadKey(
            f"The key's column {absent[0]!r} is not in the file.",
            details={"keys": listed},
            hint="Say which column of the file goes there, or choose another key.",
        )
    return key
