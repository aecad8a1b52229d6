"""What the text of one cell can be read as.

A cell becomes a set of bits, its *kind*: which types and which ways of writing it fits. A column is then judged by the
kinds of all of its cells, of which there are few however many rows there are.
"""

import datetime
import json
import re
from collections.abc import Callable
from decimal import Decimal

from rolltop.collections.imports.clock import FIRST_LETTERS, TIME, named, time_of_day

SPACE = " \t\r\n\f\v"
LONGEST_TYPED = 1_000  # a longer cell is text or JSON
NULL_WORDS = frozenset({"na", "n/a", "#n/a", "null", "none", "nan", "-", "--", ".", "?"})
TRUE_WORDS = {"true": "word", "t": "letter", "yes": "yes", "y": "yes letter", "on": "switch", "1": "digit"}
FALSE_WORDS = {"false": "word", "f": "letter", "no": "yes", "n": "yes letter", "off": "switch", "0": "digit"}


class Kind:
    """What a cell fits, and how it is written: bits of plain ints, since enum members cost ten times as much."""

    WORD_FOR_NULL = 1 << 0
    PADDED = 1 << 1  # spaces around it

    BOOLEAN = 1 << 2
    BOOLEAN_DIGIT = 1 << 3  # 0 or 1

    # Numbers under each way of writing them: 1234.5 · 1.234,5 · 1,234.5
    INTEGER = 1 << 4
    NUMBER = 1 << 5
    INTEGER_COMMA = 1 << 6
    NUMBER_COMMA = 1 << 7
    INTEGER_GROUPS = 1 << 8
    NUMBER_GROUPS = 1 << 9
    EXACT = 1 << 10  # SQLite's number gives every digit back
    ZERO_FIRST = 1 << 11  # 007
    LONG = 1 << 12  # more than 15 digits
    TOO_LONG = 1 << 13  # a long whole number, or over 17 digits and more than a double gives back
    SIGNED = 1 << 14  # +49
    POINT_ZERO = 1 << 15  # 12.0
    SCALE_NONE = 1 << 16  # 12
    SCALE_ONE = 1 << 17  # 12.5
    SCALE_TWO = 1 << 18  # 12.50
    SCALE_MORE = 1 << 19
    ZERO_LAST = 1 << 20  # 12.50, where a double would be written 12.5

    # Days and moments by the order of their parts
    DATE_ISO = 1 << 21
    DATE_YMD = 1 << 22
    DATE_DMY = 1 << 23
    DATE_MDY = 1 << 24
    MOMENT_ISO = 1 << 25
    MOMENT_YMD = 1 << 26
    MOMENT_DMY = 1 << 27
    MOMENT_MDY = 1 << 28
    MOMENT_AS_STORED = 1 << 29  # 2024-05-01T12:00:00Z

    TIME = 1 << 30
    UUID = 1 << 31
    UPPER = 1 << 32  # a UUID with capitals
    JSON = 1 << 33
    JSON_NESTED = 1 << 34  # an object or an array

    # Amounts: numbers with or without a currency sign, under each way of writing them
    AMOUNT = 1 << 35
    AMOUNT_COMMA = 1 << 36
    AMOUNT_GROUPS = 1 << 37
    AMOUNT_SPACES = 1 << 38
    CURRENCY = 1 << 39  # there is a sign
    INTEGER_SPACES = 1 << 40  # 1 234 567
    NUMBER_SPACES = 1 << 41  # 1 234.5 or 1'234.5
    SPACED = 1 << 42  # there are such spaces
    MARKED = 1 << 43  # there is a point or a comma

    EMAIL = 1 << 44
    URL = 1 << 45
    BYTES = 1 << 46  # \\x00ff
    ZONED = 1 << 47  # a moment with its distance from UTC
    DATE_NAMED = 1 << 48  # May 1, 2024
    MOMENT_NAMED = 1 << 49
    CLOCK = 1 << 50  # a time of day, also 9:30 and 9:30 PM


