"""Looks at SQL that somebody wrote, without running it: what it reads and writes, its parameters, its columns.

    text ─▶ one statement, without comments at its end ─▶ prepared by SQLite under the authorizer ─▶ `Inspected`

Whether it writes is told by SQLite (`sqlite3_stmt_readonly`), and so are the columns and where they come from.
"""

import itertools
import re
from dataclasses import dataclass, replace
from typing import Any, Never

import apsw

from rolltop.data import ddl, errors, expressions
from rolltop.data.authorizer import REASONS, TABLE_FUNCTIONS, Authorizer, forbidden

LONGEST = 100_000
"""Characters of a statement (threat model S3)."""
DEEPEST = 100
"""Levels of an expression."""


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """A column of a result. `declared`, `table` and `column` say where it comes from; None for expressions."""

    name: str
    declared: str | None
    table: str | None
    column: str | None


@dataclass(frozen=True, slots=True)
class Inspected:
    """A statement as SQLite understood it. `parameters` are in the order in which they are bound."""

    sql: str
    parameters: tuple[str, ...]
    columns: tuple[ResultColumn, ...]
    writes: bool
    reads: frozenset[str]
    """The tables and views that it reads, those below views included."""
    named: frozenset[str]
    """Those of them that it names itself, as far as one can tell: it may call a part of it like a view."""
    changes: frozenset[str]
    """The tables that it writes, those of triggers included."""
    inserts: frozenset[str]
    """Those of them to which it adds rows."""
    columns_used: frozenset[tuple[str, str]]
    """Tables and columns of them, in lower case, that it reads or updates; not those that an INSERT names."""


class _NoValues(dict[str, None]):
    """Stands for the values of parameters while a statement is only looked at."""

    def __missing__(self, _name: str) -> None:
        return None


def inspect(connection: apsw.Connection, text: str) -> Inspected:
    """What `text` would do; `SQLProblem` when it is not one statement that may run.

    The connection is changed by this: it must serve for nothing else, and one thread at a time.
    """
    sql = _statement(text)
    authorizer = Authorizer(*_known(connection))
    found: dict[str, Any] = {}

    def look(cursor: apsw.Cursor, _sql: str, _bindings: object) -> bool:
        found.update(names=cursor.bindings_names, readonly=cursor.is_readonly, explains=cursor.is_explain)
        found["columns"] = tuple(
            ResultColumn(name, declared, table if schema == "main" else None, column)
            for name, declared, schema, table, column in cursor.description_full
        )
        return False  # it shall not run

    cursor = connection.cursor()
    cursor.exec_trace = look
    connection.authorizer = authorizer
    connection.limit(apsw.SQLITE_LIMIT_EXPR_DEPTH, DEEPEST)
    try:
        cursor.execute(sql, _NoValues(), can_cache=False)  # what was prepared before asks the authorizer nothing
    except apsw.ExecTraceAbort:
        pass
    except apsw.BindingsError:
        raise errors.UndefinedParameter(
            "Parameters are written with a name.", hint="Write :name in place of ?."
        ) from None
    except apsw.SQLError as error:
        _explain(sql, error)
    except errors.SQLProblem as problem:  # the authorizer's
        raise _located(sql, problem) from None
    finally:
        connection.authorizer = None
        cursor.close(True)
    if found["explains"]:
        raise forbidden(REASONS["EXPLAIN"])
    stored = _stored(connection)
    reads, named, writes, inserts = (
        frozenset(stored.get(_folded(name), name) for name in names)
        for names in (authorizer.reads, authorizer.named, authorizer.writes, authorizer.inserts)
    )
    return Inspected(
        sql,
        found["names"],
        _typed(found["columns"], sql, connection),
        not found["readonly"],
        reads,
        named,
        writes,
        inserts,
        frozenset(authorizer.columns),
    )


def _typed(columns: tuple[ResultColumn, ...], sql: str, connection: apsw.Connection) -> tuple[ResultColumn, ...]:
    """The columns with the types of their expressions; of several SELECTs SQLite describes only the first."""
    told = expressions.types_of(connection, sql)
    if len(told) != len(columns):
        return columns
    compound = expressions.is_compound(sql)
    return tuple(_of_type(column, kind, mixed=compound) for column, kind in zip(columns, told, strict=True))


def _of_type(column: ResultColumn, declared: str | None, *, mixed: bool) -> ResultColumn:
    if declared is None:
        return ResultColumn(column.name, None, None, None) if mixed else column
    return column if column.column is not None else replace(column, declared=declared)


