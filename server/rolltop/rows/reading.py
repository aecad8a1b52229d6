"""GET and HEAD on a table: one page in one read transaction.

shape known? ─no─▶ parse ▶ plan ▶ sql ─┐
     └──────────────────────yes────────┴▶ bind ▶ key read inline │ page on a reader thread │ stream ▶ bytes
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import apsw

from rolltop.auth import Scope
from rolltop.data import Data, Table
from rolltop.data.errors import TooBig
from rolltop.rows import errors, media, paging, parse, plan, prefer, respond, shape, sql
from rolltop.rows.fetching import fetched
from rolltop.rows.media import Media
from rolltop.rows.paging import Window
from rolltop.rows.planned import Output, ReadPlan, Source
from rolltop.rows.request import ROOT, Request
from rolltop.rows.respond import Answer, Headers
from rolltop.rows.statement import Statement

WHOLE = 5_000
"""Pages up to so many rows are one text; larger ones are streamed."""
CHUNK = 1_000
CHUNK_CHARACTERS = 1_000_000
SHAPES_KEPT = 2_000


@dataclass(slots=True)
class Compiled:
    """Everything about a shape of read that does not change with its values."""

    table: Table
    plan: ReadPlan
    media: Media
    by_key: Statement | None
    """For at most one row, read inline."""
    page: Statement
    count: Statement
    groups: Statement | None
    """Counts groups, where the result's rows are groups."""
    header: str
    sorter: bool


