"""Restores: the workspace becomes what it was, the state before is kept, and a crash leaves the old one or the new."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient
from tests.backups.conftest import Keeper, Unpacked
from tests.conftest import BASE_URL, LiveServer, Servers

from rolltop import discovery
from rolltop.app import create_app
from rolltop.backups.making import make
from rolltop.backups.restoring import lay_ready
from rolltop.backups.source import of_folder
from rolltop.config import Config
from rolltop.data import Data
from rolltop.db import open_database
from rolltop.db.version import DamagedDatabase, known_revisions, revision_of
from rolltop.workspace import Workspace, pending

PATIENCE = 60


class Owner:
    """The owner at a real server."""

    def __init__(self, server: LiveServer) -> None:
        self.server = server
        self.http = httpx.Client(base_url=server.url, headers=server.headers, trust_env=False, timeout=60)

    def until(self, look: Callable[[], Any]) -> Any:
        """Ask again until there is an answer; a server that opens anew may drop a connection."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                found = look()
            except httpx.TransportError:
                found = None
            if found:
                return found
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def done(self, job: str) -> Any:
        """What came of a job."""
        ended = self.until(lambda: (found := self.http.get(f"/api/jobs/{job}").json()).get("ended") and found)
        assert ended["state"] == "done", ended["error"]
        return ended["result"]

    def back_up(self) -> str:
        """A backup; its id."""
        return str(self.done(self.http.post("/api/backups").json()["id"])["backup"])

    def restore(self, backup: str) -> Any:
        """Restore it, and wait until the server says that it is done."""
        before = self.http.get("/api/backups/restored").text
        assert self.http.post(f"/api/backups/{backup}/restore").status_code == 202

        def restored() -> Any:
            answer = self.http.get("/api/backups/restored")
            return answer.json() if answer.status_code == 200 and answer.text != before else None

        return self.until(restored)

    def films(self) -> list[str]:
        """The titles."""
        return [row["title"] for row in self.http.get("/rest/v1/films?select=title&order=title").json()]

    def add(self, *titles: str) -> None:
        """More films."""
        assert self.http.post("/rest/v1/films", json=[{"title": title} for title in titles]).status_code == 201


@pytest.fixture
def owner(servers: Servers, workspace: Path) -> Iterator[Owner]:
    """At a workspace with a table of two films."""
    made = Owner(servers.start(workspace))
    wish = {"name": "films", "columns": [{"name": "title", "type": "text"}]}
    assert made.http.post("/api/collections", json=wish).status_code == 201
    made.add("Alien", "Brazil")
    yield made
    made.http.close()


