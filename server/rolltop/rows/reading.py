"""GET and HEAD on a table: one page in one read transaction.

shape known? ─no─▶ parse ▶ plan ▶ sql ─┐
     └──────────────────────yes────────┴▶ bind ▶ key read inline │ page on a reader thread │ stream ▶ bytes
"""

from dataclasses import replace
from typing import Any

import apsw

from rolltop.auth import Action, Actor
from rolltop.data import Catalog, Data
from rolltop.rows import errors, media, paging, parse, plan, shape, sight, sql
from rolltop.rows.fetching import fetched
from rolltop.rows.leaving import unless_left
from rolltop.rows.pages import Compiled, Pages, compiled_of
from rolltop.rows.paging import Window
from rolltop.rows.planned import Output, ReadPlan, Source
from rolltop.rows.request import Request
from rolltop.rows.respond import Answer
from rolltop.web.asgi import Receive

SHAPES_KEPT = 2_000


class Reading:
    """Answers reads; keeps the statements of the shapes it has seen."""

    def __init__(self, data: Data, max_rows: int | None = None) -> None:
        self._data = data
        self._max_rows = max_rows
        self._pages = Pages(data.read, data.stream, located=True, honoured=("count", "tx", "handling"))
        self._shapes: dict[tuple[Any, ...], Compiled] = {}
        self._version = -1

    async def answer(self, request: Request, name: str, receive: Receive) -> Answer:
        """The answer to a GET or HEAD on the table called `name`; `Disconnected` when the client has left meanwhile."""
        shaped = shape.split(request.query)
        header = request.range if request.method == "GET" else None
        if shaped.limit is None and shaped.offset == 0 and header is None:
            window = paging.ALL
        else:
            window = paging.window(shaped.limit, shaped.offset, header)
        compiled = self._compiled(request, name, shaped, window)
        plan.may(request.actor, compiled.table, Action.SELECT)
        if compiled.plan.others:
            plan.may_read(request.actor, compiled.plan)
        actor = request.actor
        values = [*shaped.values, *actor.me] if actor.limits else shaped.values
        statement = compiled.by_key
        if statement is not None and window == paging.ALL and request.preferences.count is None:
            bindings = statement.bindings(values)
            try:  # inline, for it touches a few pages only; in a thread while another program locks the file
                rows = self._data.read_in_turn(statement.sql, bindings)
            except (apsw.BusyError, UnicodeDecodeError):
                rows = await self._data.read(lambda connection: fetched(connection, statement.sql, bindings))
            return self._pages.page(request, compiled, window, rows[0][0] if rows else None, len(rows), None)
        window = paging.capped(window, self._max_rows)
        return await unless_left(receive, self._pages.answer(request, compiled, values, window))

    def _compiled(self, request: Request, name: str, shaped: shape.Shaped, window: Window) -> Compiled:
        """The statements for this shape, made at its first request and whenever the schema moved."""
        catalog = self._data.catalog
        if catalog.version != self._version or len(self._shapes) > SHAPES_KEPT:
            self._shapes.clear()
            self._version = catalog.version
        key = (name, shaped.pieces, request.accept, window.offset > 0, request.actor.limits)
        compiled = self._shapes.get(key)
        if compiled is None:
            compiled = self._compile(request, name, shaped, offset=window.offset > 0)
            self._shapes[key] = compiled
        return compiled

    def _compile(self, request: Request, name: str, shaped: shape.Shaped, *, offset: bool) -> Compiled:
        wanted = media.accepted(request.accept)
        try:
            planned = self._plan(self._data.catalog, request.actor, name, shaped)
        except (errors.UnknownTable, errors.UnknownColumn):  # another program may have just made it
            planned = self._plan(self._data.fresh_catalog(), request.actor, name, shaped)
        page = sql.page(planned, wanted, offset=offset, sorter=False)
        sorter = bool(planned.order) and (planned.grouped or self._sorts(planned))
        if sorter:
            page = sql.page(planned, wanted, offset=offset, sorter=True)
        return compiled_of(planned, wanted, page, sorter=sorter, inline=planned.inline)

    @staticmethod
    def _plan(catalog: Catalog, actor: Actor, name: str, shaped: shape.Shaped) -> ReadPlan:
        seen = sight.of(catalog, actor.limits)
        source = Source(plan.find_table(seen.catalog, name))
        return plan.read(parse.read(shape.parameters(shaped.pieces)), source, seen, len(shaped.values))

    def _sorts(self, planned: ReadPlan) -> bool:
        """Whether SQLite would sort the rows: asked once a shape, for then the JSON must be made after it."""
        own = tuple(
            output for output in planned.outputs if isinstance(output, Output)
        )  # embedded rows may be sorted, too
        statement = sql.page(replace(planned, outputs=own), media.ARRAY, offset=False, sorter=False)
        bindings = [None] * (len(statement.binds) + 1)
        try:
            steps = self._data.read_now(f"EXPLAIN QUERY PLAN {statement.sql}", bindings)
        except (apsw.Error, apsw.BusyError):
            return True
        return any("TEMP B-TREE" in str(step[3]) for step in steps)
