"""What pywebview's WebView2 window lacks, and what Windows wants of a window.

Written from Microsoft's documentation and pywebview's source; the parts that decide are tested with fakes.
"""

import logging
import sys
from collections.abc import Callable
from typing import Any, Protocol

from rolltop_desktop import external
from rolltop_desktop.external import Verdict
from rolltop_desktop.requirements import Reason

RUNTIME_PAGE = "https://developer.microsoft.com/microsoft-edge/webview2/"
OLDEST_RUNTIME = (86, 0, 622, 0)
_CLIENT = r"SOFTWARE\Microsoft\EdgeUpdate\Clients\{F3017226-FE2A-4295-8BDF-00C3A9A7E4C5}"
_CLIENT_32 = r"SOFTWARE\WOW6432Node\Microsoft\EdgeUpdate\Clients\{F3017226-FE2A-4295-8BDF-00C3A9A7E4C5}"
_DARK_TITLE_BAR = 20  # DWMWA_USE_IMMERSIVE_DARK_MODE

log = logging.getLogger("rolltop_desktop.win")


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


def web_view_version(look_up: Callable[[str, str], str | None]) -> tuple[int, ...] | None:
    """The version of the WebView2 runtime; None when there is none. `look_up(hive, key)` gives the value `pv`.

    The runtime for all users is registered in the machine's hive, in its 32-bit view on 64-bit Windows; the one for a
    single user in theirs. An empty version or 0.0.0.0 means that it was removed.
    """
    for hive, key in (("HKLM", _CLIENT_32), ("HKLM", _CLIENT), ("HKCU", _CLIENT)):
        found = look_up(hive, key)
        if not found:
            continue
        try:
            version = tuple(int(part) for part in found.split("."))
        except ValueError:
            continue
        if any(version):
            return version
    return None


def without_web_view(look_up: Callable[[str, str], str | None] | None = None) -> Reason | None:
    """Why no page can be shown. Without the runtime pywebview would take MSHTML, where ours is blank."""
    version = web_view_version(look_up or _registry)
    if version is not None and version >= OLDEST_RUNTIME:
        return None
    found = "is not installed" if version is None else f"is too old ({'.'.join(map(str, version))})"
    return Reason(
        f"The Microsoft Edge WebView2 runtime, which draws the window, {found}.",
        f"Install it from {RUNTIME_PAGE}, or use the browser.",
    )


def prepare(form: Any, origin: Origin, events: Events) -> "WinWindow":
    """Make good what is lacking in pywebview's form before it is shown."""
    return WinWindow(form, origin, events)


class WinWindow:
    """The cures for one window."""

    def __init__(self, form: Any, origin: Origin, events: Events) -> None:
        self._form = form
        self._origin = origin
        self._events = events
        self._painted = False
        web = form.browser.webview
        web.NavigationStarting += self._navigation_starting
        web.NavigationCompleted += self._navigation_completed
        web.CoreWebView2InitializationCompleted += self._web_ready
        _dark_title_bar(form.Handle.ToInt64())

    def _web_ready(self, sender: Any, _arguments: Any) -> None:
        core = sender.CoreWebView2
        core.ProcessFailed += self._process_failed
        core.PermissionRequested += self._permission_requested
        core.Settings.AreDevToolsEnabled = False
        core.Settings.IsStatusBarEnabled = False

    def _navigation_starting(self, _sender: Any, arguments: Any) -> None:
        url = str(arguments.Uri)
        if not self._origin.own_origin() and url.startswith(("data:text/html", "about:blank")):
            return
        verdict = external.judge(url, self._origin.own_origin())
        if verdict is Verdict.HERE:
            return
        arguments.Cancel = True
        if verdict is Verdict.ACTION and not self._origin.own_origin():
            self._events.action(url.partition(":")[2].strip("/"))
        elif verdict is Verdict.OUTSIDE:
            external.open_url(url)

    def _navigation_completed(self, _sender: Any, _arguments: Any) -> None:
        if not self._painted:
            self._painted = True
            self._events.splash_painted()

    def _permission_requested(self, _sender: Any, arguments: Any) -> None:
        """The clipboard for our own page, nothing else for anybody."""
        clipboard, allow, deny = 6, 1, 2  # CoreWebView2PermissionKind.ClipboardRead, CoreWebView2PermissionState
        ours = external.origin(str(arguments.Uri)) == self._origin.own_origin()
        arguments.State = allow if ours and int(arguments.PermissionKind) == clipboard else deny

    def _process_failed(self, _sender: Any, arguments: Any) -> None:
        log.warning("The page's process failed (%s).", arguments.ProcessFailedKind)
        self._events.renderer_gone()


def _registry(hive: str, key: str) -> str | None:
    if sys.platform != "win32":
        return None
    import winreg

    root = winreg.HKEY_LOCAL_MACHINE if hive == "HKLM" else winreg.HKEY_CURRENT_USER
    try:
        with winreg.OpenKey(root, key) as opened:
            return str(winreg.QueryValueEx(opened, "pv")[0])
    except OSError:
        return None


def _dark_title_bar(handle: int) -> None:
    """A dark title bar where the person chose dark applications; older Windows does not know it and says so."""
    if sys.platform != "win32":
        return
    import ctypes
    import winreg

    try:
        with winreg.OpenKey(
            winreg.HKEY_CURRENT_USER, r"SOFTWARE\Microsoft\Windows\CurrentVersion\Themes\Personalize"
        ) as key:
            light = winreg.QueryValueEx(key, "AppsUseLightTheme")[0]
    except OSError:
        return
    on = ctypes.c_int(0 if light else 1)
    ctypes.windll.dwmapi.DwmSetWindowAttribute(handle, _DARK_TITLE_BAR, ctypes.byref(on), ctypes.sizeof(on))


def let_come_forward(pid: int) -> None:
    """Let the running window take the foreground, which only the process that has it may allow."""
    if sys.platform == "win32":
        import ctypes

        ctypes.windll.user32.AllowSetForegroundWindow(pid)
