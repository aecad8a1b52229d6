"""The window, by pywebview. The only module that imports it.

Neither `js_api` nor `evaluate_js` is used: both need a page that allows `eval`, and both open a door into this process
for whatever page the window shows. The page talks to its server, and the server to us over the pipe.
"""

import html
import logging
import os
import sys
import threading
from collections.abc import Callable, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Protocol

from rolltop_desktop import dialogs, external
from rolltop_desktop.lifecycle import STARTING, Notice
from rolltop_desktop.remembered import Remembered

TITLE = "Rolltop"
MIN_SIZE = (880, 560)
LIGHT, DARK = "#f2f3f0", "#0f1210"

_LABELS = {"retry": "Try again", "log": "Open the log", "browser": "Use the browser", "quit": "Quit"}

log = logging.getLogger("rolltop_desktop.window")


class Events(Protocol):
    """Who is told what happens in the window; every call returns at once."""

    def window_visible(self) -> None:
        """The window was shown."""

    def splash_painted(self) -> None:
        """The local page was loaded."""

    def action(self, name: str) -> None:
        """A button of the local page was pressed."""

    def renderer_gone(self) -> None:
        """The process that draws the page ended."""

    def close(self) -> None:
        """The window closes."""

    def activate(self, paths: list[Path], token: str = "") -> bool:
        """The system hands files over."""


def local_page(notice: Notice) -> str:
    """The HTML of the page that is shown before there is a server, and when something went wrong."""
    page = resources.files("rolltop_desktop").joinpath("splash.html").read_text("utf-8")
    buttons = "".join(
        f'<a class="button{" primary" if place == 0 else ""}" href="rolltop:{name}">{_LABELS[name]}</a>'
        for place, name in enumerate(notice.actions)
    )
    parts = {
        "state": "busy" if notice.busy else "stopped",
        "title": html.escape(notice.title),
        "text": html.escape(notice.text),
        "hint": html.escape(notice.hint),
        "buttons": buttons,
    }
    for name, value in parts.items():
        page = page.replace(f"<!--{name}-->", value)
    return page


