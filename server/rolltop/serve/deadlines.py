"""What uvicorn's HTTP protocol lacks: deadlines for heads and bodies, limits for heads and connections.

Threat model S8: a request head must arrive in 10 s, its body must not stall for 30 s, a head is at most 64 KB. A client
that takes nothing of its answer for 60 s is let go. No timer is made for a request; each connection notes when it began
to wait, and the server looks through them once a second.
"""

import asyncio
import json
import logging
from asyncio import BaseTransport, Transport
from typing import Any, Final, cast
from urllib.parse import unquote

import httptools
from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from rolltop.serve.answers import WholeAnswers

HEAD_SECONDS: Final = 10.0
STALL_SECONDS: Final = 30.0
TAKE_SECONDS: Final = 60.0
"""A client that takes nothing of its answer for so long is let go."""
KEEP_ALIVE_SECONDS: Final = 5.0
HEAD_BYTES: Final = 65_536
CONNECTIONS: Final = 1_000
CONNECTIONS_ANSWERED: Final = 1_200
"""Up to here a connection beyond the limit is told 429; above, it is closed unheard."""

log = logging.getLogger("rolltop.serve")

_IDLE, _HEAD, _BODY = range(3)


def _error(status: int, phrase: str, code: str, message: str, hint: str, extra: str = "") -> tuple[int, bytes, bytes]:
    body = json.dumps({"code": code, "message": message, "details": None, "hint": hint}).encode()
    head = (
        f"HTTP/1.1 {status} {phrase}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n{extra}"
        "x-content-type-options: nosniff\r\nreferrer-policy: no-referrer\r\n"
        "cross-origin-resource-policy: same-origin\r\nconnection: close\r\n\r\n"
    )
    return status, head.encode(), body


_BAD = _error(400, "Bad Request", "bad_request", "This is not an HTTP/1.1 request.", "Send valid HTTP/1.1.")
_LATE_HEAD = _error(
    408, "Request Timeout", "timeout", "The request head took longer than 10 s.", "Send the whole head at once."
)
_LATE_BODY = _error(
    408, "Request Timeout", "timeout", "The request body stalled for 30 s.", "Send the body without long pauses."
)
_LONG_URL = _error(414, "URI Too Long", "url_too_long", "The address is longer than 64 KB.", "Shorten the filter.")
_LONG_HEAD = _error(
    431, "Request Header Fields Too Large", "head_too_large", "The request head is larger than 64 KB.", "Send less."
)
_BUSY = _error(
    429, "Too Many Requests", "busy", "Too many connections are open.", "Try again in a second.", "retry-after: 1\r\n"
)


