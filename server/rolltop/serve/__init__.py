"""The server as a process: bind, start, announce, end. `rolltop serve` and the window's child are both this.

Exit codes: 0 ended as asked · 2 a setting cannot be used · 5 the server cannot start · 6 the port is taken, and those
that other rooms give their own start errors (`exit_code` on the class). docs/desktop.md lists them all.
"""

import contextlib
import gc
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Literal, cast

from rolltop import __version__, discovery
from rolltop.config import Config, log_folder
from rolltop.discovery import RuntimeFile
from rolltop.errors import RolltopError, StartError
from rolltop.kit import logs
from rolltop.serve import binding
from rolltop.serve.pipe import Pipe, take_standard_streams

if TYPE_CHECKING:
    from rolltop.app import Application
    from rolltop.serve.listener import Listener

LOG_FILE = "server.log"
REOPEN_SECONDS = 30.0
_LOOK_SECONDS = 0.1

Announce = Callable[[RuntimeFile, str], None]

log = logging.getLogger("rolltop.serve")


def run(config: Config, *, pipe: bool = False, announce: Announce | None = None) -> int:
    """Serve the workspace until a signal, or with `pipe` the end of stdin, asks for the end. Returns the exit code.

    `announce` is called once, in a thread of its own, when the server answers: with the runtime file and a link that
    signs a browser in. With `pipe` a free port is taken when the wanted one is in use, and what happens is told to the
    window in JSON lines instead.
    """
    window = take_standard_streams() if pipe else None
    terminal = None if pipe else sys.stderr  # the window says what its person has to know
    log_file = logs.start(log_folder(), LOG_FILE, level=config.log_level, terminal=terminal)
    for library in ("uvicorn", "alembic"):  # their steps of starting and ending say nothing of use
        logging.getLogger(library).setLevel(logging.WARNING)
    with _signals() as stop:
        try:
            _Run(config, window, announce, stop).serve()
        except RolltopError as error:
            return _failed(error, window)
        except Exception as error:
            log.exception("The server failed.")
            where = f"The log says why: {log_file}" if log_file else "Start it with --log-level debug to see why."
            return _failed(StartError(f"The server failed ({type(error).__name__}).", hint=where), window)
    return 0


