"""The application: `create_app(config)` knows every domain; the table of contents of the server.

```
Application ─ Guard ─┬─ /rest/v1/…            rows, plain ASGI            ┐ the lean lane: answers
                     ├─ /health/*, /api/health                            │ within a third of a second,
                     ├─ pages and their files  web.ui                     ┘ without FastAPI
                     └─ everything else        FastAPI, built in a thread after the start
```
"""

import asyncio
import dataclasses
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from rolltop import __version__, db
from rolltop.auth import Actor, Credentials, Sessions, Tickets
from rolltop.auth.tickets import Ticket
from rolltop.bridge import Bridge
from rolltop.config import Config
from rolltop.data import Change, Data, Limits
from rolltop.data.reflect import is_hidden
from rolltop.errors import RolltopError
from rolltop.events import Events, shown_keys
from rolltop.rows.router import RowsLane
from rolltop.rows.saved import SavedQueries
from rolltop.web.asgi import ASGIApp, ASGIScope, Receive, Send, answer_json
from rolltop.web.guard import SIGNING_IN, Guard, is_closed
from rolltop.web.ui import UI, built_ui
from rolltop.workspace import Workspace
from rolltop.workspace.run import Mode, Run

if TYPE_CHECKING:
    from fastapi import APIRouter

log = logging.getLogger("rolltop.app")

_HEALTH = frozenset({"/health/live", "/health/ready", "/api/health"})


def create_app(config: Config, mode: Mode = "serve", former: "Application | None" = None) -> "Application":
    """The server for one workspace; nothing is opened before `open` or the ASGI lifespan's start.

    `former` is one that is closed, on the same workspace: who was signed in there is so here.
    """
    return Application(config, mode, former)


def routers() -> "tuple[APIRouter, ...]":
    """Every domain's routes; loads FastAPI. Also what the static part of the API document is written from."""
    from rolltop.auth.router import router as auth
    from rolltop.backups.router import router as backups
    from rolltop.bridge.router import router as bridge
    from rolltop.collections.imports.router import router as imports
    from rolltop.collections.quarantine.router import router as quarantine
    from rolltop.collections.recipes.router import router as recipes
    from rolltop.collections.router import router as collections
    from rolltop.collections.schema.router import router as schema
    from rolltop.docs.router import router as docs
    from rolltop.events.router import router as events
    from rolltop.exports.router import router as exports
    from rolltop.history.router import router as history
    from rolltop.jobs.router import router as jobs
    from rolltop.people.router import router as people
    from rolltop.queries.router import router as queries
    from rolltop.roles.router import router as roles
    from rolltop.tokens.router import router as tokens
    from rolltop.workspace.router import router as workspace

    return (
        auth, people, roles, tokens, workspace, schema, collections, imports, quarantine, recipes, exports, history,
        queries, jobs, events, bridge, docs, backups,
    )  # fmt: skip


def _limits(config: Config) -> Limits:
    """How much history is kept."""
    return Limits(config.history_days, config.history_mb * 1_000_000, config.history_change_mb * 1_000_000)


def _log_failure(failure: BaseException) -> None:
    log.error("The server cannot answer", exc_info=failure)


