"""POST, PUT, PATCH and DELETE on a table: each one transaction by the one writer, answered after its COMMIT.

body ─payload▶ rows ─┐
URL  ─parse▶ plan ───┴▶ one unit of work ─writer▶ rows affected, representation ─respond▶ bytes
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import apsw

from rolltop.auth import Action, Rights
from rolltop.data import Cause, Data, Table, quote
from rolltop.rows import constraints, errors, media, paging, parse, plan, prefer, respond, shape, sql, storing
from rolltop.rows.asked import Asked
from rolltop.rows.fetching import fetched
from rolltop.rows.payload import MISSING, Payload, PayloadReader
from rolltop.rows.planned import ReadPlan, Source
from rolltop.rows.prefer import Preferences
from rolltop.rows.request import Request
from rolltop.rows.respond import Answer, Headers
from rolltop.rows.sight import Sight
from rolltop.rows.statement import Statement
from rolltop.rows.storing import Target, Written

WRITE_SECONDS = 30.0
"""An update or delete that may touch any number of rows is interrupted after so long (57014)."""
KINDS = {"POST": "insert", "PUT": "upsert", "PATCH": "update", "DELETE": "delete"}
"""What the history calls a write."""
SHAPES_KEPT = 1_000
LARGE_BODY = 512 * 1024


class RolledBack(Exception):
    """Carries the outcome of a write that is to be undone (`tx=rollback`)."""

    def __init__(self, outcome: Any) -> None:
        super().__init__()
        self.outcome = outcome


class Writing:
    """Answers writes."""

    def __init__(self, data: Data) -> None:
        self._data = data
        self._payloads: dict[tuple[str, tuple[Rights, ...]], PayloadReader] = {}
        self._shapes: dict[tuple[Any, ...], tuple[Asked, ReadPlan, dict[media.Media, Statement]]] = {}
        self._version = -1

    async def answer(self, request: Request, table: Table, sight: Sight, body: bytes) -> Answer:
        """The answer to a write on `table`, which `sight` shows."""
        plan.may(request.actor, table, *_needed(request))
        if not table.writable:
            raise errors.ViewNotWritable(table.name)
        shaped = shape.split(request.query)
        target = self._target(request, table, sight, shaped)
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

    def _target(self, request: Request, table: Table, sight: Sight, shaped: shape.Shaped) -> Target:
        if sight.whole.version != self._version or len(self._shapes) > SHAPES_KEPT:
            self._version = sight.whole.version
            self._payloads.clear()
            self._shapes.clear()
        limits = request.actor.limits
        payloads = self._payloads.get((table.name, limits))
        if payloads is None:
            fixed = sight.fixed.get(table.name, frozenset())
            payloads = self._payloads[table.name, limits] = PayloadReader(table, fixed)
        key = (table.name, shaped.pieces, limits)
        known = self._shapes.get(key)
        if known is None:
            asked = parse.read(shape.parameters(shaped.pieces))
            known = self._shapes[key] = (asked, plan.read(asked, Source(table), sight, len(shaped.values)), {})
        values = [*shaped.values, *request.actor.me] if limits else shaped.values
        cause = Cause(request.actor.id, KINDS[request.method])
        return Target(table, sight, *known, media.accepted(request.accept), payloads, values, cause)

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
        conflict = storing.conflict_target(target, preferences)
        if conflict is not None:
            target.cause.kind = "upsert"
        wants_location = preferences.returning == "headers-only" and bool(target.table.primary_key)
        wants_object = target.media.form == "object"
        plain = (
            conflict is None
            and not preferences.representation
            and not preferences.rollback
            and not wants_object
            and not target.plan.rules
        )
        if plain and payload.whole and len(payload.rows) == 1 and not wants_location:
            await self._insert_one(target, payload)
            return self._answer_post(request, target, Written(1, 1), resolved=False)

        def work(connection: apsw.Connection) -> Written:
            if conflict is not None:
                keys, affected, created = storing.upsert(connection, target, payload, conflict, preferences)
            elif plain and payload.whole and not wants_location:
                affected = created = storing.insert_many(connection, target, payload)
                keys = []
            else:
                keys = storing.insert_returning(connection, target, payload)
                affected = created = len(keys)
            storing.check_allowed(connection, target, keys)
            written = Written(affected, created)
            if preferences.representation:
                written = storing.with_rows(connection, target, keys, written)
            if wants_location and affected == 1:
                written = written._replace(key=storing.key_of(connection, target, keys[0]))
            return _finished(written, target, preferences)

        written = await self._write(target, work)
        return self._answer_post(request, target, written, resolved=conflict is not None)

    async def _insert_one(self, target: Target, payload: Payload) -> None:
        """The commonest write: one row, nothing to return, no savepoint."""
        statement = storing.insert_sql(target, payload.columns)
        row = payload.rows[0]

        def work(connection: apsw.Connection) -> None:
            try:
                connection.execute(statement, row)
            except constraints.REFUSALS as error:
                raise storing.explained(connection, error, target, payload, None) from None

        await self._data.write(work, table=target.table.name, single=True, cause=target.cause)

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
        wanted = storing.key_filters(target)
        payload = await self._payload(request, target, body, missing_default=False)
        if len(payload.rows) != 1 or not set(table.primary_key) <= set(payload.columns):
            raise errors.PutMismatch
        given = dict(zip(payload.columns, payload.rows[0], strict=True))
        if any(given[name] != value for name, value in wanted.items()):
            raise errors.PutMismatch

        def work(connection: apsw.Connection) -> Written:
            merging = Preferences(resolution="merge-duplicates")
            keys, affected, created = storing.upsert(connection, target, payload, table.primary_key, merging)
            storing.check_allowed(connection, target, keys)
            written = Written(affected, created)
            if preferences.representation:
                written = storing.with_rows(connection, target, keys, written)
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
            statement, bindings = storing.update_sql(target, changes)
            returning = preferences.representation or bool(target.plan.rules)
            keys = target.keys

            def work(connection: apsw.Connection) -> Written:
                try:
                    if returning:
                        found = connection.execute(statement + storing.returning_clause(keys), bindings).fetchall()
                        storing.check_allowed(connection, target, found)
                        written = Written(len(found))
                        if preferences.representation:
                            written = storing.with_rows(connection, target, found, written)
                    else:
                        connection.execute(statement, bindings)
                        written = Written(connection.changes())
                except constraints.REFUSALS as error:
                    raise storing.explained_where(connection, error, target, changes) from None
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
        statement = f"DELETE FROM {quote(target.table.name)}{where.sql}"  # noqa: S608 (a name of the catalog, quoted)
        page = sql.page(target.plan, target.media, offset=False, sorter=False) if preferences.representation else None

        def work(connection: apsw.Connection) -> Written:
            text, shown = None, 0
            if page is not None:
                text, shown = fetched(connection, page.sql, page.bindings(target.values, (-1,)))[0]
            try:
                connection.execute(statement, bindings)
            except constraints.REFUSALS as error:
                raise storing.explained_where(connection, error, target, {}) from None
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
                cause=target.cause,
            )
        except RolledBack as rolled:
            written: Written = rolled.outcome
            return written


def _needed(request: Request) -> tuple[Action, ...]:
    """The actions that must be allowed on the table."""
    preferences = request.preferences
    needed = plan.ACTIONS[request.method]
    if request.method != "POST" or preferences is prefer.NONE:
        return needed
    if preferences.resolution == "merge-duplicates":
        return (*needed, Action.UPDATE, Action.SELECT)
    reads = preferences.resolution is not None or preferences.returning not in (None, "minimal")
    return (*needed, Action.SELECT) if reads else needed


def _needs_no_undo(preferences: Preferences, target: Target) -> bool:
    """Whether nothing can go wrong after the one statement, so that it needs no savepoint."""
    return not (
        preferences.rollback
        or preferences.representation
        or preferences.max_affected is not None
        or target.media.form == "object"
        or target.plan.rules
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
        header = respond.csv_header(target.plan.keys, target.media) if target.media.form == "csv" else ""
        body = respond.body_of(target.media, written.text, header)
        headers.insert(0, (b"content-type", target.media.content_type))
    if target.cause.change is not None:
        headers.append((b"x-rolltop-change", b"%d" % target.cause.change))
    applied = preferences.applied(*names)
    if applied is not None:
        headers.append((b"preference-applied", applied))
    return Answer(status, headers, body)
