"""Changes to a table's definition, one function each. Nothing is written here."""

from collections.abc import Sequence

from rolltop.collections.imports.names import free_name, is_name, name_from
from rolltop.collections.schema import columns
from rolltop.collections.schema.convert import Conversion
from rolltop.collections.schema.draft import Draft
from rolltop.collections.schema.errors import BadColumns, BadKey, BadName, BadRule, NameTaken, NotThere
from rolltop.collections.schema.expressions import whole
from rolltop.collections.schema.schemas import (
    AddColumn,
    AlterColumn,
    NewCheck,
    NewForeignKey,
    NewUnique,
    ReorderColumns,
)
from rolltop.data import quote
from rolltop.data.definition import Clause, ColumnText
from rolltop.data.types import of_declared

MOST_COLUMNS = 1_000


def check_name(name: str, place: str = "name") -> None:
    """Raises BadName for a name that Rolltop does not create."""
    if not is_name(name) or name.lower().startswith("_rolltop_"):
        raise BadName(name, name_from(name, "table" if place == "name" else "column"), place)


def check_free(draft: Draft, name: str, place: str) -> None:
    """Raises NameTaken when the table has such a column."""
    if draft.text.column(name) is not None:
        raise NameTaken("a column", name, free_name(name, draft.names), place)


def add_column(draft: Draft, wish: AddColumn) -> None:
    """Add a column; a simple one at the end costs no rewriting."""
    name = wish.column.name
    check_name(name, "column.name")
    check_free(draft, name, "column.name")
    if len(draft.text.columns) >= MOST_COLUMNS:
        raise BadColumns(f"A table has at most {MOST_COLUMNS:,} columns.", hint="Keep the rest as rows or as json.")
    made = columns.made(wish.column, strict=draft.text.strict)
    if wish.before is None:
        draft.text.columns.append(made)
        if not draft.otherwise and is_appendable(made):
            draft.appended.append(made)
            return
    else:
        draft.text.columns.insert(draft.text.columns.index(draft.column(wish.before, "before")), made)
    draft.otherwise = True


def is_appendable(column: ColumnText) -> bool:
    """Whether ALTER TABLE ADD COLUMN takes it (sqlite.org/lang_altertable.html, section 4)."""
    default = next((clause.tokens[1:] for clause in column.of("DEFAULT")), [])
    constant = not default or default[0].text != "("
    return (
        constant
        and not column.of("PRIMARY", "UNIQUE")
        and not (column.of("NOT") and not default)
        and not (column.of("REFERENCES") and default)
        and not any(token.word == "STORED" for clause in column.of("GENERATED") for token in clause.tokens)
    )


def alter_column(draft: Draft, wish: AlterColumn) -> None:
    """Change a column's type or rules."""
    column = draft.column(wish.column)
    lower = column.name.lower()
    strict = draft.text.strict
    if wish.type is None and {"misfits", "losses"} & wish.model_fields_set:
        raise BadRule("`misfits` and `losses` are about a new type.", place="type", hint="Name the type.")
    if strict and wish.misfits == "keep":
        raise BadRule("The table is STRICT: it keeps no cell of another type.", place="misfits", hint="Choose null.")
    altered = columns.altered(column, wish, strict=strict)
    if wish.type is not None and lower in draft.sources and not column.generated:
        if lower in draft.conversions:
            raise BadRule(f"{column.name!r} is given a type twice.", place="type", hint="Send it once.")
        source, target = of_declared(column.type), of_declared(altered.type)
        draft.conversions[lower] = Conversion(source, target, wish.misfits, wish.losses)
    if altered.generated and lower in draft.sources and not column.generated:
        del draft.sources[lower]
        draft.conversions.pop(lower, None)
        draft.lost.append(f"values of {column.name}")
    draft.replace(column, altered)


def drop_column(draft: Draft, name: str) -> None:
    """Delete a column; what else in the table names it is the caller's to drop first."""
    column = draft.column(name)
    if len([each for each in draft.text.columns if not each.generated]) == 1 and not column.generated:
        raise BadColumns(
            f"{column.name!r} is the last column: a table needs at least one.",
            place="column",
            hint="Delete the table instead, or add another column first.",
        )
    draft.text.columns = [each for each in draft.text.columns if each is not column]
    draft.appended = [each for each in draft.appended if each is not column]
    draft.sources.pop(column.name.lower(), None)
    draft.conversions.pop(column.name.lower(), None)
    draft.lost.append(f"column {column.name}")
    draft.otherwise = True


def reorder(draft: Draft, wish: ReorderColumns) -> None:
    """Put columns into another order."""
    named = draft.exact(wish.columns)
    twice = next((name for at, name in enumerate(named) if name in named[:at]), None)
    if twice is not None:
        raise BadColumns(f"{twice!r} is named twice.", place="columns", hint="Name each column once.")
    chosen = [draft.column(name) for name in named]
    rest = [column for column in draft.text.columns if not any(column is each for each in chosen)]
    draft.text.columns = chosen + rest
    draft.otherwise = True


