"""Asking a running server, with the token of its runtime file."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import quote

from rolltop import config, discovery
from rolltop.discovery import RuntimeFile
from rolltop.errors import RolltopError

if TYPE_CHECKING:
    import httpx

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
