"""The window's side of the pipe against the real server: no screen, no fakes."""

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from tests.conftest import LiveServer

from rolltop import discovery
from rolltop_desktop.child import ServerChild, server_command, server_environment
from rolltop_desktop.running import RunningServer

WAIT = 60.0


class Heard:
    """A child and what it said."""

    def __init__(self, workspace: Path, *arguments: str) -> None:
        self.workspace = workspace
        self.messages: queue.Queue[dict[str, Any]] = queue.Queue()
        self.ends: queue.Queue[int] = queue.Queue()
        environment = {**server_environment(os.environ), "ROLLTOP_HOME": str(workspace.parent / "home")}
        command = server_command(["--workspace", str(workspace), "--port", "0", *arguments])
        self.child = ServerChild(command, environment=environment, message=self.messages.put, gone=self.ends.put)

    def wait(self, event: str) -> dict[str, Any]:
        """The next message of this kind."""
        while True:
            message = self.messages.get(timeout=WAIT)
            if message["ev"] == event:
                return message

    @contextlib.contextmanager
    def sign_in(self, url: str) -> Iterator[httpx.Client]:
        """A page's client, by a one-time code."""
        self.child.send("code", id=1)
        with httpx.Client(base_url=url, trust_env=False, timeout=WAIT) as http:
            token = http.post("/api/auth/exchange", json={"code": self.wait("code")["code"]}).json()["token"]
            http.headers["Authorization"] = f"Bearer {token}"
            yield http


@pytest.fixture
def heard(workspace: Path) -> Iterator[Heard]:
    """A running child."""
    made = Heard(workspace)
    yield made
    made.child.kill()
    assert made.child.wait(WAIT)


def import_events(lines: Iterator[str]) -> Iterator[str]:
    """The ids of `import` events in a stream, as they come."""
    kind = ""
    for line in lines:
        if line.startswith("event: "):
            kind = line[7:]
        elif line.startswith("data: ") and kind == "import":
            yield json.loads(line[6:])["id"]


def test_a_page_signs_in_reports_and_gets_its_files(heard: Heard, tmp_path: Path) -> None:
    table = tmp_path / "ä b%20#.csv"
    table.write_text("a,b\n1,x\n")
    heard.child.send("open", paths=[str(table)])  # handed over before there is a page
    url = heard.wait("ready")["url"]
    with heard.sign_in(url) as http:
        assert http.get("/api/imports").json() == []
        with http.stream("GET", "/api/events") as stream:
            opened = import_events(stream.iter_lines())
            report = {"title": "Rolltop", "user": "Owner", "painted": True}
            assert http.post("/api/desktop/ready", json=report).status_code == 204
            first = next(opened)
            heard.child.send("open", paths=[str(table)])
            second = next(opened)
        names = {each["id"]: each["name"] for each in http.get("/api/imports").json()}
    assert names == {first: table.name, second: table.name}
    assert heard.wait("ui") == {"ev": "ui", "event": "ready", **report}


def test_a_dialog_goes_to_the_window_and_back(heard: Heard, tmp_path: Path) -> None:
    table = tmp_path / "a.csv"
    table.write_text("a\n1\n")
    url = heard.wait("ready")["url"]
    answers: queue.Queue[httpx.Response] = queue.Queue()
    with heard.sign_in(url) as http:
        asking = threading.Thread(target=lambda: answers.put(http.post("/api/desktop/pick-import")))
        asking.start()
        asked = heard.wait("dialog")
        heard.child.send("reply", id=asked["id"], value=str(table))
        answer = answers.get(timeout=WAIT)
        asking.join()
    assert (answer.status_code, answer.json()["name"]) == (201, "a.csv")


def test_closing_the_pipe_ends_the_child_well(heard: Heard) -> None:
    heard.wait("ready")
    heard.child.close_input()
    assert heard.ends.get(timeout=WAIT) == 0
    assert discovery.read(heard.workspace) is None
    heard.child.send("code", id=1)  # to nobody
    heard.child.close_input()


def test_a_killed_child_is_noticed(heard: Heard) -> None:
    heard.wait("ready")
    heard.child.kill()
    assert heard.ends.get(timeout=WAIT) == (1 if sys.platform == "win32" else -9)


def test_the_child_is_told_to_end_by_the_parents_death(workspace: Path) -> None:
    parent = (
        "import os, sys, time\n"
        "from rolltop_desktop.child import *\n"
        "child = ServerChild(server_command(['--workspace', sys.argv[1], '--port', '0']), environment=os.environ,\n"
        "    message=lambda message: print(child.pid, flush=True) if message['ev'] == 'ready' else None,\n"
        "    gone=lambda code: None)\n"
        "time.sleep(600)\n"
    )
    environment = {**os.environ, "ROLLTOP_HOME": str(workspace.parent / "home")}
    process = subprocess.Popen([sys.executable, "-c", parent, str(workspace)], stdout=subprocess.PIPE, env=environment)
    assert process.stdout is not None
    child = psutil.Process(int(process.stdout.readline()))
    process.kill()
    process.communicate()
    psutil.wait_procs([child], timeout=WAIT)
    assert not child.is_running()
    assert discovery.read(workspace) is None


def test_a_server_that_somebody_else_runs_gives_a_code_and_takes_files(live: LiveServer, tmp_path: Path) -> None:
    running = RunningServer.find(live.workspace)
    assert running is not None
    assert running.url == live.url
    with httpx.Client(base_url=live.url, trust_env=False) as http:
        assert http.post("/api/auth/exchange", json={"code": running.code()}).status_code == 200
    table = tmp_path / "ä b%20#.csv"
    table.write_text("a\n1\n")
    running.bring(table)
    with httpx.Client(base_url=live.url, trust_env=False, headers=live.headers) as http:
        assert [each["name"] for each in http.get("/api/imports").json()] == [table.name]
    with pytest.raises(OSError, match="gone"):
        running.bring(tmp_path / "gone.csv")


def test_where_no_server_runs_none_is_found(workspace: Path) -> None:
    assert RunningServer.find(workspace) is None