def _known(connection: apsw.Connection) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Lower-case names of the tables in the schema, of its views, and of the modules that are tables by themselves."""
    known = connection.execute("SELECT lower(name), type FROM main.sqlite_schema WHERE type IN ('table', 'view')")
    kinds = {str(name): kind for name, kind in known}
    views = frozenset(name for name, kind in kinds.items() if kind == "view")
    modules = connection.execute("SELECT lower(name) FROM pragma_module_list")
    return frozenset(kinds), views, frozenset(name for (name,) in modules) - TABLE_FUNCTIONS


def _stored(connection: apsw.Connection) -> dict[str, str]:
    """The names of tables and views by themselves, folded: of one without columns in use SQLite says it as spelled."""
    names = connection.execute("SELECT name FROM main.sqlite_schema WHERE type IN ('table', 'view')")
    return {_folded(name): name for (name,) in names}


def _folded(name: str) -> str:
    """The name as SQLite compares it: only ASCII letters have no case."""
    return name.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")


def qualified(sql: str) -> bool:
    """Whether the statement names the schema that a table is in, as in `main.t`."""
    words = [word for word, _ in ddl.placed_tokens(sql)]
    pairs = itertools.pairwise(words)
    return any(
        word.kind in ("name", "string")
        and word.name.lower() == "main"
        and after.text.startswith(".")  # a number, if any
        for word, after in pairs
    )


# ---- text ------------------------------------------------------------------------------------------------------------


def _statement(text: str) -> str:
    """The one statement in `text` without what follows its last word, so that it can stand in parentheses."""
    if "\x00" in text:
        raise errors.SyntaxProblem("SQL cannot contain the character U+0000.", hint="Remove it.")
    words = ddl.placed_tokens(text)
    while words and words[-1][0].text == ";":
        words.pop()
    if not words:
        raise errors.SyntaxProblem("There is no statement.", hint="Write a SELECT, INSERT, UPDATE or DELETE.")
    first = words[0][0].word
    if first in REASONS:
        raise forbidden(REASONS[first])
    semicolon = next((start for word, (start, _) in words if word.text == ";"), None)
    if semicolon is not None:
        raise errors.SyntaxProblem(
            "There is more than one statement.",
            details=_place(text, semicolon),
            hint="A saved query is one statement; save the others as queries of their own.",
        )
    return text[: words[-1][1][1]]


def _place(text: str, at: int) -> str:
    """`Line 2, column 7` of the character at this index."""
    line = text.count("\n", 0, at) + 1
    return f"Line {line}, column {at - text.rfind(chr(10), 0, at)}"


# ---- what SQLite says ------------------------------------------------------------------------------------------------

_NO_TABLE = re.compile(r"no such table: (?:main\.)?(.+)", re.DOTALL)
_NO_COLUMN = re.compile(r"no such column: (.+)|table .+ has no column named (.+)", re.DOTALL)
_NO_FUNCTION = re.compile(r"no such function: (.+)|unknown function: (.+)\(\)", re.DOTALL)


def problem_of(message: str) -> errors.SQLProblem:
    """What SQLite's message about a statement means."""
    for pattern, kind in ((_NO_TABLE, errors.UndefinedTable), (_NO_COLUMN, errors.UndefinedColumn)):
        found = pattern.fullmatch(message)
        if found is not None:
            return kind(next(name for name in found.groups() if name is not None))
    found = _NO_FUNCTION.fullmatch(message)
    if found is not None:
        return errors.UndefinedSQLFunction(found[1] or found[2])
    return errors.SyntaxProblem(f"SQLite cannot read this: {message}.", hint="Correct the statement at this place.")


def _explain(sql: str, error: apsw.SQLError) -> Never:
    running = errors.of_running(error)
    if running is not None:
        raise running from None
    problem = problem_of(str(error))
    offset = getattr(error, "error_offset", -1)
    if offset is not None and offset >= 0:
        problem.details = _place(sql, len(sql.encode()[:offset].decode(errors="ignore")))
        raise problem from None
    raise _located(sql, problem) from None


def _located(sql: str, problem: errors.SQLProblem) -> errors.SQLProblem:
    """The problem with the place of the name that it is about."""
    if problem.name is not None:
        wanted = problem.name.rpartition(".")[2].lower()
        words = ddl.placed_tokens(sql)
        at = next((start for word, (start, _) in words if word.kind == "name" and word.name.lower() == wanted), None)
        problem.details = None if at is None else _place(sql, at)
    return problem
