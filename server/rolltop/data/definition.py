"""A CREATE TABLE in parts that can be changed and written again.

    CREATE TABLE "films" ( column, column, constraint ) STRICT
                           │ name, type, clauses         └ options
                           └ clause: NOT NULL · CHECK (…) · REFERENCES …, each in the words of its author

What is not changed keeps its text: odd types, collations, conflict clauses, quoted names. Comments are kept beside what
they follow, as `/* */`, since line ends move.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from rolltop.data import ddl
from rolltop.data.ddl import Token
from rolltop.data.quoting import quote

_COLUMN_STARTS = frozenset(
    {"CONSTRAINT", "PRIMARY", "NOT", "NULL", "UNIQUE", "CHECK", "DEFAULT", "COLLATE", "REFERENCES", "GENERATED", "AS"}
)
_TABLE_STARTS = frozenset({"CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"})
_COMMENT = re.compile(r"--[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Clause:
    """A constraint behind a column or of the table. `text` has its CONSTRAINT name, if any, and its comments."""

    kind: str
    """PRIMARY, NOT, NULL, UNIQUE, CHECK, DEFAULT, COLLATE, REFERENCES, FOREIGN, GENERATED or AS."""
    text: str
    name: str | None = None

    @property
    def tokens(self) -> ddl.Tokens:
        """The words after the constraint's name."""
        tokens = ddl.tokens_of(self.text)
        return tokens[2:] if self.name is not None else tokens

    @property
    def columns(self) -> tuple[str, ...]:
        """The names in the first parentheses of a key: its own columns when it is the table's."""
        return ddl.names_in(self.tokens)

    @property
    def expression(self) -> tuple[Token, ...]:
        """What stands in the outer parentheses of a CHECK or a generated column."""
        tokens = self.tokens
        opening = next((at for at, token in enumerate(tokens) if token.text == "("), len(tokens))
        return tuple(tokens[opening + 1 : ddl.closing_of(tokens, opening)])

    @property
    def inside(self) -> str:
        """The text of that expression, as it was written."""
        placed = ddl.placed_tokens(self.text)
        tokens = [token for token, _ in placed]
        opening = next((at for at, token in enumerate(tokens) if token.text == "("), len(tokens) - 1)
        closing = ddl.closing_of(tokens, opening)
        end = placed[closing][1][0] if closing < len(placed) else len(self.text)
        return self.text[placed[opening][1][1] : end].strip()

    @property
    def value(self) -> str:
        """The text behind DEFAULT."""
        placed = ddl.placed_tokens(self.text)
        return self.text[placed[2 if self.name is not None else 0][1][1] :].strip()

    def without_qualifier(self, table: str) -> "Clause":
        """The same with `table.column` written as `column`, which means the same in a rule of that table."""
        placed = ddl.placed_tokens(self.text)
        text = self.text
        for (token, (start, _)), (dot, (at, _)) in reversed(list(pairwise(placed))):
            # The words of DDL take `.n` for a number, as in `t.n`.
            if token.kind == "name" and token.name.lower() == table.lower() and dot.text[0] == ".":
                text = text[:start] + text[at + 1 :].lstrip()
        return Clause(self.kind, text, self.name)

    def mentions(self, column: str) -> bool:
        """Whether the name occurs: in expressions it may also be a function's or another table's."""
        lower = column.lower()
        return any(
            token.name.lower() == lower if token.kind == "name" else token.text.lower() == f".{lower}"
            for token in self.tokens
        )


