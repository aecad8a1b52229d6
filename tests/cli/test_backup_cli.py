"""`rolltop backup`, with a running server and without one."""

import json
import sqlite3
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.cli.test_cli import rolltop
from tests.conftest import Servers


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
    assert [each["id"] for each in backup.told("list")] == [made["id"]]
    assert backup.told("verify", made["id"])["id"] == made["id"]
    assert backup.told("verify", made["path"])["content"]["tables"]["films"] == 2
    assert f"{made['file']}  {made['size']:,} bytes" in backup("list").stdout

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
