# ruff: noqa: S608 (names are looked up in the catalog and quoted, values bound)
"""POST, PUT, PATCH and DELETE on a table: each one transaction by the one writer, answered after its COMMIT.

body ─payload▶ rows ─┐
URL  ─parse▶ plan ───┴▶ one unit of work ─writer▶ rows affected, representation ─respond▶ bytes
"""

import asyncio
import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import apsw
import msgspec

from rolltop.auth import Scope
from rolltop.data import Catalog, Data, Table, quote
from rolltop.data.types import SQLValue
from rolltop.rows import constraints, errors, media, paging, parse, plan, respond, shape, sql
from rolltop.rows.asked import Asked
from rolltop.rows.constraints import Attempt
from rolltop.rows.fetching import fetched
from rolltop.rows.media import Media
from rolltop.rows.payload import MISSING, Payload, PayloadReader, Row
from rolltop.rows.plan import ReadPlan, Source, Test
from rolltop.rows.prefer import Preferences
from rolltop.rows.request import Request
from rolltop.rows.respond import Answer, Headers

WRITE_SECONDS = 30.0
"""An update or delete that may touch any number of rows is interrupted after so long (57014)."""
SHAPES_KEPT = 1_000
LARGE_BODY = 512 * 1024


class Written(NamedTuple):
    """What a write did: rows affected, how many of them were new, their text, and the keys of a single one."""

    affected: int
    created: int = 0
    text: str | None = None
    shown: int = 0
    key: tuple[Any, ...] | None = None


class RolledBack(Exception):
    """Carries the outcome of a write that is to be undone (`tx=rollback`)."""

    def __init__(self, written: Written) -> None:
        super().__init__()
        self.written = written


@dataclass(slots=True)
class Target:
    """A write's table and what its URL says."""

    table: Table
    catalog: Catalog
    asked: Asked
    plan: ReadPlan
    media: Media
    payloads: PayloadReader
    values: Sequence[str]

    @property
    def keys(self) -> tuple[str, ...]:
        """The names by which rows just written are found again."""
        return (self.table.rowid,) if self.table.rowid is not None else self.table.primary_key


