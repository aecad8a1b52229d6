"""Reads simple CHECKs: a choice of values, the length of a text, the bounds of a number.

What is not understood is passed over: it is held by SQLite all the same, only not said beforehand.
"""

import math
from collections.abc import Iterator

from rolltop.data.ddl import Check, Token, Tokens, closing_of, split


def choices(check: Check) -> tuple[str, tuple[str | int | float, ...]] | None:
    """The column (lower case) and the values of `column IN (…)`, alone, after `column IS NULL OR`, or before AND."""
    for part in _conjuncts(check.tokens):
        tokens = _without_null_case(part)
        if len(tokens) >= 5 and tokens[0].kind == "name" and tokens[1].word == "IN" and tokens[2].text == "(":
            values = [_literal(item) for item in split(tokens[3:-1])]
            if tokens[-1].text == ")" and all(value is not None for value in values):
                return tokens[0].name.lower(), tuple(value for value in values if value is not None)
    return None


def lengths(check: Check) -> Iterator[tuple[str, str, int]]:
    """What is said of the length of a text: column (lower case), `least` or `most`, and how many characters."""
    for part in _conjuncts(check.tokens):
        tokens = _without_null_case(part)
        for measured, mark, number in _compared(tokens):
            if (
                [token.text for token in (*measured[1:2], *measured[3:])] == ["(", ")"]
                and measured[0].word == "LENGTH"
                and isinstance(number, int)
            ):
                column = measured[2].name.lower()
                if mark in ("<=", "<", "=", "=="):
                    yield column, "most", number - (mark == "<")
                if mark in (">=", ">", "=", "=="):
                    yield column, "least", number + (mark == ">")


def bounds(check: Check) -> Iterator[tuple[str, str, int | float]]:
    """The numbers between which a column must lie: column (lower case), one of `< <= > >=`, and the number."""
    for part in _conjuncts(check.tokens):
        for compared, mark, number in _compared(_without_null_case(part)):
            if len(compared) == 1 and compared[0].kind == "name" and mark in _FLIPPED:
                yield compared[0].name.lower(), mark, number


_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def _compared(tokens: Tokens) -> Iterator[tuple[Tokens, str, int | float]]:
    """What is compared with a literal number, the mark between the two, and the number; BETWEEN is two of them."""
    words = [token.word for token in tokens]
    if "BETWEEN" in words and words.count("AND") == 1 and "NOT" not in words:
        start, middle = words.index("BETWEEN"), words.index("AND")
        for mark, literal in ((">=", tokens[start + 1 : middle]), ("<=", tokens[middle + 1 :])):
            number = _literal(literal)
            if start and isinstance(number, int | float):
                yield tokens[:start], mark, number
        return
    for at, token in enumerate(tokens):
        if token.text in (*_FLIPPED, "=", "==") and 0 < at < len(tokens) - 1:
            left, right = _literal(tokens[:at]), _literal(tokens[at + 1 :])
            if isinstance(right, int | float):
                yield tokens[:at], token.text, right
            elif isinstance(left, int | float):
                yield tokens[at + 1 :], _FLIPPED.get(token.text, token.text), left
            return


def _conjuncts(tokens: tuple[Token, ...]) -> list[Tokens]:
    """What must all hold: `tokens` split at the ANDs outside parentheses, but for those of a BETWEEN.

    Nothing when an OR stands beside an AND, for then no single part must hold.
    """
    tokens = tuple(_unwrapped(list(tokens)))
    parts: list[Tokens] = [[]]
    depth = 0
    between = either = False
    for token in tokens:
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        outside = depth == 0
        if outside and token.word == "AND" and not between:
            parts.append([])
            continue
        if outside and token.word in ("BETWEEN", "AND"):
            between = token.word == "BETWEEN"
        either = either or (outside and token.word == "OR")
        parts[-1].append(token)
    return [] if either and len(parts) > 1 else [_unwrapped(part) for part in parts]


def _unwrapped(tokens: Tokens) -> Tokens:
    """`tokens` without parentheses around the whole."""
    while len(tokens) >= 2 and tokens[0].text == "(" and closing_of(tokens, 0) == len(tokens) - 1:
        tokens = tokens[1:-1]
    return tokens


def _without_null_case(tokens: Tokens) -> Tokens:
    """`x` of `column IS NULL OR x` and of `x OR column IS NULL`."""
    words = [token.word for token in tokens]
    if words[1:4] == ["IS", "NULL", "OR"]:
        return _unwrapped(tokens[4:])
    if words[-2:] == ["IS", "NULL"] and words[-4:-3] == ["OR"]:
        return _unwrapped(tokens[:-4])
    return tokens


def _literal(tokens: Tokens) -> str | int | float | None:
    """The value of a literal; None for anything else, NULL included."""
    sign = -1 if tokens and tokens[0].text == "-" else 1
    tokens = tokens[1:] if tokens and tokens[0].text in ("-", "+") else tokens
    if len(tokens) != 1:
        return None
    if tokens[0].kind == "string":
        return tokens[0].name
    if tokens[0].kind == "number":
        text = tokens[0].text
        try:
            number = sign * (int(text) if text.isdigit() and len(text) <= 18 else float(text))
        except ValueError:
            return None
        return number if math.isfinite(number) else None
    return None