@dataclass(slots=True)
class ColumnText:
    """A column's definition."""

    name: str
    type: str
    clauses: list[Clause] = field(default_factory=list)
    comment: str = ""

    @property
    def sql(self) -> str:
        """The definition as it is written into CREATE TABLE and ALTER TABLE ADD COLUMN."""
        return " ".join(part for part in (quote(self.name), self.type, *(each.text for each in self.clauses)) if part)

    def of(self, *kinds: str) -> list[Clause]:
        """The clauses of these kinds."""
        return [clause for clause in self.clauses if clause.kind in kinds]

    def without(self, clauses: Iterable[Clause]) -> None:
        """Take clauses away."""
        gone = list(clauses)
        self.clauses = [clause for clause in self.clauses if not any(clause is each for each in gone)]

    @property
    def generated(self) -> bool:
        """Whether SQLite computes it."""
        return bool(self.of("GENERATED", "AS"))


@dataclass(slots=True)
class TableText:
    """A table's definition."""

    columns: list[ColumnText]
    constraints: list[Clause] = field(default_factory=list)
    options: str = ""
    comment: str = ""

    def sql(self, name: str) -> str:
        """The CREATE TABLE statement for a table of that name."""
        lines = [(column.sql, column.comment) for column in self.columns]
        lines += [(constraint.text, "") for constraint in self.constraints]
        written = [
            f"  {text}{',' if at < len(lines) else ''}{f' {comment}' if comment else ''}"
            for at, (text, comment) in enumerate(lines, 1)
        ]
        head = f"CREATE TABLE {quote(name)} ({f' {self.comment}' if self.comment else ''}"
        return "\n".join((head, *written, f"){f' {self.options}' if self.options else ''}"))

    def unqualify(self, table: str) -> None:
        """Let rules name their columns without the table, so that they hold under another name, too."""
        for column in self.columns:
            column.clauses = [each.without_qualifier(table) for each in column.clauses]
        self.constraints = [each.without_qualifier(table) for each in self.constraints]

    def column(self, name: str) -> ColumnText | None:
        """The column of that name; capitals make no difference, as for SQLite."""
        return next((column for column in self.columns if column.name.lower() == name.lower()), None)

    @property
    def strict(self) -> bool:
        """Whether the table is STRICT."""
        return "STRICT" in (token.word for token in ddl.tokens_of(self.options))

    @property
    def without_rowid(self) -> bool:
        """Whether the table is WITHOUT ROWID."""
        return "WITHOUT" in (token.word for token in ddl.tokens_of(self.options))

    @property
    def primary_key(self) -> tuple[str, ...]:
        """The key's columns in its order."""
        for constraint in self.constraints:
            if constraint.kind == "PRIMARY":
                return constraint.columns
        return tuple(column.name for column in self.columns if column.of("PRIMARY"))

    @property
    def rowid_alias(self) -> str | None:
        """The INTEGER PRIMARY KEY; one that is declared DESC behind its column is none, a quirk that SQLite keeps."""
        key = self.primary_key
        column = self.column(key[0]) if len(key) == 1 else None
        if column is None or self.without_rowid or column.type.upper() != "INTEGER":
            return None
        descending = any("DESC" in (token.word for token in clause.tokens) for clause in column.of("PRIMARY"))
        return None if descending else column.name


def read(sql: str) -> TableText:
    """The parts of a CREATE TABLE that SQLite has accepted."""
    reader = _Reader(sql)
    opening = next(at for at, token in enumerate(reader.tokens) if token.text == "(")
    end = ddl.closing_of(reader.tokens, opening)
    table = TableText([], options=reader.slice(end + 1, len(reader.tokens)))
    parts = reader.parts(opening + 1, end)
    table.comment = reader.comments(opening, opening + 1)
    for start, stop in parts:
        if reader.tokens[start].word in _TABLE_STARTS and table.columns:
            table.constraints += reader.clauses(start, stop, _TABLE_STARTS)
        else:
            table.columns.append(reader.column(start, stop))
    return table


