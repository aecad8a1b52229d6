"""Callers and servers for every test.

`client` speaks to the application in this process, signed in as the local owner; `anonymous` is the same without a
token. `live` is a real server on loopback in a process of its own, for real clients and browsers.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from rolltop import discovery
from rolltop.app import Application, create_app
from rolltop.config import Config

ROOT = Path(__file__).resolve().parent.parent
SHARED_DATA = ROOT.parent / "shared" / "data"
BASE_URL = "http://127.0.0.1:8377"
START_SECONDS = 60


@dataclass(frozen=True)
class LiveServer:
    """A server in a process of its own."""

    url: str
    token: str
    workspace: Path
    pid: int

    @property
    def headers(self) -> dict[str, str]:
        """The owner's credentials."""
        return {"Authorization": f"Bearer {self.token}"}


@pytest.fixture(scope="session")
def chinook() -> Path:
    """The Chinook sample database; copy it before use."""
    path = SHARED_DATA / "chinook.sqlite"
    if not path.exists():
        pytest.fail(f"These tests need the Chinook sample database at {path}; see docs/development.md.")
    return path


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A folder for a workspace that does not exist yet."""
    return tmp_path / "workspace"


@pytest.fixture
def app(workspace: Path) -> Application:
    """The application on a fresh workspace, not started."""
    return create_app(Config(workspace=workspace))


@pytest.fixture
def client(app: Application) -> Iterator[TestClient]:
    """The local owner."""
    with TestClient(app, base_url=BASE_URL, raise_server_exceptions=False) as made:
        made.headers["Authorization"] = f"Bearer {app.sessions.owner_token}"
        yield made


@pytest.fixture
def anonymous(client: TestClient) -> TestClient:
    """Somebody without a token, at the same server."""
    del client.headers["Authorization"]
    return client


def start_server(workspace: Path, *arguments: str) -> tuple[subprocess.Popen[bytes], LiveServer]:
    """Start `rolltop serve` on a free port and wait until it has announced itself."""
    environment = {**os.environ, "ROLLTOP_HOME": str(workspace.parent / "home")}
    command = [sys.executable, "-m", "rolltop", "serve", "--port", "0", "--workspace", str(workspace), *arguments]
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + START_SECONDS
    while (found := discovery.read(workspace)) is None or found.pid != process.pid:
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            said = process.communicate()[1].decode(errors="replace")
            pytest.fail(f"The server did not start: {said}")
        time.sleep(0.02)
    return process, LiveServer(found.url, found.token, workspace, process.pid)


def stop_server(process: subprocess.Popen[bytes]) -> int:
    """End it as a service manager would; its exit code."""
    process.terminate()
    try:
        process.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
    return process.returncode


class Servers:
    """Real servers that a test starts itself, and may stop or kill; what is left is ended after the test."""

    def __init__(self) -> None:
        self._running: dict[int, subprocess.Popen[bytes]] = {}

    def start(self, workspace: Path, *arguments: str) -> LiveServer:
        """A server on this workspace."""
        process, server = start_server(workspace, *arguments)
        self._running[server.pid] = process
        return server

    def stop(self, server: LiveServer) -> int:
        """End it by SIGTERM; its exit code."""
        return stop_server(self._running.pop(server.pid))

    def kill(self, server: LiveServer) -> None:
        """End it as a crash or a power cut would."""
        process = self._running.pop(server.pid)
        process.kill()
        process.communicate()

    def end(self) -> None:
        """End whatever still runs."""
        for process in self._running.values():
            process.kill()
            process.communicate()


@pytest.fixture
def servers() -> Iterator[Servers]:
    """Start, stop and kill real servers."""
    made = Servers()
    yield made
    made.end()


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A real server on a fresh workspace, one for each test file."""
    process, server = start_server(tmp_path_factory.mktemp("live") / "workspace")
    yield server
    assert stop_server(process) == 0