class Writing:
    """Answers writes."""

    def __init__(self, data: Data) -> None:
        self._data = data
        self._payloads: dict[str, PayloadReader] = {}
        self._shapes: dict[tuple[Any, ...], tuple[Asked, ReadPlan]] = {}
        self._version = -1

    async def answer(self, request: Request, table: Table, body: bytes) -> Answer:
        """The answer to a write on `table`."""
        plan.may(request.actor, table, Scope.ROWS_WRITE)
        if not table.writable:
            raise errors.ViewNotWritable(table.name)
        shaped = shape.split(request.query)
        target = self._target(request, table, shaped)
        if target.plan.others:
            plan.may_read(request.actor, target.plan)
        if request.method == "POST":
            return await self._post(request, target, body)
        if request.method == "PUT":
            if shaped.limit is not None or shaped.offset:
                raise errors.PutLimits
            return await self._put(request, target, body)
        if request.method == "PATCH":
            return await self._patch(request, target, body)
        return await self._delete(request, target)

    def _target(self, request: Request, table: Table, shaped: shape.Shaped) -> Target:
        catalog = self._data.catalog
        if catalog.version != self._version or len(self._shapes) > SHAPES_KEPT:
            self._version = catalog.version
            self._payloads.clear()
            self._shapes.clear()
        payloads = self._payloads.get(table.name)
        if payloads is None:
            payloads = self._payloads[table.name] = PayloadReader(table)
        key = (table.name, shaped.pieces)
        known = self._shapes.get(key)
        if known is None:
            asked = parse.read(shape.parameters(shaped.pieces))
            known = self._shapes[key] = (asked, plan.read(asked, Source(table), catalog))
        return Target(table, catalog, *known, media.accepted(request.accept), payloads, shaped.values)

    @staticmethod
    async def _payload(request: Request, target: Target, body: bytes, *, missing_default: bool) -> Payload:
        """The rows of the body; a large one is read in a thread, so that others are answered meanwhile."""

        def read() -> Payload:
            return target.payloads.read(
                body, request.content_type, target.asked.columns, missing_default=missing_default
            )

        return read() if len(body) < LARGE_BODY else await asyncio.to_thread(read)

    # ---- POST ----------------------------------------------------------------------------------------------------

    async def _post(self, request: Request, target: Target, body: bytes) -> Answer:
        preferences = request.preferences
        payload = await self._payload(request, target, body, missing_default=preferences.missing == "default")
        conflict = _conflict_target(target, preferences)
        wants_location = preferences.returning == "headers-only" and bool(target.table.primary_key)
        wants_object = target.media.form == "object"
        plain = conflict is None and not preferences.representation and not preferences.rollback and not wants_object
        if plain and payload.whole and len(payload.rows) == 1 and not wants_location:
            await self._insert_one(target, payload)
            return self._answer_post(request, target, Written(1, 1), resolved=False)

        def work(connection: apsw.Connection) -> Written:
            if conflict is not None:
                keys, affected, created = _upsert(connection, target, payload, conflict, preferences)
            elif plain and payload.whole and not wants_location:
                affected = created = _insert_many(connection, target, payload)
                keys = []
            else:
                keys = _insert_returning(connection, target, payload)
                affected = created = len(keys)
            written = Written(affected, created)
            if preferences.representation:
                written = _with_rows(connection, target, keys, written)
            if wants_location and affected == 1:
                written = written._replace(key=_key_of(connection, target, keys[0]))
            return _finished(written, target, preferences)

        written = await self._write(target, work)
        return self._answer_post(request, target, written, resolved=conflict is not None)

    async def _insert_one(self, target: Target, payload: Payload) -> None:
        """The commonest write: one row, nothing to return, no savepoint."""
        statement = _insert_sql(target.table, payload.columns)
        row = payload.rows[0]

        def work(connection: apsw.Connection) -> None:
            try:
                connection.execute(statement, row)
            except apsw.ConstraintError as error:
                raise _explained(connection, error, target, payload, None) from None

        await self._data.write(work, table=target.table.name, single=True)

    def _answer_post(self, request: Request, target: Target, written: Written, *, resolved: bool) -> Answer:
        preferences = request.preferences
        counted = written.affected if preferences.count is not None else None
        names = ["missing", "return", "count", "tx", "handling"] + (["resolution"] if resolved else [])
        headers: Headers = [(b"content-range", paging.content_range(0, 0, counted))]
        merged = resolved and preferences.resolution == "merge-duplicates"
        status = 200 if merged and written.created == 0 else 201
        if written.key is not None:
            pairs = list(zip(target.table.primary_key, written.key, strict=True))
            headers.append((b"location", respond.location(target.table.name, pairs)))
        return _answered(status, headers, target, written, preferences, names)

    # ---- PUT -----------------------------------------------------------------------------------------------------

    async def _put(self, request: Request, target: Target, body: bytes) -> Answer:
        table, preferences = target.table, request.preferences
        wanted = _key_filters(target)
        payload = await self._payload(request, target, body, missing_default=False)
        if len(payload.rows) != 1 or not set(table.primary_key) <= set(payload.columns):
            raise errors.PutMismatch
        given = dict(zip(payload.columns, payload.rows[0], strict=True))
        if any(given[name] != value for name, value in wanted.items()):
            raise errors.PutMismatch

        def work(connection: apsw.Connection) -> Written:
            merging = Preferences(resolution="merge-duplicates")
            keys, affected, created = _upsert(connection, target, payload, table.primary_key, merging)
            written = Written(affected, created)
            if preferences.representation:
                written = _with_rows(connection, target, keys, written)
            return _finished(written, target, preferences)

        written = await self._write(target, work)
        status = 204 if not preferences.representation else 201 if written.created else 200
        counted = written.affected if preferences.count is not None else None
        headers: Headers = [(b"content-range", paging.content_range(0, 0, counted))]
        return _answered(status, headers, target, written, preferences, ["return", "count", "tx", "handling"])

    # ---- PATCH and DELETE ----------------------------------------------------------------------------------------

    async def _patch(self, request: Request, target: Target, body: bytes) -> Answer:
        preferences = request.preferences
        payload = await self._payload(request, target, body, missing_default=preferences.missing == "default")
        if not target.plan.where:
            raise errors.NoFilter("UPDATE")
        changes = {
            name: value
            for name, value in zip(payload.columns, payload.rows[0] if payload.rows else (), strict=False)
            if value is not MISSING
        }
        names = ["missing", "return", "count", "tx", "handling", "max-affected"]
        if not changes:
            written = Written(0)
            if target.media.form == "object":
                raise errors.NotOneRow(0)
        else:
            statement, bindings = _update_sql(target, changes)
            returning = preferences.representation
            keys = target.keys

            def work(connection: apsw.Connection) -> Written:
                try:
                    if returning:
                        found = connection.execute(statement + _returning(keys), bindings).fetchall()
                        written = _with_rows(connection, target, found, Written(len(found)))
                    else:
                        connection.execute(statement, bindings)
                        written = Written(connection.changes())
                except apsw.ConstraintError as error:
                    raise _explained_where(connection, error, target, changes) from None
                return _finished(written, target, preferences)

            written = await self._write(target, work, single=_needs_no_undo(preferences, target))
        counted = written.affected if preferences.count is not None else None
        headers: Headers = [(b"content-range", paging.content_range(0, written.affected, counted))]
        return _answered(200 if preferences.representation else 204, headers, target, written, preferences, names)

    async def _delete(self, request: Request, target: Target) -> Answer:
        preferences = request.preferences
        if not target.plan.where:
            raise errors.NoFilter("DELETE")
        where = sql.filtered(target.plan)
        bindings = tuple(where.bindings(target.values))
        statement = f"DELETE FROM {quote(target.table.name)}{where.sql}"
        page = sql.page(target.plan, target.media, offset=False, sorter=False) if preferences.representation else None

        def work(connection: apsw.Connection) -> Written:
            text, shown = None, 0
            if page is not None:
                text, shown = fetched(connection, page.sql, page.bindings(target.values, (-1,)))[0]
            try:
                connection.execute(statement, bindings)
            except apsw.ConstraintError as error:
                raise _explained_where(connection, error, target, {}) from None
            return _finished(Written(connection.changes(), 0, text, shown), target, preferences)

        written = await self._write(target, work, single=_needs_no_undo(preferences, target))
        counted = written.affected if preferences.count is not None else None
        headers: Headers = [(b"content-range", paging.content_range(0, 0, counted))]
        names = ["return", "count", "tx", "handling", "max-affected"]
        return _answered(200 if preferences.representation else 204, headers, target, written, preferences, names)

    async def _write(
        self, target: Target, work: Callable[[apsw.Connection], Written], *, single: bool = False
    ) -> Written:
        """Run the work; one that may touch any number of rows has a transaction and a deadline of its own."""
        bounded = not target.plan.where or target.plan.by_key
        try:
            return await self._data.write(
                work,
                table=target.table.name,
                single=single,
                alone=not bounded,
                deadline=None if bounded else WRITE_SECONDS,
            )
        except RolledBack as rolled:
            return rolled.written