class TestARunningServer:
    def test_brings_the_state_back_and_keeps_the_one_before(self, owner: Owner, unpacked: Unpacked) -> None:
        query = {"name": "all_films", "sql": "SELECT title FROM films"}
        backup = owner.back_up()
        owner.add("Clue")
        assert owner.http.post("/api/queries", json=query).status_code == 201
        told = owner.restore(backup)
        assert told["backup"] == f"{backup}.zip"
        assert owner.films() == ["Alien", "Brazil"]
        assert owner.http.get("/api/queries").json() == []
        owner.add("Dune")
        assert owner.films() == ["Alien", "Brazil", "Dune"]

        def kept() -> Any:
            found = owner.http.get("/api/backups").json()
            return [each for each in found if each["content"]["reason"] == "before_restore"]

        before = owner.until(kept)[0]
        file = owner.server.workspace / "backups" / before["file"]
        assert unpacked.rows(file, "SELECT title FROM films ORDER BY title") == [("Alien",), ("Brazil",), ("Clue",)]
        assert unpacked.rows(file, "SELECT name FROM queries", "rolltop.db") == [("all_films",)]
        owner.until(lambda: not list((owner.server.workspace / "backups").glob("before-restore-*")))
        owner.restore(before["id"])
        assert owner.films() == ["Alien", "Brazil", "Clue"]

    def test_keeps_its_address_its_sessions_and_its_runtime_file(self, owner: Owner) -> None:
        code = owner.http.post("/api/auth/codes", json={}).json()["code"]
        session = owner.http.post("/api/auth/exchange", json={"code": code}).json()["token"]
        before = discovery.find(owner.server.workspace)
        owner.restore(owner.back_up())
        after = discovery.find(owner.server.workspace)
        assert before is not None
        assert after is not None
        assert (after.url, after.pid, after.token) == (before.url, before.pid, before.token)
        assert after.instance != before.instance
        answer = httpx.get(
            f"{owner.server.url}/api/me", headers={"Authorization": f"Bearer {session}"}, trust_env=False
        )
        assert answer.status_code == 200

    def test_lets_those_wait_who_come_meanwhile(self, owner: Owner) -> None:
        """The socket stays: nobody is refused and nobody gets an error; only an open connection may be closed."""
        stopped = threading.Event()
        seen: list[object] = []
        address = f"{owner.server.url}/rest/v1/films"

        def ask() -> None:
            while not stopped.is_set():
                try:
                    answer = httpx.get(address, headers=owner.server.headers, trust_env=False, timeout=30)
                    seen.append(answer.status_code)
                except (httpx.ReadError, httpx.RemoteProtocolError):
                    seen.append("closed")
                except httpx.HTTPError as error:
                    seen.append(error)

        asking = [threading.Thread(target=ask) for _ in range(3)]
        for thread in asking:
            thread.start()
        for _ in range(2):
            owner.restore(owner.back_up())
        stopped.set()
        for thread in asking:
            thread.join()
        assert set(seen) <= {200, "closed"}
        assert seen.count("closed") <= 2 * len(asking)
        assert seen.count(200) > 20

    def test_stays_with_its_window(self, workspace: Path, tmp_path: Path) -> None:
        """The page is not told of a new server, the pipe goes on, and its end is the end."""
        command = [sys.executable, "-m", "rolltop", "serve", "--pipe", "--port", "0", "--workspace", str(workspace)]
        environment = {**os.environ, "ROLLTOP_HOME": str(tmp_path / "home")}
        window = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert window.stdin is not None
        assert window.stdout is not None
        try:
            ready = json.loads(window.stdout.readline())
            assert ready["ev"] == "ready"
            runtime = discovery.read(workspace)
            assert runtime is not None
            owner = Owner(LiveServer(ready["url"], runtime.token, workspace, window.pid))
            owner.restore(owner.back_up())
            window.stdin.write(b'{"ev":"code","id":7}\n')
            window.stdin.flush()
            told = json.loads(window.stdout.readline())
            assert (told["ev"], told["id"]) == ("code", 7)
            assert owner.http.post("/api/auth/exchange", json={"code": told["code"]}).status_code == 200
            owner.http.close()
            window.stdin.close()
            assert window.stdout.read() == b""
            assert window.wait(PATIENCE) == 0
        finally:
            window.kill()
            window.wait()
            window.stdout.close()
            window.stdin.close()

    def test_ends_as_asked_after_a_restore(self, owner: Owner, servers: Servers) -> None:
        owner.restore(owner.back_up())
        assert servers.stop(owner.server) == 0
        assert not (owner.server.workspace / "runtime.json").exists()

    @pytest.mark.parametrize("waits_for", ["restore", "restore/plan.json", "backups/restored.json"])
    def test_that_is_killed_meanwhile_has_the_old_state_or_the_new(
        self, owner: Owner, servers: Servers, waits_for: str
    ) -> None:
        backup = owner.back_up()
        owner.add("Clue")
        assert owner.http.post(f"/api/backups/{backup}/restore").status_code == 202
        deadline = time.monotonic() + PATIENCE
        while not (owner.server.workspace / waits_for).exists() and time.monotonic() < deadline:
            pass
        servers.kill(owner.server)
        again = Owner(servers.start(owner.server.workspace))
        new = again.films() == ["Alien", "Brazil"]
        assert new or again.films() == ["Alien", "Brazil", "Clue"]
        if waits_for != "restore":
            assert new
            reasons = again.until(lambda: _reasons(again, "before_restore"))
            assert len(reasons) == 1
        assert not (owner.server.workspace / "restore").exists()
        again.http.close()

    def test_refuses_a_damaged_backup_and_changes_nothing(self, owner: Owner) -> None:
        backup = owner.back_up()
        file = owner.server.workspace / "backups" / f"{backup}.zip"
        content = bytearray(file.read_bytes())
        content[len(content) // 3] ^= 0xFF
        file.write_bytes(content)
        owner.add("Clue")
        job = owner.http.post(f"/api/backups/{backup}/restore").json()["id"]
        ended = owner.until(lambda: (found := owner.http.get(f"/api/jobs/{job}").json())["ended"] and found)
        assert (ended["state"], ended["error"]["code"]) == ("failed", "backups.damaged")
        assert owner.films() == ["Alien", "Brazil", "Clue"]
        assert not (owner.server.workspace / "restore").exists()
        assert owner.http.get("/api/backups/restored").status_code == 404


def _reasons(owner: Owner, wanted: str) -> list[str]:
    """The backups that were made for this reason."""
    listed = owner.http.get("/api/backups").json()
    return [each["id"] for each in listed if each["content"]["reason"] == wanted]


def test_the_file_of_somebody_else_is_not_overwritten(tmp_path: Path, chinook: Path) -> None:
    data = tmp_path / "chinook.sqlite"
    data.write_bytes(chinook.read_bytes())
    app = create_app(Config(workspace=tmp_path / "workspace", data=data))
    with TestClient(app, base_url=BASE_URL) as client:
        client.headers["Authorization"] = f"Bearer {app.sessions.owner_token}"
        keeper = Keeper(client, tmp_path / "workspace")
        id = keeper.make()
        error = keeper.ended(client.post(f"/api/backups/{id}/restore").json()["id"])["error"]
    assert error["code"] == "backups.served_in_place"
    assert data.read_bytes() == chinook.read_bytes()
    command = [sys.executable, "-m", "rolltop", "restore", str(keeper.file(id)), "--yes", "--json"]
    done = subprocess.run(
        [*command, "--workspace", str(tmp_path / "other")], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    with TestClient(create_app(Config(workspace=tmp_path / "other")), base_url=BASE_URL) as client:
        client.headers["Authorization"] = f"Bearer {client.app.sessions.owner_token}"  # type: ignore[attr-defined]
        assert client.get("/rest/v1/Track?select=count()").json() == [{"count": 3503}]


def _workspace(folder: Path, *rows: str) -> None:
    """A workspace with a table of texts, closed."""
    opened = Workspace.open(folder)
    open_database(opened.own_file).close()
    data = Data.open(opened.data_file)
    data.submit(lambda connection: connection.execute("CREATE TABLE t (a TEXT)")).result()
    data.submit(
        lambda connection: connection.executemany("INSERT INTO t VALUES (?)", [(row,) for row in rows])
    ).result()
    data.close()
    (folder / "models").mkdir(exist_ok=True)
    (folder / "models" / "m.onnx").write_text(" ".join(rows))
    opened.close()


def _rows(folder: Path) -> list[str]:
    """What is in the table when the workspace is opened; its other files tell the same."""
    app = create_app(Config(workspace=folder))
    app.open()
    try:
        rows = [row for (row,) in app.data.read_now("SELECT a FROM t")]
        assert app.data.read_now("PRAGMA integrity_check") == [("ok",)]
        assert (folder / "models" / "m.onnx").read_text() == " ".join(rows)
        return rows
    finally:
        app.close()


class Crash(BaseException):
    """The power goes."""


class TestACrash:
    @pytest.mark.parametrize("at", range(1, 40))
    def test_at_any_step_leaves_the_old_or_the_new(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
    ) -> None:
        folder = tmp_path / "workspace"
        _workspace(folder, "old")
        backup = make(
            of_folder(folder, "w"), tmp_path / "elsewhere", "manual", secrets=False, report=lambda _done, _total: None
        )
        app = create_app(Config(workspace=folder))
        app.open()
        app.data.submit(lambda connection: connection.execute("INSERT INTO t VALUES ('more')")).result()
        app.close()
        (folder / "models" / "m.onnx").write_text("old more")

        steps = 0
        for name in ("rename", "replace", "unlink", "mkdir", "chmod"):
            real = getattr(Path, name)

            def step(path: Path, *given: Any, real: Any = real, **named: Any) -> Any:
                nonlocal steps
                steps += 1
                if steps == at:
                    raise Crash
                return real(path, *given, **named)

            monkeypatch.setattr(Path, name, step)
        monkeypatch.setattr("shutil.rmtree", lambda *_given, **_named: None)  # a crash tidies nothing up
        decided = finished = False
        try:
            lay_ready(backup, folder, lambda _done, _total: None)
            decided = True
            with Workspace.claimed(folder):
                finished = True
        except Crash:
            pass
        monkeypatch.undo()
        decided = decided or pending.decided(folder) is not None
        assert _rows(folder) == (["old"] if decided else ["old", "more"])
        assert not (folder / "restore").exists()
        assert finished or steps >= at

    def test_by_kill_leaves_the_old_or_the_new(self, tmp_path: Path) -> None:
        """The whole command, killed at moments spread over its life."""
        folder = tmp_path / "workspace"
        _workspace(folder, "old")
        backup = make(
            of_folder(folder, "w"), tmp_path / "elsewhere", "manual", secrets=False, report=lambda _done, _total: None
        )
        command = [sys.executable, "-m", "rolltop", "restore", str(backup), "--yes", "--workspace", str(folder)]
        ends = set()
        for round in range(4):
            _write(folder, f"round {round}")
            before = _rows(folder)
            running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            wait_for = folder / "restore" if round % 2 else folder / "restore" / "plan.json"
            deadline = time.monotonic() + PATIENCE
            while running.poll() is None and not wait_for.exists() and time.monotonic() < deadline:
                pass
            time.sleep(0.004 * (round // 2))
            os.kill(running.pid, signal.SIGKILL)
            running.wait()
            after = _rows(folder)
            assert after in (["old"], before)
            ends.add(after == ["old"])
        assert ends  # both, as a rule; which of them is a matter of milliseconds


def test_a_page_of_rolltop_db_that_is_damaged_is_said_at_the_start(tmp_path: Path) -> None:
    folder = tmp_path / "workspace"
    _workspace(folder, "mine")
    content = bytearray((folder / "rolltop.db").read_bytes())
    content[4096 * 3 : 4096 * 6] = b"\xff" * 4096 * 3
    (folder / "rolltop.db").write_bytes(content)
    app = create_app(Config(workspace=folder))
    with pytest.raises(DamagedDatabase) as caught:
        app.open()
    assert "rolltop restore" in str(caught.value.hint)
    assert (folder / "rolltop.db").read_bytes() == content


def _write(folder: Path, row: str) -> None:
    app = create_app(Config(workspace=folder))
    app.open()
    app.data.submit(lambda connection: connection.execute("INSERT INTO t VALUES (?)", (row,))).result()
    rows = [found for (found,) in app.data.read_now("SELECT a FROM t")]
    app.close()
    (folder / "models" / "m.onnx").write_text(" ".join(rows))


class TestOlderForms:
    def test_are_brought_up_to_date(self, tmp_path: Path, servers: Servers) -> None:
        old = tmp_path / "old"
        _workspace(old, "from long ago")
        _of_revision(old / "rolltop.db", "0001")
        backup = make(
            of_folder(old, "w"), tmp_path / "elsewhere", "manual", secrets=False, report=lambda _done, _total: None
        )
        owner = Owner(servers.start(tmp_path / "workspace"))
        sent = owner.http.post(
            "/api/backups/upload", content=backup.read_bytes(), headers={"Content-Type": "application/zip"}
        ).json()
        assert sent["content"]["revision"] == "0001"
        owner.restore(sent["id"])
        assert owner.http.get("/rest/v1/t").json() == [{"a": "from long ago"}]
        assert owner.http.get("/api/queries").json() == []
        owner.http.close()
        servers.stop(owner.server)
        assert revision_of(tmp_path / "workspace" / "rolltop.db") == known_revisions()[-1]

    def test_are_kept_before_an_upgrade(self, tmp_path: Path, unpacked: Unpacked) -> None:
        folder = tmp_path / "workspace"
        _workspace(folder, "mine")
        _of_revision(folder / "rolltop.db", "0001")
        with TestClient(create_app(Config(workspace=folder)), base_url=BASE_URL) as client:
            while client.get("/health/ready").status_code != 200:
                pass
        backup = next((folder / "backups").glob("*.zip"))
        assert unpacked.rows(backup, "SELECT version_num FROM alembic_version", "rolltop.db") == [("0001",)]
        assert unpacked.rows(backup, "SELECT a FROM t") == [("mine",)]
        assert revision_of(folder / "rolltop.db") == known_revisions()[-1]

    def test_are_left_alone_when_they_cannot_be_kept(self, tmp_path: Path) -> None:
        folder = tmp_path / "workspace"
        _workspace(folder, "mine")
        _of_revision(folder / "rolltop.db", "0001")
        (folder / "backups").rmdir()
        (folder / "backups").write_text("in the way")
        command = [sys.executable, "-m", "rolltop", "serve", "--port", "0", "--workspace", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode != 0
        assert "Traceback" not in done.stderr
        assert revision_of(folder / "rolltop.db") == "0001"


def _of_revision(path: Path, revision: str) -> None:
    """Make the database anew, in the form of an earlier Rolltop."""
    from importlib.resources import files

    from alembic import command
    from alembic.config import Config as AlembicConfig

    from rolltop.db.database import Database

    path.unlink()
    database = Database(path)
    with database.writer.begin() as connection:
        config = AlembicConfig()
        config.set_main_option("script_location", str(files("rolltop.db") / "migrations"))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    database.close()


class TestDamage:
    @pytest.mark.parametrize("name", ["data.db", "rolltop.db", "workspace.toml"])
    @pytest.mark.parametrize("how", ["garbage", "half", "zeros"])
    def test_is_said_and_a_restore_gets_out_of_it(self, tmp_path: Path, name: str, how: str) -> None:
        folder = tmp_path / "workspace"
        _workspace(folder, *map(str, range(500)))
        backup = make(
            of_folder(folder, "w"), tmp_path / "elsewhere", "manual", secrets=False, report=lambda _done, _total: None
        )
        content = (folder / name).read_bytes()
        spoilt = {
            "garbage": b"\xff\x00garbage" * 1000,
            "half": content[: len(content) // 2 - 100] if name != "workspace.toml" else b'name = "un',
            "zeros": bytes(len(content)),
        }[how]
        (folder / name).write_bytes(spoilt)
        started = self._run("serve", "--port", "0", "--workspace", str(folder))
        assert started.returncode in (2, 5, 6)
        assert "Traceback" not in started.stderr
        assert "estore" in started.stderr or "elete the file" in started.stderr or "orrect" in started.stderr
        assert (folder / name).read_bytes() == spoilt
        done = self._run("restore", str(backup), "--yes", "--json", "--workspace", str(folder))
        assert done.returncode == 0, done.stderr
        json.loads(done.stdout)
        app = create_app(Config(workspace=folder))
        app.open()
        assert len(app.data.read_now("SELECT a FROM t")) == 500
        app.close()
        aside = [path for path in (folder / "backups").iterdir() if path.is_dir()]
        if name != "workspace.toml" or how != "zeros":
            assert [(path / name).read_bytes() for path in aside] == [spoilt]

    @staticmethod
    def _run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "rolltop", *arguments], capture_output=True, text=True, timeout=60, check=False
        )