class WebWindow:
    """One window. `run` takes the main thread; everything else may be called from any thread."""

    def __init__(self, remembered: Remembered, *, storage: Path, cache: Path, first: Notice = STARTING) -> None:
        self._remembered = remembered
        self._storage = storage
        self._cache = cache
        self._first = first
        self._own = ""
        self._window: Any = None
        self._platform: Any = None
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._shown = False
        self._unwanted = False

    # ---- as the lifecycle sees it ------------------------------------------------------------------------------------

    def show(self, notice: Notice) -> None:
        """Show the local page."""
        self._own = ""
        self._call(lambda window: window.load_html(local_page(notice), ""))

    def load(self, url: str) -> None:
        """Show a page of the server; its origin is the only one that may be shown from now on."""
        self._own = external.origin(url)
        self._call(lambda window: window.load_url(url))

    def place(self) -> str:
        """Path and query of the server's page that is shown, or was shown last."""
        return self._platform.place if self._platform is not None and hasattr(self._platform, "place") else "/"

    def focus(self, token: str = "") -> None:
        """Come to the front, also from minimised."""
        if self._platform is not None and hasattr(self._platform, "focus"):
            self._platform.focus(token)
        else:
            self._call(lambda window: window.restore())
            self._call(lambda window: window.show())

    def dialog(self, kind: str, filters: list[str], name: str) -> str | None:
        """Let the person choose a file; waits for them."""
        return dialogs.ask(self._native_dialog, kind, filters, name)

    def tell(self, title: str, text: str) -> None:
        """Say something in a native box."""
        if self._platform is not None and hasattr(self._platform, "tell"):
            self._platform.tell(title, text)
        else:
            self._call(lambda window: window.create_confirmation_dialog(title, text))

    def close(self) -> None:
        """Go away; a window that is not there yet goes as soon as it is."""
        with self._lock:
            self._unwanted = True
            shown = self._shown
        if shown:
            self._call(lambda window: window.destroy())

    # ---- as the platform's module sees it ----------------------------------------------------------------------------

    def own_origin(self) -> str:
        """The origin whose pages may be shown; empty while the local page is."""
        return self._own

    # ---- life --------------------------------------------------------------------------------------------------------

    def run(self, events: Events, interrupted: Callable[[], None]) -> None:
        """Show the window and serve the GUI until it is closed. `interrupted` is called on SIGINT, SIGTERM, SIGHUP.

        Raises:
            Exception: whatever the GUI raises when it cannot start.
        """
        if self._unwanted:
            return
        import webview

        webview.settings["ALLOW_DOWNLOADS"] = sys.platform != "linux"  # where pywebview's own way raises
        webview.settings["ALLOW_FILE_URLS"] = False
        webview.settings["OPEN_EXTERNAL_LINKS_IN_BROWSER"] = True
        kept = self._remembered
        window = webview.create_window(
            TITLE,
            html=local_page(self._first),
            width=max(kept.width, MIN_SIZE[0]),
            height=max(kept.height, MIN_SIZE[1]),
            min_size=MIN_SIZE,
            maximized=kept.maximized,
            text_select=True,
            zoomable=True,
            background_color=LIGHT,
        )
        assert window is not None  # noqa: S101 (given up only when a handler says so, and there is none)
        self._window = window
        window.events.before_show += lambda: self._prepare(events, interrupted)
        window.events.shown += lambda: self._visible(events)
        window.events.closing += lambda: self._closing(events)
        self._storage.mkdir(mode=0o700, parents=True, exist_ok=True)
        sys.argv[:1] = ["rolltop"]  # Qt takes from it the name of the window's class and of its cache folder
        try:
            webview.start(
                gui="qt" if sys.platform == "linux" else None,
                private_mode=False,
                storage_path=str(self._storage),
                icon=str(icon) if (icon := _icon()) else None,
            )
        finally:
            self._closed.set()

    def _prepare(self, events: Events, interrupted: Callable[[], None]) -> None:
        """On the GUI thread, before the window shows: what the platform's web view lacks."""
        from rolltop_desktop import signals

        signals.install(interrupted)  # pywebview has just put its own SIGINT handler in place
        if sys.platform == "linux":
            from rolltop_desktop import qt

            self._platform = qt.prepare(self._window.native, self, events, self._remembered, self._cache)
        elif sys.platform == "win32":
            from rolltop_desktop import win

            self._platform = win.prepare(self._window.native, self, events)
        elif sys.platform == "darwin":
            from rolltop_desktop import mac

            mac.prepare(self._window.gui.BrowserView.BrowserDelegate, self, events)

    def _visible(self, events: Events) -> None:
        events.window_visible()
        with self._lock:
            self._shown = True
            unwanted = self._unwanted
        if unwanted:
            self._call(lambda window: window.destroy())

    def _closing(self, events: Events) -> None:
        """On the GUI thread: keep the size, let the lifecycle stop the server; the window does not wait for it."""
        if self._platform is not None and hasattr(self._platform, "remember"):
            self._platform.remember(self._remembered)
        else:
            self._call(self._remember_size)
        self._closed.set()
        events.close()

    def _remember_size(self, window: Any) -> None:
        self._remembered.width, self._remembered.height = int(window.width), int(window.height)

    def _native_dialog(self, kind: dialogs.Kind, filters: Sequence[str], name: str) -> object:
        import webview

        kinds = {
            "open": webview.FileDialog.OPEN,
            "save": webview.FileDialog.SAVE,
            "folder": webview.FileDialog.FOLDER,
        }
        return self._window.create_file_dialog(
            kinds[kind], directory=str(Path.home()), save_filename=name, file_types=tuple(filters)
        )

    def _call(self, act: Callable[[Any], object]) -> None:
        """Do something with the window; one that is closed, or cannot come up, is not worth an error."""
        if self._window is None or self._closed.is_set():
            return
        try:
            act(self._window)
        except Exception:
            log.exception("The window did not do as it was told.")


def _icon() -> Path | None:
    """The window's icon as a file, where the package carries one."""
    icon = Path(os.fspath(str(resources.files("rolltop_desktop").joinpath("icon.png"))))
    return icon if icon.is_file() else None
