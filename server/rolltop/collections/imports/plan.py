"""From what was found and what a person wants to what will be done, checked before anything is written."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from rolltop.collections.imports.errors import BadColumns, BadKey, BadName, RaggedFile, misfit
from rolltop.collections.imports.fixing import NO_FIXES, ColumnFixes, fixes_of
from rolltop.collections.imports.guess import Choice, best
from rolltop.collections.imports.kept import NO_RULES, Kept, kept, named
from rolltop.collections.imports.names import free_name, is_name, name_from
from rolltop.collections.imports.readings import CHOICE
from rolltop.collections.imports.scan import Scanned
from rolltop.collections.imports.schemas import ImportRun, RunColumn, given
from rolltop.collections.recipes.schemas import CutLong, FillShort, Fix, Recipe
from rolltop.data import Table
from rolltop.formats.asked import Structure

ADDED_KEY = "id"


@dataclass(frozen=True, slots=True)
class Planned:
    """A column of the table; `place` is where its cells stand in a row of the file."""

    place: int
    source: str
    """What the scan called it."""
    name: str
    type: str
    choice: Choice
    fixes: ColumnFixes = NO_FIXES
    required: bool = False
    """Whether an empty cell makes a row unfit."""

    @property
    def judged(self) -> bool:
        """Whether each cell must be looked at: some do not fit, or something is done to them."""
        return self.choice.misfits > 0 or self.required or self.fixes != NO_FIXES


@dataclass(frozen=True, slots=True)
class Into:
    """A table that is there already."""

    table: Table
    key: tuple[str, ...] = ()
    """The columns by which rows are found that shall be changed; empty when rows are only added."""


@dataclass(frozen=True, slots=True)
class Treatment:
    """What is done with rows that do not fit."""

    quarantine: bool = False
    """They are kept aside; else the first of them ends the import."""
    dry_run: bool = False
    fill_short: bool = False
    cut_long: bool = False

    @property
    def lenient(self) -> bool:
        """Whether a row that does not fit leaves the others alone."""
        return self.quarantine or self.dry_run


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of the file."""

    table: str
    columns: tuple[Planned, ...]
    key: tuple[str, ...] = ()
    """The primary key of a new table."""
    key_added: bool = False
    labels: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    kept: Kept = NO_RULES
    into: Into | None = None
    """None: a new table is made."""
    treatment: Treatment = Treatment()


def plan(
    scanned: Scanned,
    table: str,
    wanted: ImportRun,
    recipe: Recipe | None = None,
    structure: Structure | None = None,
) -> Plan:
    """Check the wish for a new table against the scan; `structure` is what the file itself says of the table.

    Raises:
        BadName, BadColumns, BadKey: a name, the columns or the key are not possible.
        RaggedFile, CellMisfits: the file does not fit them; the error names the first row.
    """
    if not is_name(table):
        raise BadName(table, name_from(table, "table"))
    fixes = recipe.fixes if recipe is not None else []
    columns = tuple(_columns(scanned, wanted, recipe))
    _check_names(columns)
    key, added = _key(scanned, columns, wanted, structure)
    labels = {
        column.name: header
        for column in columns
        if (header := scanned.headers[column.place].strip()) and header != column.name
    }
    made = Plan(
        table,
        tuple(requiring(column, *key) for column in columns) if not added else columns,
        key,
        added,
        labels,
        NO_RULES if structure is None else kept(structure, names_of(scanned, columns), _complete(columns), key),
        treatment=treated(wanted, fixes),
    )
    check_fit(scanned, made)
    return made


def names_of(scanned: Scanned, columns: Iterable[Planned]) -> dict[str, str]:
    """The name of each imported column by its header."""
    return {scanned.headers[column.place]: column.name for column in columns}


def _complete(columns: Iterable[Planned]) -> list[str]:
    return [column.name for column in columns if not column.choice.nulls and not column.choice.misfits]


def treated(wanted: ImportRun, fixes: Sequence[Fix]) -> Treatment:
    """What a person and a recipe want done with rows that do not fit."""
    return Treatment(
        quarantine=wanted.bad_rows == "quarantine",
        dry_run=wanted.dry_run,
        fill_short=wanted.fill_short_rows or any(isinstance(fix, FillShort) for fix in fixes),
        cut_long=any(isinstance(fix, CutLong) for fix in fixes),
    )


def requiring(column: Planned, *keys: str) -> Planned:
    """The column, refusing empty cells when it is one of the keys and has some."""
    return replace(column, required=column.name in keys and column.choice.nulls > 0)


def check_fit(scanned: Scanned, made: Plan) -> None:
    """Refuse what the scan knows not to fit, unless such rows are set aside.

    Raises:
        RaggedFile, CellMisfits, BadKey: see there.
    """
    widths, treatment = scanned.widths, made.treatment
    if treatment.lenient:
        for column in made.columns:
            if column.choice.reading is CHOICE:  # no single row is at fault when there are too many values
                _check_cells(column, made)
        return
    if (widths.long and not treatment.cut_long) or (widths.short and not treatment.fill_short):
        raise _ragged(scanned)
    for column in made.columns:
        if column.fixes == NO_FIXES:
            _check_cells(column, made)


