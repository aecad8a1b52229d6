"""The door: every request passes here before anything else sees it.

In this order: the Host must be ours (421), the method known (405), a foreign Origin changes nothing (403), bodies are
of the announced type (415), whoever asks must be known (401) unless the path is public, and JSON has an end (413).
Statements B1 to B7, A1 and S8 of the threat model. Decisions read the raw scope, never a URL rebuilt from Host.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Protocol
from urllib.parse import unquote

from rolltop.errors import RolltopError
from rolltop.web import bodies
from rolltop.web.asgi import ASGIApp, ASGIScope, Message, Receive, Send, answer, answer_error
from rolltop.web.refusals import (
    Ending,
    ForeignOrigin,
    InternalError,
    RowsTokenMissing,
    RowsTokenUnknown,
    RowsUnknownMethod,
    TicketUnknown,
    TokenMissing,
    TokenUnknown,
    UnknownHost,
    UnknownMethod,
    WrongBodyType,
)

log = logging.getLogger("rolltop.web")

Headers = dict[bytes, bytes]

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_OURS = frozenset({b"same-origin", b"none"})

# The one list of what is answered without a token. Everything under a closed prefix that is not named here is closed.
SIGNING_IN = frozenset({"/api/auth/exchange", "/api/auth/sign-in", "/api/auth/invitation"})
PUBLIC = frozenset({"/health/live", "/health/ready", "/api/health"}) | SIGNING_IN
CLOSED_PREFIXES = ("/api", "/rest", "/openapi.json", "/health")
_CLOSED_FOLDERS = tuple(f"{prefix}/" for prefix in CLOSED_PREFIXES)
DOWNLOADS = "/api/downloads/"
"""Below it a ticket in the path stands for the token and for what is downloaded (threat model B6)."""
STREAMS = frozenset({"/api/events"})
"""What goes on telling: a foreign page may not even open it."""
RAW_BODIES = frozenset({"/api/imports", "/api/backups/upload"})  # routes that take a file as their body

_SECURITY_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
EXPOSED = (
    b"Content-Encoding, Content-Location, Content-Range, Content-Type, Date, Location, "
    b"Preference-Applied, Proxy-Status, Range-Unit, X-Rolltop-Change"
)


def token_of(scope: ASGIScope) -> str | None:
    """The bearer token of a request: from Authorization, else from `apikey`; never from the URL."""
    return _token_in(_first_of_each(scope))


def _first_of_each(scope: ASGIScope) -> Headers:
    """The first header of each name: read in one go, for the door is on the way of every request."""
    return dict(reversed(scope["headers"]))


def _token_in(headers: Headers) -> str | None:
    authorization = headers.get(b"authorization")
    if authorization is None:
        key = headers.get(b"apikey")
        return None if key is None else key.decode("latin-1")
    scheme, _, token = authorization.decode("latin-1").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def is_closed(path: str) -> bool:
    """Whether the path answers only to those who are known."""
    return (path.startswith(_CLOSED_FOLDERS) or path in CLOSED_PREFIXES) and path not in PUBLIC


def _is_rows(path: str) -> bool:
    """Whether the path belongs to the rows dialect, whose errors have codes of their own."""
    return path.startswith("/rest/")


class Redeemed(Protocol):
    """What a ticket is for: one GET, by whom."""

    @property
    def actor(self) -> object:
        """Who asked for the link."""

    @property
    def path(self) -> str:
        """The path, percent-encoded."""

    @property
    def query(self) -> str:
        """The query, without the question mark."""


class Guard:
    """An ASGI callable that lets through what may pass.

    `who` turns a token into an actor, None for nobody; it knows every token when `all_known` has come back, which may
    be a moment after the start. `redeem` turns a ticket into what it is for. `origins` are the foreign origins that the
    person allowed.
    """

    def __init__(
        self,
        inner: ASGIApp,
        who: Callable[[str], object | None],
        all_known: Callable[[], Awaitable[object]],
        redeem: Callable[[str], Redeemed | None],
        origins: frozenset[str],
    ) -> None:
        self._inner = inner
        self._who = who
        self._all_known = all_known
        self._redeem = redeem
        self._allowed_origins = frozenset(origin.encode() for origin in origins)
        self._hosts: frozenset[bytes] = frozenset()
        self._own_origins: frozenset[bytes] = frozenset()

    def listen_on(self, port: int) -> None:
        """The port that the Host header must name (B1: exactly these three hosts)."""
        names = [f"{host}:{port}" for host in ("127.0.0.1", "localhost", "[::1]")]
        self._hosts = frozenset(name.encode() for name in names)
        self._own_origins = frozenset(f"http://{name}".encode() for name in names)

    async def __call__(self, scope: ASGIScope, receive: Receive, send: Send) -> None:
        headers = _first_of_each(scope)
        origin = headers.get(b"origin")
        extra = self._cross_origin_headers(origin)
        started = False

        def guarded_send(message: Message) -> Awaitable[None]:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [*message.get("headers", ()), *_SECURITY_HEADERS, *extra]
            return send(message)

        try:
            self._check_host(scope, headers)
            self._check_method(scope, headers, origin)
            if extra and scope["method"] == "OPTIONS" and b"access-control-request-method" in headers:
                await self._preflight(headers, guarded_send)
                return
            json = self._check_body(scope, headers)
            scope["actor"] = await self._identify(scope, headers)
            if json:
                receive = await bodies.bounded(headers.get(b"content-length"), receive)
            await self._inner(scope, receive, guarded_send)
        except RolltopError as error:
            if started:
                raise
            if _is_rows(scope["path"]):  # clients of the dialect read the code from here when a HEAD fails
                error.headers["Proxy-Status"] = f"PostgREST; error={error.code}"
            await answer_error(guarded_send, error)
        except Exception:  # a fault of ours: one calm sentence and a log entry, never a traceback on the wire
            log.exception("Unexpected failure in %s %s", scope["method"], scope["path"])
            if started:
                raise
            await answer_error(guarded_send, InternalError())
        except asyncio.CancelledError:  # the server ends, and this took longer than it waits
            if started:
                raise
            await answer_error(guarded_send, Ending())

    def _check_host(self, scope: ASGIScope, headers: Headers) -> None:
        several = len(headers) != len(scope["headers"]) and sum(name == b"host" for name, _ in scope["headers"]) != 1
        if several or headers.get(b"host", b"").lower() not in self._hosts:
            raise UnknownHost(
                "This server answers only under its own address.",
                hint="Use http://127.0.0.1 or http://localhost with the server's port.",
            )

    def _check_method(self, scope: ASGIScope, headers: Headers, origin: bytes | None) -> None:
        method = scope["method"]
        if method not in _METHODS:
            if _is_rows(scope["path"]):
                raise RowsUnknownMethod(f"Unsupported HTTP method: {method}")
            raise UnknownMethod(f"The method {method} is not supported.")
        reads = method in _READING and scope["path"] not in STREAMS
        if reads or origin in self._allowed_origins:
            return
        site = headers.get(b"sec-fetch-site")
        foreign = origin is not None and origin not in self._own_origins
        if foreign or (site is not None and site not in _OURS):
            raise ForeignOrigin(
                f"Another web site may not {'listen' if method in _READING else 'change anything'} here.",
                hint="Add its origin to the setting `origins` if you trust it.",
            )

    def _check_body(self, scope: ASGIScope, headers: Headers) -> bool:
        """Whether there is a body that must be JSON, and is announced so."""
        if headers.get(b"content-encoding") not in (None, b"", b"identity"):
            raise WrongBodyType("Compressed request bodies are not taken.", hint="Send the body as it is.")
        path = scope["path"]
        if not path.startswith("/api/") or path in RAW_BODIES or scope["method"] in _READING:
            return False
        has_body = headers.get(b"transfer-encoding") or headers.get(b"content-length") not in (None, b"0")
        if has_body and not re.match(rb"application/json\s*(;|$)", headers.get(b"content-type") or b"", re.I):
            raise WrongBodyType("The body must be JSON.", hint="Send it with Content-Type: application/json.")
        return bool(has_body)

    async def _identify(self, scope: ASGIScope, headers: Headers) -> object | None:
        path = scope["path"]
        if not is_closed(path):
            return None
        if path.startswith(DOWNLOADS):
            return self._follow(scope, path)
        rows = _is_rows(path)
        token = _token_in(headers)
        if token is None:
            missing = RowsTokenMissing if rows else TokenMissing
            raise missing(
                "A token is needed.",
                hint="Send `Authorization: Bearer <token>`; `rolltop token` prints one for your own scripts.",
            )
        actor = self._who(token)
        if actor is None:
            await self._all_known()
            actor = self._who(token)
        if actor is None:
            unknown = RowsTokenUnknown if rows else TokenUnknown
            raise unknown(
                "The token is not known here, or no longer.",
                hint="The token of the local owner is new at each start; `rolltop token` prints the present one.",
            )
        return actor

    def _follow(self, scope: ASGIScope, path: str) -> object:
        """Turn the request for a link into the one that the link stands for."""
        if scope["method"] != "GET":  # a look at the headers must not use the ticket up
            raise UnknownMethod("A download link answers GET only.")
        redeemed = self._redeem(path[len(DOWNLOADS) :].partition("/")[0])
        if redeemed is None:
            raise TicketUnknown(
                "This download link was used already or is older than a minute.", hint="Ask for the download again."
            )
        scope["path"] = unquote(redeemed.path)
        scope["raw_path"] = redeemed.path.encode()
        scope["query_string"] = redeemed.query.encode()
        return redeemed.actor

    def _cross_origin_headers(self, origin: bytes | None) -> list[tuple[bytes, bytes]]:
        if origin is None or origin not in self._allowed_origins:
            return []
        return [
            (b"access-control-allow-origin", origin),
            (b"access-control-expose-headers", EXPOSED),
            (b"vary", b"Origin"),
        ]

    async def _preflight(self, headers: Headers, send: Send) -> None:
        asked = headers.get(b"access-control-request-headers") or b""
        await answer(
            send,
            204,
            headers=[
                (b"access-control-allow-methods", b"GET, POST, PATCH, PUT, DELETE, OPTIONS, HEAD"),
                (b"access-control-allow-headers", b", ".join(filter(None, (b"Authorization", asked)))),
                (b"access-control-max-age", b"86400"),
            ],
        )
