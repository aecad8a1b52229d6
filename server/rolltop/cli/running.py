"""Asking a running server, with the token of its runtime file."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import quote

from rolltop import config, discovery
from rolltop.discovery import RuntimeFile
from rolltop.errors import RolltopError

if TYPE_CHECKING:
    import httpx
    from rich.console import Console

RAW = {"Content-Type": "application/octet-stream"}
STDOUT = Path("-")
SHOWN = ("url", "pid", "version", "instance", "mode", "started", "data")


class NotRunning(RolltopError):
    """The command needs a running server."""

    code = "cli.not_running"
    exit_code = 3


class Unwritable(RolltopError):
    """A file cannot be made where it should be."""

    code = "cli.unwritable"
    exit_code = 2


class Refused(RolltopError):
    """The server answered with an error; its four fields are passed on."""

    code = "cli.refused"


def find(workspace: Path | None) -> RuntimeFile:
    """The running server of the workspace.

    Raises:
        NotRunning: there is none.
    """
    folder = config.load(workspace=workspace).workspace
    found = discovery.find(folder)
    if found is None:
        raise NotRunning(
            f"No server runs for the workspace {folder}.", hint="Start one with `rolltop` or `rolltop serve`."
        )
    return found


def client(running: RuntimeFile) -> "httpx.Client":
    """An HTTP client that is signed in as the local owner."""
    import httpx

    return httpx.Client(
        base_url=running.url,
        headers={"Authorization": f"Bearer {running.token}"},
        trust_env=False,  # a proxy of the environment must not see a loopback request
        timeout=httpx.Timeout(30, write=None),
    )


@contextmanager
def server(workspace: Path | None) -> Iterator["httpx.Client"]:
    """A client for the running server; one that stops answering is said so."""
    import httpx

    try:
        with client(find(workspace)) as opened:
            yield opened
    except httpx.TransportError as error:
        raise NotRunning(f"The server stopped answering: {error}.", hint="Look into its log.") from error


def answer(response: "httpx.Response") -> Any:
    """The JSON of a good answer; the server's own words for a bad one."""
    content: Any = response.json() if response.content else None
    if response.is_success:
        return content
    raise Refused(content["message"], details=content["details"], hint=content["hint"])


def import_file(client: "httpx.Client", path: Path, table: str | None, *, show: bool) -> dict[str, Any]:
    """Upload, read and load a file with the guesses as they are; the table and its number of rows.

    Raises:
        Refused: the server says why the file cannot be imported.
    """
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True, quiet=not show)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
    with Progress(*columns, DownloadColumn(), TimeRemainingColumn(), console=console) as bar:
        upload = bar.add_task(f"Sending {path.name}", total=path.stat().st_size)
        made = answer(
            client.post(
                "/api/imports",
                params={"name": path.name},
                content=_chunks(path, lambda count: bar.update(upload, advance=count)),
                headers=RAW,
            )
        )
    _follow(client, made["job"], f"Reading {path.name}", console)
    draft = answer(client.get(f"/api/imports/{made['id']}"))
    wanted = {
        "table": table or draft["table"],
        "key": draft["key"],
        "columns": [
            {"source": each["source"], "name": each["name"], "type": each["type"], "include": each["include"]}
            for each in draft["columns"]
        ],
    }
    job = answer(client.post(f"/api/imports/{made['id']}/run", json=wanted))
    _follow(client, job["id"], f"Importing into {wanted['table']}", console)
    done = answer(client.get(f"/api/imports/{made['id']}"))
    return {"table": wanted["table"], "rows": done["rows"], "import": made["id"]}


def export_file(client: "httpx.Client", name: str, file: Path, query: str, *, keep: bool, show: bool) -> int:
    """Write the export called `name` (`flights.csv`) to `file` in one step, or to stdout; the number of bytes.

    `keep` leaves formulas as they are.

    Raises:
        Refused: the server says why there is no such file.
        Unwritable: the file cannot be made.
    """
    from rich.console import Console
    from rich.progress import DownloadColumn, Progress, SpinnerColumn, TextColumn, TransferSpeedColumn

    address = f"/api/exports/{quote(name, safe='')}?{query}&formulas={'keep' if keep else 'escape'}"
    bar = Progress(
        SpinnerColumn(), TextColumn("{task.description}"), DownloadColumn(), TransferSpeedColumn(),
        console=Console(stderr=True, quiet=not show),
    )  # fmt: skip
    with bar, client.stream("GET", address, timeout=None) as response:
        if not response.is_success:
            response.read()
            answer(response)
        task = bar.add_task(f"Exporting {name}", total=None)
        size = 0
        with _opened(file) as out:
            for chunk in response.iter_bytes():
                out.write(chunk)
                size += len(chunk)
                bar.update(task, completed=size)
    return size


@contextmanager
def _opened(file: Path) -> Iterator[IO[bytes]]:
    """The file to write to; one with a name takes it when it is complete."""
    if file == STDOUT:
        yield sys.stdout.buffer
        return
    part = file.with_name(f".{file.name}.part")
    try:
        with part.open("wb") as out:
            yield out
        part.replace(file)
    except OSError as error:
        raise Unwritable(f"{file} cannot be written: {error.strerror}.", hint="Choose another place.") from error
    finally:
        part.unlink(missing_ok=True)


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
            while (state := answer(client.get(f"/api/jobs/{job}")))["state"] in ("queued", "running"):
                progress = state["progress"]
                bar.update(task, completed=progress["done"], total=progress["total"])
                time.sleep(0.1)
        except KeyboardInterrupt:
            client.post(f"/api/jobs/{job}/cancel", json={})
            raise
    if state["state"] != "done":
        error = state["error"] or {"message": f"The job ended as {state['state']}.", "hint": None, "details": None}
        raise Refused(error["message"], details=error.get("details"), hint=error.get("hint"))
