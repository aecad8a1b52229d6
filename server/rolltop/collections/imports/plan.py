"""From what was found and what a person wants to what will be done, checked before anything is written."""

from collections.abc import Mapping
from dataclasses import dataclass

from rolltop.collections.imports.errors import BadColumns, BadKey, BadName, RaggedFile, misfit
from rolltop.collections.imports.guess import Choice, best
from rolltop.collections.imports.names import free_name, is_name, name_from
from rolltop.collections.imports.scan import Scanned
from rolltop.collections.imports.schemas import ImportRun, RunColumn, given

ADDED_KEY = "id"


@dataclass(frozen=True, slots=True)
class Planned:
    """A column of the new table; `place` is where its cells stand in a row of the file."""

    place: int
    name: str
    type: str
    choice: Choice


@dataclass(frozen=True, slots=True)
class Plan:
    """The new table."""

    table: str
    columns: tuple[Planned, ...]
    key: str
    key_added: bool
    labels: Mapping[str, str]


def plan(scanned: Scanned, table: str, wanted: ImportRun) -> Plan:
    """Check the wish against the scan.

    Raises:
        BadName, BadColumns, BadKey: a name, the columns or the key are not possible.
        RaggedFile, CellMisfits: the file does not fit them; the error names the first row.
    """
    if not is_name(table):
        raise BadName(table, name_from(table, "table"))
    if scanned.widths.long or (scanned.widths.short and not wanted.fill_short_rows):
        raise _ragged(scanned)
    columns = tuple(_columns(scanned, wanted.columns or []))
    _check_columns(columns)
    key, added = _key(scanned, columns, wanted)
    labels = {
        column.name: header
        for column in columns
        if (header := scanned.headers[column.place].strip()) and header != column.name
    }
    return Plan(table, columns, key, added, labels)


def is_included(scanned: Scanned, place: int) -> bool:
    """Whether a column is taken unasked: one without a name and without a single value is a delimiter too many."""
    return bool(scanned.headers[place].strip() or scanned.tallies[place].kinds or not any(scanned.headers))


def _columns(scanned: Scanned, wishes: list[RunColumn]) -> list[Planned]:
    wished = _by_place(scanned, wishes)
    planned = []
    for place, guessed in enumerate(scanned.guesses):
        wish = wished.get(place)
        if not (wish.include if wish is not None else is_included(scanned, place)):
            continue
        name = wish.name if wish is not None and wish.name is not None else scanned.names[place]
        type_name = wish.type if wish is not None and wish.type is not None else guessed.reading.type
        planned.append(Planned(place, name, type_name, best(scanned.tallies[place], type_name)))
    return planned


def _by_place(scanned: Scanned, wishes: list[RunColumn]) -> dict[int, RunColumn]:
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


def _check_columns(columns: tuple[Planned, ...]) -> None:
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
        if column.choice.first_misfit is not None:
            row, cell = column.choice.first_misfit
            raise misfit(
                column.name,
                column.type,
                row,
                cell,
                column.choice.misfits,
                hint="Import the column as text, or leave it out.",
            )


def _key(scanned: Scanned, columns: tuple[Planned, ...], wanted: ImportRun) -> tuple[str, bool]:
    """The key's name, and whether it is added."""
    wish = given(wanted, "key")
    found = None if scanned.key is None else next((each for each in columns if each.place == scanned.key), None)
    if wish is ... and found is not None and found.type == scanned.guesses[found.place].reading.type:
        return found.name, False
    if wish is ... or wish is None:
        return free_name(ADDED_KEY, [column.name for column in columns]), True
    column = next((column for column in columns if column.name == wish), None)
    if column is None:
        raise BadKey(f"The key {wish!r} is not among the columns.", hint="Name a column of the new table, or null.")
    nulls = column.choice.nulls
    if nulls:
        raise BadKey(
            f"The column {wish!r} cannot be the key: {nulls:,} of its cells are empty.",
            hint="Choose another column, or null to have `id` added.",
        )
    return column.name, False


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