def _check_cells(column: Planned, made: Plan) -> None:
    new = made.into is None
    if column.choice.first_misfit is not None:
        row, cell = column.choice.first_misfit
        text = "Import the column as text, leave it out" if new else "Leave the column out"
        hint = f"{text}, or have such rows set aside (bad_rows: quarantine)."
        raise misfit(column.name, column.type, row, cell, column.choice.misfits, hint=hint)
    if column.required and not made.treatment.lenient:
        other = "null to have `id` added" if new else "have such rows set aside (bad_rows: quarantine)"
        raise BadKey(
            f"The column {column.name!r} cannot be the key: {column.choice.nulls:,} of its cells are empty.",
            hint=f"Choose another column, or {other}.",
        )


def is_included(scanned: Scanned, place: int) -> bool:
    """Whether a column is taken unasked: one without a name and without a single value is a delimiter too many."""
    return bool(scanned.headers[place].strip() or scanned.tallies[place].kinds or not any(scanned.headers))


def _columns(scanned: Scanned, wanted: ImportRun, recipe: Recipe | None) -> list[Planned]:
    wished = by_place(scanned, wanted.columns or [])
    types = recipe.types if recipe is not None else {}
    planned = []
    for place, guessed in enumerate(scanned.guesses):
        wish = wished.get(place, RunColumn(source="", include=is_included(scanned, place)))
        if not wish.include:
            continue
        source = scanned.names[place]
        type_name = wish.type or types.get(source) or guessed.reading.type
        fixes = NO_FIXES if recipe is None else fixes_of(recipe.fixes, source)
        choice = best(scanned.tallies[place], type_name)
        planned.append(Planned(place, source, wish.name or source, type_name, choice, fixes))
    return planned


def by_place(scanned: Scanned, wishes: list[RunColumn]) -> dict[int, RunColumn]:
    """Which column each wish is about: by header, equal ones in their order, else by name."""
    wished: dict[int, RunColumn] = {}
    for wish in wishes:
        by_header = [place for place, header in enumerate(scanned.headers) if header == wish.source and wish.source]
        by_name = [place for place, name in enumerate(scanned.names) if name == wish.source]
        place = next((place for place in (*by_header, *by_name) if place not in wished), None)
        if place is None:
            twice = bool(by_header or by_name)
            problem = f"The column {wish.source!r} is named twice." if twice else f"There is no column {wish.source!r}."
            raise BadColumns(
                problem,
                details={"columns": scanned.names[:50]},
                hint="Name a column by its `source` or its `name` in the import.",
            )
        wished[place] = wish
    return wished


def _check_names(columns: tuple[Planned, ...]) -> None:
    if not columns:
        raise BadColumns("A table needs at least one column.", hint="Include a column.")
    taken: set[str] = set()
    for column in columns:
        if not is_name(column.name):
            raise BadName(column.name, name_from(column.name, f"column_{column.place + 1}"))
        if column.name.lower() in taken:
            raise BadColumns(
                f"Two columns are named {column.name!r}; capitals make no difference.",
                hint=f"Name one of them {free_name(column.name, taken)!r}, for example.",
            )
        taken.add(column.name.lower())


def _key(
    scanned: Scanned, columns: tuple[Planned, ...], wanted: ImportRun, structure: Structure | None
) -> tuple[tuple[str, ...], bool]:
    """The key's columns, and whether it is added."""
    wish = given(wanted, "key")
    told = named(structure.primary_key, names_of(scanned, columns)) if structure is not None else ()
    if wish is ... and told and set(told) <= set(_complete(columns)):
        return told, False
    found = None if scanned.key is None else next((each for each in columns if each.place == scanned.key), None)
    if wish is ... and found is not None and found.type == scanned.guesses[found.place].reading.type:
        return (found.name,), False
    if wish is ... or not wish:
        return (free_name(ADDED_KEY, [column.name for column in columns]),), True
    key = tuple(wish) if isinstance(wish, list) else (wish,)
    known = [column.name for column in columns]
    missing = next((name for name in key if name not in known), None)
    if missing is not None or len(set(key)) < len(key):
        raise BadKey(
            f"The key {(missing or ', '.join(key))!r} is not among the columns, each once.",
            hint="Name columns of the new table, or null.",
        )
    return key, False


def _ragged(scanned: Scanned) -> RaggedFile:
    widths = scanned.widths
    width = len(scanned.headers)
    first = widths.first[0]
    few = f"{_rows(widths.short)} fewer" if widths.short else ""
    many = f"{_rows(widths.long)} more" if widths.long else ""
    only_short = not widths.long
    return RaggedFile(
        f"The first row has {width} cells, but {' and '.join(filter(None, (few, many)))}; the first is row {first:,}.",
        details={"cells": width, "short": widths.short, "long": widths.long, "first": widths.first},
        hint="Set fill_short_rows to leave the missing cells empty, or correct those rows."
        if only_short
        else "Correct them: often a cell with the delimiter in it lacks its quotation marks.",
    )


def _rows(count: int) -> str:
    return "1 row has" if count == 1 else f"{count:,} rows have"
