"""Asking a running server, with the token of its runtime file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rolltop import config, discovery
from rolltop.discovery import RuntimeFile
from rolltop.errors import RolltopError

if TYPE_CHECKING:
    import httpx

RAW = {"Content-Type": "application/octet-stream"}
SHOWN = ("url", "pid", "version", "instance", "mode", "started", "data")


class NotRunning(RolltopError):
    """The command needs a running server."""

    code = "cli.not_running"
    exit_code = 3


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


def check(response: "httpx.Response") -> None:
    """Go on with the body of a streamed answer only if it is what was asked for.

    Raises:
        Refused: it is the server's word why not.
    """
    if not response.is_success:
        response.read()
        answer(response)


def answer(response: "httpx.Response") -> Any:
    """The JSON of a good answer; the server's own words for a bad one."""
    content: Any = response.json() if response.content else None
    if response.is_success:
        return content
    raise Refused(content["message"], details=content["details"], hint=content["hint"])
