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
    return [Token(str(found.lastgroup), found.group()) for found in _TOKEN.finditer(sql) if found.lastgroup != "space"]


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
    return [part for part in split(tokens[opening + 1 : _closing(tokens, opening)]) if part]


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


def _closing(tokens: Tokens, opening: int) -> int:
    """The index of the parenthesis that closes the one at `opening`."""
    depth = 0
    for at in range(opening, len(tokens)):
        depth += {"(": 1, ")": -1}.get(tokens[at].text, 0)
        if depth == 0:
            return at
    return len(tokens)


def _names(tokens: Tokens, opening: int) -> tuple[tuple[str, ...], int]:
    """The lower-case column names in the parentheses at `opening`, and where they end."""
    closing = _closing(tokens, opening)
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
            closing = _closing(tokens, at + 1)
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
            return _closing(tokens, position)
        if tokens[at].word == "DEFAULT" and tokens[position].text not in "+-":
            return position
    return at


def choices(check: Check) -> tuple[str, tuple[str | int | float, ...]] | None:
    """The column (lower case) and the values of `column IN (…)`, alone, after `column IS NULL OR`, or before AND."""
    for part in _conjuncts(check.tokens):
        tokens = _without_null_case(part)
        if len(tokens) >= 5 and tokens[0].kind == "name" and tokens[1].word == "IN" and tokens[2].text == "(":
            values = [_literal(item) for item in split(tokens[3:-1])]
            if tokens[-1].text == ")" and all(value is not None for value in values):
                return tokens[0].name.lower(), tuple(value for value in values if value is not None)
    return None


def max_length(check: Check) -> tuple[str, int] | None:
    """The column (lower case) and N of `length(column) <= N`, `< N` or `= N`."""
    for part in _conjuncts(check.tokens):
        tokens = _without_null_case(part)
        if (
            len(tokens) == 6
            and tokens[0].word == "LENGTH"
            and (tokens[1].text, tokens[3].text) == ("(", ")")
            and tokens[4].text in ("<=", "<", "=")
            and tokens[5].text.isdigit()
        ):
            return tokens[2].name.lower(), int(tokens[5].text) - (tokens[4].text == "<")
    return None


def _conjuncts(tokens: tuple[Token, ...]) -> list[Tokens]:
    """`tokens` split at the ANDs outside parentheses."""
    parts: list[Tokens] = [[]]
    depth = 0
    for token in tokens:
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if token.word == "AND" and depth == 0:
            parts.append([])
        else:
            parts[-1].append(token)
    return [_unwrapped(part) for part in parts]


def _unwrapped(tokens: Tokens) -> Tokens:
    """`tokens` without parentheses around the whole."""
    while len(tokens) >= 2 and tokens[0].text == "(" and _closing(tokens, 0) == len(tokens) - 1:
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
            return sign * (int(text) if text.isdigit() else float(text))
        except ValueError:
            return None
    return None