_GAP = " \u00a0\u202f'’"
_SIGN = (
    r"(?:[A-Z]{1,2})?[$€£¥₹₽₩₺₪₫₴₦₱฿¢]"
    "|EUR|USD|GBP|CHF|JPY|CNY|INR|AUD|CAD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|BRL|MXN|ZAR|KRW|TRY"
)
_PLAIN = re.compile(r"([+-]?)(\d+)(?:\.(\d*))?([eE][+-]?\d{1,3})?|([+-]?)\.(\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_JSON_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_COMMA = re.compile(rf"[+-]?(?:\d+|\d{{1,3}}(?:\.\d{{3}})+|\d{{1,3}}(?:[{_GAP}]\d{{3}})+)(?:,\d+)?", re.ASCII)
_GROUPS = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?", re.ASCII)
_SPACES = re.compile(rf"[+-]?\d{{1,3}}(?:[{_GAP}]\d{{3}})+(?:\.\d+)?", re.ASCII)
_MONEY = re.compile(
    rf"([+-]?)(?:({_SIGN})[ \u00a0\u202f]?)?([+-]?)([\d.,](?:[\d.,{_GAP}]*\d)?)(?:[ \u00a0\u202f]?({_SIGN}))?", re.ASCII
)
_EMAIL = re.compile(r"[^\s@<>(),;:\"\[\]\\]{1,64}@[^\W_](?:[\w-]*[^\W_])?(?:\.[^\W_](?:[\w-]*[^\W_])?)+")
_URL = re.compile(r"(?:https?|ftp)://[^\s/?#<>\"]+(?:[/?#][^\s<>\"]*)?", re.IGNORECASE)
_BYTES = re.compile(r"\\x(?:[0-9a-f]{2})*", re.IGNORECASE)
_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)(Z|[+-]\d\d(?::?\d\d)?)?)?", re.ASCII | re.IGNORECASE
)
_DAY = re.compile(rf"(\d{{1,4}})([./-])(\d{{1,2}})\2(\d{{1,4}})(?:[T ]({TIME}))?", re.ASCII)
_TIME = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,6})?)?", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_AS_STORED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z", re.ASCII)
_SCALES = {0: Kind.SCALE_NONE, 1: Kind.SCALE_ONE, 2: Kind.SCALE_TWO}

_LONGEST_WORD = 5  # of those for null, true and false
_UUID_LENGTH = 36
_LONGEST_AMOUNT = 40
LOWEST, HIGHEST = -(2**63), 2**63 - 1
_NUMBER = Kind.NUMBER | Kind.AMOUNT
_NUMBER_COMMA = Kind.NUMBER_COMMA | Kind.AMOUNT_COMMA
_NUMBER_GROUPS = Kind.NUMBER_GROUPS | Kind.AMOUNT_GROUPS
_NUMBER_SPACES = Kind.NUMBER_SPACES | Kind.AMOUNT_SPACES
_ALL_NUMBER = _NUMBER | _NUMBER_COMMA | _NUMBER_GROUPS | _NUMBER_SPACES
_ALL_INTEGER = Kind.INTEGER | Kind.INTEGER_COMMA | Kind.INTEGER_GROUPS | Kind.INTEGER_SPACES
_BARE = (  # of numbers without a currency sign
    Kind.NUMBER | Kind.NUMBER_COMMA | Kind.NUMBER_GROUPS | Kind.NUMBER_SPACES | _ALL_INTEGER | Kind.POINT_ZERO
)
_SHORT_INTEGER = _ALL_NUMBER | _ALL_INTEGER | Kind.EXACT | Kind.SCALE_NONE | Kind.JSON


def kind_of(cell: str) -> int:
    """The bits of a cell that is not empty."""
    if cell.isdecimal() and cell.isascii() and 1 < len(cell) <= 15 and cell[0] != "0":
        return _SHORT_INTEGER
    if cell[0].isalpha() and len(cell) > _LONGEST_WORD and cell[-1] > " ":
        return _of_letters(cell)
    text = cell.strip(SPACE)
    return _kind(text) | (Kind.PADDED if len(text) != len(cell) else 0)


def kinds_with(null_words: frozenset[str]) -> Callable[[str], int]:
    """`kind_of`, but with other words for null, in lower case."""
    if null_words == NULL_WORDS:
        return kind_of

    def _kind_of(cell: str) -> int:
        text = cell.strip(SPACE)
        padded = Kind.PADDED if len(text) != len(cell) else 0
        return padded | (Kind.WORD_FOR_NULL if not text or text.lower() in null_words else _kind_of_value(text))

    return _kind_of


def _kind(text: str) -> int:
    if not text or (len(text) <= _LONGEST_WORD and text.lower() in NULL_WORDS):
        return Kind.WORD_FOR_NULL
    return _kind_of_value(text)