def _needs_no_undo(preferences: Preferences, target: Target) -> bool:
    """Whether nothing can go wrong after the one statement, so that it needs no savepoint."""
    return not (
        preferences.rollback
        or preferences.representation
        or preferences.max_affected is not None
        or target.media.form == "object"
    )


def _finished(written: Written, target: Target, preferences: Preferences) -> Written:
    """The outcome, if it may stay."""
    if preferences.max_affected is not None and written.affected > preferences.max_affected:
        raise errors.TooManyAffected(written.affected)
    if target.media.form == "object" and written.affected != 1:
        raise errors.NotOneRow(written.affected)
    if preferences.rollback:
        raise RolledBack(written)
    return written


def _answered(
    status: int,
    headers: Headers,
    target: Target,
    written: Written,
    preferences: Preferences,
    names: Iterable[str],
) -> Answer:
    body = b""
    if preferences.representation:
        header = respond.csv_header(target.plan.keys)
        body = respond.body_of(target.media, written.text, header)
        headers.insert(0, (b"content-type", target.media.content_type))
    applied = preferences.applied(*names)
    if applied is not None:
        headers.append((b"preference-applied", applied))
    return Answer(status, headers, body)


# ---- statements ------------------------------------------------------------------------------------------------------


def _insert_sql(table: Table, columns: Sequence[str]) -> str:
    if not columns:
        return f"INSERT INTO {quote(table.name)} DEFAULT VALUES"
    names = ", ".join(map(quote, columns))
    return f"INSERT INTO {quote(table.name)} ({names}) VALUES ({', '.join('?' * len(columns))})"


def _returning(keys: Sequence[str]) -> str:
    return f" RETURNING {', '.join(map(quote, keys))}"


def _insert_many(connection: apsw.Connection, target: Target, payload: Payload) -> int:
    """Insert all rows; the row that SQLite refuses is told by how far it had read."""
    statement = _insert_sql(target.table, payload.columns)
    rows = iter(payload.rows)
    try:
        connection.executemany(statement, rows)
    except apsw.ConstraintError as error:
        number = len(payload.rows) - operator.length_hint(rows)
        raise _explained(connection, error, target, payload, number) from None
    return len(payload.rows)


def _insert_returning(connection: apsw.Connection, target: Target, payload: Payload) -> list[Row]:
    """Insert row by row and collect the keys of the new rows."""
    keys: list[Row] = []
    returning = _returning(target.keys)
    statement = _insert_sql(target.table, payload.columns) + returning
    for number, row in enumerate(payload.rows, 1):
        try:
            if MISSING in row:
                columns, row = _present(payload.columns, row)
                keys += connection.execute(_insert_sql(target.table, columns) + returning, row).fetchall()
            else:
                keys += connection.execute(statement, row).fetchall()
        except apsw.ConstraintError as error:
            raise _explained(connection, error, target, payload, number) from None
    return keys