def set_primary_key(draft: Draft, names: Sequence[str], place: str = "columns") -> None:
    """Make columns the key, or leave the table without one."""
    key = draft.exact(names, place)
    if len({name.lower() for name in key}) < len(key):
        raise BadKey("A column is named twice in the key.", place=place, hint="Name each column once.")
    if not key and draft.text.without_rowid:
        raise BadKey("The table is WITHOUT ROWID, so it must have a primary key.", place=place, hint="Name another.")
    draft.text.constraints = [each for each in draft.text.constraints if each.kind != "PRIMARY"]
    for column in draft.text.columns:
        column.without(column.of("PRIMARY"))
        if column.name in key and column.generated:
            raise BadKey(f"{column.name!r} is generated and cannot be in the key.", place=place, hint="Use another.")
    draft.otherwise = True
    if len(key) == 1 and draft.column(key[0]).type.upper() == "INTEGER" and not draft.text.without_rowid:
        draft.column(key[0]).clauses.insert(0, Clause("PRIMARY", "PRIMARY KEY"))
        return
    for name in key:
        column = draft.column(name)
        if not column.of("NOT"):
            column.without(column.of("NULL"))
            column.clauses.insert(0, Clause("NOT", "NOT NULL"))
    if key:
        draft.text.constraints.insert(0, Clause("PRIMARY", f"PRIMARY KEY ({', '.join(map(quote, key))})"))


def add_unique(draft: Draft, wish: NewUnique) -> None:
    """Demand that columns together differ."""
    listed = ", ".join(map(quote, draft.exact(wish.columns)))
    draft.text.constraints.append(Clause("UNIQUE", f"{_named(wish.name)}UNIQUE ({listed})", wish.name))
    draft.otherwise = True


def drop_unique(draft: Draft, names: Sequence[str]) -> bool:
    """Take a unique rule over exactly these columns away; False when there is none in the table's own text."""
    wanted = {name.lower() for name in draft.exact(names)}
    kept = [each for each in draft.text.constraints if each.kind != "UNIQUE" or _set(each.columns) != wanted]
    found = len(kept) < len(draft.text.constraints)
    draft.text.constraints = kept
    for column in draft.text.columns:
        if {column.name.lower()} == wanted and column.of("UNIQUE"):
            column.without(column.of("UNIQUE"))
            found = True
    draft.otherwise = draft.otherwise or found
    return found


def add_check(draft: Draft, wish: NewCheck) -> None:
    """Add a rule."""
    expression = whole(wish.expression, "expression")
    draft.text.constraints.append(Clause("CHECK", f"{_named(wish.name)}CHECK ({expression})", wish.name))
    draft.otherwise = True


def drop_check(draft: Draft, name: str) -> None:
    """Take a rule away, by the name that `named_checks` gives it."""
    found = named_checks(draft).get(name)
    if found is None:
        raise NotThere(
            f"There is no rule {name!r}.", place="name", hint="GET /api/collections/{name} lists them under `checks`."
        )
    draft.text.constraints = [each for each in draft.text.constraints if each is not found]
    for column in draft.text.columns:
        column.without([found])
    draft.otherwise = True


def named_checks(draft: Draft) -> dict[str, Clause]:
    """Every CHECK by its name; one without gets the table's and its column's, and a number when that is taken."""
    found: dict[str, Clause] = {}
    clauses = [(column.name, clause) for column in draft.text.columns for clause in column.of("CHECK")]
    clauses += [("", clause) for clause in draft.text.constraints if clause.kind == "CHECK"]
    for column, clause in clauses:
        derived = f"{draft.name}_{column}_check" if column else f"{draft.name}_check"
        name, number = clause.name or derived, 1
        while name in found:
            number += 1
            name = f"{clause.name or derived}_{number}"
        found[name] = clause
    return found


def add_foreign_key(draft: Draft, wish: NewForeignKey) -> None:
    """Let columns point to another table."""
    listed = ", ".join(map(quote, draft.exact(wish.from_columns, "from_columns")))
    text = f"{_named(wish.name)}FOREIGN KEY ({listed}) {columns.references(wish)}"
    draft.text.constraints.append(Clause("FOREIGN", text, wish.name))
    draft.otherwise = True


def drop_foreign_key(draft: Draft, names: Sequence[str]) -> None:
    """Take the foreign keys over exactly these columns away."""
    wanted = [name.lower() for name in draft.exact(names, "from_columns")]
    kept = [
        each for each in draft.text.constraints if each.kind != "FOREIGN" or [*map(str.lower, each.columns)] != wanted
    ]
    found = len(kept) < len(draft.text.constraints)
    draft.text.constraints = kept
    for column in draft.text.columns:
        if [column.name.lower()] == wanted and column.of("REFERENCES"):
            column.without(column.of("REFERENCES"))
            found = True
    if not found:
        raise NotThere(
            f"No foreign key begins at {', '.join(map(repr, names))}.",
            place="from_columns",
            hint="GET /api/collections/{name} lists them under `foreign_keys`.",
        )
    draft.otherwise = True


def _named(name: str | None) -> str:
    if name is None:
        return ""
    check_name(name)
    return f"CONSTRAINT {quote(name)} "


def _set(names: Sequence[str]) -> set[str]:
    return {name.lower() for name in names}
