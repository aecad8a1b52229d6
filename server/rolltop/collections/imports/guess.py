"""From a column's tally to its type: pure, and decided by all cells.

A type is taken when every cell fits one of its readings without loss, and no other reading of it fits as well: whether
1,234 is a thousand or a little over one is not for us to say. Everything else is text.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce

from rolltop.collections.imports.cells import FALSE_WORDS, NULL_WORDS, TRUE_WORDS, Kind
from rolltop.collections.imports.readings import AS_WRITTEN, BY_TYPE, CHOICE, GUESSED, TEXT, TYPES, WAYS, Reading
from rolltop.collections.imports.tally import Tally

_FRACTION = Kind.SCALE_ONE | Kind.SCALE_TWO | Kind.SCALE_MORE
MOST_CHOICES = 200
_FEW = 12  # values of a column that is taken for a choice
_OFTEN = 10  # times that each of them stands there on average
_LONGEST_CHOICE = 40
_IN_STRINGS = ("date", "timestamp", "time", "uuid", "email", "url", "json", "blob")
"""What texts may be in a format that has numbers and booleans of its own."""


@dataclass(frozen=True, slots=True)
class Guess:
    """What a column is taken for."""

    reading: Reading
    confidence: float
    nulls: int
    words: tuple[str, ...]
    """Words that are read as null, the empty text left out."""
    distinct: int | None
    misfits: dict[str, int]
    """For each type the cells that would not fit, words for null not counted."""
    key: bool
    """Whether the column can be the primary key."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A type for a column and the best reading for it, whoever chose it."""

    reading: Reading
    words: tuple[str, ...]
    """The texts that become null, the empty one among them if it does."""
    nulls: int
    """How many cells become null."""
    misfits: int
    first_misfit: tuple[int, str] | None
    choices: tuple[str, ...]
    """The values of a choice, in the order of the alphabet."""
    converts: bool
    """Whether some cell must be converted before SQLite takes it."""


def guess(tally: Tally, declared: str | None = None) -> Guess:
    """What the column is taken for; `declared` is what its format says of it."""
    values = [kind for kind in tally.kinds if not kind & Kind.WORD_FOR_NULL]
    words = sum(count for kind, count in tally.kinds.items() if kind & Kind.WORD_FOR_NULL)
    misfits = {name: best(tally, name).misfits for name in TYPES}
    reading = _reading(tally, values, declared)
    null_words, nulls = _nulls(tally, reading)
    shown = tuple(filter(None, null_words))
    distinct = tally.distinct
    return Guess(
        reading=reading,
        confidence=1.0 if declared == reading.type else _confidence(tally, reading, values, words),
        nulls=nulls,
        words=shown,
        distinct=None if distinct is None else max(distinct - len(shown), 0),
        misfits={name: count for name, count in misfits.items() if name != reading.type},
        key=tally.can_be_key() if reading.type in ("integer", "text", "uuid") and not nulls else False,
    )


def best(tally: Tally, type_name: str) -> Choice:
    """The reading of a type that the fewest cells do not fit; the plain one when several are as good."""
    counted = [(_misfits(tally, reading), place) for place, reading in enumerate(BY_TYPE[type_name])]
    misfits, place = min(counted)
    reading = BY_TYPE[type_name][place]
    words, nulls = _nulls(tally, reading)
    choices = _choices(tally, words) if reading is CHOICE else ()
    return Choice(
        reading=reading,
        words=words,
        nulls=nulls,
        misfits=misfits,
        first_misfit=_first_misfit(tally, reading) if misfits else None,
        choices=choices,
        converts=reading not in AS_WRITTEN and any(map(reading.must_convert, tally.kinds)),
    )


def key_of(names: Sequence[str], guesses: Sequence[Guess]) -> int | None:
    """The column to be the primary key: unique and complete; one that is named like a key, else the first of all."""
    candidates = [place for place, guessed in enumerate(guesses) if guessed.key]
    named = [place for place in candidates if _named_like_a_key(names[place])]
    if named:
        return named[0]
    return 0 if 0 in candidates else None


def _named_like_a_key(name: str) -> bool:
    lower = name.lower()
    return (
        lower in ("id", "key", "code", "uuid", "guid")
        or lower.endswith(("_id", "_key", "_code", "_uuid"))
        or (name.endswith(("Id", "ID")) and len(name) > 2)
    )


def _reading(tally: Tally, values: Sequence[int], declared: str | None) -> Reading:
    if declared is not None and declared in BY_TYPE:
        whole = declared == "integer"  # the format's own integers are no codes, however long
        plain = BY_TYPE[declared][0]
        return plain if all(map(plain.fits if whole else plain.keeps, values)) else TEXT
    if not values:
        return TEXT
    some = reduce(int.__or__, values)
    way = _way(values, some)
    for name in _IN_STRINGS if declared == "string" else GUESSED:
        fitting = [
            each for each in BY_TYPE[name] if all(map(each.keeps, values)) and (not each.asks or some & each.asks)
        ]
        if name in ("integer", "decimal", "real"):
            fitting = [each for each in fitting if way is not None and each.needs & way]
        chosen = _unambiguous(fitting, BY_TYPE[name][0])
        if chosen is not None and _natural(tally, chosen, values):
            return chosen
    return CHOICE if _is_choice(tally) else TEXT