def _present(columns: Sequence[str], row: Row) -> tuple[list[str], list[Any]]:
    """The columns and values of a row without those that the defaults are to fill."""
    pairs = [(column, value) for column, value in zip(columns, row, strict=True) if value is not MISSING]
    return [column for column, _ in pairs], [value for _, value in pairs]


def _conflict_target(target: Target, preferences: Preferences) -> tuple[str, ...] | None:
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


def _upsert(
    connection: apsw.Connection,
    target: Target,
    payload: Payload,
    conflict: tuple[str, ...],
    preferences: Preferences,
) -> tuple[list[Row], int, int]:
    """Keys of the rows in the payload's order, rows affected, rows new: looked up before, for SQLite does not tell."""
    table = target.table
    merge = preferences.resolution == "merge-duplicates"
    exists = f"SELECT 1 FROM {quote(table.name)} WHERE {' AND '.join(f'{quote(name)} = ?' for name in conflict)}"
    returning = _returning(target.keys)
    keys: dict[Row, None] = {}
    created = 0
    for number, whole_row in enumerate(payload.rows, 1):
        columns, row = _present(payload.columns, whole_row)
        given = dict(zip(columns, row, strict=True))
        statement = _insert_sql(table, columns) + (_on_conflict(conflict, columns, merge=merge) if columns else "")
        try:
            known = all(name in given for name in conflict) and bool(
                connection.execute(exists, [given[name] for name in conflict]).fetchall()
            )
            found = connection.execute(statement + returning, row).fetchall()
        except apsw.ConstraintError as error:
            raise _explained(connection, error, target, payload, number) from None
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


def _update_sql(target: Target, changes: dict[str, Any]) -> tuple[str, list[SQLValue]]:
    where = sql.filtered(target.plan)
    assignments = ", ".join(f"{quote(name)} = ?" for name in changes)
    statement = f"UPDATE {quote(target.table.name)} SET {assignments}{where.sql}"
    return statement, [*changes.values(), *where.bindings(target.values)]


def _with_rows(connection: apsw.Connection, target: Target, keys: Sequence[Row], written: Written) -> Written:
    """The outcome with the rows of these keys as they are now."""
    if not keys and not target.plan.grouped:
        return written
    names = target.keys
    wanted = [key[0] for key in keys] if len(names) == 1 else [list(key) for key in keys]
    statement = sql.returned(target.plan, target.media, names)
    bindings = statement.bindings(target.values, (msgspec.json.encode(wanted).decode(),))
    text, shown = fetched(connection, statement.sql, bindings)[0]
    return written._replace(text=text, shown=shown)


def _key_of(connection: apsw.Connection, target: Target, found: Row) -> tuple[Any, ...]:
    """The primary key of the row that `found`, its keys, names."""
    table = target.table
    if target.keys == table.primary_key or table.rowid_alias is not None:
        return tuple(found)
    names = ", ".join(map(quote, table.primary_key))
    statement = f"SELECT {names} FROM {quote(table.name)} WHERE {quote(target.keys[0])} = ?"
    return tuple(connection.execute(statement, (found[0],)).fetchall()[0])


def _key_filters(target: Target) -> dict[str, SQLValue]:
    """The values of a PUT's filters, which must be `eq` on exactly the primary key."""
    wanted: dict[str, SQLValue] = {}
    for test in target.plan.where:
        if not isinstance(test, Test) or not plan.is_plain_equality(test):
            raise errors.PutFilters
        part = sql.filtered(replace(target.plan, where=(test,)))
        wanted[test.place.column.name] = part.bindings(target.values)[0]
    if not wanted or len(target.plan.where) != len(wanted) or set(wanted) != set(target.table.primary_key):
        raise errors.PutFilters
    return wanted


# ---- refusals --------------------------------------------------------------------------------------------------------


def _explained(
    connection: apsw.Connection, error: apsw.Error, target: Target, payload: Payload, number: int | None
) -> Exception:
    """The dialect's error for row `number` (from 1) of the payload, or for its only row."""
    row = payload.rows[(number or 1) - 1]
    values = {name: value for name, value in zip(payload.columns, row, strict=True) if value is not MISSING}
    shown = number if len(payload.rows) > 1 else None
    attempt = Attempt(target.catalog, target.table, values, shown)
    return constraints.explained(connection, error, attempt) or error


def _explained_where(
    connection: apsw.Connection, error: apsw.Error, target: Target, changes: dict[str, Any]
) -> Exception:
    where = sql.filtered(target.plan)
    bindings = tuple(where.bindings(target.values))
    attempt = Attempt(target.catalog, target.table, changes, None, where, bindings)
    return constraints.explained(connection, error, attempt) or error
