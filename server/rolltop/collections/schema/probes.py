"""Tries out what people wrote in SQL, and defaults, on tables of their own in memory: each error gets its place."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import apsw
from pydantic import BaseModel

from rolltop.collections.schema.errors import BadDefault, BadExpression
from rolltop.collections.schema.expressions import try_expression
from rolltop.data.definition import Clause, ColumnText, TableText

_SQL_FIELDS = ("check", "expression", "default_expression", "where")


def written(wish: BaseModel, place: str = "") -> Iterator[tuple[str, str, str]]:
    """Every piece of SQL in a wish: its place, the field's name, the text."""
    for name in type(wish).model_fields:
        value = getattr(wish, name)
        here = f"{place}.{name}" if place else name
        if isinstance(value, str) and name in _SQL_FIELDS:
            yield here, name, value
        elif isinstance(value, BaseModel):
            yield from written(value, here)
        elif isinstance(value, list):
            for at, each in enumerate(value):
                if isinstance(each, BaseModel):
                    yield from written(each, f"{here}.{at}")


def try_written(text: TableText, pieces: Sequence[tuple[str, str, str]]) -> None:
    """Let SQLite read each piece over the columns of the table as it will be.

    Raises:
        BadExpression: the first one that it does not take, with its place.
    """
    if not pieces:
        return
    with _plain(text) as connection:
        for place, name, sql in pieces:
            try_expression(connection, "probe", sql, place, default=name == "default_expression")
            if name in ("check", "expression"):
                _try_check(connection, text, sql, place)


def try_default(column: ColumnText, place: str) -> None:
    """See whether a column's default passes the column's own rules.

    Raises:
        BadDefault: it does not, or cannot be computed.
    """
    if not column.of("DEFAULT"):
        return
    alone = ColumnText(column.name, column.type, column.of("NOT", "CHECK", "COLLATE", "DEFAULT"))
    with _memory() as connection:
        try:
            connection.execute(TableText([alone, ColumnText("_rolltop_other", "")]).sql("probe"))
        except apsw.SQLError:
            return  # its CHECK names other columns: what holds is seen at the first row
        try:
            connection.execute("INSERT INTO probe DEFAULT VALUES")
        except apsw.Error as error:
            raise BadDefault(
                f"The default of {column.name!r} does not fit its own rules: {error}.",
                place=place,
                hint="Send a `default` that fits in the same change, or null.",
            ) from error


def _try_check(connection: apsw.Connection, text: TableText, sql: str, place: str) -> None:
    """Some functions are refused only when a row comes: date('now') in a rule."""
    plain = TableText(_columns(text), [Clause("CHECK", f"CHECK ({sql})")])
    try:
        connection.execute(plain.sql("checked"))
        connection.execute("INSERT INTO checked DEFAULT VALUES")
    except apsw.ConstraintError:
        pass
    except apsw.SQLError as error:
        raise BadExpression(
            f"{sql[:200]!r} is not taken: {error}.", place=place, hint="A rule must give the same answer each time."
        ) from error
    finally:
        connection.execute("DROP TABLE IF EXISTS checked")


@contextmanager
def _plain(text: TableText) -> Iterator[apsw.Connection]:
    with _memory() as connection:
        connection.execute(TableText(_columns(text)).sql("probe"))
        yield connection


@contextmanager
def _memory() -> Iterator[apsw.Connection]:
    connection = apsw.Connection(":memory:")
    try:
        connection.config(apsw.SQLITE_DBCONFIG_DQS_DML, 0)
        connection.config(apsw.SQLITE_DBCONFIG_DQS_DDL, 0)
        connection.execute("PRAGMA trusted_schema = OFF")
        yield connection
    finally:
        connection.close()


def _columns(text: TableText) -> list[ColumnText]:
    return [ColumnText(column.name, column.type) for column in text.columns]
