"""What SQLite's refusals mean in the dialect (section 14): it names columns, and of foreign keys nothing at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import apsw

from rolltop.data import Catalog, ForeignKey, Table, ddl, quote
from rolltop.data.casts import cast
from rolltop.data.types import SQLValue
from rolltop.errors import BadRequest, RolltopError
from rolltop.rows import errors
from rolltop.rows.statement import Statement


class RaisedByTrigger(BadRequest):
    """A trigger of the file said no (RAISE)."""

    code = "P0001"


REFUSALS = (apsw.ConstraintError, apsw.MismatchError)
"""What SQLite raises when it refuses a row."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What was being written when SQLite refused.

    `values` are the new values by column, `number` is the row of the payload from 1 when there are several, `where` the
    filter of an update or delete with its bindings.
    """

    catalog: Catalog
    table: Table
    values: Mapping[str, Any]
    number: int | None = None
    where: Statement | None = None
    bindings: tuple[SQLValue, ...] = ()
    limited: bool = False
    """Whether `catalog` and `table` are only what the writer sees: nothing else is named then."""


def explained(connection: apsw.Connection, error: apsw.Error, attempt: Attempt) -> RolltopError | None:
    """The dialect's error for a constraint that failed; None when it is something else."""
    if isinstance(error, apsw.MismatchError):  # only the rowid is strict about its storage class
        return _not_null(attempt, f"{attempt.table.name}.{attempt.table.rowid_alias}")
    if not isinstance(error, apsw.ConstraintError):
        return None
    kind: int = getattr(error, "extendedresult", 0)
    subject = str(error).partition("failed: ")[2]
    if kind in (apsw.SQLITE_CONSTRAINT_UNIQUE, apsw.SQLITE_CONSTRAINT_PRIMARYKEY, apsw.SQLITE_CONSTRAINT_ROWID):
        return _unique(attempt, subject)
    if kind == apsw.SQLITE_CONSTRAINT_NOTNULL:
        return _not_null(attempt, subject)
    if kind == apsw.SQLITE_CONSTRAINT_CHECK:
        return _check(attempt, subject)
    if kind == apsw.SQLITE_CONSTRAINT_FOREIGNKEY or "FOREIGN KEY" in str(error):
        return _foreign_key(connection, attempt)
    if kind == apsw.SQLITE_CONSTRAINT_DATATYPE:
        if attempt.limited and not any(str(error).endswith(f" {attempt.table.name}.{name}") for name in attempt.values):
            return errors.WrongStorageClass("A column cannot store a value of this kind", hint=_row(attempt))
        return errors.WrongStorageClass(
            str(error).replace("cannot store", "The column cannot store"), hint=_row(attempt)
        )
    if kind == apsw.SQLITE_CONSTRAINT_TRIGGER:
        said = str(error)
        if attempt.limited and not _is_own(connection, attempt.table, said):
            said = f'a trigger refused the change of table "{attempt.table.name}"'
        return RaisedByTrigger(said, hint=_row(attempt))
    return errors.CheckViolation(
        f'new row for relation "{attempt.table.name}" violates a constraint', hint=_row(attempt)
    )


def _is_own(connection: apsw.Connection, table: Table, said: str) -> bool:
    """Whether a trigger of the table itself says this; that of another may speak of what the writer does not see."""
    triggers = connection.execute(
        "SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND lower(tbl_name) = lower(?)", (table.name,)
    )
    return any(token.name == said for (text,) in triggers for token in ddl.tokens_of(text))


def _row(attempt: Attempt) -> str | None:
    return None if attempt.number is None else f"Row {attempt.number} of the payload was refused."


def _unique(attempt: Attempt, subject: str) -> RolltopError:
    table = attempt.table
    keys = [(table.primary_key_name, table.primary_key), *((key.name, key.columns) for key in table.unique)]
    for name, columns in keys:
        if columns and subject == ", ".join(f"{table.name}.{column}" for column in columns):
            return errors.UniqueViolation(
                f'duplicate key value violates unique constraint "{name}"',
                details=_key(attempt, columns, "already exists."),
                hint=_row(attempt),
            )
    if attempt.limited:
        return errors.UniqueViolation("duplicate key value violates a unique constraint", hint=_row(attempt))
    name = subject.removeprefix("index '").removesuffix("'")
    return errors.UniqueViolation(f'duplicate key value violates unique constraint "{name}"', hint=_row(attempt))


def _key(attempt: Attempt, columns: tuple[str, ...], rest: str) -> str | None:
    """`Key (a, b)=(1, 2) already exists.` when all values are known."""
    if not all(column in attempt.values for column in columns):
        return None
    values = ", ".join(_shown(attempt.values[column]) for column in columns)
    return f"Key ({', '.join(columns)})=({values}) {rest}"


def _shown(value: Any) -> str:
    return "null" if value is None else str(cast("any", "text", value))


def _not_null(attempt: Attempt, subject: str) -> RolltopError:
    table = attempt.table
    column = subject.removeprefix(f"{table.name}.")
    if column in table.by_name:
        return errors.NotNullViolation(
            f'null value in column "{column}" of relation "{table.name}" violates not-null constraint',
            details=None if attempt.number is None else f'Row {attempt.number}, field "{column}"',
            hint=f'Send a value for "{column}".',
        )
    if attempt.limited:
        return errors.NotNullViolation("null value violates a not-null constraint", hint=_row(attempt))
    return errors.NotNullViolation(f'null value in "{subject}" violates not-null constraint', hint=_row(attempt))


