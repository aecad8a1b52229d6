"""Opening Rolltop: the window, or where there can be none, the browser."""

import importlib.util
import os
import signal
import subprocess
import sys
import threading
import webbrowser
from pathlib import Path

from rolltop import config, discovery
from rolltop.cli import running
from rolltop.discovery import RuntimeFile
from rolltop.kit.files import write_private

NO_WINDOW = 3  # rolltop_desktop's exit code for "no window is possible here, and I said why"


def open_app(workspace: Path | None, data: Path | None, files: list[Path], *, browser: bool) -> int:
    """Open the workspace, and files in it; the exit code."""
    settings = config.load(workspace=workspace, data=data)
    if not browser:
        code = _open_window(settings, files)
        if code != NO_WINDOW:
            return code
    found = discovery.find(settings.workspace)
    if found is not None:
        return _open_in_browser(found, files)
    return _serve_in_browser(settings, files)


def _window_command() -> list[str] | None:
    """How the window is started: beside us in the packaged app, else as a module; None when it is not installed."""
    if getattr(sys, "frozen", False):
        suffix = ".exe" if sys.platform == "win32" else ""
        return [str(Path(sys.executable).with_name(f"rolltop-desktop{suffix}"))]
    if importlib.util.find_spec("rolltop_desktop") and importlib.util.find_spec("webview"):
        return [sys.executable, "-m", "rolltop_desktop"]
    return None


def _open_window(settings: config.Config, files: list[Path]) -> int:
    command = _window_command()
    if command is None:
        _say("No window here: install it with `pip install 'rolltop[desktop]'`. Using the browser instead.")
        return NO_WINDOW
    command += ["--workspace", str(settings.workspace)]
    if settings.data is not None:
        command += ["--data", str(settings.data)]
    window = subprocess.Popen([*command, *map(str, files)])
    for name in ("SIGTERM", "SIGHUP"):  # whoever ends this process means the window
        if (number := getattr(signal, name, None)) is not None:
            signal.signal(number, lambda asked, _frame: window.send_signal(asked))
    while True:
        try:
            return window.wait()
        except KeyboardInterrupt:  # the window got the same signal and is ending
            continue


def _serve_in_browser(settings: config.Config, files: list[Path]) -> int:
    from rolltop.serve import run

    def announced(runtime: RuntimeFile, link: str) -> None:
        announce(runtime, link)
        if files:
            threading.Thread(target=_bring, args=(runtime, files), daemon=True).start()
        _show(link, settings.workspace)

    return run(settings.model_copy(update={"port_fallback": True}), announce=announced)


def _open_in_browser(found: RuntimeFile, files: list[Path]) -> int:
    _bring(found, files)
    with running.client(found) as client:
        link = running.answer(client.post("/api/auth/codes", json={}))["url"]
    if not _show(link, Path(found.workspace)):
        print(f"Open this within a minute: {link}")
    return 0


def _bring(found: RuntimeFile, files: list[Path]) -> None:
    """Upload files to a running server; their previews appear in the UI."""
    with running.client(found) as client:
        for path in files:
            with path.open("rb") as source:
                running.answer(
                    client.post("/api/imports", params={"name": path.name}, content=source, headers=running.RAW)
                )


def _show(link: str, workspace: Path) -> bool:
    """Open the browser by a private hand-over file, so that the code never stands in a process list."""
    if sys.platform.startswith("linux") and not _has_display():
        return False
    page = workspace / "open.html"
    write_private(page, f'<!doctype html><meta http-equiv="refresh" content="0; url={link}"><title>Rolltop</title>\n')
    return webbrowser.open(page.as_uri())


def _has_display() -> bool:
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def announce(runtime: RuntimeFile, link: str) -> None:
    """Say where the server is and how to get in."""
    print(f"Rolltop is at {runtime.url}\nOpen it once, within a minute, at {link}", flush=True)


def _say(text: str) -> None:
    print(text, file=sys.stderr)
