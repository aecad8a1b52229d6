"""The rows of a file as they are inserted into the hidden table, each judged on its way.

Nothing is kept of them: SQLite pulls one after the other. (Measured: rows gathered in lists first cost half as much CPU
again, most of it for the garbage collector.) Cells go in as the text they are where that is enough: SQLite's affinity
makes numbers of them, the CHECK of each column verifies. Only columns with cells that are written in another way, or
that do not fit, are looked at here.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from time import perf_counter
from typing import Any

import apsw

from rolltop.collections.imports.content import Cell, Row
from rolltop.collections.imports.fixing import Misfit, Value, judge
from rolltop.collections.imports.plan import Plan, Planned
from rolltop.collections.imports.readings import convert_all
from rolltop.collections.imports.reasons import REFUSALS, Reason, of_empty, of_refusal, of_type, of_width
from rolltop.collections.imports.statements import insert

TURN_SECONDS = 0.025
"""Other writers wait for about two turns of ours. So long takes 5,000 rows of 19 columns on a small machine."""
FEWEST_ROWS, MOST_ROWS = 500, 10_000
GROUP = 4
"""Rows a statement inserts (measured: a tenth faster than one by one; more of them gain nothing)."""
_CONVERTED_KEPT = 50_000

Refuse = Callable[[int, Row, Sequence[Reason]], None]
"""What to do with a row that does not fit: keep it for later, or raise."""
_Shaped = Sequence[Any]


class Feed:
    """Inserts numbered rows in turns. Made once for a load; used on the writer's thread."""

    def __init__(self, rows: Iterable[tuple[int, Row]], width: int, plan: Plan, hidden: str, refuse: Refuse) -> None:
        self.count = 0
        """Rows read."""
        self._rows = iter(rows)
        self._width = width
        self._plan = plan
        self._insert = insert(hidden, plan)
        self._insert_group = insert(hidden, plan, GROUP)
        self._group: list[tuple[int, Row, _Shaped]] = []
        self._refuse = refuse
        self._at_once = FEWEST_ROWS
        self._number = 0
        self._cells: Row = []
        looked_at = [each for each in plan.columns if each.judged or each.choice.converts]
        self._converted = [(each.place, _Converted(each)) for each in looked_at]
        self._judged = [each for each in plan.columns if each.judged]

    def give(self, connection: apsw.Connection) -> bool:
        """Insert the next rows; False when there were no more."""
        before, begun = self.count, perf_counter()
        turn = self._shaped(islice(self._rows, self._at_once))
        while not self._given(connection, turn):
            pass
        wanted = self._at_once * TURN_SECONDS / max(perf_counter() - begun, 1e-6)
        self._at_once = min(max(int(wanted), FEWEST_ROWS), MOST_ROWS)
        return self.count > before

    def _given(self, connection: apsw.Connection, turn: Iterator[_Shaped]) -> bool:
        """Insert up to the end of the turn, or up to a group with a row that SQLite refuses; whether it was the end."""
        over = True
        try:
            connection.executemany(self._insert_group, self._grouped(turn))
        except REFUSALS:
            over = False
        for number, cells, shaped in self._group:
            try:
                connection.execute(self._insert, shaped)
            except REFUSALS as error:
                places = [(each.name, each.place) for each in self._plan.columns]
                values = {name: cells[place] if place < len(cells) else None for name, place in places}
                self._refuse(number, cells, of_refusal(error, values, None, connection))
        self._group = []
        return over

    def _grouped(self, turn: Iterator[_Shaped]) -> Iterator[_Shaped]:
        """Several rows at once; those that have not been inserted yet are in `_group`."""
        group = self._group
        for shaped in turn:
            group.append((self._number, self._cells, shaped))
            if len(group) == GROUP:
                yield [*chain.from_iterable([each[2] for each in group])]
                group.clear()

    def _shaped(self, rows: Iterator[tuple[int, Row]]) -> Iterator[_Shaped]:
        """The rows with the wanted columns; what does not fit is refused and left out."""
        width, converted, judged = self._width, self._converted, self._judged
        places = [column.place for column in self._plan.columns]
        staged, whole = self._plan.into is not None, places == list(range(width))
        for number, cells in rows:
            self.count += 1
            self._number, self._cells = number, cells
            if len(cells) != width and (shaped := self._evened(number, cells)) is not None:
                cells = shaped
            elif len(cells) != width:
                continue
            made: list[Any] = [*cells] if converted else cells
            if converted:
                for place, values in converted:
                    made[place] = values[cells[place]]
                if judged and any(type(made[each.place]) is Misfit for each in judged):
                    self._refuse(number, cells, self._reasons(made, cells))
                    continue
            if not whole:
                made = [made[place] for place in places]
            yield [number, *made] if staged else made

    def _evened(self, number: int, cells: Row) -> Row | None:
        """The row with as many cells as there are columns; None when it was refused for having more or fewer."""
        width = self._width
        if len(cells) < width:
            if self._plan.treatment.fill_short:
                return cells + [""] * (width - len(cells))
        elif self._plan.treatment.cut_long or not any(cells[width:]):
            return cells[:width]
        self._refuse(number, cells, [of_width(len(cells), width)])
        return None

    def _reasons(self, made: Sequence[Any], cells: Row) -> list[Reason]:
        return [
            of_type(column.name, column.type, cells[column.place] or "")
            if made[column.place] is Misfit.TYPE
            else of_empty(column.name)
            for column in self._judged
            if type(made[column.place]) is Misfit
        ]


def converter(column: Planned) -> Callable[[Cell], Value | Misfit]:
    """What becomes of a cell of the column."""
    if column.judged:
        return judge(column.choice.reading, column.choice.words, column.fixes, required=column.required)
    return convert_all(column.choice.reading, frozenset(column.choice.words))


class _Converted(dict[Cell, Value | Misfit]):
    """Each different cell of a column is converted once, as long as there are not too many."""

    def __init__(self, column: Planned) -> None:
        super().__init__()
        self._convert = converter(column)

    def __missing__(self, cell: Cell) -> Value | Misfit:
        if len(self) >= _CONVERTED_KEPT:
            self.clear()
        value = self[cell] = self._convert(cell)
        return value
