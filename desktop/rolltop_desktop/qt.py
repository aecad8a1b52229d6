"""What pywebview's Qt window lacks, made good. Linux only; everything here runs on the GUI thread.

Found with pywebview 6.2.1 on Qt 6: downloads raise, permission requests hang for ever, links in the same frame leave
the app, printing and zoom do nothing, its script bridge is put into whatever page is shown, its cache lies elsewhere.
"""

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from PySide6.QtCore import QObject, QStandardPaths, Qt, QUrl, Signal, Slot
from PySide6.QtGui import QColor, QKeySequence, QShortcut
from PySide6.QtWebEngineCore import (
    QWebEngineDownloadRequest,
    QWebEngineNavigationRequest,
    QWebEngineNewWindowRequest,
    QWebEnginePage,
    QWebEnginePermission,
    QWebEngineSettings,
)
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu, QMessageBox

from rolltop_desktop import external
from rolltop_desktop.external import Verdict
from rolltop_desktop.remembered import Remembered

ZOOM_STEPS = (0.5, 0.67, 0.75, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0)
CACHE_BYTES = 100_000_000
FRAME = (16, 48)
"""Room for the frame and the title bar, whose size is not known before the window is shown."""

log = logging.getLogger("rolltop_desktop.qt")


class Origin(Protocol):
    """Knows which origin may be shown."""

    def own_origin(self) -> str:
        """The server's origin; empty while the local page is shown."""


class Events(Protocol):
    """Who is told."""

    def splash_painted(self) -> None:
        """The local page was loaded."""

    def action(self, name: str) -> None:
        """A button of the local page was pressed."""

    def renderer_gone(self) -> None:
        """The process that draws the page ended."""


def prepare(browser: Any, origin: Origin, events: Events, remembered: Remembered, cache: Path) -> "QtWindow":
    """Make good what is lacking in pywebview's `BrowserView` before it is shown."""
    return QtWindow(browser, origin, events, remembered, cache)