def _check(attempt: Attempt, subject: str) -> RolltopError:
    table = attempt.table
    wanted = " ".join(token.text for token in ddl.tokens_of(subject))
    found = next((rule for rule in table.checks if subject == rule.name or wanted == rule.expression), None)
    name = f"{table.name}_check" if found is None else found.name
    return errors.CheckViolation(
        f'new row for relation "{table.name}" violates check constraint "{name}"',
        details=_row(attempt),
        hint=None if found is None else f"The table wants: {found.expression}",
    )


def _foreign_key(connection: apsw.Connection, attempt: Attempt) -> RolltopError:
    """The foreign key that is broken, found by looking: first as a child of others, then as their parent."""
    table = attempt.table
    for key in table.foreign_keys:
        if any(column in attempt.values for column in key.columns) and _lacks_parent(connection, attempt, key):
            return _not_present(attempt, key)
    for child, key in attempt.catalog.references.get(table.name, ()):
        if _has_children(connection, attempt, child, key):
            return _still_referenced(table, child, key)
    return errors.ForeignKeyViolation(f'the change of table "{table.name}" violates a foreign key constraint')


def broken_key(
    connection: apsw.Connection, attempt: Attempt, statement: str, values: Sequence[SQLValue], error: apsw.Error
) -> RolltopError | None:
    """The foreign key that a whole statement breaks; None when it broke something else.

    The statement runs again with the keys' checks put off, which leaves the rows there to be found; the caller undoes
    it.
    """
    if getattr(error, "extendedresult", 0) != apsw.SQLITE_CONSTRAINT_FOREIGNKEY:
        return None
    catalog, changed = attempt.catalog, attempt.table
    connection.execute("PRAGMA defer_foreign_keys = ON")
    try:
        connection.execute(statement, values).fetchall()
        for child in {changed.name: changed} | {one.name: one for one, _ in catalog.references.get(changed.name, ())}:
            for row in connection.execute(f"PRAGMA foreign_key_check({quote(child)})"):
                return _broken(connection, catalog.tables[child], changed, *row[1:4])
    finally:
        connection.execute("PRAGMA defer_foreign_keys = OFF")
    return None


def _broken(
    connection: apsw.Connection, child: Table, changed: Table, rowid: int | None, parent: str, number: int
) -> RolltopError:
    """The error for a row of `child`, whose foreign keys SQLite numbers from the last."""
    key = child.foreign_keys[len(child.foreign_keys) - 1 - number]
    if child.name != changed.name and parent.lower() == changed.name.lower():
        return _still_referenced(changed, child, key)
    columns = ", ".join(map(quote, key.columns))
    found = (
        rowid is not None
        and connection.execute(
            f"SELECT {columns} FROM {quote(child.name)} WHERE rowid = ?",  # noqa: S608 (names of the catalog, quoted)
            (rowid,),
        ).fetchall()
    )
    values = dict(zip(key.columns, found[0], strict=True)) if found else {}
    return _not_present(Attempt(Catalog(-1), child, values), key)


def _not_present(attempt: Attempt, key: ForeignKey) -> RolltopError:
    return errors.ForeignKeyViolation(
        f'insert or update on table "{attempt.table.name}" violates foreign key constraint "{key.name}"',
        details=_key(attempt, key.columns, f'is not present in table "{key.table}".'),
        hint=_row(attempt),
    )


def _still_referenced(table: Table, child: Table, key: ForeignKey) -> RolltopError:
    return errors.ForeignKeyViolation(
        f'update or delete on table "{table.name}" violates foreign key constraint "{key.name}" '
        f'on table "{child.name}"',
        details=f'The rows are still referenced from table "{child.name}".',
        hint=f'Change or delete the rows of "{child.name}" first.',
    )


def _lacks_parent(connection: apsw.Connection, attempt: Attempt, key: ForeignKey) -> bool:
    values = [attempt.values.get(column) for column in key.columns]
    if None in values or len(key.parent_columns) != len(values):
        return False
    tests = " AND ".join(f"{quote(column)} = ?" for column in key.parent_columns)
    try:
        found = connection.execute(f"SELECT 1 FROM {quote(key.table)} WHERE {tests}", values).fetchall()  # noqa: S608
    except apsw.SQLError:  # the parent does not exist at all
        return True
    return not found


def _has_children(connection: apsw.Connection, attempt: Attempt, child: Table, key: ForeignKey) -> bool:
    if attempt.where is None or not key.parent_columns:
        return False
    joined = " AND ".join(
        f"c.{quote(column)} = {quote(attempt.table.name)}.{quote(parent)}"
        for column, parent in zip(key.columns, key.parent_columns, strict=False)
    )
    where = f"{attempt.where.sql} AND" if attempt.where.sql else " WHERE"
    sql = (
        f"SELECT 1 FROM {quote(attempt.table.name)}{where} "  # noqa: S608
        f"EXISTS (SELECT 1 FROM {quote(child.name)} AS c WHERE {joined}) LIMIT 1"
    )
    return bool(connection.execute(sql, attempt.bindings).fetchall())