def _way(values: Sequence[int], some: int) -> int | None:
    """The way in which the numbers of the column are written: its bit, or None when that is not clear."""
    every = reduce(int.__and__, values)
    ways = [way.amount for way in WAYS if every & way.amount]
    if Kind.AMOUNT in ways or len(ways) < 2:
        return ways[0] if ways else None
    if Kind.AMOUNT_SPACES in ways and not some & Kind.MARKED:
        return Kind.AMOUNT_SPACES
    if some & Kind.CURRENCY and Kind.AMOUNT_GROUPS in ways:  # nobody writes $1,234 with three decimals
        return Kind.AMOUNT_GROUPS
    return None


def _unambiguous(fitting: Sequence[Reading], plain: Reading) -> Reading | None:
    """The plain way when it fits; another one only when it is the only one."""
    if plain in fitting:
        return plain
    return fitting[0] if len(fitting) == 1 else None


def _is_choice(tally: Tally) -> bool:
    """Whether few texts come back so often that they look like a list to choose from."""
    distinct, cells = tally.distinct, tally.kinds.total()
    if distinct is None or not 2 <= distinct <= _FEW or cells < _OFTEN * distinct:
        return False
    return max(map(len, tally.values())) <= _LONGEST_CHOICE


def _choices(tally: Tally, nulls: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(set(tally.values()) - set(nulls))) if (tally.distinct or 0) <= MOST_CHOICES else ()


def _natural(tally: Tally, reading: Reading, values: Sequence[int]) -> bool:
    """Whether this is what the writer most likely meant, not only what could be read so."""
    every, some = reduce(int.__and__, values), reduce(int.__or__, values)
    if every & Kind.SPACED and not some & Kind.MARKED:
        return False  # 612 345 678 may be a telephone number
    match reading.type:
        case "boolean":
            return _two_sided(tally.words) and not some & Kind.BOOLEAN_DIGIT
        case "integer":
            # Whole numbers written 12.0 among empty cells are how pandas writes integers with gaps.
            gaps = tally.blanks > 0 or len(values) < len(tally.kinds)
            return not some & _FRACTION or (bool(every & Kind.POINT_ZERO) and gaps)
        case "decimal" if reading.asks:
            return len(tally.currencies) == 1
        case "decimal":
            # Always two decimals, some of them ending in zero: no program writes a double like that, but money.
            fixed = every & (Kind.SCALE_TWO | Kind.SCALE_MORE) and some & Kind.ZERO_LAST
            return bool(fixed) and not some & (Kind.SCALE_NONE | Kind.SCALE_ONE)
        case "json":
            return bool(every & Kind.JSON_NESTED)
    return True


def _two_sided(words: set[str]) -> bool:
    """Whether the words are one pair such as yes and no; true or false alone will do, `no` alone may be Norway."""
    lower = {word.lower() for word in words} - NULL_WORDS - {""}
    families = {TRUE_WORDS.get(word) or FALSE_WORDS.get(word) for word in lower}
    return len(families) == 1 and (len(lower) == 2 or families == {"word"})


def _nulls(tally: Tally, reading: Reading) -> tuple[tuple[str, ...], int]:
    """The texts that become null when the column is read so, and how many cells do."""
    wanted, typed = tally.nulls, reading not in AS_WRITTEN
    words: list[str] = []
    nulls = tally.missing
    if wanted.empty or typed:
        words.append("")
        nulls += tally.empties
    if wanted.in_text or typed:
        words += sorted(word for word in tally.words if word.lower() in wanted.words)
        nulls += sum(count for kind, count in tally.kinds.items() if kind & Kind.WORD_FOR_NULL)
    return tuple(words), nulls


def _not_fitting(tally: Tally, reading: Reading) -> Iterator[int]:
    return (kind for kind in tally.kinds if not reading.fits(kind) and not kind & Kind.WORD_FOR_NULL)


def _first_misfit(tally: Tally, reading: Reading) -> tuple[int, str]:
    kinds = tally.kinds if reading is CHOICE else _not_fitting(tally, reading)
    return min(tally.first[kind] for kind in kinds)


def _misfits(tally: Tally, reading: Reading) -> int:
    if reading is CHOICE and (tally.distinct is None or tally.distinct > MOST_CHOICES):
        return tally.kinds.total()
    return sum(tally.kinds[kind] for kind in _not_fitting(tally, reading))


def _confidence(tally: Tally, reading: Reading, values: Sequence[int], words: int) -> float:
    """1 when nothing speaks against it. Few cells, words for null, odd ways of writing and near misses take off."""
    if not values:
        return 0.0
    cells = sum(tally.kinds[kind] for kind in values)
    few = 1 - 0.5 / cells
    if reading in AS_WRITTEN:
        nearest = max(_share(tally, each, cells) for name in GUESSED for each in BY_TYPE[name])
        return round(few * (1 - nearest / 2), 3)
    odd = 0.9 if reading.name is not None else 1.0
    doubtful = 1 - 0.5 * words / (words + cells)
    return round(few * odd * doubtful, 3)


def _share(tally: Tally, reading: Reading, cells: int) -> float:
    fitting = sum(count for kind, count in tally.kinds.items() if reading.fits(kind))
    return fitting / cells
