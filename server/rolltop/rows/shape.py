"""A query string as its shape and its values: what stays from request to request, and what changes.

`id=eq.5&select=id` has the shape `((id, eq), (select, id))` and the value `5`. Statements are made once a shape.
"""

from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from rolltop.rows.asked import Slot
from rolltop.rows.errors import ParseError
from rolltop.rows.paging import HIGHEST
from rolltop.rows.parse import FULL_TEXT, Parameter

SLOTTED = frozenset(
    {"eq", "neq", "gt", "gte", "lt", "lte", "isdistinct", "like", "match", "imatch", "in", "cs", "cd", "ov"} | FULL_TEXT
)
_FIXED = frozenset({"select", "columns", "on_conflict", "order", "and", "or"})
_LAST_WORDS = frozenset({"order", "limit", "offset", "and", "or"})
MOST_PARAMETERS = 500

Piece = tuple[str, str] | tuple[str, bool, str]


class Shaped(NamedTuple):
    """A query string taken apart; `limit` and `offset` are those of the root."""

    pieces: tuple[Piece, ...]
    values: list[str]
    limit: int | None
    offset: int


EMPTY = Shaped((), [], None, 0)


def split(query: bytes) -> Shaped:
    """Take a raw query string apart."""
    if not query:
        return EMPTY
    pieces: list[Piece] = []
    values: list[str] = []
    limit: int | None = None
    offset = 0
    refuse_nul(query)
    parts = query.split(b"&")
    if len(parts) > MOST_PARAMETERS:
        raise ParseError("query string", "", 0, f"more than {MOST_PARAMETERS} parameters")
    plain = b"%" not in query and b"+" not in query and query.isascii()
    for part in parts:
        if not part:
            continue
        if plain:
            key, _, value = part.decode("ascii").partition("=")
        else:
            raw_key, _, raw_value = part.partition(b"=")
            key, value = decoded(raw_key), decoded(raw_value)
        if key in _FIXED:
            pieces.append((key, value))
        elif key == "limit":
            number = _integer(value)
            limit = limit if number is None else number
        elif key == "offset":
            number = _integer(value)
            offset = offset if number is None or number < 0 else number
        else:
            _filter(key, value, pieces, values)
    return Shaped(tuple(pieces), values, limit, offset)


def refuse_nul(query: bytes) -> None:
    """Refuse U+0000, which would end SQL's text; Postgres takes no such character either."""
    if b"%00" in query or b"\x00" in query:
        raise ParseError("query string", "", 0, "unexpected character U+0000")


def _filter(key: str, value: str, pieces: list[Piece], values: list[str]) -> None:
    operator, dot, literal = value.partition(".")
    negated = operator == "not"
    if negated:
        operator, dot, literal = literal.partition(".")
    if dot and operator in SLOTTED and ("." not in key or key.rpartition(".")[2] not in _LAST_WORDS):
        pieces.append((key, negated, operator))
        values.append(literal)
    else:
        pieces.append((key, value))


def decoded(raw: bytes) -> str:
    """A key or value of a query string; PGRST100 when it is not UTF-8."""
    try:
        return unquote_to_bytes(raw.replace(b"+", b" ")).decode()
    except UnicodeDecodeError as error:
        raise ParseError("query string", raw.decode("latin-1"), error.start, "not UTF-8") from None


def _integer(value: str) -> int | None:
    digits = value[1:] if value[:1] in ("-", "+") else value
    if not digits.isascii() or not digits.isdigit():
        return None
    number = int(digits) if len(digits) <= 18 else HIGHEST
    return -number if value[0] == "-" else number


def parameters(pieces: tuple[Piece, ...]) -> list[Parameter]:
    """The pieces as the parser reads them, the n-th value being slot n."""
    found: list[Parameter] = []
    slots = 0
    for piece in pieces:
        if len(piece) == 2:
            found.append(piece)
        else:
            found.append((piece[0], (piece[1], piece[2], Slot(slots))))
            slots += 1
    return found
