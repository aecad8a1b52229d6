"""One window from its start to its end: the parts put together."""

import logging
import os
import re
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rolltop.kit import places
from rolltop_desktop import external, signals
from rolltop_desktop.child import ServerChild, server_command
from rolltop_desktop.instance import Instance
from rolltop_desktop.lifecycle import Child, ExitCode, Lifecycle, Notice, Running
from rolltop_desktop.remembered import Remembered
from rolltop_desktop.report import Report
from rolltop_desktop.running import RunningServer

log = logging.getLogger("rolltop_desktop")


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What was asked for, all paths absolute."""

    workspace: Path
    data: Path | None
    files: list[Path]
    port: int | None
    safe_graphics: bool
    smoke: Path | None
    started: float
    """When the process began, on the monotonic clock."""
    server_environment: Mapping[str, str]


def open_window(start: Start, instance: Instance) -> ExitCode:
    """Show the workspace until the window is closed."""
    from rolltop_desktop.window import WebWindow

    remembered = Remembered.load(start.workspace)
    window = WebWindow(remembered, storage=start.workspace / "window", cache=places.cache_folder())
    life = Lifecycle(
        window,
        _Server(start),
        _Outside(start.workspace, remembered),
        port=start.port or _last_port(start, remembered),
        files=start.files,
        report=Report(start.started, start.smoke),
    )
    signals.install(life.close)
    life.start()  # the server starts while the web engine is loaded
    instance.on_activate(life.activate)
    _prepare_web_engine(safe_graphics=start.safe_graphics)
    try:
        window.run(life, life.close)
    except Exception as error:
        log.exception("The window failed.")
        life.finish()
        return say(ExitCode.NO_WINDOW, f"The window cannot be shown ({type(error).__name__}).", "Use the browser.")
    code = life.finish()
    remembered.save(start.workspace)
    return code


def show_only(start: Start, code: ExitCode, notice: Notice) -> ExitCode:
    """Say why there is nothing to show: on stderr, and in a window, since a double-click has no stderr."""
    from rolltop_desktop.window import WebWindow

    say(code, notice.title, f"{notice.text} {notice.hint}")
    if start.smoke is not None:
        return code
    with tempfile.TemporaryDirectory(prefix="rolltop-", ignore_cleanup_errors=True) as folder:
        window = WebWindow(Remembered(), storage=Path(folder), cache=Path(folder), first=notice)
        _prepare_web_engine(safe_graphics=start.safe_graphics)
        try:
            window.run(_Message(window), window.close)
        except Exception:
            log.exception("The window failed.")
    return code


def say(code: ExitCode, *lines: str) -> ExitCode:
    """Tell whoever started us; the code is passed on."""
    log.warning("%s", " ".join(lines))
    print("\n".join(lines), file=sys.stderr)
    return code


class _Message:
    """A window that only says something."""

    def __init__(self, window: Any) -> None:
        self._window = window

    def window_visible(self) -> None:
        """Nothing waits for it."""

    def splash_painted(self) -> None:
        """Nothing waits for it."""

    def action(self, name: str) -> None:
        """The buttons of the page."""
        if name == "quit":
            self._window.close()
        elif name == "log":
            external.open_folder(places.log_folder())

    def renderer_gone(self) -> None:
        """What cannot be shown need not stay."""
        self._window.close()

    def close(self) -> None:
        """Nothing else has to end."""

    def activate(self, paths: list[Path], token: str = "") -> bool:  # noqa: ARG002 - the protocol's
        """It takes no files."""
        return False


class _Server:
    """Starts the server of one workspace."""

    def __init__(self, start: Start) -> None:
        self._arguments = ["--workspace", str(start.workspace)]
        if start.data is not None:
            self._arguments += ["--data", str(start.data)]
        self._environment = start.server_environment

    def __call__(
        self, *, port: int | None, message: Callable[[dict[str, Any]], None], gone: Callable[[int], None]
    ) -> Child:
        """Start it, on this port when it can be had."""
        on_port = ["--port", str(port)] if port else []
        command = server_command([*self._arguments, *on_port])
        return ServerChild(command, environment=self._environment, message=message, gone=gone)


class _Outside:
    """The world beyond the window."""

    def __init__(self, workspace: Path, remembered: Remembered) -> None:
        self._workspace = workspace
        self._remembered = remembered

    def find(self) -> Running | None:
        """The server that somebody else runs for the workspace."""
        return RunningServer.find(self._workspace)

    def open_log(self) -> None:
        """Show the log folder."""
        external.open_folder(places.log_folder())

    def browse(self, url: str, code: str) -> None:
        """Open the page in the browser, signed in."""
        external.open_signed_in(url, code)

    def port_used(self, port: int) -> None:
        """Keep the port at once: the window may not end well."""
        self._remembered.port = port
        self._remembered.save(self._workspace)


def _last_port(start: Start, remembered: Remembered) -> int | None:
    """The port of the last time, which holds the page's storage, unless the person has chosen one in the settings."""
    if "ROLLTOP_PORT" in start.server_environment:
        return None
    try:
        settings = (start.workspace / "workspace.toml").read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        settings = ""
    return None if re.search(r"^\s*port\s*=", settings, re.MULTILINE) else remembered.port or None


def _prepare_web_engine(*, safe_graphics: bool) -> None:
    """What must be in the environment before Qt is loaded."""
    if sys.platform != "linux":
        return
    os.environ["QT_API"] = "pyside6"
    if os.geteuid() == 0:
        without_sandbox("it does not work for root")
    if safe_graphics:
        flags = os.environ.get("QTWEBENGINE_CHROMIUM_FLAGS", "")
        os.environ["QTWEBENGINE_CHROMIUM_FLAGS"] = f"{flags} --disable-gpu".strip()
        os.environ["QT_QUICK_BACKEND"] = "software"
        os.environ["LIBGL_ALWAYS_SOFTWARE"] = "1"
    log.info("Web engine flags: %s", os.environ.get("QTWEBENGINE_CHROMIUM_FLAGS") or "none")


def without_sandbox(why: str) -> None:
    """Switch the web engine's sandbox off, and say so in the log."""
    log.warning("The web engine runs without its sandbox, because %s.", why)
    os.environ["QTWEBENGINE_DISABLE_SANDBOX"] = "1"
