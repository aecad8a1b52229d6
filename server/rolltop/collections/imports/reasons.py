"""Why a row does not fit: what a cell should have been, and what SQLite's refusal means.

SQLite names columns, and of foreign keys nothing at all; those are found by looking.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import apsw

from rolltop.collections.imports.errors import value_of
from rolltop.data import Table, ddl, quote

Code = Literal["type", "empty", "unique", "twice", "check", "reference", "short", "long", "trigger", "other"]

REFUSALS = (apsw.ConstraintError, apsw.MismatchError)
"""What SQLite raises when it refuses a row."""
SHOWN = 200
"""Characters of a cell in a reason."""
_UNIQUE = (apsw.SQLITE_CONSTRAINT_UNIQUE, apsw.SQLITE_CONSTRAINT_PRIMARYKEY, apsw.SQLITE_CONSTRAINT_ROWID)


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that is wrong with a row; `column` is None when it is no single column's fault."""

    code: Code
    column: str | None
    value: str | None
    message: str

    def fields(self) -> dict[str, str | None]:
        """As it is kept and shown."""
        return {"code": self.code, "column": self.column, "value": self.value, "message": self.message}


def of_type(column: str, type_name: str, cell: str) -> Reason:
    """A cell that cannot be read as the column's type."""
    return Reason("type", column, cell[:SHOWN], f"{_short(cell)!r} is not {value_of(type_name)}.")


def of_empty(column: str) -> Reason:
    """A cell that must not be empty and is."""
    return Reason("empty", column, None, "A value is needed here.")


def of_width(cells: int, width: int) -> Reason:
    """A row with too few or too many cells."""
    code: Code = "short" if cells < width else "long"
    return Reason(code, None, None, f"The row has {cells} cells, not {width}.")


def of_refusal(
    error: apsw.Error, values: Mapping[str, Any], table: Table | None, connection: apsw.Connection
) -> list[Reason]:
    """What SQLite's refusal of the row `values` means; without `table`, the row is one of a table being made."""
    kind: int = getattr(error, "extendedresult", 0)
    subject = str(error).partition("failed: ")[2]
    if kind in _UNIQUE:
        return _of_key(_columns(subject), values, twice=table is None)
    if kind == apsw.SQLITE_CONSTRAINT_NOTNULL:
        return [of_empty(column) for column in _columns(subject)]
    if kind == apsw.SQLITE_CONSTRAINT_CHECK:
        return [_of_check(subject, values, table)]
    if kind == apsw.SQLITE_CONSTRAINT_FOREIGNKEY or "FOREIGN KEY" in str(error):
        return _of_references(values, table, connection)
    if kind == apsw.SQLITE_CONSTRAINT_TRIGGER:
        return [Reason("trigger", None, None, str(error))]
    return [Reason("other", None, None, f"SQLite says: {error}.")]


def _short(cell: str) -> str:
    return cell if len(cell) <= 50 else cell[:50] + "…"


def _shown(value: Any) -> str | None:
    return None if value is None else str(value)[:SHOWN]


def _columns(subject: str) -> list[str]:
    """`t.a, t.b` → a, b; an index over expressions names no column."""
    if subject.startswith("index "):
        return []
    return [part.rpartition(".")[2] for part in subject.split(", ")]


def _of_key(columns: Sequence[str], values: Mapping[str, Any], *, twice: bool) -> list[Reason]:
    message = (
        "An earlier row of the file has the same value." if twice else "A row of the table has this value already."
    )
    if len(columns) > 1:
        message = message.replace("value", "values") + f" The key is {', '.join(columns)}."
    code: Code = "twice" if twice else "unique"
    return [Reason(code, column, _shown(values.get(column)), message) for column in columns] or [
        Reason(code, None, None, message)
    ]


def _of_check(subject: str, values: Mapping[str, Any], table: Table | None) -> Reason:
    """The CHECK is named by its name or by its expression; its column is the only one that the expression speaks of."""
    rules = () if table is None else table.checks
    tokens = ddl.tokens_of(subject)
    wanted = " ".join(token.text for token in tokens)
    rule = next((rule for rule in rules if subject == rule.name or wanted == rule.expression), None)
    expression = subject if rule is None else rule.expression
    words = {token.name.lower() for token in ddl.tokens_of(expression) if token.kind == "name"}
    named = [column for column in values if column.lower() in words]
    column = named[0] if len(named) == 1 else None
    value = None if column is None else _shown(values[column])
    return Reason("check", column, value, f"The table wants: {expression}")


def _of_references(values: Mapping[str, Any], table: Table | None, connection: apsw.Connection) -> list[Reason]:
    reasons = []
    for key in () if table is None else table.foreign_keys:
        wanted = [values.get(column) for column in key.columns]
        if None in wanted or len(key.parent_columns) != len(wanted):
            continue
        tests = " AND ".join(f"{quote(column)} = ?" for column in key.parent_columns)
        try:
            sql = f"SELECT 1 FROM {quote(key.table)} WHERE {tests}"  # noqa: S608 (names quoted, values bound)
            found = connection.execute(sql, wanted).fetchall()
        except apsw.SQLError:  # the parent does not exist at all
            found = []
        if not found:
            message = f"There is no such row in {key.table!r} ({', '.join(key.parent_columns)})."
            reasons += [Reason("reference", column, _shown(values[column]), message) for column in key.columns]
    return reasons or [Reason("reference", None, None, "It refers to a row that is not there.")]