class QtWindow(QObject):
    """The cures for one window, and what the rest of the program asks of it from other threads."""

    _asked = Signal(object)

    def __init__(self, browser: Any, origin: Origin, events: Events, remembered: Remembered, cache: Path) -> None:
        super().__init__(browser)
        self._browser = browser
        self._view = browser.webview
        self._page: QWebEnginePage = browser.webview.page()
        self._origin = origin
        self._events = events
        self._zoom = remembered.zoom
        self._painted = False
        self.place = "/"
        """Path and query of the last page of the server's; may be read from any thread."""
        self._asked.connect(self._do, Qt.ConnectionType.QueuedConnection)
        QApplication.setDesktopFileName("rolltop")
        self._close_bridge()
        self._set_profile(cache)
        self._connect_page()
        self._add_shortcuts()
        self._fit_screen(remembered)
        self._view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._view.customContextMenuRequested.connect(self._show_menu)

    # ---- asked from any thread ---------------------------------------------------------------------------------------

    def focus(self, token: str) -> None:
        """Bring the window to the front; `token` is what the desktop gave the other start for this."""
        self._asked.emit(lambda: self._focus(token))

    def tell(self, title: str, text: str) -> None:
        """Say something in a box that does not block the window's life."""
        self._asked.emit(lambda: self._tell(title, text))

    def remember(self, remembered: Remembered) -> None:
        """Note size and zoom; on the GUI thread, while the window is still there."""
        remembered.maximized = bool(self._browser.isMaximized())
        remembered.zoom = self._zoom
        size = self._browser.normalGeometry().size()
        if size.isValid():
            remembered.width, remembered.height = size.width(), size.height()

    @Slot(object)
    def _do(self, work: Callable[[], None]) -> None:
        work()

    # ---- set-up ------------------------------------------------------------------------------------------------------

    def _close_bridge(self) -> None:
        """Take away the channel and the script that pywebview puts into every page: no page of ours needs them."""
        self._page.loadFinished.disconnect(self._browser.on_load_finished)
        self._page.setWebChannel(None)  # type: ignore[arg-type]

    def _set_profile(self, cache: Path) -> None:
        profile = self._page.profile()
        profile.setCachePath(str(cache / "web"))
        profile.setHttpCacheMaximumSize(CACHE_BYTES)
        profile.downloadRequested.connect(self._download)
        settings = self._page.settings()
        attribute = QWebEngineSettings.WebAttribute
        for name, on in (
            (attribute.JavascriptCanAccessClipboard, True),
            (attribute.JavascriptCanPaste, True),
            (attribute.NavigateOnDropEnabled, False),
            (attribute.PluginsEnabled, False),
            (attribute.PdfViewerEnabled, False),
            (attribute.LocalContentCanAccessFileUrls, False),
            (attribute.LocalContentCanAccessRemoteUrls, False),
            (attribute.HyperlinkAuditingEnabled, False),
            (attribute.DnsPrefetchEnabled, False),
        ):
            settings.setAttribute(name, on)

    def _connect_page(self) -> None:
        page = self._page
        page.featurePermissionRequested.disconnect(page.onFeaturePermissionRequested)  # type: ignore[attr-defined]
        page.permissionRequested.connect(self._permission)
        page.navigationRequested.connect(self._navigate)
        page.newWindowRequested.connect(self._new_window)
        page.createWindow = lambda _kind: None  # type: ignore[method-assign, assignment, return-value]
        page.printRequested.connect(self._print)
        page.renderProcessTerminated.connect(self._renderer_gone)
        page.loadFinished.connect(self._loaded)
        page.urlChanged.connect(self._moved)
        dark = QApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
        page.setBackgroundColor(QColor("#0f1210" if dark else "#f2f3f0"))  # no white flash between two pages

    def _add_shortcuts(self) -> None:
        for keys, act in (
            ("Ctrl++", lambda: self._step_zoom(1)),
            ("Ctrl+=", lambda: self._step_zoom(1)),
            ("Ctrl+-", lambda: self._step_zoom(-1)),
            ("Ctrl+0", lambda: self._set_zoom(1.0)),
            ("F5", lambda: self._page.triggerAction(QWebEnginePage.WebAction.Reload)),
            ("Ctrl+Q", self._browser.close),
        ):
            QShortcut(QKeySequence(keys), self._browser).activated.connect(act)

    def _fit_screen(self, remembered: Remembered) -> None:
        """Never larger than the screen, in its middle."""
        screen = QApplication.primaryScreen()
        if screen is None or remembered.maximized:
            return
        free = screen.availableGeometry()
        least = self._browser.minimumSize()
        if least.width() > free.width() or least.height() > free.height():
            self._browser.setMinimumSize(min(least.width(), free.width()), min(least.height(), free.height()))
        width = min(self._browser.width(), free.width() - FRAME[0])
        height = min(self._browser.height(), free.height() - FRAME[1])
        self._browser.resize(width, height)
        self._browser.move(free.x() + (free.width() - width) // 2, free.y() + (free.height() - height) // 2)

    # ---- what happens ------------------------------------------------------------------------------------------------

    def _loaded(self, _well: bool) -> None:
        self._view.setZoomFactor(self._zoom)
        if not self._painted:
            self._painted = True
            self._events.splash_painted()

    def _moved(self, url: QUrl) -> None:
        own = self._origin.own_origin()
        if own and external.origin(url.toString()) == own:
            self.place = external.place(bytes(url.toEncoded().data()).decode("ascii", "replace"))

    def _navigate(self, request: QWebEngineNavigationRequest) -> None:
        if not request.isMainFrame():
            request.accept()  # frames are limited by the page's Content-Security-Policy
            return
        url = bytes(request.url().toEncoded().data()).decode("ascii", "replace")
        ours = request.navigationType() == QWebEngineNavigationRequest.NavigationType.TypedNavigation
        if ours and url.startswith("data:text/html"):  # the local page, which only we can load
            request.accept()
            return
        if self._follow(url) is Verdict.HERE:
            request.accept()
        else:
            request.reject()

    def _new_window(self, request: QWebEngineNewWindowRequest) -> None:
        """A link that asks for a window of its own: our pages open here, others in the browser."""
        url = bytes(request.requestedUrl().toEncoded().data()).decode("ascii", "replace")
        if self._follow(url) is Verdict.HERE:
            self._page.setUrl(QUrl(url))

    def _follow(self, url: str) -> Verdict:
        verdict = external.judge(url, self._origin.own_origin())
        if verdict is Verdict.ACTION and not self._origin.own_origin():  # only the local page has such buttons
            self._events.action(url.partition(":")[2].strip("/"))
        elif verdict is Verdict.OUTSIDE:
            external.open_url(url)
        elif verdict is Verdict.REFUSED:
            log.info("The window refused to go to a %s address.", url.partition(":")[0][:20])
        return verdict

    def _permission(self, permission: QWebEnginePermission) -> None:
        """The clipboard for our own page, nothing else for anybody."""
        ours = external.origin(permission.origin().toString()) == self._origin.own_origin()
        if ours and permission.permissionType() == QWebEnginePermission.PermissionType.ClipboardReadWrite:
            permission.grant()
        else:
            permission.deny()

    def _download(self, download: QWebEngineDownloadRequest) -> None:
        folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DownloadLocation) or str(Path.home())
        wanted = str(Path(folder) / download.suggestedFileName())
        chosen, _ = QFileDialog.getSaveFileName(self._browser, "Save as", wanted)
        if not chosen:
            download.cancel()
            return
        path = Path(chosen)
        download.setDownloadDirectory(str(path.parent))
        download.setDownloadFileName(path.name)
        download.isFinishedChanged.connect(lambda: self._downloaded(download, path))
        download.accept()

    def _downloaded(self, download: QWebEngineDownloadRequest, path: Path) -> None:
        if download.state() != QWebEngineDownloadRequest.DownloadState.DownloadCompleted:
            self._tell(
                f"{path.name} was not saved", download.interruptReasonString() or "The download was interrupted."
            )

    def _print(self) -> None:
        folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation) or str(Path.home())
        name = "".join(sign if sign.isalnum() or sign in " -_" else "_" for sign in self._page.title()) or "Rolltop"
        wanted = str(Path(folder) / f"{name}.pdf")
        chosen, _ = QFileDialog.getSaveFileName(self._browser, "Save as PDF", wanted, "PDF (*.pdf)")
        if chosen:
            self._page.printToPdf(chosen)

    def _renderer_gone(self, status: QWebEnginePage.RenderProcessTerminationStatus, code: int) -> None:
        if status != QWebEnginePage.RenderProcessTerminationStatus.NormalTerminationStatus:
            log.warning("The page's process ended with %d.", code)
            self._events.renderer_gone()

    def _show_menu(self, place: Any) -> None:
        """Cut, copy, paste: what a text field needs. Elsewhere the page has its own menus."""
        request = self._view.lastContextMenuRequest()
        if request is None or not (request.isContentEditable() or request.selectedText()):
            return
        actions = QWebEnginePage.WebAction
        menu = QMenu(self._browser)
        wanted = (
            (actions.Undo, actions.Redo, actions.Cut, actions.Copy, actions.Paste, actions.SelectAll)
            if request.isContentEditable()
            else (actions.Copy,)
        )
        for action in wanted:
            menu.addAction(self._page.action(action))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self._view.mapToGlobal(place))

    def _step_zoom(self, steps: int) -> None:
        nearest = min(range(len(ZOOM_STEPS)), key=lambda place: abs(ZOOM_STEPS[place] - self._zoom))
        self._set_zoom(ZOOM_STEPS[min(max(nearest + steps, 0), len(ZOOM_STEPS) - 1)])

    def _set_zoom(self, factor: float) -> None:
        self._zoom = factor
        self._view.setZoomFactor(factor)

    def _focus(self, token: str) -> None:
        if token:
            os.environ["XDG_ACTIVATION_TOKEN"] = token
        self._browser.setWindowState(self._browser.windowState() & ~Qt.WindowState.WindowMinimized)
        self._browser.show()
        self._browser.raise_()
        self._browser.activateWindow()

    def _tell(self, title: str, text: str) -> None:
        box = QMessageBox(QMessageBox.Icon.Information, title, title, QMessageBox.StandardButton.Close, self._browser)
        box.setInformativeText(text)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()
