"""The types of what a SELECT gives, told from its text: SQLite types columns of tables, and no expression.

    SELECT count(*) AS n, upper(name), max(born) FROM people
           INTEGER       TEXT         DATE, as the column is declared

Where a column comes from is asked of SQLite itself, which prepares a statement of it and runs nothing. What is not
understood here has no type: it is better to say nothing of a value than something wrong.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import apsw

from rolltop.data.clauses import TRUTHS, Words, closes, is_star, outer, results, split, turn, without_alias
from rolltop.data.ddl import placed_tokens
from rolltop.data.quoting import quote
from rolltop.data.types.base import of_declared

Declared = str | None
"""A declared type; the empty one is text (dialect, section 3), None is unknown."""

_NULL = "NULL"
_DEEPEST = 40
_MOST_ASKED = 500
"""Statements that are prepared for the types of one."""
_FIXED = {
    name: declared
    for declared, names in (
        ("INTEGER", "count row_number rank dense_rank ntile length octet_length instr unicode random changes sign"),
        ("INTEGER", "total_changes last_insert_rowid unixepoch json_array_length"),
        ("REAL", "avg total round julianday percent_rank cume_dist pi sqrt exp ln log pow power"),
        ("TEXT", "upper lower trim ltrim rtrim replace substr substring hex printf format typeof quote group_concat"),
        ("TEXT", "string_agg strftime char concat concat_ws json_type timediff"),
        ("JSON", "json json_array json_object json_insert json_replace json_set json_remove json_patch json_quote"),
        ("JSON", "json_group_array json_group_object"),
        ("DATE", "date"),
        ("TIME", "time"),
        ("TIMESTAMP", "datetime"),
    )
    for name in names.split()
}
_FIRST_OF = frozenset({"first_value", "last_value", "nth_value", "nullif", "likely", "unlikely", "likelihood"})
_ONE_OF = frozenset({"min", "max", "coalesce", "ifnull"})
_MOMENTS = {"CURRENT_DATE": "DATE", "CURRENT_TIME": "TIME", "CURRENT_TIMESTAMP": "TIMESTAMP"}
_COMPARISONS = frozenset({"=", "==", "<>", "!=", "<", "<=", ">", ">="})
_COMPOUND = frozenset({"UNION", "INTERSECT", "EXCEPT"})
_AFTER_WHERE = frozenset({"GROUP", "HAVING", "WINDOW", "ORDER", "LIMIT"})


class _NoValues(dict[str, None]):
    """Stands for the values of parameters, which are not needed to prepare."""

    def __missing__(self, _name: str) -> None:
        return None


def types_of(connection: apsw.Connection, select: str) -> tuple[Declared, ...]:
    """The declared type of each column that the statement `select` gives; empty when its columns cannot be told."""
    return _Typist(connection, select).columns(placed_tokens(select), "")


def body_of_view(sql: str) -> str:
    """The SELECT of a CREATE VIEW statement."""
    words = placed_tokens(sql)
    depth = 0
    for word, (_, end) in words:
        depth += turn(word)
        if depth == 0 and word.word == "AS":
            return sql[end:]
    return ""


def is_compound(select: str) -> bool:
    """Whether rows come from several SELECTs, of which SQLite types only the first."""
    return any(word.word in _COMPOUND for _, (word, _) in outer(placed_tokens(select)))


def _only(types: Iterable[Declared]) -> Declared:
    """The one type that is known, if it is one."""
    known = [each for each in types if each is not None]
    return known[0] if len(known) == 1 else None


def _one_of(types: Iterable[Declared]) -> Declared:
    """The type of a value that is of one of these; NULL fits all."""
    found = [each for each in types if each != _NULL]
    if not found:
        return _NULL
    if any(each is None for each in found):
        return None
    names = {of_declared(str(each)).name for each in found}
    if len(names) == 1:
        return found[0]
    return "NUMERIC" if names <= {"bigint", "double precision", "numeric"} else None


def _of_cast(name: str) -> str:
    """What SQLite makes of `CAST(… AS name)`; a boolean is 0 or 1 there, too."""
    upper = name.upper()
    if "BOOL" in upper or "INT" in upper:
        return "BOOLEAN" if "BOOL" in upper else "INTEGER"
    if any(word in upper for word in ("CHAR", "CLOB", "TEXT")):
        return "TEXT"
    if "BLOB" in upper:
        return "BLOB"
    return "REAL" if any(word in upper for word in ("REAL", "FLOA", "DOUB")) else "NUMERIC"


@dataclass(slots=True)
class _Known:
    """What was found of one statement: the columns of what it selects from, and what SQLite said of its parts."""

    sources: dict[str, dict[str, Declared]] = field(default_factory=dict)
    described: dict[str, list[Any]] = field(default_factory=dict)


class _Typist:
    """Reads one statement; `before` and `behind` are what stands around an expression when SQLite is asked of it."""

    def __init__(self, connection: apsw.Connection, sql: str, known: _Known | None = None) -> None:
        self._connection = connection
        self._sql = sql
        self._all = _Known() if known is None else known
        self._depth = 0

    def _text(self, words: Words) -> str:
        return self._sql[words[0][1][0] : words[-1][1][1]] if words else ""

    # ---- a SELECT ----

    def columns(self, words: Words, before: str) -> tuple[Declared, ...]:
        """The types of a SELECT's columns; `before` is a WITH that it may speak of."""
        if self._depth > _DEEPEST:
            return ()
        if words and words[0][0].word == "WITH":
            start = next((at for at, (word, _) in outer(words) if at and word.word in ("SELECT", "VALUES")), None)
            if start is None:
                return ()
            before, words = f"{before} {self._text(words[:start])} ", words[start:]
        arms = [self._arm(arm, before) for arm in split(words, lambda word: word.word in _COMPOUND)]
        if len({len(arm) for arm in arms}) != 1:
            return ()
        return tuple(None if (made := _one_of(each)) == _NULL else made for each in zip(*arms, strict=True))

    def _arm(self, words: Words, before: str) -> tuple[Declared, ...]:
        if words and words[0][0].word == "ALL":  # of UNION ALL
            words = words[1:]
        if not words or words[0][0].word != "SELECT":
            return ()
        words = words[1:]
        if words and words[0][0].word in ("DISTINCT", "ALL"):
            words = words[1:]
        borders = {"FROM", "WHERE"} | _AFTER_WHERE
        end = next((at for at, (word, _) in outer(words) if word.word in borders), len(words))
        items, rest = words[:end], words[end:]
        stop = next((at for at, (word, _) in outer(rest) if word.word in _AFTER_WHERE), len(rest))
        behind = self._text(rest[:stop])
        parts = split(items, lambda word: word.text == ",")
        origins = self._origins(self._text(items), before, behind)  # of all at once, for each asks SQLite anew
        if len(origins) == len(parts) and not any(map(is_star, parts)):
            pairs = zip(parts, origins, strict=True)
            return tuple(self._of(without_alias(p), before, behind) if o is None else o for p, o in pairs)
        found: list[Declared] = []
        for part in parts:
            if is_star(part):
                found.extend(self._origins(self._text(part), before, behind))
            else:
                found.append(self._of(without_alias(part), before, behind))
        return tuple(found)

    def _origins(self, items: str, before: str, behind: str) -> tuple[Declared, ...]:
        """What SQLite says of columns: the declared type, the empty one too; None for expressions."""
        found = self._described(f"{before}SELECT {items} {behind}")
        if not any(declared is None and column is None for _, declared, _, _, column in found):
            return tuple(declared or "" for _, declared, _, _, _ in found)
        sources = list(self._sources(before, behind))
        return tuple(
            declared or ("" if column is not None else _only(source.get(str(name).lower()) for source in sources))
            for name, declared, _, _, column in found
        )

    def _described(self, sql: str) -> list[Any]:
        """What SQLite says of the columns of a statement, without running it; nothing when it cannot be prepared."""
        known = self._all.described.get(sql)
        if known is not None:
            return known
        found: list[Any] = []
        if len(self._all.described) >= _MOST_ASKED:
            return found
        self._all.described[sql] = found

        def look(cursor: apsw.Cursor, _sql: str, _bindings: object) -> bool:
            found.extend(cursor.description_full)
            return False  # it shall not run

        cursor = self._connection.cursor()
        cursor.exec_trace = look
        with suppress(apsw.Error):  # it cannot stand by itself, or it was stopped as wanted
            cursor.execute(sql, _NoValues(), can_cache=False)
        cursor.close(True)
        return found

    # ---- what it selects from ----

    def _sources(self, before: str, behind: str) -> Iterable[dict[str, Declared]]:
        """What stands behind FROM and has expressions for columns: each by name."""
        words = placed_tokens(behind)
        parts = split(words[1:], lambda word: word.text == "," or word.word == "JOIN")
        for part in parts if words and words[0][0].word == "FROM" else ():
            first = part[0][0] if part else None
            if first is not None and first.text == "(":
                select = behind[part[1][1][0] : part[closes(part)][1][0]]
                yield self._known(select, before, select)
            elif first is not None and first.kind == "name":
                body = _named_in_with(before, first.name) or self._body_of(first.name)
                if body:
                    yield self._known(body, before, f"SELECT * FROM {quote(first.name)}")  # noqa: S608 (quoted)

    def _body_of(self, view: str) -> str:
        sql = "SELECT sql FROM main.sqlite_schema WHERE type = 'view' AND lower(name) = lower(?)"
        row = self._connection.execute(sql, (view,)).fetchone()
        return "" if row is None else body_of_view(str(row[0]))

    def _known(self, select: str, before: str, whole: str) -> dict[str, Declared]:
        """The columns of another SELECT by the names that they have in `whole`."""
        key = f"{before}\n{select}"
        sources = self._all.sources
        if key not in sources:
            sources[key] = {}  # in a circle nothing is known
            types = _Typist(self._connection, select, self._all).columns(placed_tokens(select), before)
            names = [str(column[0]).lower() for column in self._described(before + whole)]
            if len(names) == len(types):
                sources[key] = dict(zip(names, types, strict=True))
        return sources[key]

    # ---- an expression ----

    def _of(self, words: Words, before: str, behind: str) -> Declared:
        self._depth += 1
        try:
            return None if self._depth > _DEEPEST or not words else self._expression(words, before, behind)
        finally:
            self._depth -= 1

    def _expression(self, words: Words, before: str, behind: str) -> Declared:
        def of(part: Words) -> Declared:
            return self._of(part, before, behind)

        first = words[0][0]
        if first.text == "(" and closes(words) == len(words) - 1:
            inner = words[1:-1]
            if inner and inner[0][0].word in ("SELECT", "WITH"):
                return next(iter(self.columns(inner, before)), None) or self._column(words, before, behind)
            return of(inner)
        marks = [(at, word) for at, (word, _) in outer(words)]
        if first.word in ("NOT", "EXISTS") or any(
            word.word in TRUTHS or word.text in _COMPARISONS for _, word in marks
        ):
            return "BOOLEAN"
        collate = next((at for at, word in marks if word.word == "COLLATE"), None)
        if collate is not None:
            return of(words[:collate])
        if any(word.text in ("&", "|", "<<", ">>") for _, word in marks) or first.text == "~":
            return "INTEGER"
        if any(at and word.text in ("+", "-", "*", "/", "%") for at, word in marks):
            operands = split(words, lambda word: word.text in ("+", "-", "*", "/", "%"))
            return _of_numbers([of(operand) for operand in operands if operand])  # a sign has nothing before it
        if first.text in ("+", "-"):
            return _of_numbers([of(words[1:])])
        joined = [word.text for _, word in marks if word.text in ("||", "->", "->>")]
        if joined:
            return {"||": "TEXT", "->": "JSON", "->>": None}[joined[-1]]
        if first.word == "CASE":
            return _one_of(map(of, results(words)))
        if len(words) > 2 and first.kind == "name" and words[1][0].text == "(":
            return self._call(words, before, behind)
        return _literal(words) or self._column(words, before, behind)

    def _column(self, words: Words, before: str, behind: str) -> Declared:
        return next(iter(self._origins(self._text(words), before, behind)), None)

    def _call(self, words: Words, before: str, behind: str) -> Declared:
        end = closes(words[1:]) + 1
        follows = words[end + 1][0].word if end + 1 < len(words) else "OVER"
        if follows not in ("OVER", "FILTER"):
            return None
        name, inner = words[0][0].name.lower(), words[2:end]
        if name == "cast":
            at = next((at for at, (word, _) in outer(inner) if word.word == "AS"), None)
            return None if at is None else _of_cast(self._text(inner[at + 1 :]))
        if inner and inner[0][0].word == "DISTINCT":
            inner = inner[1:]
        if name in _FIXED:
            return _FIXED[name]
        given = [self._of(part, before, behind) for part in split(inner, lambda word: word.text == ",")]
        if name in _ONE_OF:
            return _one_of(given)
        if name in _FIRST_OF:
            return given[0]
        if name in ("sum", "abs"):
            return _of_numbers(given[:1])
        if name in ("iif", "if"):
            return _one_of(given[1:])
        return _one_of([given[0], *given[2:]]) if name in ("lag", "lead") else None


