"""What passes between the open page and the window around it, through the server and its pipe."""

import asyncio
import contextlib
import itertools
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rolltop.errors import Conflict, RolltopError

if TYPE_CHECKING:
    from rolltop.collections.imports.schemas import Import

DIALOG_SECONDS = 3600.0
"""A native dialog may stand open while its person is at lunch."""

LISTEN_SECONDS = 20.0

log = logging.getLogger("rolltop.bridge")

Send = Callable[..., None]


class Codes(Protocol):
    """What makes one-time sign-in codes."""

    def new_code(self) -> str:
        """A code that is good once, for a minute."""


class Publishes(Protocol):
    """What tells the open pages of something."""

    @property
    def listening(self) -> bool:
        """Whether a page listens."""

    def publish(self, kind: str, data: Any) -> None:
        """Send one event."""


class Importer(Protocol):
    """What begins the import of a file on this machine."""

    def from_path(self, path: Path) -> "Import":
        """Begin the scan of the file.

        Raises:
            RolltopError: it cannot be read, and why.
        """


class NoDesktop(Conflict):
    """A native dialog was asked for where there is no window."""

    code = "desktop.absent"

    def __init__(self) -> None:
        super().__init__(
            "There is no desktop window here to show a dialog.",
            hint="Drop the file on the page, or send it to POST /api/imports.",
        )


class Bridge:
    """Talks to the window over `attach`ed pipe; without one (`rolltop serve`) every question is refused.

    `receive` may be called from any thread, the rest from the event loop.
    """

    imports: Importer
    """Set once the part of the server that imports is there; a page can only be ready after that."""

    def __init__(self, codes: Codes, events: Publishes, *, page_ready: bool = False) -> None:
        self._codes = codes
        self._events = events
        self._send: Send | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()
        self._early: list[dict[str, Any]] = []
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self.page_is_ready = page_ready
        self._files: list[Path] = []
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def desktop(self) -> bool:
        """Whether there is a window that can show native dialogs."""
        return self._send is not None

    def attach(self, send: Send) -> None:
        """Use this to speak to the window: `send(event, **members)`."""
        self._send = send

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """The loop runs: take up what the window has said so far."""
        with self._lock:
            self._loop = loop
            early, self._early = self._early, []
        for message in early:
            self._take(message)

    def stop(self) -> None:
        """The server ends: whoever waits for a dialog gets no answer."""
        with self._lock:
            self._loop = None
        for waiting in self._waiting.values():
            waiting.cancel()
        for task in self._tasks:
            task.cancel()

    def receive(self, message: dict[str, Any]) -> None:
        """One message from the window, from the pipe's thread; kept until the loop runs."""
        with self._lock:
            if self._loop is None:
                self._early.append(message)
                return
            self._loop.call_soon_threadsafe(self._take, message)

    async def open_file(self, path: Path) -> "Import":
        """Begin the import of a file on this machine and let the page show it.

        Raises:
            RolltopError: it cannot be read, and why.
        """
        draft = await asyncio.to_thread(self.imports.from_path, path)
        self._events.publish("import", {"id": draft.id})
        return draft

    def page_ready(self, title: str, user: str, painted: bool) -> None:
        """The page is usable: tell the window, and open the files that were waiting for it."""
        self.tell("ready", title=title, user=user, painted=painted)
        self.page_is_ready = True
        self._open_files()

    def tell(self, event: str, **members: Any) -> None:
        """Tell the window of something in the page; without a window, nothing happens."""
        if self._send is not None:
            self._send("ui", event=event, **members)

    async def ask_open(self, filters: list[str], name: str = "") -> Path | None:
        """Let the person choose a file in the native dialog; None when they chose none.

        `filters` are like `Tables (*.csv;*.tsv)`.

        Raises:
            NoDesktop: there is no window.
        """
        chosen = await self._ask("open", filters, name)
        return Path(chosen) if isinstance(chosen, str) and chosen else None

    async def _ask(self, kind: str, filters: list[str], name: str) -> Any:
        if self._send is None:
            raise NoDesktop
        number = next(self._numbers)
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            self._send("dialog", id=number, kind=kind, filters=filters, name=name)
            async with asyncio.timeout(DIALOG_SECONDS):
                return await answer
        except TimeoutError:
            return None
        finally:
            del self._waiting[number]

    def _take(self, message: dict[str, Any]) -> None:
        match message:
            case {"ev": "code", "id": asked} if self._send is not None:
                self._send("code", id=asked, code=self._codes.new_code())
            case {"ev": "reply", "id": int(number), "value": value}:
                waiting = self._waiting.get(number)
                if waiting is not None and not waiting.done():
                    waiting.set_result(value)
            case {"ev": "open", "paths": list(paths)}:
                self._files += [Path(path) for path in paths if isinstance(path, str) and Path(path).is_absolute()]
                if self.page_is_ready:
                    self._open_files()
            case _:
                log.warning("The window sent %r, which means nothing here.", message.get("ev"))

    def _open_files(self) -> None:
        files, self._files = self._files, []
        if files:
            task = asyncio.get_running_loop().create_task(self._open_each(files))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _open_each(self, files: list[Path]) -> None:
        with contextlib.suppress(TimeoutError):  # a page that does not listen shows them in its list all the same
            async with asyncio.timeout(LISTEN_SECONDS):
                # The page is drawn, its event stream may still be on its way; the bus has no signal for its arrival.
                while not self._events.listening:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
        for path in files:
            try:
                await self.open_file(path)
            except RolltopError as error:
                log.info("A file that was handed over could not be opened: %s", error.message)
                self.tell("refused", path=str(path), reason=error.message, hint=error.hint)
            except Exception:
                log.exception("A file that was handed over could not be opened.")
                self.tell("refused", path=str(path), reason="It could not be opened.", hint="The log says why.")
