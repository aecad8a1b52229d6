"""Texts of filters as values that SQLite compares."""

from collections.abc import Callable

import msgspec

from rolltop.data import functions, tsquery
from rolltop.data.types import ColumnType, SQLValue, of_declared, timestamp
from rolltop.rows import errors
from rolltop.rows.parse import in_list

LONGEST_LIKE = 200
LONGEST_EXPRESSION = 1_000

_TIMESTAMP = of_declared("TIMESTAMP")
_DATE = of_declared("DATE")

Convert = Callable[[str], SQLValue]


def glob(pattern: str) -> str:
    """A `like` pattern as SQLite's GLOB, which is case-sensitive: `%` and `*` any run, `_` one character."""
    return "".join(_glob_parts(_bounded(pattern)))


def folded_glob(pattern: str) -> str:
    """The same for `ilike` with letters beyond ASCII, to be compared with the folded text."""
    return glob(pattern.lower())


def _glob_parts(pattern: str) -> list[str]:
    parts: list[str] = []
    characters = iter(pattern)
    for character in characters:
        if character in "%*":
            parts.append("*")
        elif character == "_":
            parts.append("?")
        else:
            literal = next(characters, "\\") if character == "\\" else character
            parts.append(f"[{literal}]" if literal in "*?[" else literal)
    return parts


def like(pattern: str) -> str:
    r"""An `ilike` pattern of ASCII letters as SQLite's LIKE with `\` as ESCAPE."""
    parts: list[str] = []
    characters = iter(_bounded(pattern))
    for character in characters:
        if character == "*":
            parts.append("%")
        elif character == "\\":
            literal = next(characters, "\\")
            parts.append(f"\\{literal}" if literal in "%_\\" else literal)
        else:
            parts.append(character)
    return "".join(parts)


def _bounded(pattern: str) -> str:
    if len(pattern) > LONGEST_LIKE:
        raise errors.PatternTooLong(LONGEST_LIKE)
    return pattern


def expression(pattern: str) -> str:
    """A regular expression that the linear-time engine can run; 2201B for others."""
    import re2

    if len(pattern) > LONGEST_EXPRESSION:
        raise errors.PatternTooLong(LONGEST_EXPRESSION)
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0] if error.args else ""
        text = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        raise errors.BadPattern(f"invalid regular expression: {text}") from None
    return pattern


def searches(operator: str) -> Convert:
    """The text of a full text filter, looked at so far that nothing in it can fail later; 42601 for bad syntax."""

    def checked(text: str) -> SQLValue:
        if len(text) > LONGEST_EXPRESSION:
            raise errors.PatternTooLong(LONGEST_EXPRESSION)
        tsquery.read(operator, text)
        return text

    return checked


def listed(convert: Convert) -> Convert:
    """The whole value of an `in` filter as a JSON array of converted elements, bytes in hexadecimal."""

    def convert_list(text: str) -> SQLValue:
        return json_list([convert(element) for element in in_list(text)])

    return convert_list


def json_list(values: list[SQLValue]) -> str:
    """An array for `json_each`."""
    return msgspec.json.encode(
        [value.hex().upper() if isinstance(value, bytes) else value for value in values]
    ).decode()


def operand(text: str) -> SQLValue:
    """What is compared with JSON, looked at before any row is; 22P02 when it is neither JSON nor a list in braces."""
    functions.operand(text)
    return text


def comparable(column_type: ColumnType) -> Convert:
    """How a literal of this type is read for a comparison: of a timestamp the moment counts, not its form."""
    return _moment if column_type is _TIMESTAMP else column_type.parse


def _moment(text: str) -> str:
    return str(timestamp.moment(_TIMESTAMP.parse(text)))


def end_of_day(text: str) -> SQLValue:
    """Behind every text that begins with this day."""
    return f"{_DATE.parse(text)!s}~"


def day_before(text: str) -> SQLValue:
    """From which day on the texts of a moment begin."""
    return timestamp.days_around(_moment(text))[0]


def day_after(text: str) -> SQLValue:
    """Before which day they begin."""
    return timestamp.days_around(_moment(text))[1]


def second_begins(text: str) -> SQLValue:
    """From where on the texts of the moment's second stand in a table of ours, with a fraction or without."""
    return f"{_moment(text)[:19]}."


def second_ends(text: str) -> SQLValue:
    """The last of them, which is the one without a fraction."""
    return f"{_moment(text)[:19]}Z"
