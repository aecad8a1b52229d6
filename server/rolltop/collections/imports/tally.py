"""What is known of one column while the file is read: how many cells of which kind, which values, any value twice?

Memory is bounded: values are remembered until there are too many, uniqueness costs eight bytes a row.
"""

from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice

from rolltop.collections.imports.cells import SPACE, Kind, kind_of

VALUES_KEPT = 20_000  # of a column
ALL_VALUES_KEPT = 400_000  # of all columns together
LONGEST_KEPT = 100
LONGEST_KEY = 64
SAMPLES = 5
UNIQUE_ROWS = 2_000_000
_BLANK = -1
_BUCKETS = 64
_NO_KEY = (
    Kind.SCALE_ONE | Kind.SCALE_TWO | Kind.SCALE_MORE | Kind.MOMENT_ISO | Kind.MOMENT_DMY | Kind.MOMENT_MDY | Kind.JSON
)
_WORD = Kind.WORD_FOR_NULL | Kind.BOOLEAN


class Tally:
    """One column of one scan. Row numbers count from 1 and leave the header out."""

    def __init__(self, columns: int = 1) -> None:
        self._room = min(VALUES_KEPT, ALL_VALUES_KEPT // columns)
        self.blanks = 0
        self.kinds: Counter[int] = Counter()
        """How many cells there are of each kind, empty ones left out."""
        self.first: dict[int, tuple[int, str]] = {}
        """For each kind the first row that has it, and the cell."""
        self.samples: list[str] = []
        self.words: set[str] = set()
        """Words for null, true and false, with their capitals but without spaces around them."""
        self._known: dict[str, int] = {"": _BLANK}
        self._all_known = True
        self._unique = True
        self._hashes = array("q")

    @property
    def distinct(self) -> int | None:
        """How many different values there are, words for null included; None when that is too many to count."""
        return len(self._known) - 1 if self._all_known else None

    def add(self, cells: Sequence[str], row: int) -> None:
        """The next cells; the first of them stands in row number `row`."""
        distinct = set(cells)
        new = distinct - self._known.keys()
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

    def _look_for_twins(self, cells: Sequence[str], distinct: set[str], new: set[str]) -> None:
        twins = len(distinct) != len(cells) or (self._all_known and len(new) != len(distinct))
        if twins or "" in distinct or len(self._hashes) > UNIQUE_ROWS:
            self._give_up_key()
        else:
            self._hashes.extend(map(hash, cells))

    def _give_up_key(self) -> None:
        self._unique = False
        self._hashes = array("q")

    def _learn(self, new: set[str], distinct: set[str], cells: Sequence[str]) -> Mapping[str, int]:
        """The kinds of all `distinct` values; what is new is remembered while there is room."""
        found = dict(zip(new, map(kind_of, new), strict=True))
        longest = max(map(len, new))
        self._note(found, cells, longest)
        known = self._known
        if self._all_known and longest <= LONGEST_KEPT and len(known) + len(found) <= self._room:
            known.update(found)
            return known
        self._all_known = False
        old = {cell: known[cell] for cell in distinct - new}
        if len(old) < len(new) or len(known) > self._room:
            self._known = {"": _BLANK}  # nothing comes back often enough to be worth its memory
        elif longest <= LONGEST_KEPT:
            known.update(found)
        return old | found

    def _note(self, found: Mapping[str, int], cells: Sequence[str], longest: int) -> None:
        kinds = set(found.values())
        if self._unique and (longest > LONGEST_KEY or any(kind & _NO_KEY for kind in kinds) or " " in "".join(found)):
            self._give_up_key()
        if len(self.samples) < SAMPLES:
            room = SAMPLES - len(self.samples)
            fresh = (cell for cell in dict.fromkeys(cells) if cell in found and cell not in self.samples)
            self.samples.extend(cell[:LONGEST_KEPT] for cell in islice(fresh, room))
        if any(kind & _WORD for kind in kinds):
            self.words.update(cell.strip(SPACE) for cell, kind in found.items() if kind & _WORD)

    def _count(self, counts: Mapping[int, int], cells: Sequence[str], known: Mapping[str, int], row: int) -> None:
        for kind, count in counts.items():
            if kind == _BLANK:
                self.blanks += count
                continue
            if kind not in self.first:
                at = next(index for index, cell in enumerate(cells) if known[cell] == kind)
                self.first[kind] = (row + at, cells[at][:LONGEST_KEPT])
            self.kinds[kind] += count
