"""The command line: `rolltop` opens the window, its commands serve, import and ask a running server.

Exit codes: 0 done · 1 the server refused or something failed · 2 the command line or a setting is wrong ·
3 nothing is running · 4 the workspace is in use · 5 the server cannot start · 6 newer or damaged, or the port is taken.
"""

import importlib.util
import json
import subprocess
import sys
import tempfile
import time
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from rolltop import __version__, config, discovery
from rolltop.discovery import RuntimeFile
from rolltop.errors import RolltopError

if TYPE_CHECKING:
    import httpx
    from rich.console import Console

NO_WINDOW = 3  # rolltop_desktop's exit code for "no window is possible here, and I said why"
SQLITE_SUFFIXES = frozenset({".sqlite", ".sqlite3", ".db", ".db3"})

app = typer.Typer(
    name="rolltop",
    help="A real backend on your own desk.",
    no_args_is_help=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

WorkspaceOption = Annotated[
    Path | None, typer.Option("--workspace", "-w", help="The workspace folder.", show_default="the user's own")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
DataOption = Annotated[
    Path | None, typer.Option("--data", help="An SQLite file to serve in place of the workspace's data.db.")
]


class NotRunning(RolltopError):
    """The command needs a running server."""

    code = "cli.not_running"
    exit_code = 3


class UnusableFile(RolltopError):
    """The file named on the command line is not there or cannot be read."""

    code = "cli.unusable_file"
    exit_code = 2


class Refused(RolltopError):
    """The server answered with an error; its four fields are passed on."""

    code = "cli.refused"


# ---- commands ----------------------------------------------------------------------------------------------------


@app.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    workspace: WorkspaceOption = None,
    data: DataOption = None,
    browser: Annotated[bool, typer.Option("--browser", help="Use the browser instead of a window.")] = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Open Rolltop: the window, or where there can be none, the browser."""
    if version:
        print(__version__)
        raise typer.Exit
    if context.invoked_subcommand is None:
        raise typer.Exit(_open_app(workspace, data, [], browser=browser))


@app.command()
def serve(
    workspace: WorkspaceOption = None,
    data: DataOption = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")] = None,
    host: Annotated[str | None, typer.Option(help="The loopback address to listen on.")] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.")] = None,
    pipe: Annotated[bool, typer.Option("--pipe", hidden=True, help="Speak with the window over stdin.")] = False,
) -> None:
    """Run the server without a window, until Ctrl+C or SIGTERM."""
    from rolltop.serve import run

    settings = config.load(workspace=workspace, data=data, port=port, host=host, log_level=log_level)
    raise typer.Exit(run(settings, pipe=pipe, announce=None if pipe else _announce))


@app.command("open")
def open_(
    file: Annotated[Path | None, typer.Argument(help="A file to import, or an SQLite file to serve in place.")] = None,
    workspace: WorkspaceOption = None,
    browser: Annotated[bool, typer.Option("--browser", help="Use the browser instead of a window.")] = False,
) -> None:
    """Open Rolltop, or a file in it; a running one comes to the front."""
    if file is None:
        raise typer.Exit(_open_app(workspace, None, [], browser=browser))
    path = _readable(file)
    if path.suffix.lower() in SQLITE_SUFFIXES:
        beside = workspace or config.home() / "in-place" / _name_of(path)
        raise typer.Exit(_open_app(beside, path, [], browser=browser))
    raise typer.Exit(_open_app(workspace, None, [path], browser=browser))


@app.command()
def status(workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Say whether a server runs, and where."""
    folder = config.load(workspace=workspace).workspace
    found = discovery.find(folder)
    if as_json:
        known = {} if found is None else {name: getattr(found, name) for name in _SHOWN}
        print(json.dumps({"running": found is not None, "workspace": str(folder), **known}))
    elif found is None:
        print(f"Not running (workspace {folder}).")
    else:
        print(f"Running at {found.url}, process {found.pid}, version {found.version}, workspace {found.workspace}.")
    raise typer.Exit(0 if found else NotRunning.exit_code)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="A CSV or TSV file.")],
    table: Annotated[str | None, typer.Option(help="The new table's name.", show_default="from the file")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import a file into a new table of the running server."""
    path = _readable(file)
    with _server(workspace) as client:
        done = _import(client, path, table, show=not as_json and sys.stderr.isatty())
    if as_json:
        print(json.dumps(done))
    else:
        print(f"Imported {done['rows']:,} rows into {done['table']}.")


@app.command()
def token(workspace: WorkspaceOption = None) -> None:
    """Print the running server's token for your own scripts. It is new at each start."""
    print(_running(workspace).token)


@app.command()
def paths(workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Print where everything lies."""
    folder = config.load(workspace=workspace).workspace
    places = {
        "workspace": folder,
        "data": folder / "data.db",
        "settings": folder / config.SETTINGS_FILE,
        "runtime": folder / discovery.RUNTIME_FILE,
        "logs": config.log_folder(),
        "cache": config.cache_folder(),
    }
    if as_json:
        print(json.dumps({name: str(place) for name, place in places.items()}))
        return
    for name, place in places.items():
        print(f"{name:<10} {place}")


@app.command()
def version(as_json: JsonOption = False) -> None:
    """Print the version."""
    import apsw

    print(json.dumps({"version": __version__, "sqlite": apsw.sqlite_lib_version()}) if as_json else __version__)


# ---- opening -----------------------------------------------------------------------------------------------------


def _open_app(workspace: Path | None, data: Path | None, files: list[Path], *, browser: bool) -> int:
    settings = config.load(workspace=workspace, data=data)
    if not browser:
        code = _open_window(settings, files)
        if code != NO_WINDOW:
            return code
    running = discovery.find(settings.workspace)
    if running is not None:
        return _open_in_browser(running, files)
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
    while True:
        try:
            return window.wait()
        except KeyboardInterrupt:  # the window got the same signal and is ending
            continue


def _serve_in_browser(settings: config.Config, files: list[Path]) -> int:
    from rolltop.serve import run

    def announce(runtime: RuntimeFile, link: str) -> None:
        _announce(runtime, link)
        if files:
            import threading

            threading.Thread(target=_bring, args=(runtime, files), daemon=True).start()
        _show(link)

    return run(settings.model_copy(update={"port_fallback": True}), announce=announce)


def _open_in_browser(running: RuntimeFile, files: list[Path]) -> int:
    _bring(running, files)
    with _client(running) as client:
        link = _answer(client.post("/api/auth/codes", json={}))["url"]
    if not _show(link):
        print(f"Open this within a minute: {link}")
    return 0


def _bring(running: RuntimeFile, files: list[Path]) -> None:
    """Upload files to a running server; their previews appear in the UI."""
    with _client(running) as client:
        for path in files:
            with path.open("rb") as source:
                _answer(client.post("/api/imports", params={"name": path.name}, content=source, headers=_RAW))


def _show(link: str) -> bool:
    """Open the browser by a private hand-over file, so that the code never stands in a process list."""
    if sys.platform.startswith("linux") and not _has_display():
        return False
    from rolltop.kit.files import private_folder, write_private

    folder = private_folder(Path(tempfile.mkdtemp(prefix="rolltop-")))
    page = folder / "open.html"
    write_private(page, f'<!doctype html><meta http-equiv="refresh" content="0; url={link}"><title>Rolltop</title>\n')
    return webbrowser.open(page.as_uri())


def _has_display() -> bool:
    import os

    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _announce(runtime: RuntimeFile, link: str) -> None:
    print(f"Rolltop is at {runtime.url}\nOpen it once, within a minute, at {link}", flush=True)


# ---- a running server --------------------------------------------------------------------------------------------

_RAW = {"Content-Type": "application/octet-stream"}
_SHOWN = ("url", "pid", "version", "instance", "mode", "started", "data")


def _running(workspace: Path | None) -> RuntimeFile:
    folder = config.load(workspace=workspace).workspace
    found = discovery.find(folder)
    if found is None:
        raise NotRunning(
            f"No server runs for the workspace {folder}.", hint="Start one with `rolltop` or `rolltop serve`."
        )
    return found


def _client(running: RuntimeFile) -> "httpx.Client":
    import httpx

    return httpx.Client(
        base_url=running.url,
        headers={"Authorization": f"Bearer {running.token}"},
        trust_env=False,  # a proxy of the environment must not see a loopback request
        timeout=httpx.Timeout(30, write=None),
    )


@contextmanager
def _server(workspace: Path | None) -> Iterator["httpx.Client"]:
    import httpx

    try:
        with _client(_running(workspace)) as client:
            yield client
    except httpx.TransportError as error:
        raise NotRunning(f"The server stopped answering: {error}.", hint="Look into its log.") from error


def _answer(response: "httpx.Response") -> Any:
    """The JSON of a good answer; the server's own words for a bad one."""
    content = response.json() if response.content else None
    if response.is_success:
        return content
    raise Refused(content["message"], details=content.get("details"), hint=content.get("hint"))


def _import(client: "httpx.Client", path: Path, table: str | None, *, show: bool) -> dict[str, Any]:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True, quiet=not show)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
    with Progress(*columns, DownloadColumn(), TimeRemainingColumn(), console=console) as bar:
        upload = bar.add_task(f"Sending {path.name}", total=path.stat().st_size)
        made = _answer(
            client.post(
                "/api/imports",
                params={"name": path.name},
                content=_chunks(path, lambda count: bar.update(upload, advance=count)),
                headers=_RAW,
            )
        )
    _follow(client, made["job"], f"Reading {path.name}", console)
    draft = _answer(client.get(f"/api/imports/{made['id']}"))
    wanted = {
        "table": table or draft["table"],
        "key": draft["key"],
        "columns": [
            {"source": each["source"], "name": each["name"], "type": each["type"], "include": True}
            for each in draft["columns"]
        ],
    }
    job = _answer(client.post(f"/api/imports/{made['id']}/run", json=wanted))
    _follow(client, job["id"], f"Importing into {wanted['table']}", console)
    done = _answer(client.get(f"/api/imports/{made['id']}"))
    return {"table": wanted["table"], "rows": done["rows"], "import": made["id"]}


def _chunks(path: Path, sent: Callable[[int], None]) -> Iterator[bytes]:
    with path.open("rb") as source:
        while chunk := source.read(1 << 20):
            yield chunk
            sent(len(chunk))


def _follow(client: "httpx.Client", job: str, title: str, console: "Console") -> None:
    """Wait for a job, with a bar; Ctrl+C cancels it."""
    from rich.progress import Progress

    with Progress(console=console) as bar:
        task = bar.add_task(title, total=None)
        try:
            while (state := _answer(client.get(f"/api/jobs/{job}")))["state"] in ("queued", "running"):
                progress = state["progress"]
                bar.update(task, completed=progress["done"], total=progress["total"])
                time.sleep(0.1)
        except KeyboardInterrupt:
            client.post(f"/api/jobs/{job}/cancel", json={})
            raise
    if state["state"] != "done":
        error = state["error"] or {"message": f"The job ended as {state['state']}.", "hint": None, "details": None}
        raise Refused(error["message"], details=error.get("details"), hint=error.get("hint"))


# ---- small things ------------------------------------------------------------------------------------------------


def _readable(file: Path) -> Path:
    path = file.expanduser().absolute()
    if not path.is_file():
        raise UnusableFile(f"There is no file {path}.", hint="Check the name.")
    return path


def _name_of(path: Path) -> str:
    """A folder name for the workspace beside a file opened in place: readable, and its own for each path."""
    import hashlib

    return f"{path.stem[:40]}-{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _fail(error: RolltopError) -> int:
    _say(f"Error: {error.message}")
    if isinstance(error.details, str):
        _say(f"  {error.details}")
    if error.hint:
        _say(f"Hint: {error.hint}")
    return error.exit_code


def main() -> NoReturn:
    """Run a command and exit with its code."""
    try:
        app()
    except RolltopError as error:
        sys.exit(_fail(error))
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(0)
