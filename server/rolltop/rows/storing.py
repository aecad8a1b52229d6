# ruff: noqa: S608 (names are looked up in the catalog and quoted, values bound)
"""The statements of a write, run inside the writer's transaction; what SQLite refuses is explained."""

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import apsw
import msgspec

from rolltop.data import Cause, Table, quote
from rolltop.data.types import SQLValue
from rolltop.rows import constraints, errors, plan, sql
from rolltop.rows.asked import Asked, Slot
from rolltop.rows.constraints import Attempt
from rolltop.rows.fetching import fetched
from rolltop.rows.media import Media
from rolltop.rows.payload import MISSING, Payload, PayloadReader, Row, as_stored
from rolltop.rows.planned import ReadPlan, Test
from rolltop.rows.prefer import Preferences
from rolltop.rows.sight import Sight
from rolltop.rows.statement import Statement


class Written(NamedTuple):
    """What a write did: rows affected, how many of them were new, their text, and the keys of a single one."""

    affected: int
    created: int = 0
    text: str | None = None
    shown: int = 0
    key: tuple[Any, ...] | None = None


@dataclass(slots=True)
class Target:
    """A write's table, as the caller sees it, and what its URL says."""

    table: Table
    sight: Sight
    asked: Asked
    plan: ReadPlan
    returned: dict[Media, Statement]
    """How the rows that were written are read, by the form of the answer: made when it is first asked for."""
    media: Media
    payloads: PayloadReader
    values: Sequence[str]
    cause: Cause

    @property
    def keys(self) -> tuple[str, ...]:
        """The names by which rows just written are found again."""
        return (self.whole.rowid,) if self.whole.rowid is not None else self.whole.primary_key

    @property
    def whole(self) -> Table:
        """The table with what the caller does not see of it."""
        return self.sight.whole.tables[self.table.name]


def insert_sql(target: Target, columns: Sequence[str]) -> str:
    into = f"INSERT {_or_abort(target)}INTO {quote(target.table.name)}"
    if not columns:
        return f"{into} DEFAULT VALUES"
    names = ", ".join(map(quote, columns))
    return f"{into} ({names}) VALUES ({', '.join('?' * len(columns))})"


def _or_abort(target: Target) -> str:
    """Goes before a table's own `ON CONFLICT REPLACE`, which would delete rows that the caller may not see."""
    return "OR ABORT " if target.sight.limited else ""


def returning_clause(keys: Sequence[str]) -> str:
    return f" RETURNING {', '.join(map(quote, keys))}"


def insert_many(connection: apsw.Connection, target: Target, payload: Payload) -> int:
    """Insert all rows; the row that SQLite refuses is told by how far it had read."""
    statement = insert_sql(target, payload.columns)
    rows = iter(payload.rows)
    try:
        connection.executemany(statement, rows)
    except constraints.REFUSALS as error:
        number = len(payload.rows) - operator.length_hint(rows)
        raise explained(connection, error, target, payload, number) from None
    return len(payload.rows)


def insert_returning(connection: apsw.Connection, target: Target, payload: Payload) -> list[Row]:
    """Insert row by row and collect the keys of the new rows."""
    keys: list[Row] = []
    returning = returning_clause(target.keys)
    statement = insert_sql(target, payload.columns) + returning
    for number, row in enumerate(payload.rows, 1):
        try:
            if MISSING in row:
                columns, row = _present(payload.columns, row)
                keys += connection.execute(insert_sql(target, columns) + returning, row).fetchall()
            else:
                keys += connection.execute(statement, row).fetchall()
        except constraints.REFUSALS as error:
            raise explained(connection, error, target, payload, number) from None
    return keys


def _present(columns: Sequence[str], row: Row) -> tuple[list[str], list[Any]]:
    """The columns and values of a row without those that the defaults are to fill."""
    pairs = [(column, value) for column, value in zip(columns, row, strict=True) if value is not MISSING]
    return [column for column, _ in pairs], [value for _, value in pairs]


def conflict_target(target: Target, preferences: Preferences) -> tuple[str, ...] | None:
    """The columns whose conflict an upsert resolves; None for a plain insert."""
    wanted, table = target.asked.on_conflict, target.table
    if wanted is not None:
        for name in wanted:
            if name not in table.by_name:
                raise errors.UnknownColumn(table.name, name)
    if preferences.resolution is None:
        return None
    if wanted is None:
        return table.primary_key or None
    for columns in (table.primary_key, *(key.columns for key in table.unique)):
        if columns and sorted(columns) == sorted(wanted):
            return columns
    raise errors.NoConflictTarget


