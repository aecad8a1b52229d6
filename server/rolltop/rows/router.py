"""`/rest/v1` as a plain ASGI callable: a framework in between costs 2.5 times the CPU (measured)."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

import apsw

from rolltop.auth import Actor
from rolltop.data import Data, Table
from rolltop.data.errors import of_running
from rolltop.errors import RolltopError
from rolltop.rows import body, errors, plan, respond, sight
from rolltop.rows.allocation import keep_freed_memory
from rolltop.rows.calling import Calling
from rolltop.rows.reading import Reading
from rolltop.rows.request import ROOT, Request, taken
from rolltop.rows.respond import Answer
from rolltop.rows.saved import SavedQueries
from rolltop.rows.writing import Writing
from rolltop.web.asgi import ASGIScope, Receive, Send

if TYPE_CHECKING:
    from rolltop.rows.introspection import Introspection

CALLS = ROOT + b"/rpc/"
ROOTS = (ROOT, ROOT + b"/")
READING = ("GET", "HEAD")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class RowsLane:
    """Everything under `/rest/v1`; `scope["actor"]` says who asks."""

    def __init__(
        self,
        data: Data,
        saved: SavedQueries,
        known: Callable[[], Awaitable[object]],
        max_rows: int | None = None,
    ) -> None:
        """`known` comes back when the saved queries are there, which may be a moment after the start."""
        keep_freed_memory()
        self._data = data
        self._saved = saved
        self._known = known
        self._calling = Calling(data, saved, max_rows)
        self._reading = Reading(data, max_rows)
        self._writing = Writing(data)
        self._introspection: Introspection | None = None
        self._names: dict[bytes, str] = {}

    async def __call__(self, scope: ASGIScope, receive: Receive, send: Send) -> None:
        head = scope["method"] == "HEAD"
        try:
            request = taken(scope)
            answer = await self._answer(request, receive)
        except errors.RangeNotSatisfiable as failure:
            answer = respond.error(failure, content_range=failure.content_range)
        except RolltopError as failure:
            answer = respond.error(failure)
        except body.Disconnected:
            return
        except UnicodeDecodeError:
            answer = respond.error(errors.NotUTF8())
        except apsw.Error as failure:
            answer = respond.error(_of_sqlite(failure))
        await respond.send_answer(receive, send, answer, head=head)

    async def _answer(self, request: Request, receive: Receive) -> Answer:
        if request.raw_path.startswith(CALLS):
            if not self._saved.now.version:
                await self._known()
            return await self._calling.answer(request, name_in(request.raw_path[len(CALLS) :]), receive)
        if request.raw_path in ROOTS:
            return await self._root(request)
        name = self._names.get(request.raw_path) or self._name(request.raw_path)
        version = self._data.catalog.version
        content = b""
        if request.method not in READING:
            if request.method not in METHODS:
                raise errors.UnknownMethod(f"Unsupported HTTP method: {request.method}")
            table = self._table(request.actor, name)
            if request.method == "OPTIONS":
                return Answer(200, [(b"allow", allowed(table))])
            if request.method != "DELETE":  # whose body means nothing
                content = await body.whole(request, receive)
        try:
            return await self._once(request, name, content, receive)
        except apsw.SQLError:  # another program may have changed the schema under the statement
            if self._data.fresh_catalog().version == version:
                raise
            return await self._once(request, name, content, receive)

    async def _root(self, request: Request) -> Answer:
        from rolltop.rows.introspection import Introspection  # tools that read it are rare: a start needs it not

        if not self._saved.now.version:
            await self._known()
        if self._introspection is None:
            self._introspection = Introspection(self._data, self._saved)
        return await self._introspection.answer(request)

    def _once(self, request: Request, name: str, content: bytes, receive: Receive) -> Awaitable[Answer]:
        if request.method in READING:
            return self._reading.answer(request, name, receive)
        seen = sight.of(self._data.catalog, request.actor.limits)
        return self._writing.answer(request, plan.find_table(seen.catalog, name), seen, content)

    def _name(self, raw_path: bytes) -> str:
        """The table's name in the path, percent-decoded once."""
        name = table_name(raw_path)
        if len(self._names) > 1_000:
            self._names.clear()
        self._names[raw_path] = name
        return name

    def _table(self, actor: Actor, name: str) -> Table:
        """The table as the caller sees it."""
        try:
            return plan.find_table(sight.of(self._data.catalog, actor.limits).catalog, name)
        except errors.UnknownTable:  # another program may have just made it
            return plan.find_table(sight.of(self._data.fresh_catalog(), actor.limits).catalog, name)


def _of_sqlite(failure: apsw.Error) -> RolltopError:
    """What SQLite's error means when nobody nearer could say it."""
    if isinstance(failure, apsw.ConstraintError):  # a deferred foreign key, checked at the end of the unit
        return errors.ForeignKeyViolation("the change violates a foreign key constraint")
    return of_running(failure) or errors.Unexpected(type(failure).__name__)


def table_name(raw_path: bytes) -> str:
    """`Order Details` of `/rest/v1/Order%20Details`; PGRST125 for paths that the dialect does not have."""
    return name_in(raw_path[len(ROOT) :].removeprefix(b"/"))


def name_in(segment: bytes) -> str:
    """The name that a segment of a path is, percent-decoded once."""
    if not segment or b"/" in segment or b"%00" in segment:
        raise errors.InvalidPath
    try:
        return unquote_to_bytes(segment).decode()
    except UnicodeDecodeError:
        raise errors.InvalidPath from None


def allowed(table: Table) -> bytes:
    """The Allow header of a table or view."""
    if not table.writable:
        return b"OPTIONS,GET,HEAD"
    return b"OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE" if table.primary_key else b"OPTIONS,GET,HEAD,POST,PATCH,DELETE"
