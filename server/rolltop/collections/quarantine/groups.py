"""What is wrong with an import's rows, put together, and what would help each group."""

from collections.abc import Sequence

import apsw

from rolltop.collections.imports.content import Cell
from rolltop.collections.imports.feed import converter
from rolltop.collections.imports.fixing import Misfit
from rolltop.collections.imports.plan import Plan
from rolltop.collections.imports.readings import BY_TYPE
from rolltop.collections.imports.reasons import Reason, of_empty, of_type, of_width
from rolltop.collections.quarantine import store, suggest
from rolltop.collections.quarantine.origin import Origin, OriginColumn
from rolltop.collections.quarantine.schemas import ReasonGroup, Suggestion
from rolltop.data import Table

DISTINCT = 2_000
"""Suggestions are made from so many different cells of a group, the most frequent ones."""
_SHOWN_VALUES = 10
_SHOWN = 200


def grouped(connection: apsw.Connection, origin: Origin, table: Table | None) -> list[ReasonGroup]:
    """The groups, the largest first; without the table there is nothing to suggest."""
    groups = []
    for code, column, rows, first, message in store.groups(connection, origin.id):
        known = next((each for each in origin.columns if each.name == column), None)
        cells = [] if known is None else store.cells(connection, origin.id, code, known.name, known.place, DISTINCT)
        texts = [(cell, count) for cell, count in cells if cell is not None]
        groups.append(
            ReasonGroup.model_validate(
                {
                    "code": code,
                    "column": column,
                    "rows": rows,
                    "first": first,
                    "message": message,
                    "values": [cell[:_SHOWN] for cell, _ in texts[:_SHOWN_VALUES]],
                    "suggestions": [] if table is None else _suggestions(code, rows, known, table, texts),
                }
            )
        )
    return groups


def reasons_now(plan: Plan, origin: Origin, cells: Sequence[Cell]) -> list[Reason]:
    """What can be said against a row before it is tried: its width, and cells that cannot be read."""
    width = len(origin.headers)
    if (len(cells) < width and not plan.treatment.fill_short) or (any(cells[width:]) and not plan.treatment.cut_long):
        return [of_width(len(cells), width)]
    reasons = []
    for column in plan.columns:
        cell = cells[column.place] if column.place < len(cells) else ""
        value = converter(column)(cell)
        if value is Misfit.TYPE:
            reasons.append(of_type(column.name, column.type, cell or ""))
        elif value is Misfit.EMPTY:
            reasons.append(of_empty(column.name))
    return reasons


def _suggestions(
    code: str, rows: int, known: OriginColumn | None, table: Table, cells: suggest.Cells
) -> list[Suggestion]:
    if code in ("short", "long"):
        return suggest.for_width(code, rows)
    if known is None or known.name not in table.by_name:
        return []
    column = table.by_name[known.name]
    if code == "type":
        reading = next(each for each in BY_TYPE[known.type] if each.name == known.reading)
        return suggest.for_type(known.source, reading, cells)
    if code == "check":
        return suggest.for_check(known.source, column, cells)
    if code == "reference":
        return suggest.for_reference(known.source, column, cells)
    keys = [table.primary_key, *(key.columns for key in table.unique)]
    key = next((key for key in keys if column.name in key), None)
    return suggest.for_key(rows, key) if code in ("unique", "twice") and key is not None else []
