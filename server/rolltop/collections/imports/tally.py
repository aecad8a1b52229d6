"""What is known of one column while the file is read: how many cells of which kind, which values, any value twice?

Empty cells, nulls of the format and words for null are told apart: what becomes of them depends on the type.

Memory is bounded: values are remembered until there are too many, uniqueness costs eight bytes a row.
"""

from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from rolltop.collections.imports.cells import NULL_WORDS, SPACE, Kind, amount_of, kinds_with
from rolltop.collections.imports.content import Cell

VALUES_KEPT = 20_000  # of a column
ALL_VALUES_KEPT = 400_000  # of all columns together
LONGEST_KEPT = 100
LONGEST_KEY = 64
SAMPLES = 5
UNIQUE_ROWS = 2_000_000
_BLANK, _NULL = -1, -2
_BUCKETS = 64
_NOTHING = ("", None)
_NO_KEY = (
    Kind.SCALE_ONE | Kind.SCALE_TWO | Kind.SCALE_MORE | Kind.MOMENT_ISO | Kind.MOMENT_DMY | Kind.MOMENT_MDY
    | Kind.JSON_NESTED
)  # fmt: skip
_WORD = Kind.WORD_FOR_NULL | Kind.BOOLEAN


@dataclass(frozen=True, slots=True)
class Nulls:
    """Which texts are null."""

    words: frozenset[str] = NULL_WORDS
    """In lower case."""
    in_text: bool = False
    """Whether the words are null in text too, not only where the other cells are more than text."""
    empty: bool = True
    """Whether an empty cell of text is null; of another type it always is."""


class Tally:
    """One column of one scan. Row numbers count from 1 and leave the header out."""

    def __init__(self, columns: int = 1, nulls: Nulls | None = None) -> None:
        self._room = min(VALUES_KEPT, ALL_VALUES_KEPT // columns)
        self.nulls = Nulls() if nulls is None else nulls
        self._kind_of = kinds_with(self.nulls.words)
        self.empties = 0
        """Cells that are an empty text."""
        self.missing = 0
        """Cells that the format itself calls null."""
        self.kinds: Counter[int] = Counter()
        """How many cells there are of each kind, empty ones left out."""
        self.first: dict[int, tuple[int, str]] = {}
        """For each kind the first row that has it, and the cell."""
        self.samples: list[str] = []
        self.words: set[str] = set()
        """Words for null, true and false, with their capitals but without spaces around them."""
        self.currencies: set[str] = set()
        """The signs of amounts."""
        self._known: dict[Cell, int] = {"": _BLANK, None: _NULL}
        self._all_known = True
        self._unique = True
        self._hashes = array("q")

    @property
    def distinct(self) -> int | None:
        """How many different values there are, words for null included; None when that is too many to count."""
        return len(self._known) - 2 if self._all_known else None

    @property
    def blanks(self) -> int:
        """Cells without any text."""
        return self.empties + self.missing

    def values(self) -> list[str]:
        """The different values, when they are few enough to have been kept."""
        return [cell for cell in self._known if cell] if self._all_known else []

    def add(self, cells: Sequence[Cell], row: int) -> None:
        """The next cells; the first of them stands in row number `row`."""
        distinct = set(cells)
        new: set[Any] = distinct - self._known.keys()
        if self._unique:
            self._look_for_twins(cells, distinct, new)
        known = self._learn(new, distinct, cells) if new else self._known
        kinds = set(map(known.__getitem__, distinct))
        counts: Mapping[int, int]
        if len(kinds) == 1:
            counts = {kinds.pop(): len(cells)}
        elif len(kinds) == 2 and _BLANK in kinds:
            blanks = cells.count("")
            counts = {_BLANK: blanks, max(kinds): len(cells) - blanks}
        else:
            counts = Counter(map(known.__getitem__, cells))
        self._count(counts, cells, known, row)

    def can_be_key(self) -> bool:
        """Whether no value occurs twice, none is missing, and all are short codes or whole numbers.

        Names and titles are unique by chance. False also when there were too many rows to tell.

        Two values with the same 64-bit hash would be taken for twins: then no key is offered, and no harm done.
        """
        if not self._unique or not self._hashes:
            return False
        buckets = [array("q") for _ in range(_BUCKETS)]
        for number in self._hashes:
            buckets[number % _BUCKETS].append(number)
        return all(len(set(bucket)) == len(bucket) for bucket in buckets)

    def _look_for_twins(self, cells: Sequence[Cell], distinct: set[Cell], new: set[str]) -> None:
        twins = len(distinct) != len(cells) or (self._all_known and len(new) != len(distinct))
        if twins or not distinct.isdisjoint(_NOTHING) or len(self._hashes) > UNIQUE_ROWS:
            self._give_up_key()
        else:
            self._hashes.extend(map(hash, cells))

    def _give_up_key(self) -> None:
        self._unique = False
        self._hashes = array("q")

    def _learn(self, new: set[str], distinct: set[Cell], cells: Sequence[Cell]) -> Mapping[Cell, int]:
        """The kinds of all `distinct` values; what is new is remembered while there is room."""
        found: dict[Any, int] = dict(zip(new, map(self._kind_of, new), strict=True))
        longest = max(map(len, new))
        self._note(found, cells, longest)
        known = self._known
        if self._all_known and longest <= LONGEST_KEPT and len(known) + len(found) <= self._room:
            known.update(found)
            return known
        self._all_known = False
        old = {cell: known[cell] for cell in distinct - new}
        if len(old) < len(new) or len(known) > self._room:
            self._known = {"": _BLANK, None: _NULL}  # nothing comes back often enough to be worth its memory
        elif longest <= LONGEST_KEPT:
            known.update(found)
        return old | found

    def _note(self, found: Mapping[str, int], cells: Sequence[Cell], longest: int) -> None:
        kinds = set(found.values())
        if self._unique and (longest > LONGEST_KEY or any(kind & _NO_KEY for kind in kinds) or " " in "".join(found)):
            self._give_up_key()
        if len(self.samples) < SAMPLES:
            room = SAMPLES - len(self.samples)
            fresh = (cell for cell in dict.fromkeys(cells) if cell and cell in found and cell not in self.samples)
            self.samples.extend(cell[:LONGEST_KEPT] for cell in islice(fresh, room))
        if any(kind & Kind.CURRENCY for kind in kinds) and len(self.currencies) < 2:
            amounts = (cell.strip(SPACE) for cell, kind in found.items() if kind & Kind.CURRENCY)
            self.currencies.update(amount_of(amount)[1] for amount in amounts)
        if any(kind & _WORD for kind in kinds):
            self.words.update(cell.strip(SPACE) for cell, kind in found.items() if kind & _WORD)

    def _count(self, counts: Mapping[int, int], cells: Sequence[Cell], known: Mapping[Cell, int], row: int) -> None:
        for kind, count in counts.items():
            if kind == _BLANK:
                self.empties += count
                continue
            if kind == _NULL:
                self.missing += count
                continue
            if kind not in self.first:
                at = next(index for index, cell in enumerate(cells) if known[cell] == kind)
                self.first[kind] = (row + at, (cells[at] or "")[:LONGEST_KEPT])
            self.kinds[kind] += count
