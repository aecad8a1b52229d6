"""SQL that people write: expressions of rules, and the SELECTs of views."""

from collections.abc import Iterator
from contextlib import contextmanager

import apsw

from rolltop.collections.schema.errors import BadExpression
from rolltop.data import ddl, quote
from rolltop.data.reflect import is_hidden

_FORBIDDEN = frozenset(
    {"load_extension", "random", "randomblob", "changes", "total_changes", "last_insert_rowid", "fts3_tokenizer"}
)
"""Functions whose value is another at each call, or that reach out of the database."""
_MAY_VARY = frozenset({"random", "randomblob"})


def whole(expression: str, place: str) -> str:
    """`expression` if it can stand inside parentheses without ending them.

    Raises:
        BadExpression: a parenthesis, a quote or a comment is left open, or it is more than one expression.
    """
    text = expression.strip()
    tokens = ddl.tokens_of(text)
    depth = 0
    for token in tokens:
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if depth < 0:
            break
    split = len(ddl.split(tokens)) > 1
    if depth or split or not tokens or _is_open(text):
        raise BadExpression(
            f"{_short(text)!r} is not one whole expression.",
            place=place,
            hint="Close every parenthesis and quotation mark, and leave out comments and semicolons.",
        )
    return text


def select(text: str, place: str) -> str:
    """A single SELECT without its semicolon; what it reads is looked at when it is tried out.

    Raises:
        BadExpression: it is not a SELECT, or more than one statement.
    """
    statement = text.strip().rstrip(";").strip()
    tokens = ddl.tokens_of(statement)
    if not tokens or tokens[0].word not in ("SELECT", "WITH", "VALUES") or _is_open(statement, comments=True):
        raise BadExpression(
            "A view is one SELECT.", place=place, hint="Begin with SELECT or WITH, and send one statement."
        )
    return statement


def try_expression(
    connection: apsw.Connection, table: str, expression: str, place: str, *, default: bool = False
) -> None:
    """Let SQLite read `expression` over the columns of `table`; a default may be another value each time.

    Raises:
        BadExpression: it does not parse, names an unknown column, or calls what a rule may not.
    """
    with _watched(connection, _MAY_VARY if default else frozenset()), _explained(expression, place):
        connection.execute(f"SELECT ({expression}) FROM {quote(table)} LIMIT 0").fetchall()  # noqa: S608 (checked)


def try_select(connection: apsw.Connection, statement: str, place: str) -> None:
    """Let SQLite read a view's SELECT, which may only read, and only what the API knows.

    Raises:
        BadExpression: it does not parse, names what is not there, or does more than read.
    """
    with _watched(connection, _MAY_VARY), _explained(statement, place):
        connection.execute(f"SELECT * FROM ({statement}\n) LIMIT 0").fetchall()  # noqa: S608 (one SELECT, authorized)


@contextmanager
def _explained(text: str, place: str) -> Iterator[None]:
    try:
        yield
    except apsw.Error as error:
        reason = str(error)
        if isinstance(error, apsw.AuthError):
            reason = "it may only read tables, and not call functions that change from call to call"
        raise BadExpression(
            f"{_short(text)!r} is not taken: {reason}.",
            place=place,
            hint="Write names with double and texts with single quotation marks: \"name\" = 'text'.",
        ) from error


@contextmanager
def _watched(connection: apsw.Connection, allowed: frozenset[str]) -> Iterator[None]:
    """Nothing but reading of known tables with harmless functions is let through."""

    def _look(action: int, first: str | None, second: str | None, _database: str | None, _inner: str | None) -> int:
        if action == apsw.SQLITE_FUNCTION:
            name = (second or "").lower()
            bad = name.startswith(("rolltop_", "sqlite_")) or (name in _FORBIDDEN and name not in allowed)
            return apsw.SQLITE_DENY if bad else apsw.SQLITE_OK
        if action == apsw.SQLITE_READ:
            return apsw.SQLITE_DENY if is_hidden(first or "") else apsw.SQLITE_OK
        return apsw.SQLITE_OK if action in (apsw.SQLITE_SELECT, apsw.SQLITE_RECURSIVE) else apsw.SQLITE_DENY

    connection.authorizer = _look
    try:
        yield
    finally:
        connection.authorizer = None


def _is_open(text: str, *, comments: bool = False) -> bool:
    """Whether a quotation mark or comment swallows what follows, or a second statement does."""
    marks = [token.text for token in ddl.tokens_of(text) if token.kind == "mark"]
    if any(mark in marks for mark in (";", "'", '"', "`", "[", "]", "\x00")):
        return True
    bare = "".join(token.text for token in ddl.tokens_of(text))
    written = "".join(text.split())
    return not comments and written != "".join(bare.split())


def _short(text: str) -> str:
    return text if len(text) <= 200 else text[:200] + "…"