class _Refusal:
    """An ASGI application that answers every request with one prepared error and closes the connection."""

    def __init__(self, error: tuple[int, bytes, bytes]) -> None:
        self._status, head, self._body = error
        lines = head.decode().split("\r\n")[1:-2]
        self._headers = [(name.encode(), value.encode()) for name, value in (line.split(": ", 1) for line in lines)]

    async def __call__(self, _scope: Scope, _receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        await send({"type": "http.response.start", "status": self._status, "headers": self._headers})
        await send({"type": "http.response.body", "body": self._body, "more_body": False})


_REFUSE_BUSY, _REFUSE_URL, _REFUSE_HEAD = _Refusal(_BUSY), _Refusal(_LONG_URL), _Refusal(_LONG_HEAD)


class DeadlineProtocol(HttpToolsProtocol):
    """One connection; `overdue` is asked once a second by the server."""

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self._phase = _HEAD
        self._since = self.loop.time()
        self._head_bytes = 0
        self._refused = False
        self._not_taken = 0
        """Bytes of the answer that waited to be taken at the last look while the connection was full; else 0."""

    def connection_made(self, transport: BaseTransport) -> None:
        """Count the connection; beyond the limit it is answered with 429, far beyond it is closed."""
        super().connection_made(cast(Transport, transport))
        if len(self.connections) > CONNECTIONS:
            self.app = _REFUSE_BUSY
            if len(self.connections) > CONNECTIONS_ANSWERED:
                self._refused = True
                self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Note that the client is alive, parse, and refuse a head that outgrows its limit before it has ended."""
        if self._refused:
            return
        if self._phase == _IDLE:
            self._begin_head()
        elif self._phase == _BODY:
            self._since = self.loop.time()
        self._head_bytes += len(data)
        super().data_received(data)
        if self._phase == _HEAD and self._head_bytes > HEAD_BYTES and not self.transport.is_closing():
            self._refuse(_LONG_URL if len(getattr(self, "url", b"")) > HEAD_BYTES else _LONG_HEAD)

    def on_message_begin(self) -> None:
        """A request starts, perhaps right behind another in one packet."""
        super().on_message_begin()
        if self._phase == _IDLE:
            self._begin_head()

    def on_headers_complete(self) -> None:
        """The head is there: check its size, hand the request over, let the body come.

        Takes the place of uvicorn's own for the sake of `WholeAnswers`, without what is not spoken here (WebSockets, a
        root path, its limit of connections).
        """
        self._phase = _BODY
        app = self.app
        if self._head_bytes > HEAD_BYTES and (refusal := self._too_large()):
            app = refusal
            self.url = b"/"  # the parser of addresses gives up on one that is too long
        parser, scope = self.parser, self.scope
        version = parser.get_http_version()
        scope["http_version"] = version
        scope["method"] = parser.get_method().decode("ascii")
        url = httptools.parse_url(self.url)
        scope["raw_path"] = url.path
        path = url.path.decode("ascii")
        scope["path"] = unquote(path) if "%" in path else path
        scope["query_string"] = url.query or b""
        running = self.cycle
        self.cycle = WholeAnswers(
            scope=scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=version != "1.0" and parser.should_keep_alive(),
            on_response=self.on_response_complete,
        )
        if running is None or running.response_complete:
            self._start_asgi_task(self.cycle, app)
        else:  # sent ahead: its turn comes when the one before it is answered
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, app))

    def on_message_complete(self) -> None:
        """The request is complete; from here on the server is the one that is waited for."""
        self._phase = _IDLE
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The answer has left: let the next request come. `overdue` closes a connection that stays idle."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        if self._phase == _IDLE:
            self._since = self.loop.time()
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's own words are replaced by ours
        """Answer what is not HTTP in the shape of every other error."""
        self._refuse(_BAD)

    def overdue(self, now: float) -> None:
        """Close the connection when it is idle, or its head or body late, for longer than allowed; `now` is the loop's
        time in seconds."""
        if self.transport.is_closing():
            return
        if self._phase == _IDLE:
            if not self.cycle.response_complete:
                self._look_at_answer(now)
            elif now - self._since > KEEP_ALIVE_SECONDS:
                self.transport.close()
            return
        if self._phase == _HEAD and now - self._since > HEAD_SECONDS:
            if self._head_bytes == 0:  # a spare connection, as browsers open them: not worth a word
                self.transport.close()
                return
            log.info("Closed a connection whose request head did not arrive in %d s.", HEAD_SECONDS)
            self._refuse(_LATE_HEAD)
        elif self._phase == _BODY and now - self._since > STALL_SECONDS:
            if self.flow.read_paused:  # it is the server that has not read on
                self._since = now
                return
            log.info("Closed a connection whose request body stalled for %d s.", STALL_SECONDS)
            started = self.cycle is not None and self.cycle.response_started
            self.transport.abort() if started else self._refuse(_LATE_BODY)

    def _look_at_answer(self, now: float) -> None:
        """Let go of a client that takes nothing of its answer; whoever makes it is told that it is gone."""
        waiting = self.transport.get_write_buffer_size() if self.flow.write_paused else 0
        if waiting == 0 or waiting != self._not_taken:
            self._not_taken = waiting
            self._since = now
        elif now - self._since > TAKE_SECONDS:
            log.info("Closed a connection whose client took nothing of its answer for %d s.", TAKE_SECONDS)
            self.transport.abort()

    def _begin_head(self) -> None:
        self._phase = _HEAD
        self._since = self.loop.time()
        self._head_bytes = 0

    def _too_large(self) -> _Refusal | None:
        if len(self.url) > HEAD_BYTES:
            return _REFUSE_URL
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        return _REFUSE_HEAD if size > HEAD_BYTES else None

    def _refuse(self, error: tuple[int, bytes, bytes]) -> None:
        """Write an error past the application, and close."""
        self._refused = True
        _, head, body = error
        if self.cycle is not None and not self.cycle.response_complete:
            if self.cycle.response_started:
                self.transport.abort()
                return
            self.cycle.disconnected = True  # what the application still says is dropped
            self.cycle.message_event.set()
        self.transport.write(head + body)
        self.transport.close()
