"""The life of the window and of the server behind it, as one state machine. Imports no GUI.

    SPAWN   ── ready ─► LOAD ── the page says it is usable ─► RUNNING
            ── 30 s, or the child gone ─► FAILED (reason, log, retry)
    RUNNING ── child gone ─► RESTART (same port, new code; 3 in 5 min) ─► LOAD, else FAILED
            ── renderer gone ─► LOAD (3 in 5 min), else FAILED
            ── close | signal ─► CLOSING
    CLOSING ── the child's stdin is closed ─► it ends streams and data ─► (8 s) terminate ─► (2 s) kill ─► ENDED

Everything that happens is put into one queue and taken out by one thread, so no two things happen at once. Only native
dialogs run beside it, since they wait for a person.
"""

import contextlib
import enum
import logging
import queue
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

START_SECONDS = 30.0
PAGE_SECONDS = 120.0
"""After this a page that has not said that it is usable is worth a line in the log; the person sees what it shows."""
STOP_SECONDS = 8.0
TERMINATE_SECONDS = 2.0
WATCH_SECONDS = 3.0
"""How often a server that is not our child is asked whether it is still there."""
RESTARTS = 3
RESTART_SECONDS = 300.0

log = logging.getLogger("rolltop_desktop.lifecycle")


class ExitCode(enum.IntEnum):
    """How the window's process ends."""

    OK = 0
    USAGE = 2
    NO_WINDOW = 3
    NOT_ANSWERING = 4
    SERVER_FAILED = 5


class State(enum.Enum):
    """Where the life is."""

    SPAWN = "spawn"
    LOAD = "load"
    RUNNING = "running"
    RESTART = "restart"
    FAILED = "failed"
    CLOSING = "closing"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Notice:
    """What the local page says: that it is starting, or what went wrong and what can be done."""

    title: str
    text: str = ""
    hint: str = ""
    busy: bool = False
    actions: tuple[str, ...] = ()
    """Of `retry`, `log`, `browser`, `quit`."""


STARTING = Notice("Starting", busy=True)
RESTARTING = Notice("Starting the server again", "It stopped unexpectedly. Your data is safe.", busy=True)


class Window(Protocol):
    """What the lifecycle wants of a window; every call may come from any thread."""

    def show(self, notice: Notice) -> None:
        """Show the local page."""

    def load(self, url: str) -> None:
        """Show a page of the server."""

    def place(self) -> str:
        """Where in the server's pages the person is: path and query. `/` when that is not known."""

    def focus(self, token: str = "") -> None:
        """Come to the front; `token` is the desktop's permission to do so, where there is such a thing."""

    def dialog(self, kind: str, filters: list[str], name: str) -> str | None:
        """Let the person choose a file (`open`, `save`, `folder`); waits for them."""

    def tell(self, title: str, text: str) -> None:
        """Say something in a native box; waits until it is read."""

    def close(self) -> None:
        """Go away. May be called more than once."""


class Child(Protocol):
    """The server as a process of ours."""

    def send(self, event: str, /, **members: Any) -> None:
        """One message over the pipe; nothing happens when the child is gone."""

    def close_input(self) -> None:
        """Ask for the end."""

    def wait(self, seconds: float) -> bool:
        """Whether it has ended, after at most so long."""

    def terminate(self) -> None:
        """Ask harder."""

    def kill(self) -> None:
        """End it."""


class Spawn(Protocol):
    """What starts the server."""

    def __call__(
        self, *, port: int | None, message: Callable[[dict[str, Any]], None], gone: Callable[[int], None]
    ) -> Child:
        """Start it on this port when it is free; `message` and `gone` (with the exit code) are called from a thread.

        Raises:
            OSError: the program cannot be started.
        """


class Running(Protocol):
    """A server that somebody else started for the same workspace."""

    @property
    def url(self) -> str:
        """Its base address."""

    @property
    def instance(self) -> str:
        """New at each of its starts."""

    def code(self) -> str:
        """A one-time sign-in code.

        Raises:
            OSError: it does not answer.
        """

    def bring(self, path: Path) -> None:
        """Send it a file to import.

        Raises:
            OSError: it does not take it.
        """


class Outside(Protocol):
    """What lies beyond the window."""

    def find(self) -> Running | None:
        """The server that somebody else runs for this workspace, when there is one."""

    def open_log(self) -> None:
        """Show the folder of the logs."""

    def browse(self, url: str, code: str) -> None:
        """Open the server's page in the browser, signed in."""

    def port_used(self, port: int) -> None:
        """Remember the port for the next start, so that the page keeps its storage."""


