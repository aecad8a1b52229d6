"""uvicorn's server, taught when it is ready, why it failed, and to end streams before it waits for them."""

import asyncio
import contextlib
import logging
import sys
from collections.abc import Callable, Generator

import uvicorn
from uvicorn._types import ASGIApplication, LifespanScope
from uvicorn.lifespan.on import LifespanOn, LifespanSendMessage

from rolltop.serve.deadlines import DeadlineProtocol

GRACE_SECONDS = 3
_TICKS_A_SECOND = 10  # uvicorn's main loop

log = logging.getLogger("rolltop.serve")


class _Lifespan(LifespanOn):
    """Keeps the real exception; uvicorn logs it and turns it into `SystemExit(3)`."""

    failure: BaseException | None = None

    async def main(self) -> None:
        """Run the application's lifespan to its end."""
        scope: LifespanScope = {
            "type": "lifespan",
            "asgi": {"version": self.config.asgi_version, "spec_version": "2.0"},
            "state": self.state,
        }
        try:
            await self.config.loaded_app(scope, self.receive, self.send)
        except BaseException as error:
            self.failure = error
            self.error_occurred = True
        finally:
            self.startup_event.set()
            self.shutdown_event.set()

    async def send(self, message: LifespanSendMessage) -> None:
        """What the application says of its start or end; why a start failed is in `failure` and not logged here."""
        if message["type"] == "lifespan.startup.failed":
            self.startup_failed = True
            self.startup_event.set()
        else:
            await super().send(message)


class Listener(uvicorn.Server):
    """One run of the server on a socket that is bound already."""

    def __init__(self, app: ASGIApplication, *, ready: Callable[[], None], closing: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                interface="asgi3",
                lifespan="on",
                loop="asyncio" if sys.platform == "win32" else "uvloop",
                http=DeadlineProtocol,
                ws="none",
                log_config=None,  # a windowed program has no stdout for uvicorn's own set-up
                access_log=False,
                proxy_headers=False,  # else a local process could choose the address it is seen under
                server_header=False,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )
        self._ready = ready
        self._closing = closing
        self.failure: BaseException | None = None
        self.reopens = False

    def stop(self) -> None:
        """Ask for a graceful end; may be called from any thread and from a signal handler, also before the start."""
        self.should_exit = True

    def end_to_reopen(self) -> None:
        """Ask for a graceful end after which whoever runs the server begins anew; from any thread."""
        self.reopens = True
        self.stop()

    def fail(self, failure: BaseException) -> None:
        """End the server because of `failure`; who ran it looks there."""
        self.failure = failure
        self.stop()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave signals to `run`: uvicorn raises them again after its shutdown, and the process would die of it."""
        yield

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        """Run the application's start, begin to answer, say so."""
        self.config.lifespan_class = _Lifespan
        self.lifespan = _Lifespan(self.config)
        try:
            await super().startup(sockets=sockets)  # type: ignore[arg-type]
        except SystemExit:
            self.failure = self.lifespan.failure
            raise
        self._ready()

    async def on_tick(self, counter: int) -> bool:
        """Once a second, look for connections that are later than allowed."""
        if counter % _TICKS_A_SECOND == 0:
            now = asyncio.get_running_loop().time()
            for connection in list(self.server_state.connections):
                if isinstance(connection, DeadlineProtocol):
                    connection.overdue(now)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        """End the event streams first: uvicorn does not tell a running answer that it should come to its end."""
        self._closing()
        await super().shutdown(sockets=sockets)  # type: ignore[arg-type]