def _named_in_with(before: str, name: str) -> str:
    """The SELECT that a WITH calls `name`."""
    words = placed_tokens(before)
    named = [at for at, (word, _) in outer(words) if word.kind == "name" and word.name.lower() == name.lower()]
    for at in named:
        opening = next((place + 1 for place, (word, _) in outer(words) if place > at and word.word == "AS"), len(words))
        if opening < len(words) and words[opening][0].text == "(":
            end = opening + closes(words[opening:])
            return before[words[opening][1][1] : words[end][1][0]] if end < len(words) else ""
    return ""


def _literal(words: Words) -> Declared:
    word = words[0][0]
    if len(words) == 2 and word.word == "X" and words[1][0].kind == "string":
        return "BLOB"
    if len(words) != 1:
        return None
    if word.kind == "string":
        return "TEXT"
    if word.kind == "number":
        return "INTEGER" if word.text.isdigit() or word.text[:2].lower() == "0x" else "REAL"
    if word.word in ("TRUE", "FALSE"):
        return "BOOLEAN"
    return _NULL if word.word == _NULL else _MOMENTS.get(word.word)


def _of_numbers(types: Iterable[Declared]) -> str:
    """What arithmetic gives: always a number."""
    names = {of_declared(each).name if each is not None else None for each in types if each != _NULL}
    if names <= {"bigint", "boolean"}:
        return "INTEGER" if names else "NUMERIC"
    return "REAL" if names <= {"bigint", "boolean", "double precision"} else "NUMERIC"
