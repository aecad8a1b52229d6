"""Full text search without an index: SQLite's own FTS5 tokenizer cuts, folds and stems the words.

    rolltop_fts(cell, 1 for JSON else 0, 'fts english', query) → 1, 0, or NULL for a cell that is NULL

What is found is what an FTS5 index made with the same tokenizer finds. An index that is there is not asked: nothing in
SQLite keeps one in step with its table (triggers may be missing, REPLACE passes by them), and a stale one loses rows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Any

import apsw
import msgspec

from rolltop.data import tsquery
from rolltop.data.tsquery import Both, Either, Near, Never, Not, Query, Word, Words

CONFIGS = frozenset(
    (
        *("arabic", "armenian", "basque", "catalan", "danish", "dutch", "english", "finnish", "french", "german"),
        *("greek", "hindi", "hungarian", "indonesian", "irish", "italian", "lithuanian", "nepali", "norwegian"),
        *("portuguese", "romanian", "russian", "serbian", "simple", "spanish", "swedish", "tamil", "turkish"),
        "yiddish",
    )
)
"""The text search configurations of Postgres. Only `english` is stemmed; SQLite has no stemmer for the others."""
QUERIES_KEPT = 64


@dataclass(frozen=True, slots=True)
class Places:
    """Where a part of a query ends and how many words it reaches back; with `but`, everywhere else.

    The rules for `<->` between parts that are more than words are those of Postgres.
    """

    ends: frozenset[int]
    width: int = 0
    but: bool = False

    def moved(self, by: int) -> frozenset[int]:
        """The ends so many words later."""
        return frozenset(end + by for end in self.ends) if by else self.ends

    @property
    def found(self) -> bool:
        """Whether there is such a place."""
        return self.but or bool(self.ends)


class Document:
    """The words of a cell in order. An empty one keeps two texts from being neighbours."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self._tokens = tokens

    def holds(self, query: Query) -> bool:
        """Whether the document is what was asked for."""
        if isinstance(query, Word):
            return any(self._matching(query)) if query.prefix else query.token in self._bag
        if isinstance(query, Not):
            return not self.holds(query.part)
        if isinstance(query, Both):
            return all(map(self.holds, query.parts))
        if isinstance(query, Either):
            return any(map(self.holds, query.parts))
        if isinstance(query, Near) and not all(self.holds(part) for part in query.parts if isinstance(part, Word)):
            return False
        return self._places(query).found

    @cached_property
    def _bag(self) -> frozenset[str]:
        return frozenset(self._tokens)

    @cached_property
    def _by_token(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for place, token in enumerate(self._tokens):
            found.setdefault(token, []).append(place)
        return found

    def _matching(self, word: Word) -> Iterator[str]:
        return (token for token in self._bag if token.startswith(word.token))

    def _places(self, query: Query) -> Places:
        if isinstance(query, Word):
            tokens = self._matching(query) if query.prefix else (query.token,)
            return Places(frozenset(place for token in tokens for place in self._by_token.get(token, ())))
        if isinstance(query, Not):
            part = self._places(query.part)
            return Places(part.ends, part.width, not part.but)
        if isinstance(query, Near):
            found = self._places(query.parts[0])
            for distance, each in zip(query.distances, query.parts[1:], strict=True):
                found = _followed(found, self._places(each), distance)
            return found
        if isinstance(query, Both | Either):
            return reduce(_together if isinstance(query, Both) else _either, map(self._places, query.parts))
        return Places(frozenset())


def _followed(left: Places, right: Places, distance: int) -> Places:
    """`left <distance> right`."""
    return _intersection(left, right, distance + right.width, 0, distance + left.width + right.width)


def _together(left: Places, right: Places) -> Places:
    """`left & right`, both ending at the same word."""
    width = max(left.width, right.width)
    return _intersection(left, right, width - left.width, width - right.width, width)


def _intersection(left: Places, right: Places, by_left: int, by_right: int, width: int) -> Places:
    first, second = left.moved(by_left), right.moved(by_right)
    if left.but and right.but:
        return Places(first | second, width, but=True)
    if left.but:
        return Places(second - first, width)
    return Places(first - second if right.but else first & second, width)


def _either(left: Places, right: Places) -> Places:
    """`left | right`; the narrower one is moved to the end of the wider."""
    width = max(left.width if left.found else 0, right.width if right.found else 0)
    first, second = left.moved(width - left.width), right.moved(width - right.width)
    if left.but and right.but:
        return Places(first & second, width, but=True)
    if left.but:
        return Places(first - second, width, but=True)
    if right.but:
        return Places(second - first, width, but=True)
    return Places(first | second, width)


class FullText:
    """The search of one connection, whose tokenizers it uses: threads must not share them."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._tokenizers: dict[str, apsw.FTS5Tokenizer] = {}
        self._queries: dict[tuple[str, str], tuple[apsw.FTS5Tokenizer, Query | None]] = {}

    def holds(self, *arguments: Any) -> int | None:
        """The SQL function: a cell, whether it is JSON, the operator and configuration, the query."""
        cell, is_json, mode, query = arguments
        if cell is None or query is None:
            return None
        tokenizer, wanted = self._queries.get((mode, query)) or self._prepared(mode, query)
        if wanted is None:
            return 0
        tokens = _tokens_of_json(tokenizer, cell) if is_json else _tokens_of_text(tokenizer, cell)
        if isinstance(wanted, Word) and not wanted.prefix:
            return int(wanted.token in tokens)
        return int(Document(tokens).holds(wanted))

    def _prepared(self, mode: str, query: str) -> tuple[apsw.FTS5Tokenizer, Query | None]:
        operator, _, config = mode.partition(" ")
        tokenizer = self._tokenizer(config)
        asked = tsquery.read(operator, query)
        prepared = (tokenizer, None if asked is None else _tokenized(tokenizer, asked))
        if len(self._queries) >= QUERIES_KEPT:
            self._queries.clear()
        self._queries[mode, query] = prepared
        return prepared

    def _tokenizer(self, config: str) -> apsw.FTS5Tokenizer:
        made = self._tokenizers.get(config)
        if made is None:
            name, arguments = ("porter", ["unicode61"]) if config == "english" else ("unicode61", [])
            made = self._tokenizers[config] = self._connection.fts5_tokenizer(name, arguments)
        return made


def _tokens_of_text(tokenizer: apsw.FTS5Tokenizer, cell: Any, reason: int = apsw.FTS5_TOKENIZE_DOCUMENT) -> list[str]:
    """The words of a cell; bytes have none."""
    if isinstance(cell, bytes):
        return []
    utf8 = str(cell).encode(errors="replace")
    found = tokenizer(utf8, reason, None, include_offsets=False, include_colocated=False)
    return [token for token in found if isinstance(token, str)]


def _tokens_of_json(tokenizer: apsw.FTS5Tokenizer, cell: Any) -> list[str]:
    found: list[str] = []
    for text in _strings(cell):
        found += _tokens_of_text(tokenizer, text)
        found.append("")
    return found


def _strings(cell: Any) -> Iterator[str]:
    """All strings in a JSON value in order, keys left out; a cell that is not JSON is a text."""
    try:
        waiting = [msgspec.json.decode(cell)]
    except (msgspec.DecodeError, RecursionError, TypeError):
        waiting = [cell]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            waiting.extend(reversed(value))
        elif isinstance(value, dict):
            waiting.extend(reversed(value.values()))


def _tokenized(tokenizer: apsw.FTS5Tokenizer, query: Query) -> Query | None:
    """The query with its words as the tokenizer makes them. A part without a word is left out, as Postgres does."""
    if isinstance(query, Words):
        return _words(_tokens_of_text(tokenizer, query.text, apsw.FTS5_TOKENIZE_QUERY), query)
    if isinstance(query, Not):
        part = _tokenized(tokenizer, query.part)
        return None if part is None else Not(part)
    if isinstance(query, Word | Never):
        return query
    made = [_tokenized(tokenizer, part) for part in query.parts]
    parts = tuple(part for part in made if part is not None)
    if len(parts) < 2:
        return parts[0] if parts else None
    if isinstance(query, Near):
        distances = [distance for distance, part in zip(query.distances, made[1:], strict=True) if part is not None]
        return Near(parts, tuple(distances[-(len(parts) - 1) :]))
    return Both(parts) if isinstance(query, Both) else Either(parts)


def _words(tokens: list[str], asked: Words) -> Query | None:
    if not tokens:
        return None
    words = [Word(token) for token in tokens]
    words[-1] = Word(tokens[-1], asked.prefix)
    if len(words) == 1:
        return words[0]
    return Both(tuple(words)) if asked.apart else Near(tuple(words), (1,) * (len(words) - 1))
