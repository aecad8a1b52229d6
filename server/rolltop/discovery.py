"""The runtime file: how scripts of the same user find a running server and its token.

It lies in the workspace as `runtime.json` with mode 0600 and is there only while a server runs. A reader asks
`/api/health` for the instance before it sends the token, so that a stale file or a reused port never sees it.
"""

import contextlib
import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Literal

import msgspec

from rolltop.kit.files import write_private

RUNTIME_FILE = "runtime.json"


class RuntimeFile(msgspec.Struct, frozen=True, kw_only=True):
    """What a running server says of itself to its own user."""

    v: int = 1
    app: Literal["rolltop"] = "rolltop"
    version: str
    url: str
    pid: int
    instance: str
    mode: Literal["desktop", "serve"]
    started: float
    workspace: str
    data: str
    token: str


def write(workspace: Path, runtime: RuntimeFile) -> None:
    """Announce the server."""
    write_private(workspace / RUNTIME_FILE, msgspec.json.encode(runtime).decode() + "\n")


def read(workspace: Path) -> RuntimeFile | None:
    """What the file says, or None when there is none or it cannot be understood."""
    try:
        return msgspec.json.decode((workspace / RUNTIME_FILE).read_bytes(), type=RuntimeFile)
    except (OSError, msgspec.MsgspecError):
        return None


def remove(workspace: Path, pid: int) -> None:
    """Take the file away, but only the one that this process wrote."""
    found = read(workspace)
    if found is not None and found.pid == pid:
        with contextlib.suppress(OSError):
            (workspace / RUNTIME_FILE).unlink()


def answers(runtime: RuntimeFile, timeout: float = 3.0) -> bool:
    """Whether the server that wrote the file is the one that listens at its address."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # no proxy ever sees a loopback request
    try:
        with opener.open(f"{runtime.url}/api/health", timeout=timeout) as answer:
            return bool(json.load(answer).get("instance") == runtime.instance)
    except (OSError, ValueError, urllib.error.URLError):
        return False


def find(workspace: Path, timeout: float = 3.0) -> RuntimeFile | None:
    """The running server of this workspace, verified; None when there is none."""
    found = read(workspace)
    return found if found is not None and answers(found, timeout) else None