class Reading:
    """Answers reads; keeps the statements of the shapes it has seen."""

    def __init__(self, data: Data) -> None:
        self._data = data
        self._shapes: dict[tuple[Any, ...], Compiled] = {}
        self._version = -1

    async def answer(self, request: Request, name: str) -> Answer:
        """The answer to a GET or HEAD on the table called `name`."""
        shaped = shape.split(request.query)
        header = request.range if request.method == "GET" else None
        if shaped.limit is None and shaped.offset == 0 and header is None:
            window = paging.ALL
        else:
            window = paging.window(shaped.limit, shaped.offset, header)
        compiled = self._compiled(request, name, shaped, window)
        plan.may(request.actor, compiled.table, Scope.ROWS_READ)
        if compiled.plan.others:
            plan.may_read(request.actor, compiled.plan)
        statement = compiled.by_key
        if statement is not None and window == paging.ALL and request.preferences.count is None:
            bindings = statement.bindings(shaped.values)
            try:  # inline, for it touches a few pages only; in a thread while another program locks the file
                rows = self._data.read_now(statement.sql, bindings)
            except (apsw.BusyError, UnicodeDecodeError):
                rows = await self._data.read(lambda connection: fetched(connection, statement.sql, bindings))
            return self._page(request, compiled, window, rows[0][0] if rows else None, len(rows), None)
        if request.method == "HEAD" and not compiled.plan.grouped:
            return await self._head(request, compiled, shaped.values, window)
        return await self._page_or_stream(request, compiled, shaped.values, window)

    def _compiled(self, request: Request, name: str, shaped: shape.Shaped, window: Window) -> Compiled:
        """The statements for this shape, made at its first request and whenever the schema moved."""
        catalog = self._data.catalog
        if catalog.version != self._version or len(self._shapes) > SHAPES_KEPT:
            self._shapes.clear()
            self._version = catalog.version
        key = (name, shaped.pieces, request.accept, window.offset > 0)
        compiled = self._shapes.get(key)
        if compiled is None:
            compiled = self._compile(request, name, shaped, offset=window.offset > 0)
            self._shapes[key] = compiled
        return compiled

    def _compile(self, request: Request, name: str, shaped: shape.Shaped, *, offset: bool) -> Compiled:
        wanted = media.accepted(request.accept)
        try:
            table, planned = self._plan(self._data.catalog, name, shaped)
        except (errors.UnknownTable, errors.UnknownColumn):  # another program may have just made it
            table, planned = self._plan(self._data.fresh_catalog(), name, shaped)
        page = sql.page(planned, wanted, offset=offset, sorter=False)
        sorter = bool(planned.order) and (planned.grouped or self._sorts(planned))
        if sorter:
            page = sql.page(planned, wanted, offset=offset, sorter=True)
        return Compiled(
            table,
            planned,
            wanted,
            sql.rows(planned, wanted) if planned.inline else None,
            page,
            sql.count(planned),
            sql.extent(planned) if planned.grouped else None,
            respond.csv_header(planned.keys),
            sorter,
        )

    @staticmethod
    def _plan(catalog: Any, name: str, shaped: shape.Shaped) -> tuple[Table, ReadPlan]:
        table = plan.find_table(catalog, name)
        return table, plan.read(parse.read(shape.parameters(shaped.pieces)), Source(table), catalog)

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

    async def _head(self, request: Request, compiled: Compiled, values: Sequence[str], window: Window) -> Answer:
        """How many rows GET would give, without making them."""
        counted = request.preferences.count is not None
        total = await self._data.read(lambda connection: self._count(connection, compiled.count, values), single=True)
        rows = max(0, total - window.offset)
        if window.limit is not None:
            rows = min(rows, window.limit)
        return self._page(request, compiled, window, "", rows, total if counted else None)

    async def _page_or_stream(
        self, request: Request, compiled: Compiled, values: Sequence[str], window: Window
    ) -> Answer:
        asked = window.limit
        large = asked is None or asked > WHOLE
        limit = CHUNK + 1 if large else asked
        bindings = compiled.page.bindings(values, (limit, window.offset) if window.offset > 0 else (limit,))
        counted = request.preferences.count is not None

        def read(connection: apsw.Connection) -> tuple[str | None, int, int, int | None]:
            """The text and its rows; how many rows the result has at least, and how many are counted."""
            text, rows = fetched(connection, compiled.page.sql, bindings)[0]
            streamed = large and rows > CHUNK
            if not counted and not streamed:
                return text, rows, rows, None
            if compiled.groups is not None:
                groups = self._count(connection, compiled.groups, values) if streamed else rows
                return text, rows, groups, self._count(connection, compiled.count, values) if counted else None
            if rows and rows < int(limit or 0):  # the end was seen
                return text, rows, window.offset + rows, window.offset + rows
            total = self._count(connection, compiled.count, values)
            return text, rows, total, total

        try:
            text, rows, extent, total = await self._data.read(read, single=not counted and not large)
        except TooBig:  # more than SQLite puts into one text: a few very large rows
            statement = compiled.groups or compiled.count
            extent = total = await self._data.read(
                lambda connection: self._count(connection, statement, values), single=True
            )
            return self._stream(request, compiled, values, window, extent, total if counted else None)
        total = total if counted else None
        if large and rows > CHUNK:
            return self._stream(request, compiled, values, window, extent, total)
        return self._page(request, compiled, window, text, rows, total)

    @staticmethod
    def _count(connection: apsw.Connection, statement: Statement, values: Sequence[str]) -> int:
        found: Any = connection.execute(statement.sql, statement.bindings(values)).get
        return int(found)

    def _stream(
        self,
        request: Request,
        compiled: Compiled,
        values: Sequence[str],
        window: Window,
        extent: int,
        total: int | None,
    ) -> Answer:
        """The rows of the window one chunk after the other, of a result of `extent` rows."""
        rows = max(0, extent - window.offset)
        if window.limit is not None:
            rows = min(rows, window.limit)
        answer = self._page(request, compiled, window, None, rows, total)
        answer.stream = self._data.stream(self._producer(compiled, values, Window(rows, window.offset)))
        answer.body = b""
        return answer

    def _page(
        self, request: Request, compiled: Compiled, window: Window, text: str | None, rows: int, total: int | None
    ) -> Answer:
        """The answer around the text of a page."""
        wanted = compiled.media
        status = paging.status_of_page(window.offset, rows, total)
        if wanted.form == "object" and rows != 1:
            raise errors.NotOneRow(rows)
        headers: Headers = [
            (b"content-type", wanted.content_type),
            (b"content-range", paging.content_range(window.offset, rows, total)),
            (b"content-location", respond.content_location(ROOT, request.raw_path, request.query)),
        ]
        if request.preferences is not prefer.NONE:
            applied = request.preferences.applied("count", "tx", "handling")
            if applied is not None:
                headers.append((b"preference-applied", applied))
        return Answer(status, headers, respond.body_of(wanted, text, compiled.header))

    def _producer(
        self, compiled: Compiled, values: Sequence[str], window: Window
    ) -> Callable[[apsw.Connection], Iterator[bytes]]:
        """Makes the body in chunks of 1,000 rows: memory stays flat whatever the table's size."""
        skip = window.offset > 0
        statement = sql.rows(compiled.plan, compiled.media, limited=True, offset=skip, sorter=compiled.sorter)
        bindings = statement.bindings(values, (window.limit, window.offset) if skip else (window.limit,))
        is_csv = compiled.media.form == "csv"
        glue = "\n" if is_csv else ","

        def produce(connection: apsw.Connection) -> Iterator[bytes]:
            cursor = connection.execute(statement.sql, bindings)
            opening = f"{compiled.header}\n" if is_csv else "["
            while rows := _taken(cursor):
                yield (opening + glue.join(rows)).encode()
                opening = glue
            yield b"\n" if is_csv else b"]"

        return produce


def _taken(cursor: apsw.Cursor) -> list[str]:
    """The texts of the next rows: at most 1,000, and not much more than a megabyte."""
    rows: list[str] = []
    size = 0
    for (text,) in cursor:
        rows.append(text)
        size += len(text)
        if len(rows) == CHUNK or size > CHUNK_CHARACTERS:
            break
    return rows
