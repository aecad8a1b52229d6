"""`rolltop-desktop [FILE …]`: the window.

Exit codes: 0 closed, or handed over to the window that is open · 2 wrong arguments · 3 no window is possible here, the
reason has been printed · 4 the window that is open does not answer · 5 the server failed.
"""

import argparse
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from rolltop.kit import logs, places
from rolltop_desktop import external, report, requirements
from rolltop_desktop.child import ServerChild, server_command, server_environment
from rolltop_desktop.instance import Instance, NotAnswering
from rolltop_desktop.lifecycle import Child, ExitCode, Lifecycle, Running
from rolltop_desktop.remembered import Remembered
from rolltop_desktop.running import RunningServer

LOG_FILE = "desktop.log"

log = logging.getLogger("rolltop_desktop")


def main() -> NoReturn:
    """Run the window and exit."""
    _give_sinks()
    sys.exit(run(sys.argv[1:], os.environ))


def run(arguments: Sequence[str], environment: Mapping[str, str]) -> ExitCode:
    """One start of the window, from its arguments to its exit code."""
    started = report.process_started()
    wanted = _parse(arguments)
    logs.start(places.log_folder(), LOG_FILE)
    server = server_environment(environment)  # before the window's own settings are added to it
    if wanted.no_sandbox:
        _without_sandbox("it was asked for")
    if reason := requirements.unavailable():
        log.warning("No window: %s %s", reason.message, reason.hint)
        return _say(ExitCode.NO_WINDOW, f"No window can be shown. {reason.message}\n{reason.hint}")
    workspace, data, files = _what_to_open(wanted, environment)
    try:
        instance = Instance.claim_or_hand_over(workspace, files, environment.get("XDG_ACTIVATION_TOKEN", ""))
    except NotAnswering:
        return _say(
            ExitCode.NOT_ANSWERING,
            "Rolltop is open already, but does not answer.\n"
            f"Close its window or end process {_holder(workspace)}, then try again.",
        )
    except OSError as error:
        return _say(
            ExitCode.SERVER_FAILED,
            f"The workspace folder {workspace} cannot be used: {error.strerror or error}.\n"
            "Give yourself the right to write there, or name another folder with --workspace.",
        )
    if instance is None:
        return ExitCode.OK
    try:
        return _open_window(wanted, instance, workspace, data, files, server, started, environment)
    finally:
        instance.release()


def _open_window(
    wanted: argparse.Namespace,
    instance: Instance,
    workspace: Path,
    data: Path | None,
    files: list[Path],
    server: Mapping[str, str],
    started: float,
    environment: Mapping[str, str],
) -> ExitCode:
    from rolltop_desktop import signals
    from rolltop_desktop.window import WebWindow

    remembered = Remembered.load(workspace)
    window = WebWindow(
        remembered, storage=workspace / "window", cache=places.cache_folder(), log_folder=places.log_folder()
    )
    smoke = environment.get("ROLLTOP_SMOKE")
    life = Lifecycle(
        window,
        _Server(workspace, data, server),
        _Outside(workspace, remembered),
        port=wanted.port or remembered.port or None,
        files=files,
        report=report.Report(started, Path(smoke) if smoke else None),
    )
    signals.install(life.close)
    life.start()
    instance.on_activate(life.activate)
    _prepare_web_engine(safe_graphics=wanted.safe_graphics)
    try:
        window.run(life, life.close)
    except Exception as error:
        log.exception("The window failed.")
        life.finish()
        return _say(
            ExitCode.NO_WINDOW, f"The window cannot be shown ({type(error).__name__}).\nUse the browser instead."
        )
    code = life.finish()
    remembered.save(workspace)
    return code


class _Server:
    """Starts the server of one workspace."""

    def __init__(self, workspace: Path, data: Path | None, environment: Mapping[str, str]) -> None:
        self._arguments = ["--workspace", str(workspace)]
        if data is not None:
            self._arguments += ["--data", str(data)]
        self._environment = environment

    def __call__(self, *, port: int | None, message: Any, gone: Any) -> Child:
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


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="rolltop-desktop", description="Rolltop in a window of its own.")
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="a table, or an SQLite file")
    parser.add_argument("--workspace", type=Path, help="the workspace folder")
    parser.add_argument("--data", type=Path, help="an SQLite file to serve in place of the workspace's data.db")
    parser.add_argument("--port", type=int, help="the port to try first")
    parser.add_argument("--safe-graphics", action="store_true", help="draw without the graphics card")
    parser.add_argument("--no-sandbox", action="store_true", help="run the web engine without its sandbox")
    return parser.parse_args(list(arguments))


def _what_to_open(wanted: argparse.Namespace, environment: Mapping[str, str]) -> tuple[Path, Path | None, list[Path]]:
    """The workspace, the SQLite file served in its place, and the files to import; all absolute."""
    files = [file.expanduser().absolute() for file in wanted.files]
    data = wanted.data.expanduser().absolute() if wanted.data else None
    named = wanted.workspace or environment.get("ROLLTOP_WORKSPACE")
    databases = [file for file in files if file.suffix.lower() in places.SQLITE_SUFFIXES]
    if data is None and databases:
        data = databases[0]
        files.remove(data)
        named = named or places.workspace_beside(data)
    workspace = Path(named).expanduser().absolute() if named else places.default_workspace().absolute()
    return workspace, data, files


def _prepare_web_engine(*, safe_graphics: bool) -> None:
    """What must be in the environment before Qt is loaded."""
    if sys.platform != "linux":
        return
    os.environ["QT_API"] = "pyside6"
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        _without_sandbox("it does not work for root")
    if safe_graphics:
        flags = os.environ.get("QTWEBENGINE_CHROMIUM_FLAGS", "")
        os.environ["QTWEBENGINE_CHROMIUM_FLAGS"] = f"{flags} --disable-gpu".strip()
        os.environ["QT_QUICK_BACKEND"] = "software"
        os.environ["LIBGL_ALWAYS_SOFTWARE"] = "1"
    log.info("Web engine flags: %s", os.environ.get("QTWEBENGINE_CHROMIUM_FLAGS") or "none")


def _without_sandbox(why: str) -> None:
    log.warning("The web engine runs without its sandbox, because %s.", why)
    os.environ["QTWEBENGINE_DISABLE_SANDBOX"] = "1"


def _holder(workspace: Path) -> str:
    from rolltop.kit.locks import FileLock
    from rolltop_desktop.instance import LOCK_FILE

    return str(FileLock(workspace / LOCK_FILE).holder() or "that holds it")


def _say(code: ExitCode, text: str) -> ExitCode:
    """Tell whoever started us, and where nobody reads stderr, in a box."""
    print(text, file=sys.stderr)
    if sys.platform == "win32" and code is not ExitCode.NO_WINDOW:
        from rolltop_desktop import win

        win.message_box("Rolltop", text)
    return code


def _give_sinks() -> None:
    """A windowed program on Windows has no stdout and no stderr; whatever prints would fail."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123


if __name__ == "__main__":
    main()
