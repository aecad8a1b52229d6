"""The server as a process: how it starts, what it says when it cannot, how it ends."""

import errno
import gc
import json
import os
import re
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import httpx
import pytest

from rolltop import discovery
from rolltop.app import create_app
from rolltop.config import Config
from rolltop.kit.locks import FileLock
from rolltop.serve import spare_the_loaded
from rolltop.workspace import WorkspaceUnusable

WAIT = 60.0


class Process:
    """`rolltop serve` with its words collected."""

    def __init__(self, workspace: Path, *arguments: str, **environment: str) -> None:
        self.workspace = workspace
        self.home = workspace.parent / "home"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "rolltop", "serve", "--workspace", str(workspace), *arguments],
            env={**os.environ, "ROLLTOP_HOME": str(self.home), **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def line(self) -> str:
        """The next line on stdout."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().decode()

    def message(self, event: str) -> dict[str, Any]:
        """The next message of this kind, in pipe mode."""
        while line := self.line():
            message: dict[str, Any] = json.loads(line)
            if message["ev"] == event:
                return message
        pytest.fail(f"no {event} message: {self.end()}")

    def say(self, message: bytes) -> None:
        """One line on stdin."""
        stdin: IO[bytes] | None = self.process.stdin
        assert stdin is not None
        stdin.write(message + b"\n")
        stdin.flush()

    def running(self) -> discovery.RuntimeFile:
        """Its runtime file, as soon as it is there."""
        until = time.monotonic() + WAIT
        while (found := discovery.read(self.workspace)) is None or found.pid != self.process.pid:
            assert self.process.poll() is None, self.end()
            assert time.monotonic() < until
            time.sleep(0.01)
        return found

    def end(self) -> tuple[int, str, str]:
        """Wait for its end: exit code, stdout, stderr."""
        out, err = self.process.communicate(timeout=WAIT)
        return self.process.returncode, out.decode(), err.decode()

    def log(self) -> str:
        """What it wrote to its log."""
        return (self.home / "logs" / "server.log").read_text("utf-8")


@pytest.fixture
def started() -> Iterator[list[Process]]:
    """Whatever a test starts and puts in here is killed after it."""
    made: list[Process] = []
    yield made
    for each in made:
        if each.process.poll() is None:
            each.process.kill()
        each.process.communicate()


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port on which another program listens."""
    with socket.create_server(("127.0.0.1", 0)) as foreign:
        yield foreign.getsockname()[1]


def refused(process: Process) -> tuple[int, str]:
    """Exit code and words of a server that does not start; never a traceback, and a hint always."""
    code, out, err = process.end()
    assert "Traceback" not in out + err
    assert err.startswith("Rolltop cannot start. ")
    assert discovery.read(process.workspace) is None
    return code, err


# ---- starting and ending -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_end_it_well_and_leave_nothing(number: signal.Signals, workspace: Path, started: list[Process]) -> None:
    server = Process(workspace, "--port", "0")
    started.append(server)
    server.running()
    server.process.send_signal(number)
    code, _, err = server.end()
    assert (code, "Traceback" in err) == (0, False)
    assert not (workspace / discovery.RUNTIME_FILE).exists()
    assert not [path for path in workspace.glob("*.db-wal") if path.stat().st_size]


def test_the_runtime_file_is_private_and_true(workspace: Path, started: list[Process]) -> None:
    server = Process(workspace, "--port", "0")
    started.append(server)
    runtime = server.running()
    assert stat.S_IMODE((workspace / discovery.RUNTIME_FILE).stat().st_mode) == 0o600
    with httpx.Client(base_url=runtime.url, trust_env=False) as http:
        assert http.get("/api/health").json()["instance"] == runtime.instance
        assert http.get("/api/me", headers={"Authorization": f"Bearer {runtime.token}"}).status_code == 200
    assert (runtime.mode, runtime.workspace) == ("serve", str(workspace))


def test_an_open_event_stream_does_not_delay_the_end(workspace: Path, started: list[Process]) -> None:
    server = Process(workspace, "--port", "0")
    started.append(server)
    runtime = server.running()
    headers = {"Authorization": f"Bearer {runtime.token}"}
    with (
        httpx.Client(base_url=runtime.url, trust_env=False, timeout=WAIT) as http,
        http.stream("GET", "/api/events", headers=headers) as stream,
    ):
        lines = stream.iter_lines()
        assert next(lines)
        asked = time.monotonic()
        server.process.terminate()
        list(lines)
    assert server.end()[0] == 0
    assert time.monotonic() - asked < 10  # threat model R7
    assert "timeout graceful shutdown exceeded" not in server.log()


def test_a_killed_server_leaves_no_obstacle(workspace: Path, started: list[Process]) -> None:
    first = Process(workspace, "--port", "0")
    started.append(first)
    first.running()
    first.process.kill()
    first.end()
    assert (workspace / discovery.RUNTIME_FILE).exists()
    second = Process(workspace, "--port", "0")
    started.append(second)
    assert second.running().pid == second.process.pid


def test_log_lines_are_lines(workspace: Path, started: list[Process]) -> None:
    server = Process(workspace, "--port", "0")
    started.append(server)
    runtime = server.running()
    with httpx.Client(base_url=runtime.url, trust_env=False) as http:
        http.get("/api/me?token=secret-in-query%0aforged", headers={"Authorization": "Bearer secret-in-header"})
    server.process.terminate()
    server.end()
    log = server.log()
    assert not re.search("secret-in-|" + re.escape(runtime.token), log)
    assert all(
        re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} [A-Z]+ [\w.]+: |    \| ", line) for line in log.splitlines()
    )
    assert stat.S_IMODE((server.home / "logs" / "server.log").stat().st_mode) == 0o600