class _Reader:
    """The words of a statement, and the text they stand in."""

    def __init__(self, sql: str) -> None:
        self._sql = sql
        self.tokens: ddl.Tokens = []
        self._spans: list[tuple[int, int]] = []
        for token, span in ddl.placed_tokens(sql):
            self.tokens.append(token)
            self._spans.append(span)

    def slice(self, start: int, stop: int) -> str:
        """The text from the word `start` to the one before `stop`, comments made fit for one line."""
        if start >= stop:
            return ""
        text, at, last = "", self._spans[start][0], self._spans[stop - 1][1]
        for index in range(start, stop):
            begin, end = self._spans[index]
            text += _in_line(self._sql[at:begin]) + self._sql[begin:end]
            at = end
        return text + _in_line(self._sql[at:last])

    def comments(self, before: int, after: int) -> str:
        """The comments between two words."""
        end = self._spans[after][0] if after < len(self._spans) else len(self._sql)
        return " ".join(map(_closed, _COMMENT.findall(self._sql[self._spans[before][1] : end])))

    def parts(self, start: int, stop: int) -> list[tuple[int, int]]:
        """The ranges between the commas outside parentheses."""
        found, begin, depth = [], start, 0
        for at in range(start, stop):
            depth += {"(": 1, ")": -1}.get(self.tokens[at].text, 0)
            if self.tokens[at].text == "," and depth == 0:
                found.append((begin, at))
                begin = at + 1
        found.append((begin, stop))
        return [(first, last) for first, last in found if first < last]

    def column(self, start: int, stop: int) -> ColumnText:
        """One column; its comment stands before or after the comma behind it."""
        first = next(iter(self._starts(start + 1, stop, _COLUMN_STARTS)), stop)
        comment = self.comments(stop - 1, stop)
        if stop < len(self.tokens) and self.tokens[stop].text == ",":
            comment = " ".join(filter(None, (comment, self.comments(stop, stop + 1))))
        if first < stop:
            comment = " ".join(filter(None, (self.comments(first - 1, first), comment)))
        clauses = self.clauses(first, stop, _COLUMN_STARTS)
        return ColumnText(self.tokens[start].name, self.slice(start + 1, first), clauses, comment)

    def clauses(self, start: int, stop: int, words: frozenset[str]) -> list[Clause]:
        """The constraints in a run of words."""
        starts = list(self._starts(start, stop, words))
        made = []
        for begin, end in pairwise([*starts, stop]):
            named = self.tokens[begin].word == "CONSTRAINT" and begin + 2 < end
            kind = self.tokens[begin + 2 if named else begin].word
            comment = self.comments(end - 1, end) if end < stop or words is _TABLE_STARTS else ""
            text = " ".join(filter(None, (self.slice(begin, end), comment)))
            made.append(Clause(kind, text, self.tokens[begin + 1].name if named else None))
        return made

    def _starts(self, start: int, stop: int, words: frozenset[str]) -> Iterable[int]:
        depth = 0
        for at in range(start, stop):
            depth += {"(": 1, ")": -1}.get(self.tokens[at].text, 0)
            word = self.tokens[at].word
            if depth or word not in words:
                continue
            before = self.tokens[at - 1].word if at > start else ""
            named = at > start + 1 and self.tokens[at - 2].word == "CONSTRAINT"
            after = self.tokens[at + 1].word if at + 1 < stop else ""
            inside = (
                named
                or before == "CONSTRAINT"
                or (word == "NULL" and before in ("NOT", "SET", "DEFAULT"))
                or (word == "DEFAULT" and before == "SET")
                or (word == "AS" and before == "ALWAYS")
                or (word == "NOT" and after == "DEFERRABLE")
            )
            if not inside:
                yield at


def _closed(comment: str) -> str:
    """A comment that ends by itself."""
    inner = comment[2:] if comment.startswith("--") else comment[2:].removesuffix("*/")
    return f"/*{inner.rstrip().replace('*/', '* /')} */"


def _in_line(gap: str) -> str:
    """What stands between two words, on one line."""
    if not gap:
        return ""
    found = _COMMENT.findall(gap)
    return f" {' '.join(map(_closed, found))} " if found else " "
