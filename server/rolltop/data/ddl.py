"""Reads a CREATE TABLE statement for what SQLite's PRAGMAs do not tell: names of constraints and CHECKs.

The text comes from `sqlite_schema`, so SQLite itself has accepted it; what is not understood here is passed over.
"""

import re
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\n]*|/\*.*?(?:\*/|\Z))
      | (?P<string>'(?:[^']|'')*')
      | (?P<name>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|[^\W\d][\w$]*)
      | (?P<number>[0-9.][\w.]*)
      | (?P<mark><>|<=|>=|==|!=|\|\||<<|>>|->>|->|.)""",
    re.VERBOSE | re.DOTALL,
)
_CONSTRAINT_WORDS = frozenset(
    {
        *("CONSTRAINT", "PRIMARY", "NOT", "NULL", "UNIQUE", "CHECK", "DEFAULT", "COLLATE", "REFERENCES"),
        *("GENERATED", "AS", "ON", "DEFERRABLE"),
    }
)
_TABLE_CONSTRAINT_WORDS = frozenset({"CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"})


@dataclass(frozen=True, slots=True)
class Token:
    """One word of SQL: `kind` is string, name, number or mark; `quoted` tells "order" from ORDER."""

    kind: str
    text: str

    @property
    def word(self) -> str:
        """The keyword in capitals, or nothing for what cannot be one."""
        return self.text.upper() if self.kind == "name" and self.text[0] not in '"`[' else ""

    @property
    def name(self) -> str:
        """The identifier without its quotes."""
        opening = self.text[0]
        if opening == "[":
            return self.text[1:-1]
        if opening in "\"`'":
            return self.text[1:-1].replace(opening * 2, opening)
        return self.text


Tokens = list[Token]


@dataclass(frozen=True, slots=True)
class Check:
    """A CHECK: its declared name, the column it was written behind, and its expression."""

    name: str | None
    column: str | None
    tokens: tuple[Token, ...]

    @property
    def text(self) -> str:
        """The expression with one space between words, so that it can be compared."""
        return " ".join(token.text for token in self.tokens)


@dataclass(slots=True)
class Declared:
    """What a CREATE TABLE says beyond the PRAGMAs; columns are in lower case, as SQLite compares them."""

    primary_key_name: str | None = None
    unique_names: dict[tuple[str, ...], str] = field(default_factory=dict)
    foreign_key_names: dict[tuple[str, ...], str] = field(default_factory=dict)
    deferred_keys: set[tuple[str, ...]] = field(default_factory=set)
    checks: list[Check] = field(default_factory=list)
    collations: dict[str, str] = field(default_factory=dict)
    autoincrement: bool = False


def tokens_of(sql: str) -> Tokens:
    """The words of `sql`, comments and spaces left out."""
    return [token for token, _ in placed_tokens(sql)]


def placed_tokens(sql: str) -> list[tuple[Token, tuple[int, int]]]:
    """The same words, each with where it begins and ends in `sql`."""
    return [
        (Token(str(found.lastgroup), found.group()), found.span())
        for found in _TOKEN.finditer(sql)
        if found.lastgroup != "space"
    ]


def read(sql: str) -> Declared:
    """What the CREATE TABLE statement `sql` declares."""
    declared = Declared()
    for definition in _definitions(tokens_of(sql)):
        if definition[0].word in _TABLE_CONSTRAINT_WORDS:
            _constraints(definition, None, declared)
        else:
            start = next((at for at, token in enumerate(definition[1:], 1) if token.word in _CONSTRAINT_WORDS), None)
            if start is not None:
                _constraints(definition[start:], definition[0].name, declared)
    return declared


def _definitions(tokens: Tokens) -> list[Tokens]:
    """The comma-separated definitions between the outer parentheses."""
    opening = next((at for at, token in enumerate(tokens) if token.text == "("), None)
    if opening is None:
        return []
    return [part for part in split(tokens[opening + 1 : closing_of(tokens, opening)]) if part]


def split(tokens: Tokens) -> list[Tokens]:
    """`tokens` split at the commas outside parentheses."""
    parts: list[Tokens] = [[]]
    depth = 0
    for token in tokens:
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if token.text == "," and depth == 0:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def names_in(tokens: Tokens) -> tuple[str, ...]:
    """The names that begin the parts of the first parentheses: the columns of a key."""
    opening = next((at for at, token in enumerate(tokens) if token.text == "("), len(tokens))
    return tuple(part[0].name for part in split(tokens[opening + 1 : closing_of(tokens, opening)]) if part)


def closing_of(tokens: Tokens, opening: int) -> int:
    """The index of the parenthesis that closes the one at `opening`."""
    depth = 0
    for at in range(opening, len(tokens)):
        depth += {"(": 1, ")": -1}.get(tokens[at].text, 0)
        if depth == 0:
            return at
    return len(tokens)


def _names(tokens: Tokens, opening: int) -> tuple[tuple[str, ...], int]:
    """The lower-case column names in the parentheses at `opening`, and where they end."""
    closing = closing_of(tokens, opening)
    names = tuple(part[0].name.lower() for part in split(tokens[opening + 1 : closing]) if part)
    return names, closing


def _constraints(tokens: Tokens, column: str | None, declared: Declared) -> None:
    """Read a run of constraints, behind `column` or of the table, into `declared`."""
    own: tuple[str, ...] = (column.lower(),) if column is not None else ()
    name: str | None = None
    columns = own
    at = 0
    while at < len(tokens):
        word = tokens[at].word
        following = tokens[at + 1] if at + 1 < len(tokens) else None
        if word == "CONSTRAINT" and following is not None:
            name, at = following.name, at + 2
            continue
        if word == "CHECK" and following is not None and following.text == "(":
            closing = closing_of(tokens, at + 1)
            declared.checks.append(Check(name, column, tuple(tokens[at + 2 : closing])))
            at = closing
        elif word in ("PRIMARY", "UNIQUE", "FOREIGN"):
            opening = at + 1 if word == "UNIQUE" else at + 2
            if column is None and opening < len(tokens) and tokens[opening].text == "(":
                columns, at = _names(tokens, opening)
            if word == "PRIMARY":
                declared.primary_key_name = name
            elif word == "UNIQUE" and name is not None:
                declared.unique_names[columns] = name
        elif word == "REFERENCES" and name is not None:
            declared.foreign_key_names[columns] = name
        elif word == "DEFERRED" and columns:
            declared.deferred_keys.add(columns)
        elif word == "AUTOINCREMENT":
            declared.autoincrement = True
        elif word == "COLLATE" and following is not None and column is not None:
            declared.collations[column.lower()] = following.name.upper()
        elif word in ("DEFAULT", "GENERATED", "AS"):
            at = _past_expression(tokens, at)
        if word in ("CHECK", "PRIMARY", "UNIQUE", "REFERENCES", "NOT", "DEFAULT", "COLLATE"):
            name = None
        at += 1


def _past_expression(tokens: Tokens, at: int) -> int:
    """The index of the last word of a DEFAULT or GENERATED clause that starts at `at`."""
    for position in range(at + 1, min(at + 4, len(tokens))):
        if tokens[position].text == "(":
            return closing_of(tokens, position)
        if tokens[at].word == "DEFAULT" and tokens[position].text not in "+-":
            return position
    return at