# ---- bad input ---------------------------------------------------------------------------------------------------


def test_a_taken_port_is_said_and_never_swapped(workspace: Path, taken_port: int, started: list[Process]) -> None:
    server = Process(workspace, "--port", str(taken_port))
    started.append(server)
    code, said = refused(server)
    assert code == 6
    assert str(taken_port) in said
    assert "--port 0" in said


def test_a_port_taken_by_another_rolltop_is_said_so(workspace: Path, tmp_path: Path, started: list[Process]) -> None:
    first = Process(workspace, "--port", "0")
    started.append(first)
    port = first.running().url.rpartition(":")[2]
    second = Process(tmp_path / "other", "--port", port)
    started.append(second)
    assert "by another Rolltop" in refused(second)[1]


def test_a_workspace_in_use_is_said_and_left_alone(workspace: Path, started: list[Process]) -> None:
    first = Process(workspace, "--port", "0")
    started.append(first)
    runtime = first.running()
    second = Process(workspace, "--port", "0")
    started.append(second)
    code, _, err = second.end()
    assert (code, "Traceback" in err) == (4, False)
    assert runtime.url in err
    assert discovery.find(workspace) == runtime


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.org", "::"])
def test_other_addresses_than_loopback_are_refused(host: str, workspace: Path, started: list[Process]) -> None:
    server = Process(workspace, "--port", "0", "--host", host)
    started.append(server)
    code, said = refused(server)
    assert code == 2
    assert "this machine only" in said


def test_a_data_file_that_is_not_sqlite_is_said_and_kept(workspace: Path, started: list[Process]) -> None:
    workspace.mkdir()
    (workspace / "data.db").write_bytes(b"this is no database, but it is mine" * 100)
    server = Process(workspace, "--port", "0")
    started.append(server)
    code, said = refused(server)
    assert code not in (0, 1)
    assert "data.db" in said
    assert (workspace / "data.db").read_bytes() == b"this is no database, but it is mine" * 100


def test_a_newer_workspace_is_refused_untouched(workspace: Path, started: list[Process]) -> None:
    workspace.mkdir()
    (workspace / "workspace.toml").write_text('format = 99\nname = "Later"\n')
    before = (workspace / "workspace.toml").stat().st_mtime_ns
    server = Process(workspace, "--port", "0")
    started.append(server)
    code, said = refused(server)
    assert code == 6
    assert "later version" in said
    assert (workspace / "workspace.toml").stat().st_mtime_ns == before


def test_a_workspace_that_cannot_be_made_is_said(tmp_path: Path, started: list[Process]) -> None:
    (tmp_path / "file").write_text("")
    server = Process(tmp_path / "file" / "workspace", "--port", "0")
    started.append(server)
    code, _, err = server.end()
    assert (code in (2, 5), "Traceback" in err) == (True, False)
    assert str(tmp_path / "file") in err


def test_a_workspace_that_cannot_be_written_is_said(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace.mkdir()

    def refuse(_lock: FileLock) -> bool:  # root may write anywhere, so no mode bits would refuse it
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(workspace))

    monkeypatch.setattr(FileLock, "acquire", refuse)
    with pytest.raises(WorkspaceUnusable, match="Permission denied") as raised:
        create_app(Config(workspace=workspace)).open()
    assert "--workspace" in str(raised.value.hint)


