"""Pages of rows, made by compiled statements: counted, whole as one text, or streamed."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import apsw

from rolltop.data import Table
from rolltop.data.errors import TooBig
from rolltop.data.streams import begun
from rolltop.rows import errors, paging, prefer, respond, sql
from rolltop.rows.fetching import fetched
from rolltop.rows.landmarks import FAR, Landmarks
from rolltop.rows.media import Media
from rolltop.rows.paging import Window
from rolltop.rows.planned import ReadPlan
from rolltop.rows.request import ROOT, Request
from rolltop.rows.respond import Answer, Headers
from rolltop.rows.statement import Statement
from rolltop.rows.walk import Walk, walk_of

T = TypeVar("T")

WHOLE = 5_000
"""Pages up to so many rows are one text; larger ones are streamed."""
LONGEST_LOCATED = 4_096
"""Longer queries are not said again in Content-Location: Node and proxies refuse answers with 16 KB of headers."""
CHUNK = 1_000
CHUNK_CHARACTERS = 1_000_000


class Run(Protocol):
    """Runs work on a connection that reads, in one read transaction; `single` promises one statement."""

    def __call__(self, work: Callable[[apsw.Connection], T], *, single: bool = False) -> Awaitable[T]: ...


Stream = Callable[[Callable[[apsw.Connection], Iterator[bytes]]], AsyncGenerator[bytes]]


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
    walk: Walk | None
    """For far pages, where the rows are in the order of an index."""


def compiled_of(plan: ReadPlan, media: Media, page: Statement, *, sorter: bool, inline: bool) -> Compiled:
    """The statements of a plan; `page` is known, for whoever compiles had to look at it."""
    return Compiled(
        plan.table,
        plan,
        media,
        sql.rows(plan, media) if inline else None,
        page,
        sql.count(plan),
        sql.extent(plan) if plan.grouped else None,
        respond.csv_header(plan.keys, media),
        sorter,
        None if sorter else walk_of(plan, media),
    )


class Pages:
    """Answers with pages. `located` when a page has an address of its own; `honoured` are the preferences to echo."""

    def __init__(self, run: Run, stream: Stream, *, located: bool, honoured: Sequence[str]) -> None:
        self._run = run
        self._start_stream = stream
        self._located = located
        self._honoured = honoured
        self._landmarks = Landmarks()

    async def answer(self, request: Request, compiled: Compiled, values: Sequence[Any], window: Window) -> Answer:
        """The answer to a request for the rows of the window."""
        if request.method == "HEAD" and not compiled.plan.grouped:
            return await self._head(request, compiled, values, window)
        return await self._page_or_stream(request, compiled, values, window)

    def at_once(
        self, connection: apsw.Connection, request: Request, compiled: Compiled, values: Sequence[Any], window: Window
    ) -> Answer:
        """The same on a connection in whose transaction the rows are, as one text."""
        limit = -1 if window.limit is None else window.limit
        bindings = compiled.page.bindings(values, (limit, window.offset) if window.offset > 0 else (limit,))
        text, rows = fetched(connection, compiled.page.sql, bindings)[0]
        counted = request.preferences.count is not None
        total = self._count(connection, compiled.count, values) if counted else None
        return self.page(request, compiled, window, text, rows, total)

    async def _head(self, request: Request, compiled: Compiled, values: Sequence[Any], window: Window) -> Answer:
        """How many rows GET would give, without making them."""
        counted = request.preferences.count is not None
        total = await self._run(lambda connection: self._count(connection, compiled.count, values), single=True)
        rows = max(0, total - window.offset)
        if window.limit is not None:
            rows = min(rows, window.limit)
        return self.page(request, compiled, window, "", rows, total if counted else None)

    async def _page_or_stream(
        self, request: Request, compiled: Compiled, values: Sequence[Any], window: Window
    ) -> Answer:
        asked = window.limit
        large = asked is None or asked > WHOLE
        limit = CHUNK + 1 if large else asked
        bindings = compiled.page.bindings(values, (limit, window.offset) if window.offset > 0 else (limit,))
        counted = request.preferences.count is not None
        far = compiled.walk if asked is not None and not large and window.offset >= FAR else None

        def read(connection: apsw.Connection) -> tuple[str | None, int, int, int | None]:
            """The text and its rows; how many rows the result has at least, and how many are counted."""
            found = far and self._landmarks.page(connection, far, values, asked or 0, window.offset)
            text, rows = found or fetched(connection, compiled.page.sql, bindings)[0]
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
            text, rows, extent, total = await self._run(read, single=not counted and not large and far is None)
        except TooBig:  # more than SQLite puts into one text: a few very large rows
            statement = compiled.groups or compiled.count
            extent = total = await self._run(lambda connection: self._count(connection, statement, values), single=True)
            answer = self._stream(request, compiled, values, window, extent, total if counted else None)
            if answer.stream is not None:
                answer.stream = await begun(answer.stream)  # a single row may be too large, which is to be said
            return answer
        total = total if counted else None
        if large and rows > CHUNK:
            return self._stream(request, compiled, values, window, extent, total)
        return self.page(request, compiled, window, text, rows, total)

    @staticmethod
    def _count(connection: apsw.Connection, statement: Statement, values: Sequence[Any]) -> int:
        found: Any = connection.execute(statement.sql, statement.bindings(values)).get
        return int(found)

    def _stream(
        self,
        request: Request,
        compiled: Compiled,
        values: Sequence[Any],
        window: Window,
        extent: int,
        total: int | None,
    ) -> Answer:
        """The rows of the window one chunk after the other, of a result of `extent` rows."""
        rows = max(0, extent - window.offset)
        if window.limit is not None:
            rows = min(rows, window.limit)
        answer = self.page(request, compiled, window, None, rows, total)
        answer.stream = self._start_stream(self._producer(compiled, values, Window(rows, window.offset)))
        answer.body = b""
        return answer

    def page(
        self, request: Request, compiled: Compiled, window: Window, text: str | None, rows: int, total: int | None
    ) -> Answer:
        """The answer around the text of a page."""
        wanted = compiled.media
        if wanted.form == "value" and not wanted.single:
            rows, total = 1, None if total is None else 1
        if wanted.single and rows != 1:
            raise errors.NotOneRow(rows)
        status = paging.status_of_page(window.offset, rows, total)
        headers: Headers = [
            (b"content-type", wanted.content_type),
            (b"content-range", paging.content_range(window.offset, rows, total)),
        ]
        if self._located and len(request.query) <= LONGEST_LOCATED:
            headers.append((b"content-location", respond.content_location(ROOT, request.raw_path, request.query)))
        if request.preferences is not prefer.NONE:
            applied = request.preferences.applied(*self._honoured)
            if applied is not None:
                headers.append((b"preference-applied", applied))
        return Answer(status, headers, respond.body_of(wanted, text, compiled.header))

    def _producer(
        self, compiled: Compiled, values: Sequence[Any], window: Window
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