def _kind_of_value(text: str) -> int:
    lower = text.lower() if len(text) <= _LONGEST_WORD else ""
    if lower in TRUE_WORDS or lower in FALSE_WORDS:
        if lower not in ("0", "1"):
            return Kind.BOOLEAN | (Kind.JSON if text in ("true", "false") else 0)
        return Kind.BOOLEAN | Kind.BOOLEAN_DIGIT | Kind.JSON | _number(text)
    first = text[0]
    if first in "{[" or (first == '"' and text[-1] == '"'):
        return _json(text)
    if len(text) > LONGEST_TYPED:
        return 0
    if first.isdecimal() or first in "+-.":
        number = _number(text)
        if number and _JSON_NUMBER.fullmatch(text):
            number |= Kind.JSON
        return number or _day(text) or _of_letters(text)
    return _of_letters(text)


def _of_letters(text: str) -> int:
    """UUIDs, addresses, bytes, amounts with a currency sign."""
    if len(text) == _UUID_LENGTH and (kind := _uuid(text)):
        return kind
    if "@" in text:
        return Kind.EMAIL if len(text) <= 254 and _EMAIL.fullmatch(text) else 0
    if "://" in text[:8]:
        return Kind.URL if len(text) <= LONGEST_TYPED and _URL.fullmatch(text) else 0
    if text[0] == "\\":
        return Kind.BYTES if _BYTES.fullmatch(text) else 0
    if text[:3].lower() in FIRST_LETTERS and (kind := _named_day(text)):
        return kind
    return _money(text) if len(text) <= _LONGEST_AMOUNT else 0


def _money(text: str) -> int:
    parts = _MONEY.fullmatch(text)
    if parts is None or (parts[2] is None) == (parts[5] is None) or (parts[1] and parts[3]):
        return 0
    kind = _number(parts[1] + parts[3] + parts[4])
    return kind & ~_BARE | Kind.CURRENCY if kind else 0


def amount_of(text: str) -> tuple[str, str]:
    """The number and the currency sign of an amount; the sign is empty when there is none."""
    parts = _MONEY.fullmatch(text)
    if parts is None:
        return text, ""
    return parts[1] + parts[3] + parts[4], parts[2] or parts[5] or ""


def _number(text: str) -> int:
    match = _PLAIN.fullmatch(text)
    if match is None:
        return _number_by_locale(text)
    sign, whole, fraction, exponent, bare_sign, bare_fraction, bare_exponent = match.groups()
    if whole is None:
        sign, whole, fraction, exponent = bare_sign, "", bare_fraction, bare_exponent
    if exponent is not None:
        return _NUMBER | _exact(text) if abs(float(text)) < float("inf") else 0
    kind = _NUMBER | _shape(sign, whole, fraction or "")
    if fraction is None:
        kind |= _ALL_NUMBER | Kind.SCALE_NONE
        if len(whole) < 19 or (len(whole) < 30 and LOWEST <= int(text) <= HIGHEST):
            kind |= _ALL_INTEGER
        return kind
    kind |= _NUMBER_GROUPS | _NUMBER_SPACES | Kind.MARKED
    if len(fraction) == 3 and 1 <= len(whole) <= 3:  # 1.234 may be a thousand
        kind |= _NUMBER_COMMA | Kind.INTEGER_COMMA
    kind |= _SCALES.get(len(fraction), Kind.SCALE_MORE) | (Kind.ZERO_LAST if fraction.endswith("0") else 0)
    if whole and len(whole) < 16 and not fraction.strip("0"):
        kind |= Kind.INTEGER | Kind.INTEGER_GROUPS | Kind.INTEGER_SPACES | (Kind.POINT_ZERO if fraction == "0" else 0)
    return kind


def _shape(sign: str, whole: str, fraction: str) -> int:
    """What would be lost if these digits became a number."""
    kind = Kind.SIGNED if sign == "+" else 0
    if len(whole) > 1 and whole[0] == "0":
        kind |= Kind.ZERO_FIRST
    digits = len((whole + fraction).lstrip("0"))
    if digits <= 15:
        return kind | Kind.EXACT
    exact = _exact(f"{whole}.{fraction}" if fraction else whole)
    too_long = not fraction or (digits > 17 and not exact)
    return kind | exact | Kind.LONG | (Kind.TOO_LONG if too_long else 0)


def _exact(text: str) -> int:
    """Whether a number of more than 15 digits, or with an exponent, is still itself when SQLite has stored it."""
    if text.isdecimal() and len(text.lstrip("0")) < 20 and int(text) <= HIGHEST:
        return Kind.EXACT
    number = float(text)
    same = repr(number) == text or (number < float("inf") and Decimal(repr(number)) == Decimal(text))
    return Kind.EXACT if same else 0


