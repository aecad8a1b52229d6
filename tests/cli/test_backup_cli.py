"""`rolltop backup`, with a running server and without one."""

import json
import os
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.cli.test_cli import rolltop
from tests.conftest import Servers
from typer.testing import CliRunner

from rolltop.cli import backing, exporting
from rolltop.cli.commands import app
from rolltop.cli.following import follow
from rolltop.cli.running import Refused


class BackingUp:
    """The command on one workspace, which holds a table of two films."""

    def __init__(self, home: Path, workspace: Path) -> None:
        self._home = home
        self.workspace = workspace
        file = workspace.parent / "films.csv"
        file.write_text("id,title\n1,Alien\n2,Brazil\n")
        assert self.run("import", str(file)).returncode == 0

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        done = rolltop(self._home, *arguments, "--workspace", str(self.workspace))
        assert "Traceback" not in done.stderr
        return done

    def __call__(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run `rolltop backup`."""
        return self.run("backup", *arguments)

    def more(self, title: str) -> None:
        """Add a film."""
        file = self.workspace.parent / "more.csv"
        file.write_text(f"id,title\n{len(self.films()) + 1},{title}\n")
        assert self.run("import", str(file), "--append", "--table", "films").returncode == 0

    def films(self) -> list[str]:
        """The titles, as another program sees them."""
        with closing(sqlite3.connect(self.workspace / "data.db")) as connection:
            return [title for (title,) in connection.execute("SELECT title FROM films ORDER BY id")]

    def told(self, *arguments: str) -> Any:
        """What it prints as JSON."""
        done = self(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def read(self, *arguments: str) -> str:
        """What a `rolltop backup` that only reads the folder prints; asked in this process, which spares a start."""
        given = ["backup", *arguments, "--workspace", str(self.workspace)]
        done = CliRunner().invoke(app, given, env={"ROLLTOP_HOME": str(self._home)}, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout


@pytest.fixture(params=["served", "alone"])
def backup(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BackingUp]:
    """With a server for the workspace, and without one."""
    servers = Servers()
    workspace = tmp_path / "workspace"
    if request.param == "served":
        servers.start(workspace)
    yield BackingUp(tmp_path / "home", workspace)
    servers.end()


def test_makes_lists_and_verifies(backup: BackingUp, tmp_path: Path) -> None:
    made = backup.told()
    assert Path(made["path"]).parent == backup.workspace / "backups"
    assert made["content"]["tables"]["films"] == 2
    assert [each["id"] for each in json.loads(backup.read("list", "--json"))] == [made["id"]]
    assert json.loads(backup.read("verify", made["id"], "--json"))["id"] == made["id"]
    assert json.loads(backup.read("verify", made["path"], "--json"))["content"]["tables"]["films"] == 2
    assert f"{made['file']}  {made['size']:,} bytes" in backup.read("list")

    named = tmp_path / "mine.zip"
    assert "Backed up to" in backup(str(named)).stdout
    with zipfile.ZipFile(named) as archive:
        data = archive.extract("data.db", tmp_path / "out")
    with closing(sqlite3.connect(data)) as connection:
        assert connection.execute("SELECT title FROM films").fetchall() == [("Alien",), ("Brazil",)]
    assert [path.name for path in (backup.workspace / "backups").iterdir()] == [made["file"]]


def test_restores(backup: BackingUp, tmp_path: Path) -> None:
    named = tmp_path / "mine.zip"
    assert backup(str(named)).returncode == 0
    assert backup.films() == ["Alien", "Brazil"]
    backup.more("Clue")
    unsure = backup.run("restore", str(named))
    assert (unsure.returncode, "--yes" in unsure.stderr) == (2, True)
    assert backup.films() == ["Alien", "Brazil", "Clue"]
    done = backup.run("restore", str(named), "--yes", "--json")
    assert done.returncode == 0, done.stderr
    assert backup.films() == ["Alien", "Brazil"]
    listed = backup.told("list")
    assert [each["content"]["reason"] for each in listed] == ["before_restore"]
    again = backup.run("restore", listed[0]["id"], "--yes")
    assert (again.returncode, "Restored" in again.stdout, "is kept as" in again.stdout) == (0, True, True)
    assert backup.films() == ["Alien", "Brazil", "Clue"]


def test_says_why_not(backup: BackingUp, tmp_path: Path) -> None:
    (tmp_path / "no.zip").write_text("not a backup")
    refused = backup("verify", str(tmp_path / "no.zip"))
    assert (refused.returncode, "not a backup of Rolltop" in refused.stderr) == (1, True)
    unknown = backup("verify", "nothing")
    assert (unknown.returncode, "no backup 'nothing'" in unknown.stderr) == (2, True)
    nowhere = backup(str(tmp_path / "no" / "folder" / "x.zip"))
    assert (nowhere.returncode, "cannot be written" in nowhere.stderr) == (2, True)


def test_needs_a_workspace(tmp_path: Path) -> None:
    done = rolltop(tmp_path / "home", "backup", "--workspace", str(tmp_path / "none"))
    assert (done.returncode, "There is no workspace" in done.stderr) == (2, True)
    assert not (tmp_path / "none").exists()


def test_says_what_is_damaged(tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    backup = BackingUp(tmp_path / "home", workspace)
    whole = (workspace / "rolltop.db").read_bytes()
    (workspace / "rolltop.db").write_bytes(b"not a database" * 1000)
    done = backup()
    assert (done.returncode, "rolltop.db cannot be read" in done.stderr) == (6, True)
    (workspace / "rolltop.db").write_bytes(whole)
    (workspace / "data.db").write_bytes(b"not a database" * 1000)
    done = backup()
    assert (done.returncode, "damaged" in done.stderr) == (1, True)
    assert list((workspace / "backups").iterdir()) == []


def test_a_file_that_the_server_does_not_give_is_no_backup(
    tmp_path: Path, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked for when the backup is made, and may be gone by then."""
    servers.start(tmp_path / "workspace")

    def gone(*given: Any) -> Any:
        done = follow(*given)
        (tmp_path / "workspace" / "backups" / f"{done['result']['backup']}.zip").unlink()
        return done

    monkeypatch.setattr("rolltop.cli.backing.follow", gone)
    named = tmp_path / "mine.zip"
    named.write_text("the one before")
    with pytest.raises(Refused, match="There is no backup"):
        backing.create(tmp_path / "workspace", named, secrets=False, show=False)
    assert named.read_text() == "the one before"


def test_a_file_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = tmp_path / "mine.zip"
    synced: list[bool] = []
    monkeypatch.setattr(
        "rolltop.cli.exporting.sync_file", lambda part: synced.append(part.exists() and not named.exists())
    )
    with exporting.opened(named) as out:
        out.write(b"content")
    assert (synced, named.read_bytes()) == ([True], b"content")


def test_the_command_may_stand_behind_options(tmp_path: Path) -> None:
    backup = BackingUp(tmp_path / "home", tmp_path / "workspace")
    where = ("backup", "--workspace", str(backup.workspace))

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "rolltop", *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=60,
            env={**os.environ, "ROLLTOP_HOME": str(tmp_path / "home")}, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "There are no backups" in run(*where, "list")
    run(*where, "--", "list")
    assert "Whole:" in run(*where, "verify", "list")
    assert json.loads(run("backup", "--json", "verify", "list", *where[1:]))["content"]["tables"]["films"] == 2
    assert "Backed up to" in run(*where, "create", "named")
    assert (tmp_path / "named").is_file()
    (tmp_path / "list").unlink()
    assert json.loads(run("backup", "-w", str(backup.workspace), "--json", "list")) == []
    run("backup", "here.zip", "-w", str(backup.workspace))
    assert "Whole:" in run("backup", "-w", "workspace", "verify", "here.zip")
    assert "verify" in run("backup", "--help")