def test_a_workspace_that_cannot_be_upgraded_ends_the_server(workspace: Path, started: list[Process]) -> None:
    workspace.mkdir()
    with sqlite3.connect(workspace / "rolltop.db") as connection:  # a table stands where the first migration wants one
        connection.execute("CREATE TABLE jobs (odd TEXT)")
    connection.close()
    server = Process(workspace, "--port", "0")
    started.append(server)
    code, _, said = server.end()
    assert code == 5
    assert "could not be brought to this version: table jobs already exists" in said
    assert "Traceback" not in said
    assert not (workspace / discovery.RUNTIME_FILE).exists()


# ---- the pipe ----------------------------------------------------------------------------------------------------


def test_the_pipe_speaks_json_lines_alone(workspace: Path, started: list[Process]) -> None:
    server = Process(workspace, "--pipe", "--port", "0")
    started.append(server)
    ready = server.message("ready")
    runtime = server.running()
    assert ready == {
        "ev": "ready",
        "url": runtime.url,
        "port": int(runtime.url.rpartition(":")[2]),
        "pid": server.process.pid,
        "instance": runtime.instance,
    }
    assert runtime.mode == "desktop"
    server.say(b'{"ev":"code","id":"a"}')
    code = server.message("code")
    assert code["id"] == "a"
    with httpx.Client(base_url=runtime.url, trust_env=False) as http:
        first = http.post("/api/auth/exchange", json={"code": code["code"]})
        second = http.post("/api/auth/exchange", json={"code": code["code"]})
    assert (first.status_code, second.status_code) == (200, 401)


def test_the_end_of_the_pipe_ends_the_server(workspace: Path, started: list[Process]) -> None:
    server = Process(workspace, "--pipe", "--port", "0")
    started.append(server)
    server.message("ready")
    code, out, _ = server.end()  # closes stdin
    assert (code, out) == (0, "")
    assert not (workspace / discovery.RUNTIME_FILE).exists()


def test_the_end_of_the_pipe_at_the_start_ends_it_too(workspace: Path, started: list[Process]) -> None:
    server = Process(workspace, "--pipe", "--port", "0")
    started.append(server)
    assert server.end()[0] == 0
    assert not (workspace / discovery.RUNTIME_FILE).exists()


def test_no_message_stops_the_reader(workspace: Path, started: list[Process]) -> None:
    server = Process(workspace, "--pipe", "--port", "0")
    started.append(server)
    for nonsense in (
        b"nonsense",
        b"[]",
        b"{}",
        b'{"ev":1}',
        b'{"ev":"reply"}',
        b'{"ev":"open","paths":5}',
        b"\xff\xfe",
        b"",
    ):
        server.say(nonsense)
    server.message("ready")
    server.say(b'{"ev":"reply","id":99,"value":null}')
    server.say(b'{"ev":"code","id":1}')
    assert server.message("code")["id"] == 1
    assert server.end()[0] == 0


def test_the_window_gets_a_free_port_when_its_own_is_taken(
    workspace: Path, taken_port: int, started: list[Process]
) -> None:
    server = Process(workspace, "--pipe", "--port", str(taken_port))
    started.append(server)
    assert server.message("ready")["port"] != taken_port


def test_what_stops_a_start_is_told_to_the_window(workspace: Path, started: list[Process]) -> None:
    workspace.mkdir()
    with sqlite3.connect(workspace / "rolltop.db"):
        pass
    (workspace / "data.db").write_bytes(b"not a database at all, not a database at all")
    server = Process(workspace, "--pipe", "--port", "0")
    started.append(server)
    fatal = server.message("fatal")
    assert set(fatal) == {"ev", "code", "reason", "hint"}
    assert "data.db" in fatal["reason"]
    code, out, err = server.end()
    assert code not in (0, 1)
    assert (out, "Traceback" in err) == ("", False)


def test_what_was_spared_the_look_for_garbage_goes_at_the_next_opening() -> None:
    """The application of the former opening is garbage then, in circles."""

    class Loaded:
        def __init__(self) -> None:
            self.itself = self

    loaded = Loaded()
    known = weakref.ref(loaded)
    try:
        spare_the_loaded()
        del loaded
        gc.collect()
        assert known() is not None
        spare_the_loaded()
        assert known() is None
    finally:
        gc.unfreeze()