def upsert(
    connection: apsw.Connection,
    target: Target,
    payload: Payload,
    conflict: tuple[str, ...],
    preferences: Preferences,
) -> tuple[list[Row], int, int]:
    """Keys of the rows in the payload's order, rows affected, rows new: looked up before, for SQLite does not tell."""
    table, limits = target.table, Statement("", (), 0)
    merge = preferences.resolution == "merge-duplicates"
    matched = " AND ".join(f"{quote(name)} = ?" for name in conflict)
    returning = returning_clause(target.keys)
    exists = f"SELECT {', '.join(map(quote, target.keys))} FROM {quote(table.name)} WHERE {matched}"
    if merge and target.plan.rules:
        limits = sql.ruled(target.plan)  # SQLite knows best which row is in the way: those hidden stay as they are
    bindings = limits.bindings(target.values)
    keys: dict[Row, None] = {}
    created = 0
    for number, whole_row in enumerate(payload.rows, 1):
        columns, row = _present(payload.columns, whole_row)
        given = dict(zip(columns, row, strict=True))
        statement = insert_sql(target, columns)
        if columns:
            statement += _on_conflict(conflict, columns, merge=merge) + limits.sql
        try:
            known = (
                connection.execute(exists, [given[name] for name in conflict]).fetchall()
                if all(name in given for name in conflict)
                else []
            )
            found = connection.execute(statement + returning, [*row, *bindings] if columns else ()).fetchall()
        except constraints.REFUSALS as error:
            raise explained(connection, error, target, payload, number) from None
        if limits.sql and not found:
            raise errors.RowNotAllowed(table.name)
        created += not known
        for key in found:
            keys[key] = None
    return list(keys), len(keys), created


def _on_conflict(conflict: Sequence[str], columns: Sequence[str], *, merge: bool) -> str:
    names = ", ".join(map(quote, conflict))
    if not merge:
        return f" ON CONFLICT ({names}) DO NOTHING"
    changed = [name for name in columns if name not in conflict] or list(conflict)
    return f" ON CONFLICT ({names}) DO UPDATE SET {', '.join(f'{quote(c)} = excluded.{quote(c)}' for c in changed)}"


def update_sql(target: Target, changes: dict[str, Any]) -> tuple[str, list[SQLValue]]:
    where = sql.filtered(target.plan)
    assignments = ", ".join(f"{quote(name)} = ?" for name in changes)
    statement = f"UPDATE {_or_abort(target)}{quote(target.table.name)} SET {assignments}{where.sql}"
    return statement, [*changes.values(), *where.bindings(target.values)]


def check_allowed(connection: apsw.Connection, target: Target, keys: Sequence[Row]) -> None:
    """Refuse with 42501 to write rows that the caller's own rules hide from him."""
    if target.plan.rules and keys:
        statement = sql.allowed(target.plan, target.keys)
        bindings = statement.bindings(target.values, (_keys_json(target, keys),))
        if connection.execute(statement.sql, bindings).get != len(keys):
            raise errors.RowNotAllowed(target.table.name)


def _keys_json(target: Target, keys: Sequence[Row]) -> str:
    """The keys as `sql.returned` takes them."""
    made = [[sql.key_json(part) for part in key] for key in keys]
    wanted = [key[0] for key in made] if len(target.keys) == 1 else made
    return msgspec.json.encode(wanted).decode()


def with_rows(connection: apsw.Connection, target: Target, keys: Sequence[Row], written: Written) -> Written:
    """The outcome with the rows of these keys as they are now."""
    if not keys and not target.plan.grouped:
        return written
    statement = target.returned.get(target.media)
    if statement is None:
        statement = target.returned[target.media] = sql.returned(target.plan, target.media, target.keys)
    bindings = statement.bindings(target.values, (_keys_json(target, keys),))
    text, shown = fetched(connection, statement.sql, bindings)[0]
    return written._replace(text=text, shown=shown)


def key_of(connection: apsw.Connection, target: Target, found: Row) -> tuple[Any, ...]:
    """The primary key of the row that `found`, its keys, names."""
    table = target.table
    if target.keys == table.primary_key or table.rowid_alias is not None:
        return tuple(found)
    names = ", ".join(map(quote, table.primary_key))
    statement = f"SELECT {names} FROM {quote(table.name)} WHERE {quote(target.keys[0])} = ?"
    return tuple(connection.execute(statement, (found[0],)).fetchall()[0])


def key_filters(target: Target) -> dict[str, SQLValue]:
    """The values of a PUT's filters, which must be `eq` on exactly the primary key."""
    wanted: dict[str, SQLValue] = {}
    for test in target.plan.where:
        if not isinstance(test, Test) or not plan.is_plain_equality(test):
            raise errors.PutFilters
        literal = target.values[test.value.number] if isinstance(test.value, Slot) else str(test.value)
        wanted[test.place.column.name] = as_stored(test.place.column, literal)
    if not wanted or len(target.plan.where) != len(wanted) or set(wanted) != set(target.table.primary_key):
        raise errors.PutFilters
    return wanted


def explained(
    connection: apsw.Connection, error: apsw.Error, target: Target, payload: Payload, number: int | None
) -> Exception:
    """The dialect's error for row `number` (from 1) of the payload, or for its only row."""
    row = payload.rows[(number or 1) - 1]
    values = {name: value for name, value in zip(payload.columns, row, strict=True) if value is not MISSING}
    shown = number if len(payload.rows) > 1 else None
    attempt = Attempt(target.sight.catalog, target.table, values, shown, limited=target.sight.limited)
    return constraints.explained(connection, error, attempt) or error


def explained_where(
    connection: apsw.Connection, error: apsw.Error, target: Target, changes: dict[str, Any]
) -> Exception:
    where = sql.filtered(target.plan)
    bindings = tuple(where.bindings(target.values))
    seen = target.sight
    attempt = Attempt(seen.catalog, target.table, changes, None, where, bindings, limited=seen.limited)
    return constraints.explained(connection, error, attempt) or error
