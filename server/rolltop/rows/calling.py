"""`/rpc/{name}`: calls of saved queries (dialect, section 13).

URL, body ─arguments▶ values ─┐                     ┌─ reads ─▶ in the place of a table ─▶ pages
statement ─described▶ columns ┴▶ plan ▶ statements ─┤
                                                    └─ writes ─▶ one unit of work; what it returns, as a table ─▶ page
"""

from collections.abc import Iterable, Sequence
from typing import Any

import apsw

from rolltop.auth import Actor
from rolltop.data import Cause, Data, bounds
from rolltop.data.errors import MemoryExceeded, SQLProblem
from rolltop.data.types import SQLValue
from rolltop.rows import arguments, body, called, constraints, errors, media, paging, parse, plan, returned, shape, sql
from rolltop.rows.described import Described
from rolltop.rows.media import Media
from rolltop.rows.pages import Compiled, Pages, compiled_of
from rolltop.rows.paging import Window
from rolltop.rows.planned import Source
from rolltop.rows.request import Request
from rolltop.rows.respond import Answer
from rolltop.rows.saved import SavedQueries
from rolltop.rows.shape import Shaped
from rolltop.rows.writing import RolledBack
from rolltop.web.asgi import Receive

READING = ("GET", "HEAD")
SHAPES_KEPT = 500