class Application:
    """The ASGI application and the living parts behind it."""

    def __init__(self, config: Config, mode: Mode, former: "Application | None" = None) -> None:
        self.config = config
        self.run = Run(__version__, mode)
        self.sessions: Sessions = Sessions() if former is None else former.sessions
        self.credentials = Credentials()
        self.tickets = Tickets()
        self.events = Events(self.run.instance)
        self.sessions.on_end[:] = [self.events.look_again]  # and no longer the former's
        self.bridge: Bridge = Bridge(
            self.sessions, self.events, page_ready=former is not None and former.bridge.page_is_ready
        )
        self.url, self.port = f"http://{config.host}:{config.port}", config.port
        self.workspace: Workspace
        self.data: Data
        self._saved: SavedQueries
        self._rows: ASGIApp
        self._ui = UI(built_ui())
        self._guard = Guard(self._route, self._who, self._finished_back, self._redeem, config.origins)
        self._guard.listen_on(config.port)
        self._back: asyncio.Task[ASGIApp] | None = None
        self.on_failure = _log_failure
        """Called when the FastAPI part could not be built: whoever runs the server ends it then."""
        self.on_loaded: Callable[[], object] = lambda: None
        """Called in the loop when everything is loaded."""
        self.on_reopen: Callable[[], None] | None = None
        """Called when the workspace is to be closed and opened anew, from any thread; the same person goes on."""
        self._closers: list[Callable[[], None]] = []
        self._opened = False

    def listen_on(self, host: str, port: int) -> None:
        """The address that was bound, when it is not the configured one."""
        self.url, self.port = f"http://{host}:{port}", port
        self._guard.listen_on(port)

    # ---- life ----------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Take the workspace and open its data.

        Raises:
            StartError: it is in use, newer, not usable or damaged; whatever was opened is closed again.
        """
        if self._opened:
            return
        try:
            self.workspace = Workspace.open(self.config.workspace)
            self._closers.append(self.workspace.close)
            db.check(self.workspace.own_file)
            in_place = self.config.data is not None
            self.data = Data.open(
                self.config.data or self.workspace.data_file,
                in_place=in_place,
                synchronous=self.config.synchronous,
                limits=_limits(self.config),
            )
            self._closers.append(self.data.close)
        except BaseException:
            self.close()
            raise
        self.data.on_change.append(self._publish)
        self._saved = SavedQueries(self.data)
        self._rows = RowsLane(self.data, self._saved, self._finished_back, self.config.max_rows)
        self._opened = True

    def _reopen(self) -> bool:
        """Ask whoever runs the server to open the workspace anew; False when nobody can."""
        if self.on_reopen is None:
            return False
        self.on_reopen()
        return True

    def close(self) -> None:
        """Close what was opened, last first."""
        while self._closers:
            close = self._closers.pop()
            try:
                close()
            except Exception:  # the others are to be closed all the same
                log.exception("A part could not be closed")
        self._opened = False

    def _redeem(self, secret: str) -> Ticket | None:
        """The ticket, with the rights that whoever asked for it has now."""
        ticket = self.tickets.take(secret)
        actor = None if ticket is None else self.credentials.still(ticket.actor)
        return None if ticket is None or actor is None else dataclasses.replace(ticket, actor=actor)

    def _who(self, token: str) -> Actor | None:
        return self.sessions.actor(token) or self.credentials.actor(token)

    def _publish(self, change: Change) -> None:
        if change.table is not None and is_hidden(change.table):
            return  # the table of an import under way is nobody's business yet
        told = {"table": change.table, "actor": change.actor, "change": change.number}
        if change.schema:
            self.events.publish("schema", told)
        else:
            self.events.publish(
                "rows", {**told, "kind": change.kind, "rows": change.rows, "keys": shown_keys(change.keys)}
            )

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await asyncio.to_thread(self.open)
        except RolltopError as error:
            await send({"type": "lifespan.startup.failed", "message": error.message})
            return
        self.bridge.start(asyncio.get_running_loop())
        self._back = asyncio.create_task(asyncio.to_thread(self._build_back))
        self._back.add_done_callback(self._built)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self.events.close()
        self.bridge.stop()
        with suppress(Exception):  # said when it failed, by whoever asked for it
            await self._back
        await asyncio.to_thread(self.close)
        await send({"type": "lifespan.shutdown.complete"})

    def _built(self, back: "asyncio.Task[ASGIApp]") -> None:
        failure = None if back.cancelled() else back.exception()
        if failure is not None:
            self.on_failure(failure)
        elif not back.cancelled():
            self.on_loaded()

    def _build_back(self) -> ASGIApp:
        """Load FastAPI and put the routers together."""
        from rolltop.web import back

        parts = self.parts()
        parts["backup_schedule"].start()
        return back.build(self.run.version, routers(), parts)

    def parts(self) -> dict[str, Any]:
        """Load SQLModel, bring rolltop.db to its present form, and start the living parts: once, after `open`."""
        from rolltop.backups import Backups
        from rolltop.backups.scheduling import Scheduler
        from rolltop.backups.source import of_open
        from rolltop.backups.upgrading import keep_before_upgrade
        from rolltop.collections.imports import Imports
        from rolltop.collections.quarantine.service import Quarantines
        from rolltop.collections.schema import Uses
        from rolltop.collections.schema.service import Schema
        from rolltop.collections.schema.structure import Seen
        from rolltop.collections.service import Collections
        from rolltop.exports import Exports
        from rolltop.history import History
        from rolltop.jobs import Jobs
        from rolltop.people.service import People
        from rolltop.people.sessions import PeopleSessions
        from rolltop.queries import Queries, QueryUses
        from rolltop.roles.service import Roles, scopes_of_role
        from rolltop.tokens.handover import Handover
        from rolltop.tokens.service import Tokens
        from rolltop.tokens.uses import GrantUses

        keep_before_upgrade(self.workspace, self.data, wanted=self.config.upgrade_backup)
        database = db.open_database(self.workspace.own_file)
        self._closers.append(database.close)
        hand_over = Handover(database, self.credentials, self.sessions)
        hand_over()
        self._closers.append(hand_over.write_down)
        runner = Jobs(database, self.events.publish)
        collections, uses = Collections(self.data, Seen()), Uses()
        uses.register(QueryUses(self.data, self._saved).of)
        grants = GrantUses(database, hand_over)
        uses.register(grants.of, grants.follow)
        schema = Schema(self.data, database, uses, collections)
        importer = Imports(
            self.workspace.files / "imports", self.data, database, runner, self.config, self.port, schema.relate
        )
        self._closers += [importer.close, runner.close]  # the jobs that read an import's file end first
        self.bridge.imports = importer
        source = of_open(self.workspace, self.data, database)
        backups = Backups(source, self.config.data, self.config.import_limit_mb, runner, self._reopen)
        scheduler = Scheduler(database, backups, runner)
        self._closers.append(scheduler.close)
        return {
            "backup_schedule": scheduler,
            "backups": backups,
            "bridge": self.bridge,
            "collections": collections,
            "config": self.config,
            "data": self.data,
            "database": database,
            "events": self.events,
            "exports": Exports(self.workspace.files / "exports", self.data, self._saved),
            "history": History(self.data, database, grants.in_the_way),
            "imports": importer,
            "jobs": runner,
            "people": People(database, scopes_of_role, hand_over),
            "people_sessions": PeopleSessions(database, self.credentials, hand_over),
            "quarantines": Quarantines(self.data, database, runner),
            "queries": Queries(database, self.data, self._saved, self.events.publish),
            "roles": Roles(database, self.data, hand_over),
            "run": self.run,
            "saved": self._saved,
            "schema": schema,
            "sessions": self.sessions,
            "tickets": self.tickets,
            "tokens": Tokens(database, self.data, self.credentials, hand_over),
            "url": self.url,
            "who": self._who,
            "uses": uses,
            "workspace": self.workspace,
        }

    # ---- requests ------------------------------------------------------------------------------------------------

    async def __call__(self, scope: ASGIScope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._guard(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        else:  # no WebSocket is spoken here; refused before it is accepted (threat model B9)
            await receive()
            await send({"type": "websocket.close", "code": 1000})

    def _route(self, scope: ASGIScope, receive: Receive, send: Send) -> Awaitable[None]:
        path = scope["path"]
        if path.startswith("/rest/v1/") or path == "/rest/v1":
            return self._rows(scope, receive, send)
        if path in _HEALTH:
            return self._health(path, send)
        if is_closed(path) or path in SIGNING_IN:
            return self._behind(scope, receive, send)
        return self._ui(scope, receive, send)

    async def _behind(self, scope: ASGIScope, receive: Receive, send: Send) -> None:
        back = await self._finished_back()
        await back(scope, receive, send)

    async def _finished_back(self) -> ASGIApp:
        """The FastAPI part, and with it the saved queries, once it is built."""
        assert self._back is not None  # noqa: S101 (the lifespan has run)
        return await asyncio.shield(self._back)

    async def _health(self, path: str, send: Send) -> None:
        ready = self._back is not None and self._back.done() and self._back.exception() is None
        content = {"status": "ok", "instance": self.run.instance, "version": self.run.version}
        if path == "/health/ready" and not ready:
            await answer_json(send, 503, {**content, "status": "starting"})
        else:
            await answer_json(send, 200, content)
