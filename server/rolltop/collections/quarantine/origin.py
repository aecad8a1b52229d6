"""Where quarantined rows came from and where they were going: enough to try them again without the file."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import msgspec

from rolltop.collections.imports.fixing import fixes_of
from rolltop.collections.imports.guess import Choice
from rolltop.collections.imports.plan import Into, Plan, Planned, Treatment
from rolltop.collections.imports.readings import BY_TYPE
from rolltop.collections.quarantine.errors import TableGone
from rolltop.collections.recipes.schemas import CutLong, FillShort, Fix
from rolltop.data import Table
from rolltop.kit.ids import now


class OriginColumn(msgspec.Struct, frozen=True):
    """A column of the file that goes into the table."""

    place: int
    source: str
    name: str
    type: str
    reading: str | None
    words: tuple[str, ...]
    required: bool
    as_written: bool
    """Moments stay as they are written: the table is another program's."""


class Origin(msgspec.Struct, frozen=True):
    """An import that left rows."""

    id: str
    name: str
    table: str
    headers: tuple[str, ...]
    columns: tuple[OriginColumn, ...]
    key: tuple[str, ...]
    fill_short: bool
    created: datetime

    def plan(self, table: Table, fixes: Sequence[Fix], key: tuple[str, ...] | None = None) -> Plan:
        """How its rows go into the table now, every cell judged anew, with these fixes.

        Raises:
            TableGone: the table has lost a column that they need.
        """
        lost = next((column.name for column in self.columns if column.name not in table.by_name), None)
        if lost is not None:
            raise TableGone(table.name, f"The table {table.name!r} has no column {lost!r} any more.")
        return Plan(
            table.name,
            tuple(_planned(column, fixes) for column in self.columns),
            into=Into(table, self.key if key is None else key),
            treatment=Treatment(
                quarantine=True,
                fill_short=self.fill_short or any(isinstance(fix, FillShort) for fix in fixes),
                cut_long=any(isinstance(fix, CutLong) for fix in fixes),
            ),
        )


def origin_of(id: str, name: str, headers: Sequence[str], plan: Plan) -> Origin:
    """What is to be remembered of an import."""
    columns = tuple(
        OriginColumn(
            column.place,
            column.source,
            column.name,
            column.type,
            column.choice.reading.name,
            column.choice.words,
            column.required,
            as_written=column.type == "timestamp" and column.choice.reading.convert is None,
        )
        for column in plan.columns
    )
    key = plan.into.key if plan.into is not None else ()
    return Origin(id, name, plan.table, tuple(headers), columns, key, plan.treatment.fill_short, now())


def _planned(column: OriginColumn, fixes: Sequence[Fix]) -> Planned:
    reading = next(each for each in BY_TYPE[column.type] if each.name == column.reading)
    if column.as_written:
        reading = replace(reading, convert=None)
    # Any number of misfits above zero has every cell judged.
    choice = Choice(reading, column.words, nulls=0, misfits=1, first_misfit=None, choices=(), converts=True)
    return Planned(
        column.place,
        column.source,
        column.name,
        column.type,
        choice,
        fixes_of(fixes, column.source),
        column.required,
    )