class _Stop:
    """The wish to end, which may come before there is anything to end."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._act: Callable[[], None] | None = None

    def __call__(self) -> None:
        self._asked.set()
        if self._act is not None:
            self._act()

    @property
    def asked(self) -> bool:
        """Whether the end has been asked for."""
        return self._asked.is_set()

    def then(self, act: Callable[[], None]) -> None:
        """What to do when the end is asked for; done at once when it has been."""
        self._act = act
        if self._asked.is_set():
            act()


class _Run:
    """One life of the server: what it binds, announces and takes away again."""

    def __init__(self, config: Config, window: Pipe | None, announce: Announce | None, stop: _Stop) -> None:
        self._window = window
        self._announce = announce
        self._stop = stop
        self._mode: Literal["desktop", "serve"] = "desktop" if window else "serve"
        self._socket = binding.listen(config, fallback=config.port_fallback or window is not None)
        self._url = binding.url(self._socket)
        self._served = False
        self._announced = False
        self._receive: Callable[[dict[str, Any]], None] | None = None
        self._config = config.model_copy(update={"port": self._socket.getsockname()[1]})

    def serve(self) -> None:
        """Serve to the end.

        Raises:
            RolltopError: the server cannot start, and why.
        """
        from rolltop.app import create_app  # after binding: the address is known before the rest is loaded

        app = create_app(self._config, self._mode)
        try:
            while self._serve_once(app):
                log.info("Opening the workspace anew.")
                app = create_app(self._config, self._mode, former=app)
        finally:
            self._socket.close()
            discovery.remove(self._config.workspace, os.getpid())
            if self._announced:  # whoever starts what cannot start is told why, and nothing before it
                log.info("Stopped.")

    def _serve_once(self, app: "Application") -> bool:
        """Open the workspace and serve it until the end is asked for; whether to go on with it opened anew."""
        from uvicorn._types import ASGIApplication

        from rolltop.serve.listener import Listener

        self._connect_window(app)
        self._open(app)
        if self._stop.asked:  # there is no use in starting what would only have to end
            app.close()
            return False
        listener = Listener(
            cast(ASGIApplication, app), ready=lambda: self._ready(app), closing=lambda: self._closing(app, listener)
        )
        self._stop.then(listener.stop)
        app.on_failure = listener.fail
        app.on_loaded = spare_the_loaded
        app.on_reopen = listener.end_to_reopen
        try:
            listener.run(sockets=[self._listening()])
        except SystemExit as stopped:  # uvicorn's word for a start that failed
            raise listener.failure or StartError("The server did not start.") from stopped
        if listener.failure is not None:
            raise listener.failure
        return listener.reopens and not self._stop.asked

    def _open(self, app: "Application") -> None:
        """Open the workspace. A command of the same person may have taken it while it was closed for a moment."""
        from rolltop.workspace import WorkspaceInUse

        until = time.monotonic() + (REOPEN_SECONDS if self._announced else 0.0)
        while True:
            try:
                return app.open()
            except WorkspaceInUse:
                if time.monotonic() > until:
                    raise
                time.sleep(_LOOK_SECONDS)

    def _listening(self) -> socket.socket:
        """The socket for one opening, which closes it at its end. Ours stays: whoever connects in between waits.

        Windows ties a socket to the event loop that used it first, so there the port is bound again.
        """
        if sys.platform != "win32":
            return self._socket.dup()
        if self._served:
            self._socket = binding.listen(self._config, fallback=False)
        self._served = True
        return self._socket

    def _connect_window(self, app: "Application") -> None:
        """Let the window speak with this opening of the workspace."""
        if self._window is None:
            return
        app.bridge.attach(self._window.send)
        known, self._receive = self._receive is not None, app.bridge.receive
        if not known:
            self._window.start(lambda message: self._receive and self._receive(message), self._stop)

    def _ready(self, app: "Application") -> None:
        """The server answers: leave the runtime file, tell who waits."""
        runtime = RuntimeFile(
            version=__version__,
            url=self._url,
            pid=os.getpid(),
            instance=app.run.instance,
            mode=self._mode,
            started=time.time(),
            workspace=str(self._config.workspace),
            data=str(self._config.data or self._config.workspace / "data.db"),
            token=app.sessions.owner_token,
        )
        discovery.write(self._config.workspace, runtime)
        log.info("Listening at %s", self._url)
        if self._announced:
            return
        self._announced = True
        if self._window is not None:
            self._window.send(
                "ready", url=self._url, port=self._config.port, pid=runtime.pid, instance=runtime.instance
            )
        if self._announce is not None:
            link = f"{self._url}/#code={app.sessions.new_code()}"
            threading.Thread(target=self._announce, args=(runtime, link), name="announce", daemon=True).start()

    def _closing(self, app: "Application", listener: "Listener") -> None:
        """The end begins: let event streams and waiting dialogs go, so that nobody is waited for."""
        if not listener.reopens:
            self._socket.close()
        app.events.close()
        app.bridge.stop()


def spare_the_loaded() -> None:
    """Let looks for garbage pass over what is there now: it stays, and going through it took half of an insert's CPU.

    What was spared before, the application of the former opening, is garbage by now and goes first.
    """
    if gc.get_freeze_count():
        gc.unfreeze()
        gc.collect()
    gc.freeze()


@contextlib.contextmanager
def _signals() -> Iterator[_Stop]:
    """SIGTERM, SIGINT, SIGHUP and Ctrl+Break ask for a graceful end and exit code 0; the former handlers come back."""
    stop = _Stop()

    def asked(_number: int, _frame: Any) -> None:
        stop()

    names = ("SIGTERM", "SIGINT", "SIGHUP", "SIGBREAK")
    former = {
        number: signal.signal(number, asked) for name in names if (number := getattr(signal, name, None)) is not None
    }
    try:
        yield stop
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _failed(error: RolltopError, window: Pipe | None) -> int:
    """Say why, once, to whoever started the server."""
    said = f"{error.message} {error.hint}" if error.hint else error.message
    log.error("%s", said, extra={"file_only": True})
    if window is not None:
        window.send("fatal", code=error.code, reason=error.message, hint=error.hint)
    elif sys.stderr is not None:
        print(f"Rolltop cannot start. {said}", file=sys.stderr)
    return error.exit_code
