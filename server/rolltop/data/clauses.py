"""The words of a statement, cut into its parts: what stands in parentheses or in a CASE stays together."""

from collections.abc import Callable, Iterable, Sequence

from rolltop.data.ddl import Token

Placed = tuple[Token, tuple[int, int]]
Words = Sequence[Placed]
"""Words, each with where it begins and ends in the statement."""

TRUTHS = frozenset({"AND", "OR", "IS", "IN", "LIKE", "GLOB", "REGEXP", "MATCH", "BETWEEN", "ISNULL", "NOTNULL"})
_NO_ALIAS_AFTER = TRUTHS | {"NOT", "COLLATE", "OVER", "ESCAPE", "NULL", "DISTINCT", "ALL", "AS"}
_NO_ALIAS = frozenset({"END", "NULL", "ISNULL", "NOTNULL", "TRUE", "FALSE"})


def turn(word: Token) -> int:
    """How much deeper it is behind this word."""
    if word.kind == "mark":
        return 1 if word.text == "(" else -1 if word.text == ")" else 0
    return 1 if word.word == "CASE" else -1 if word.word == "END" else 0


def outer(words: Words) -> Iterable[tuple[int, Placed]]:
    """The words that stand in no parentheses and in no CASE, with their places."""
    depth = 0
    for at, placed in enumerate(words):
        deeper = turn(placed[0])
        if depth == 0 and deeper == 0:
            yield at, placed
        depth += deeper


def split(words: Words, is_border: Callable[[Token], bool]) -> list[Words]:
    """The parts between borders."""
    parts: list[Words] = []
    start = 0
    for at, (word, _) in outer(words):
        if is_border(word):
            parts.append(words[start:at])
            start = at + 1
    return [*parts, words[start:]]


def is_star(item: Words) -> bool:
    """Whether it is `*` or `table.*`."""
    return bool(item) and item[-1][0].text == "*" and (len(item) == 1 or item[-2][0].text == ".")


def closes(words: Words) -> int:
    """The place of the parenthesis that closes the first word."""
    depth = 0
    for at, (word, _) in enumerate(words):
        depth += turn(word)
        if depth == 0:
            return at
    return len(words)


def without_alias(item: Words) -> Words:
    """An expression without the name that it is given."""
    named = next((at for at, (word, _) in outer(item) if word.word == "AS"), None)
    if named is not None:
        return item[:named]
    if len(item) < 2:
        return item
    (before, _), (last, _) = item[-2], item[-1]
    ends = before.kind in ("string", "number") or before.text == ")" or before.kind == "name"
    is_name = last.kind in ("name", "string") and last.word not in _NO_ALIAS
    blob = before.word == "X" and last.kind == "string"
    return item[:-1] if ends and is_name and not blob and before.word not in _NO_ALIAS_AFTER else item


def results(words: Words) -> list[Words]:
    """What a CASE may give; without ELSE also NULL, which fits all."""
    inner = words[1:-1]
    found: list[Words] = []
    opened, start = "", 0
    for at, (word, _) in [*outer(inner), (len(inner), words[-1])]:
        if word.word in ("WHEN", "THEN", "ELSE", "END"):
            if opened in ("THEN", "ELSE"):
                found.append(inner[start:at])
            opened, start = word.word, at + 1
    return found
