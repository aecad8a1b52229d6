"""`rolltop-desktop [FILE …]`: the window.

Exit codes: 0 closed, or handed over to the window that is open · 2 wrong arguments · 3 no window is possible here, the
reason has been printed · 4 the window that is open does not answer · 5 the server failed.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from rolltop.kit import logs, places
from rolltop.kit.locks import FileLock
from rolltop_desktop import opening, report, requirements
from rolltop_desktop.child import server_environment
from rolltop_desktop.instance import LOCK_FILE, Instance, NotAnswering
from rolltop_desktop.lifecycle import ExitCode, Notice

LOG_FILE = "desktop.log"


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
        opening.without_sandbox("it was asked for")
    if reason := requirements.unavailable():
        return opening.say(ExitCode.NO_WINDOW, f"No window can be shown. {reason.message}", reason.hint)
    workspace, data, files = _what_to_open(wanted, environment)
    smoke = environment.get("ROLLTOP_SMOKE")
    start = opening.Start(
        workspace=workspace,
        data=data,
        files=files,
        port=wanted.port,
        safe_graphics=wanted.safe_graphics,
        smoke=Path(smoke) if smoke else None,
        started=started,
        server_environment=server,
    )
    return _start(start, environment.get("XDG_ACTIVATION_TOKEN", ""))


def _start(start: opening.Start, token: str) -> ExitCode:
    """Be the window of the workspace, or hand over to the one that is."""
    try:
        instance = Instance.claim_or_hand_over(start.workspace, start.files, token)
    except NotAnswering:
        holder = FileLock(start.workspace / LOCK_FILE).holder()
        notice = Notice(
            "Rolltop is open already, but does not answer",
            f"Process {holder} holds the workspace {start.workspace}.",
            "Close its window or end that process, then start Rolltop again.",
            actions=("quit", "log"),
        )
        return opening.show_only(start, ExitCode.NOT_ANSWERING, notice)
    except OSError as error:
        notice = Notice(
            "The workspace cannot be used",
            f"{start.workspace}: {error.strerror or error}.",
            "Give yourself the right to write there, or name another folder with --workspace.",
            actions=("quit", "log"),
        )
        return opening.show_only(start, ExitCode.SERVER_FAILED, notice)
    if instance is None:
        return ExitCode.OK
    try:
        return opening.open_window(start, instance)
    finally:
        instance.release()


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


def _give_sinks() -> None:
    """A windowed program on Windows has no stdout and no stderr; whatever prints would fail."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123


if __name__ == "__main__":
    main()