def _number_by_locale(text: str) -> int:
    """Numbers with a decimal comma; with points, commas, spaces or apostrophes between groups of three digits."""
    kind = 0
    if _COMMA.fullmatch(text):
        whole, _, fraction = text.partition(",")
        kind |= _NUMBER_COMMA | _digits(without_gaps(whole.replace(".", "")), fraction)
        kind |= Kind.INTEGER_COMMA if not fraction else 0
    if _GROUPS.fullmatch(text):
        whole, _, fraction = text.partition(".")
        kind |= _NUMBER_GROUPS | _digits(whole.replace(",", ""), fraction)
        kind |= Kind.INTEGER_GROUPS if not fraction else 0
    if _SPACES.fullmatch(text):
        whole, _, fraction = text.partition(".")
        kind |= _NUMBER_SPACES | _digits(without_gaps(whole), fraction)
        kind |= Kind.INTEGER_SPACES if not fraction else 0
    if not kind:
        return 0
    marked = Kind.MARKED if "," in text or "." in text else 0
    return kind | marked | (Kind.SPACED if len(without_gaps(text)) != len(text) else 0)


def without_gaps(text: str) -> str:
    """The number without what may stand between its groups of digits: spaces of any kind, apostrophes."""
    for gap in _GAP:
        text = text.replace(gap, "")
    return text


def _digits(whole: str, fraction: str) -> int:
    sign = whole[0] if whole[0] in "+-" else ""
    kind = _shape(sign, whole.lstrip("+-"), fraction) | _SCALES.get(len(fraction), Kind.SCALE_MORE)
    return kind | (Kind.ZERO_LAST if fraction.endswith("0") else 0)


def _json(text: str) -> int:
    try:
        json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return 0
    return Kind.JSON | (Kind.JSON_NESTED if text[0] in "{[" else 0)


def _refuse(word: str) -> None:
    raise ValueError(word)  # NaN and Infinity are not JSON


def _uuid(text: str) -> int:
    if not _UUID.fullmatch(text):
        return 0
    return Kind.UUID | (Kind.UPPER if text != text.lower() else 0)


def _day(text: str) -> int:
    """Days, moments and times of day."""
    if _TIME.fullmatch(text):
        return Kind.TIME | Kind.CLOCK
    if ":" in text[:3] and time_of_day(text) is not None:
        return Kind.CLOCK
    match = _ISO.fullmatch(text)
    if match is not None:
        return _iso(text, match)
    match = _DAY.fullmatch(text)
    if match is None:
        return _named_day(text)
    if match[5] is not None and time_of_day(match[5]) is None:
        return 0
    first, mark, second, third, time = match.groups()
    kind = 0
    if len(first) == 4:
        if _is_day(first, second, third):
            kind |= Kind.MOMENT_YMD | (Kind.DATE_YMD if time is None else 0)
        return kind
    if len(third) != 4 or len(first) > 2:
        return kind
    if _is_day(third, second, first):
        kind |= Kind.MOMENT_DMY | (Kind.DATE_DMY if time is None else 0)
    if mark != "." and _is_day(third, first, second):  # nobody writes month.day.year
        kind |= Kind.MOMENT_MDY | (Kind.DATE_MDY if time is None else 0)
    return kind


def _iso(text: str, match: re.Match[str]) -> int:
    try:
        moment = datetime.datetime.fromisoformat(text.upper())
        if moment.tzinfo is not None:
            moment.astimezone(datetime.UTC)
    except (ValueError, OverflowError):
        return 0
    if match[2] is None:
        return Kind.DATE_ISO | Kind.DATE_YMD | Kind.MOMENT_ISO | Kind.MOMENT_YMD
    kind = Kind.MOMENT_ISO | (Kind.MOMENT_YMD if match[3] is None else Kind.ZONED)
    return kind | (Kind.MOMENT_AS_STORED if _AS_STORED.fullmatch(text) else 0)


def _is_day(year: str, month: str, day: str) -> bool:
    try:
        datetime.date(int(year), int(month), int(day))
    except ValueError:
        return False
    return True


def _named_day(text: str) -> int:
    found = named(text)
    if found is None:
        return 0
    return Kind.MOMENT_NAMED | (Kind.DATE_NAMED if found[1] is None else 0)
