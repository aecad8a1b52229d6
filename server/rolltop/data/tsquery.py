"""What a full text filter asks for, as a tree (dialect, section 4.2). Pure: words are cut and stemmed by `fulltext`.

The grammar of `fts`, as Postgres reads it; `!` binds closest, then `<->`, `&`, `|`:

    query = both *("|" both) ; both = near *("&" near) ; near = part *(("<->" | "<" N ">") part)
    part  = *"!" (word [":" marks] | "(" query ")") ; marks = 1*("*" | "A" | "B" | "C" | "D")
"""

import re
from dataclasses import dataclass

from rolltop.data.errors import BadTextQuery

DEEPEST = 50
FARTHEST = 16_384
"""The largest N of `<N>`, as in Postgres."""


@dataclass(frozen=True, slots=True)
class Words:
    """A text whose words are wanted: in a row, or anywhere when `apart`; the last may go on when `prefix`."""

    text: str
    prefix: bool = False
    apart: bool = False


@dataclass(frozen=True, slots=True)
class Word:
    """A word as the tokenizer makes it, or what a word begins with."""

    token: str
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class Never:
    """A word with weights that no word of a plain text has."""


@dataclass(frozen=True, slots=True)
class Not:
    """What must not be there."""

    part: "Query"


@dataclass(frozen=True, slots=True)
class Both:
    """All parts."""

    parts: "tuple[Query, ...]"


@dataclass(frozen=True, slots=True)
class Either:
    """One of the parts."""

    parts: "tuple[Query, ...]"


@dataclass(frozen=True, slots=True)
class Near:
    """The parts one after the other; `distances[n]` is how far part n + 1 is from part n."""

    parts: "tuple[Query, ...]"
    distances: tuple[int, ...]


Query = Words | Word | Never | Not | Both | Either | Near

_WORD = re.compile(r"(?:\\.|[^\s!&|():<\\]|<(?!(?:-|[0-9]+)>))+", re.DOTALL)
_QUOTED = re.compile(r"'((?:[^'\\]|''|\\.)*+)'", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)|''", re.DOTALL)
_NEXT = re.compile(r"\s*<(-|[0-9]{1,9})>", re.ASCII)
_MARKS = re.compile(r":([*A-Da-d]+)")
_OF_THE_WEB = re.compile(r'"([^"]*)"?|([^\s"!&|():]+)')


def read(operator: str, text: str) -> Query | None:
    """The query of `fts`, `plfts`, `phfts` or `wfts`; None when it asks for nothing. `BadTextQuery` for `fts` only."""
    if operator == "wfts":
        return _of_the_web(text)
    if operator in ("plfts", "phfts"):
        return Words(text, apart=operator == "plfts")
    return _Reader(text).whole() if text.strip() else None


class _Reader:
    """Reads a query from the left to the right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0

    def whole(self) -> Query:
        found = self._either()
        if self._at < len(self._text):
            raise BadTextQuery(self._text)
        return found

    def _either(self) -> Query:
        parts = [self._both()]
        while self._take("|"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _both(self) -> Query:
        parts = [self._near()]
        while self._take("&"):
            parts.append(self._near())
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _near(self) -> Query:
        parts = [self._part()]
        distances: list[int] = []
        while (found := _NEXT.match(self._text, self._at)) is not None:
            self._at = found.end()
            distance = 1 if found[1] == "-" else int(found[1])
            if distance > FARTHEST:
                raise BadTextQuery(self._text, hint=f"The distance of <N> is between 0 and {FARTHEST}.")
            distances.append(distance)
            parts.append(self._part())
        return parts[0] if len(parts) == 1 else Near(tuple(parts), tuple(distances))

    def _part(self) -> Query:
        negated = False
        while self._take("!"):
            negated = not negated
        if self._take("("):
            self._depth += 1
            if self._depth > DEEPEST:
                raise BadTextQuery(self._text, hint=f"Parentheses may be nested {DEEPEST} deep.")
            found = self._either()
            if not self._take(")"):
                raise BadTextQuery(self._text)
            self._depth -= 1
        else:
            found = self._word()
        return Not(found) if negated else found

    def _word(self) -> Query:
        found = _QUOTED.match(self._text, self._at)
        if found is not None:
            word = found[1]
        else:
            found = None if self._text.startswith("'", self._at) else _WORD.match(self._text, self._at)
            if found is None:
                raise BadTextQuery(self._text)
            word = found[0]
        self._at = found.end()
        word = _ESCAPED.sub(lambda escaped: escaped[1] or "'", word) if found.re is _QUOTED else _unescaped(word)
        marks = _MARKS.match(self._text, self._at)
        if marks is not None:
            self._at = marks.end()
        self._spaces()
        letters = set() if marks is None else set(marks[1].upper()) - {"*"}
        if letters and "D" not in letters:
            return Never()
        return Words(word, prefix=marks is not None and "*" in marks[1])

    def _take(self, mark: str) -> bool:
        self._spaces()
        if not self._text.startswith(mark, self._at):
            return False
        self._at += len(mark)
        return True

    def _spaces(self) -> None:
        while self._at < len(self._text) and self._text[self._at].isspace():
            self._at += 1


def _unescaped(word: str) -> str:
    return re.sub(r"\\(.)", r"\1", word, flags=re.DOTALL) if "\\" in word else word


def _of_the_web(text: str) -> Query | None:
    """Words, `"phrases"`, `or` between two of them, `-` before what must not be there; anything reads as something."""
    groups: list[list[Query]] = [[]]
    negated = False
    for found in _OF_THE_WEB.finditer(text):
        phrase, word = found[1], found[2]
        if word is not None:
            if word.lower() == "or":
                groups.append([])
                continue
            bare = word.lstrip("-")
            negated ^= (len(word) - len(bare)) % 2 == 1
            if not bare:
                continue
            word = bare
        wanted = Words(phrase if word is None else word)
        groups[-1].append(Not(wanted) if negated else wanted)
        negated = False
    parts = [Both(tuple(group)) for group in groups if group]
    return Either(tuple(parts)) if parts else None
