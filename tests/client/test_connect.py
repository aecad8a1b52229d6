"""Finding the server: what `connect()` reads, checks and sends, and what it says when there is nobody."""

import http.server
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
from tests.client.conftest import fill

from rolltop import connect, discovery
from rolltop.client import NotRunning

if TYPE_CHECKING:
    from tests.conftest import LiveServer, Servers


class TestConnect:
    def test_finds_the_server_of_a_workspace(self, library: "LiveServer") -> None:
        with connect(library.workspace) as db:
            assert db.from_("authors").select("name").eq("id", 1).execute().data == [{"name": "Ruiz"}]

    def test_finds_the_default_workspace(self, library: "LiveServer", monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ROLLTOP_HOME", str(library.workspace.parent))
        with connect() as db:
            assert len(db.table("authors").select().execute().data) == 3

    def test_takes_an_address_and_a_token(self, library: "LiveServer", tmp_path: Path) -> None:
        with connect(tmp_path, url=f"{library.url}/", token=library.token) as db:
            assert len(db.from_("authors").select().execute().data) == 3

    def test_sends_no_token_to_another_address(self, library: "LiveServer") -> None:
        with pytest.raises(NotRunning, match="Pass token="):
            connect(library.workspace, url="http://127.0.0.1:1")

    def test_ignores_the_proxies_of_the_environment(
        self, library: "LiveServer", monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        with connect(library.workspace) as db:
            assert len(db.from_("authors").select().execute().data) == 3

    def test_is_loaded_only_when_asked_for(self) -> None:
        code = "import rolltop, sys; assert not {'postgrest', 'httpx'} & set(sys.modules); rolltop.connect"
        subprocess.run([sys.executable, "-c", code], check=True)


class TestNobodyThere:
    def test_says_what_to_do_when_none_runs(self, tmp_path: Path) -> None:
        with pytest.raises(NotRunning, match=r"No running Rolltop serves .* run `rolltop serve`"):
            connect(tmp_path / "nowhere")

    def test_says_so_when_a_server_died(self, servers: "Servers", tmp_path: Path) -> None:
        server = servers.start(tmp_path / "workspace")
        servers.kill(server)
        assert discovery.read(server.workspace) is not None
        with pytest.raises(NotRunning, match="seems to have stopped"):
            connect(server.workspace)

    def test_says_so_at_once_when_the_server_stops_meanwhile(self, servers: "Servers", tmp_path: Path) -> None:
        server = servers.start(tmp_path / "workspace")
        fill(server.workspace)
        with connect(server.workspace) as db:
            assert db.from_("authors").select().execute().data
            assert servers.stop(server) == 0
            before = time.monotonic()
            with pytest.raises(NotRunning, match="Start it again"):
                db.from_("authors").select().execute()
            assert time.monotonic() - before < 3  # no retries against a closed port

    def test_shows_an_impostor_no_token(self, impostor: "Impostor", tmp_path: Path) -> None:
        runtime = discovery.RuntimeFile(
            version="1",
            url=impostor.url,
            pid=1,
            instance="the-real-one",
            mode="serve",
            started=0.0,
            workspace=str(tmp_path),
            data="",
            token="secret-token",
        )
        (tmp_path / discovery.RUNTIME_FILE).write_bytes(msgspec.json.encode(runtime))
        with pytest.raises(NotRunning, match="isn't answering"):
            connect(tmp_path)
        assert impostor.requests
        assert "secret-token" not in "".join(impostor.requests)


class Impostor(http.server.ThreadingHTTPServer):
    """Another program on the port of a server that has gone; notes what it is sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.requests: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class _Answering(http.server.BaseHTTPRequestHandler):
    server: Impostor

    def do_GET(self) -> None:
        self.server.requests.append(f"{self.requestline}\n{self.headers}")
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"instance": "another"}')

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the test reads what was noted."""


@pytest.fixture
def impostor() -> Iterator[Impostor]:
    """An HTTP server that is not ours."""
    server = Impostor()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