class Calling:
    """Answers calls; keeps the statements of the shapes it has seen."""

    def __init__(self, data: Data, saved: SavedQueries, max_rows: int | None) -> None:
        self._data = data
        self._max_rows = max_rows
        self._saved = saved
        honoured = ("count", "tx", "handling", "max-affected")
        self._pages = Pages(data.query, data.stream_query, located=False, honoured=honoured)
        self._shapes: dict[tuple[Any, ...], Compiled] = {}

    async def answer(self, request: Request, name: str, receive: Receive) -> Answer:
        """The answer to a request for the saved query called `name`."""
        if request.method in ("PUT", "PATCH", "DELETE"):
            raise errors.FunctionMethod(request.method)
        if request.method not in (*READING, "POST", "OPTIONS"):
            raise errors.UnknownMethod(f"Unsupported HTTP method: {request.method}")
        if request.method == "OPTIONS":
            found = self._saved.described(called.query_named(self._saved, request.actor, name, {}))
            writes = called.seen_by(self._data, request.actor, found).statement.writes
            return Answer(200, [(b"allow", b"OPTIONS,POST" if writes else b"OPTIONS,GET,HEAD,POST")])
        content = await body.whole(request, receive) if request.method == "POST" else b""
        version = self._data.catalog.version
        try:
            return await self._once(request, name, content)
        except (apsw.SQLError, SQLProblem) as failure:
            if self._data.fresh_catalog().version != version:  # another program changed the schema under the statement
                return await self._once(request, name, content)
            if isinstance(failure, SQLProblem):
                raise
            raise called.of_data(failure) from None

    async def _once(self, request: Request, name: str, content: bytes) -> Answer:
        shaped, given, texts = self._asked(request, content)
        query = called.query_named(self._saved, request.actor, name, given)
        described = called.seen_by(self._data, request.actor, self._saved.described(query))
        statement = described.statement
        others = self._saved.now.queries
        values = arguments.bound(query, statement.parameters, given, others, texts=texts)
        wanted = _media(media.accepted(request.accept), described)
        if request.method != "POST":
            called.refuse_writing(described)
        if request.preferences.max_affected is not None and described.shape in ("nothing", "value"):
            raise errors.AffectedOfValue
        header = request.range if request.method == "GET" else None
        window = paging.capped(paging.window(shaped.limit, shaped.offset, header), self._max_rows)
        if described.shape == "value":
            window = Window(1)
        if statement.writes:
            return await self._write(request, described, shaped, values, wanted, window)
        return await self._read(request, described, shaped, values, wanted, window)

    def _asked(self, request: Request, content: bytes) -> tuple[Shaped, dict[str, Any], bool]:
        """What the URL asks of the result, and the arguments; whether these are texts."""
        if request.method in READING:
            query, found = arguments.split(request.query)
            return shape.split(query), dict(found), True
        shaped = shape.split(request.query)
        declared = next((value for key, value, *_ in shaped.pieces if key == "columns"), None)
        columns = None if declared is None else parse.names("columns parameter", str(declared))
        return shaped, *arguments.of_body(content, request.content_type, columns)

    def _compiled(
        self, request: Request, described: Described, shaped: Shaped, wanted: Media, *, skip: bool
    ) -> Compiled:
        """The statements for this shape of request on what the query gives."""
        types = tuple(column.type.name for column in described.table.columns)
        version = (self._saved.now.version, described.catalog.version)
        key = (described.name, version, types, shaped.pieces, wanted, skip, request.actor.limits)
        compiled = self._shapes.get(key)
        if compiled is None:
            compiled = self._compile(request.actor, described, shaped, wanted, skip=skip)
            if len(self._shapes) > SHAPES_KEPT:
                self._shapes.clear()
            self._shapes[key] = compiled
        if compiled.plan.others:
            plan.may_read(request.actor, compiled.plan)
        return compiled

    def _compile(self, actor: Actor, described: Described, shaped: Shaped, wanted: Media, *, skip: bool) -> Compiled:
        mine = len(shaped.values)
        if described.statement.writes:
            source = Source(described.table, returned.QUERY)
        else:
            source = called.source_of(actor, described, mine)
            mine += len(described.statement.parameters)
        asked = parse.read(shape.parameters(shaped.pieces))
        planned = plan.read(asked, source, called.sight_of(actor, described), mine)
        if described.shape != "rows" and len(planned.outputs) != 1:
            raise errors.OneValueOnly(described.name)
        sorter = bool(planned.order)
        page = sql.page(planned, wanted, offset=skip, sorter=sorter)
        return compiled_of(planned, wanted, page, sorter=sorter, inline=False)

    # ---- queries that read ---------------------------------------------------------------------------------------

    async def _read(
        self,
        request: Request,
        described: Described,
        shaped: Shaped,
        arguments: Sequence[SQLValue],
        wanted: Media,
        window: Window,
    ) -> Answer:
        if described.untyped and called.needs_types(shaped):
            described = await called.typed(self._data, self._saved, request.actor, described, arguments)
        compiled = self._compiled(request, described, shaped, wanted, skip=window.offset > 0)
        values = [*shaped.values, *arguments, *request.actor.me]
        most = request.preferences.max_affected
        if most is not None:
            count = compiled.count
            rows = await self._data.query(lambda one: one.execute(count.sql, count.bindings(values)).get, single=True)
            if rows > most:
                raise errors.TooManyAffected(rows)
        return await self._pages.answer(request, compiled, values, window)

    # ---- queries that write --------------------------------------------------------------------------------------

    async def _write(
        self,
        request: Request,
        described: Described,
        shaped: Shaped,
        arguments: Sequence[SQLValue],
        wanted: Media,
        window: Window,
    ) -> Answer:
        statement, preferences = described.statement, request.preferences

        def work(connection: apsw.Connection) -> Answer:
            with bounds.bounded(connection):
                try:
                    rows = _limited(connection.execute(statement.sql, arguments))
                except constraints.REFUSALS as error:
                    raise returned.refusal(connection, error, described, arguments) from None
                if preferences.max_affected is not None and len(rows) > preferences.max_affected:
                    raise errors.TooManyAffected(len(rows))
                answer = self._returned(connection, request, described, rows, shaped, wanted, window)
            if preferences.rollback:
                raise RolledBack(answer)
            return answer

        changes = statement.changes
        table = next(iter(changes)) if len(changes) == 1 else None
        cause = Cause(request.actor.id, "query", f"Call {described.name}")
        try:
            answer = await self._data.write(work, table=table, alone=True, cause=cause)
        except RolledBack as rolled:
            undone: Answer = rolled.outcome
            return undone
        if cause.change is not None:
            answer.headers.append((b"x-rolltop-change", b"%d" % cause.change))
        return answer

    def _returned(
        self,
        connection: apsw.Connection,
        request: Request,
        described: Described,
        rows: list[tuple[SQLValue, ...]],
        shaped: Shaped,
        wanted: Media,
        window: Window,
    ) -> Answer:
        """The answer with what a statement returned, within its transaction, for a bad answer undoes it."""
        if described.shape == "nothing":
            return _nothing(request)
        described = described.typed(returned.kinds(described, rows))
        compiled = self._compiled(request, described, shaped, wanted, skip=window.offset > 0)
        with returned.table_of(connection, described, rows[:1] if described.first_only else rows):
            values = [*shaped.values, *request.actor.me]
            return self._pages.at_once(connection, request, compiled, values, window)


def _media(wanted: Media, described: Described) -> Media:
    """The form of the answer, which for values is not that of rows."""
    if wanted.form == "csv" or described.shape in ("rows", "nothing"):
        return wanted
    return wanted.of_values(one=described.shape == "value")


def _limited(rows: Iterable[tuple[SQLValue, ...]]) -> list[tuple[SQLValue, ...]]:
    """What a statement returns, which has to be kept in memory."""
    found: list[tuple[SQLValue, ...]] = []
    for row in rows:
        if len(found) == returned.MOST:
            raise MemoryExceeded(
                f"The query returns more than {returned.MOST} rows.", hint="Leave RETURNING out, or change fewer rows."
            )
        found.append(row)
    return found


def _nothing(request: Request) -> Answer:
    applied = request.preferences.applied("count", "tx", "handling")
    headers = [(b"content-range", paging.content_range(0, 0, None if request.preferences.count is None else 0))]
    if applied is not None:
        headers.append((b"preference-applied", applied))
    return Answer(204, headers)