class Report(Protocol):
    """Who wants to know when what happened (the smoke test)."""

    def note(self, what: str, members: Mapping[str, Any]) -> bool:
        """Take note; true when the life may end now."""


@dataclass(slots=True)
class _Limit:
    """At most `RESTARTS` in `RESTART_SECONDS`."""

    clock: Callable[[], float]
    _times: deque[float] = field(default_factory=deque)

    def allows(self) -> bool:
        now = self.clock()
        while self._times and now - self._times[0] > RESTART_SECONDS:
            self._times.popleft()
        if len(self._times) >= RESTARTS:
            return False
        self._times.append(now)
        return True


class Lifecycle:
    """Drives one window and its server. `start`, give the GUI the main thread, then `finish` for the exit code."""

    def __init__(
        self,
        window: Window,
        spawn: Spawn,
        outside: Outside,
        *,
        port: int | None = None,
        files: list[Path] | None = None,
        report: Report | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.state = State.SPAWN
        self._window = window
        self._spawn = spawn
        self._outside = outside
        self._port = port
        self._files = list(files or [])
        self._report = report
        self._clock = clock
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()  # may be put to by a signal handler
        self._thread = threading.Thread(target=self._work, name="lifecycle", daemon=True)
        self._changed = threading.Condition()
        self._restarts = _Limit(clock)
        self._reloads = _Limit(clock)
        self._child: Child | None = None
        self._generation = 0
        self._fatal: Notice | None = None
        self._running: Running | None = None
        self._url = ""
        self._place = "/"
        self._deadline: float | None = None
        self._codes = 0
        self._for_browser: set[int] = set()
        self._failed = False

    # ---- from outside, any thread ------------------------------------------------------------------------------------

    def start(self) -> None:
        """Find or start the server; the window may come up meanwhile."""
        self._inbox.put(self._begin)
        self._thread.start()

    def window_visible(self) -> None:
        """The window has been shown."""
        self._inbox.put(lambda: self._note("window_visible"))

    def splash_painted(self) -> None:
        """The local page has been shown."""
        self._inbox.put(lambda: self._note("splash_painted"))

    def action(self, name: str) -> None:
        """A button of the local page was pressed."""
        self._inbox.put(lambda: self._act(name))

    def renderer_gone(self) -> None:
        """The process that draws the page ended."""
        self._inbox.put(self._redraw)

    def activate(self, paths: list[Path], token: str = "") -> bool:
        """Another start handed over: come to the front and open the files. False when it is too late for that."""
        if self.state in (State.CLOSING, State.ENDED):
            return False
        self._inbox.put(lambda: self._take_over(paths, token))
        return True

    def close(self) -> None:
        """The person closes the window, or a signal asks for the end."""
        self._inbox.put(self._close)

    def finish(self) -> ExitCode:
        """The GUI has ended: stop the server, wait for its end, and say how it went."""
        self.close()
        self.wait_for(State.ENDED)
        return ExitCode.SERVER_FAILED if self._failed else ExitCode.OK

    def wait_for(self, *states: State, seconds: float = 60.0) -> bool:
        """Wait until one of the states is reached."""
        with self._changed:
            return self._changed.wait_for(lambda: self.state in states, seconds)

    # ---- inside, on the lifecycle's thread ---------------------------------------------------------------------------

    def _work(self) -> None:
        while self.state is not State.ENDED:
            left = None if self._deadline is None else max(0.0, self._deadline - self._clock())
            try:
                step = self._inbox.get(timeout=left)
            except queue.Empty:
                step = self._too_slow
            try:
                step()
            except Exception:
                log.exception("A step of the window's life failed.")

    def _enter(self, state: State) -> None:
        with self._changed:
            log.info("%s → %s", self.state.value, state.value)
            self.state = state
            self._changed.notify_all()

    def _note(self, what: str, **members: Any) -> None:
        if self._report is not None and self._report.note(what, members):
            self._failed = what == "failed"
            self._window.close()
            self._close()

    def _begin(self) -> None:
        if self.state is not State.SPAWN:
            return
        self._running = self._outside.find()
        if self._running is None:
            self._start_child()
        else:
            log.info("The workspace is served at %s already; showing that.", self._running.url)
            self._load_running(self._running)

    def _load_running(self, running: Running) -> None:
        self._running = running
        self._url = running.url
        try:
            code = running.code()
        except OSError as error:
            self._fail(Notice("The running server does not answer", str(error), "Stop it, then try again."))
            return
        self._enter(State.LOAD)
        self._note("server_ready")
        self._show_page(code)
        self._deadline = self._clock() + WATCH_SECONDS
        files, self._files = self._files, []
        self._bring(running, files)

    def _watch(self, running: Running) -> None:
        """Whether the server that we only show is still the same; when it is gone, ours takes its place."""
        found = self._outside.find() or self._outside.find()  # twice: it may be busy
        if found is not None and found.instance == running.instance:
            self._deadline = self._clock() + WATCH_SECONDS
            return
        log.info("The server that was shown has ended.")
        self._place = self._window.place()
        if found is not None:
            self._load_running(found)
            return
        self._running = None
        self._enter(State.RESTART)
        self._window.show(RESTARTING)
        self._start_child()

    def _start_child(self) -> None:
        self._fatal = None
        self._url = ""
        self._generation += 1
        mine = self._generation
        self._deadline = self._clock() + START_SECONDS
        try:
            self._child = self._spawn(
                port=self._port,
                message=lambda message: self._inbox.put(lambda: self._hear(mine, message)),
                gone=lambda code: self._inbox.put(lambda: self._gone(mine, code)),
            )
        except OSError as error:
            self._deadline = None
            self._fail(Notice("The server could not be started", str(error), "Install Rolltop again."))

    def _hear(self, generation: int, message: dict[str, Any]) -> None:
        if generation != self._generation:
            return
        match message:
            case {"ev": "ready", "url": str(url), "port": int(port)}:
                self._ready(url, port)
            case {"ev": "code", "id": int(number), "code": str(code)}:
                self._use_code(number, code)
            case {"ev": "dialog", "id": number, "kind": str(kind)}:
                filters, name = list(message.get("filters") or []), str(message.get("name") or "")
                self._beside(lambda: self._ask(number, kind, filters, name))
            case {"ev": "ui", "event": "ready"}:
                self._page_ready(message)
            case {"ev": "ui", "event": "refused", "reason": str(reason)}:
                name, hint = Path(str(message.get("path", ""))).name, message.get("hint") or ""
                self._beside(lambda: self._window.tell(f"{name} was not opened", f"{reason}\n{hint}".strip()))
            case {"ev": "fatal", "reason": str(reason)}:
                self._fatal = Notice("The server cannot start", reason, str(message.get("hint") or ""))
                if message.get("code") == "workspace.in_use":
                    self._running = self._outside.find()
            case _:
                log.warning("The server sent %r, which means nothing here.", message.get("ev"))

    def _ready(self, url: str, port: int) -> None:
        if self.state not in (State.SPAWN, State.RESTART):
            return
        self._deadline = None
        self._url, self._port = url, port
        self._outside.port_used(port)
        self._enter(State.LOAD)
        self._note("server_ready")
        self._ask_code()
        files, self._files = self._files, []
        if files:
            self._send_files(files)

    def _ask_code(self, *, for_browser: bool = False) -> None:
        self._codes += 1
        if for_browser:
            self._for_browser.add(self._codes)
        if self._child is not None:
            self._child.send("code", id=self._codes)

    def _use_code(self, number: int, code: str) -> None:
        if number in self._for_browser:
            self._for_browser.discard(number)
            self._outside.browse(self._url, code)
        elif self.state is State.LOAD:
            self._show_page(code)
            self._deadline = self._clock() + PAGE_SECONDS

    def _show_page(self, code: str) -> None:
        # Changing only the fragment would not load the page again, hence the number that no page reads.
        joint = "&" if "?" in self._place else "?"
        self._window.load(f"{self._url}{self._place}{joint}n={secrets.token_hex(4)}#code={code}")

    def _page_ready(self, message: dict[str, Any]) -> None:
        if self.state is State.LOAD:
            self._deadline = None
            self._enter(State.RUNNING)
        self._note("ui_ready", **{name: message.get(name) for name in ("title", "user", "painted")}, url=self._url)

    def _gone(self, generation: int, code: int) -> None:
        if generation != self._generation or self.state in (State.CLOSING, State.ENDED):
            return
        log.warning("The server ended with %d.", code)
        self._child = None
        self._deadline = None
        starting = self.state in (State.SPAWN, State.RESTART)
        if starting and self._fatal is not None and self._running is not None:
            self._load_running(self._running)  # somebody else started a server in this very moment
        elif self._fatal is not None:
            self._fail(self._fatal)
        elif self.state in (State.LOAD, State.RUNNING, State.RESTART) and self._restarts.allows():
            self._place = self._window.place()
            self._enter(State.RESTART)
            self._window.show(RESTARTING)
            self._start_child()
        elif self.state is State.SPAWN:
            self._fail(Notice("The server stopped before it was ready", f"It ended with {code}.", "The log says why."))
        elif self.state is not State.FAILED:
            self._fail(Notice("The server keeps stopping", f"It ended with {code}.", "The log says why."))

    def _too_slow(self) -> None:
        self._deadline = None
        if self._running is not None and self._child is None and self.state in (State.LOAD, State.RUNNING):
            self._watch(self._running)
            return
        if self.state is State.LOAD:
            log.error("The page has not said that it is usable for %.0f seconds.", PAGE_SECONDS)
            self._note(
                "failed", title="The page is not usable", reason=f"Nothing heard for {PAGE_SECONDS:.0f} seconds."
            )
            return
        child, self._child = self._child, None
        self._generation += 1
        if child is not None:
            self._beside(lambda: _end(child))
        self._fail(
            Notice(
                "The server does not start",
                f"It has not answered for {START_SECONDS:.0f} seconds.",
                "Look into the log, then try again.",
            )
        )

    def _fail(self, notice: Notice) -> None:
        log.error("%s. %s %s", notice.title, notice.text, notice.hint)
        self._failed = True
        self._deadline = None
        self._enter(State.FAILED)
        actions = ("retry", "log", *(("browser",) if self._url and self._alive() else ()), "quit")
        self._window.show(Notice(notice.title, notice.text, notice.hint, actions=actions))
        self._note("failed", title=notice.title, reason=notice.text)

    def _alive(self) -> bool:
        return self._child is not None or self._running is not None

    def _act(self, name: str) -> None:
        if name == "log":
            self._outside.open_log()
        elif name == "quit":
            self._window.close()
        elif name == "browser" and self._url:
            if self._child is not None:
                self._ask_code(for_browser=True)
            elif self._running is not None:
                self._outside.browse(self._url, self._running.code())
        elif name == "retry" and self.state is State.FAILED:
            self._retry()

    def _retry(self) -> None:
        self._failed = False
        self._restarts = _Limit(self._clock)
        self._reloads = _Limit(self._clock)
        self._window.show(STARTING)
        if self._child is not None:  # the server is well, it was the page that failed
            self._enter(State.LOAD)
            self._ask_code()
        else:
            self._enter(State.SPAWN)
            self._begin()

    def _redraw(self) -> None:
        if self.state not in (State.LOAD, State.RUNNING):
            return
        if not self._reloads.allows():
            self._fail(
                Notice(
                    "The page keeps stopping",
                    "The part of the window that draws it ended four times in five minutes.",
                    "Start with --safe-graphics, or use the browser.",
                )
            )
            return
        self._place = self._window.place()
        self._enter(State.LOAD)
        if self._running is not None and self._child is None:
            self._load_running(self._running)
        else:
            self._ask_code()

    def _take_over(self, paths: list[Path], token: str) -> None:
        self._window.focus(token)
        if not paths:
            return
        if self._running is not None and self._child is None:
            self._bring(self._running, paths)
        elif self.state in (State.LOAD, State.RUNNING):
            self._send_files(paths)
        else:
            self._files += paths

    def _send_files(self, paths: list[Path]) -> None:
        if self._child is not None:
            self._child.send("open", paths=[str(path) for path in paths])

    def _bring(self, running: Running, paths: list[Path]) -> None:
        def bring() -> None:
            for path in paths:
                try:
                    running.bring(path)
                except OSError as error:
                    self._window.tell(f"{path.name} was not opened", str(error))

        if paths:
            self._beside(bring)

    def _ask(self, number: Any, kind: str, filters: list[str], name: str) -> None:
        chosen: str | None = None
        try:
            chosen = self._window.dialog(kind, filters, name)
        except Exception:
            log.exception("A native dialog failed.")
        child = self._child
        if child is not None:
            child.send("reply", id=number, value=chosen)

    def _close(self) -> None:
        if self.state in (State.CLOSING, State.ENDED):
            return
        self._enter(State.CLOSING)
        self._deadline = None
        self._window.close()
        child, self._child = self._child, None
        if child is not None:
            _end(child)
        self._enter(State.ENDED)

    def _beside(self, work: Callable[[], None]) -> None:
        def run() -> None:
            try:
                work()
            except Exception:
                log.exception("Something beside the window's life failed.")

        threading.Thread(target=run, name="beside", daemon=True).start()


def _end(child: Child) -> None:
    """From asking to killing, each with its time."""
    child.close_input()
    if child.wait(STOP_SECONDS):
        return
    log.warning("The server has not ended after %d s; terminating it.", STOP_SECONDS)
    child.terminate()
    if child.wait(TERMINATE_SECONDS):
        return
    log.warning("The server does not react; killing it.")
    child.kill()
    with contextlib.suppress(OSError):
        child.wait(TERMINATE_SECONDS)
